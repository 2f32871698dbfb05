/**
 * How many hold + settle pairs a second the ledger makes durable, in batches: `node build/js/bench/ledger.js [pairs] [batch]`.
 * Beside it a floor: the same number of commits with one bare insert per pair and side.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { uidSource } from '../controlplane/store/sqlite/uid';
import { openDatabase } from '../controlplane/db/open';
import { BookLedger } from '../controlplane/ledger/book-ledger';
import type { HoldRequest } from '../controlplane/ledger/ledger';
import { DEFAULT_TIERS } from '../controlplane/market/default-tiers';
import { holdAmount, rateVector } from '../controlplane/market/price';
import { settlement } from '../controlplane/market/settle';

const nextUid = uidSource();

export interface LedgerBench {
  pairs: number;
  batch: number;
  pairsPerSecond: number;
  floorPairsPerSecond: number;
  verifyPairsPerSecond: number;
}

const rates = rateVector(DEFAULT_TIERS[1]!.spec);
const caps = { cpu: 1, memoryBytes: 256 * 1024 * 1024, timeoutMs: 600_000 };
const usage = { cpuMicros: 50_000, memoryMibSeconds: 13, wallMillis: 60, ioBytes: 4096, egressBytes: 0 };

function requests(count: number, from: number): HoldRequest[] {
  return Array.from({ length: count }, (_, n) => {
    const taskUid = nextUid();
    return {
      key: `${taskUid}/1`,
      amountMicro: holdAmount(rates, caps),
      terms: {
        namespace: 'lab-a', jobUid: '0b7cbb62-5d0f-4d7d-9d3e-0d5b7a4d3c11', jobName: 'pi', taskUid, index: from + n, attempt: 1,
        agentId: `agent-${n % 100}`, ownerId: `owner-${n % 20}`, tier: 'standard', rates, ...caps,
      },
    };
  });
}

/** Runs in a new folder, which is removed again. */
export async function benchLedger(pairs: number, batch: number): Promise<LedgerBench> {
  const folder = mkdtempSync(join(tmpdir(), 'gleaner-bench-ledger-'));
  const database = await openDatabase(join(folder, 'gleaner.db'));
  try {
    const { raw: db, writer } = database;
    const ledger = await BookLedger.open({ database: database.tables });
    await ledger.deposit({ key: 'bench', namespace: 'lab-a', amountMicro: 10n ** 15n });
    const batches = Array.from({ length: Math.ceil(pairs / batch) }, (_, n) => requests(batch, n * batch));
    const ours = await seconds(async () => {
      for (const holds of batches) {
        const outcomes = await ledger.hold(holds);
        if (outcomes.some((outcome) => !outcome.ok)) throw new Error('a hold was refused');
        await ledger.settle(holds.map(({ key, terms, amountMicro }) => {
          const { chargeMicro, ownerMicro } = settlement({ reported: usage, terms, reason: 'Completed', wallSeenMs: 61, holdMicro: amountMicro });
          return { key, reason: 'Completed', usage, chargeMicro, ownerMicro };
        }));
      }
    });
    const verify = await seconds(async () => {
      const report = await ledger.verify();
      if (!report.ok) throw new Error(report.violations.join('\n'));
    });
    db.exec('CREATE TABLE bench_floor (id INTEGER PRIMARY KEY, text TEXT)');
    const insert = db.prepare('INSERT INTO bench_floor (text) VALUES (?)');
    const floor = await seconds(async () => {
      for (const holds of batches) {
        for (let side = 0; side < 2; side += 1) {
          await writer.enqueue(() => {
            for (const { key } of holds) insert.run(key);
          });
        }
      }
    });
    const done = batches.length * batch;
    const rate = (elapsed: number): number => Math.round(done / elapsed);
    return { pairs: done, batch, pairsPerSecond: rate(ours), floorPairsPerSecond: rate(floor), verifyPairsPerSecond: rate(verify) };
  } finally {
    await database.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function seconds(work: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

if (require.main === module) {
  benchLedger(Number(process.argv[2] ?? 100_000), Number(process.argv[3] ?? 50)).then(
    (result) => process.stdout.write(`${JSON.stringify(result)}\n`),
    (error: unknown) => {
      process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
      process.exitCode = 1;
    },
  );
}
