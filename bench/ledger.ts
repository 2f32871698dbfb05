/**
 * How many hold + settle pairs a second the ledger makes durable, in batches: `node build/js/bench/ledger.js [pairs] [batch] [postgres]`.
 * Beside it a floor: the same number of commits with one bare insert per pair and side. `postgres`: on a PostgreSQL server of its own.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { uidSource } from '../controlplane/store/sqlite/uid';
import type { Database } from '../controlplane/db/database';
import { openDatabase } from '../controlplane/db/open';
import { openPostgres } from '../controlplane/db/postgres/open';
import { insert } from '../controlplane/db/statements';
import { BookLedger } from '../controlplane/ledger/book-ledger';
import type { HoldRequest } from '../controlplane/ledger/ledger';
import { DEFAULT_TIERS } from '../controlplane/market/default-tiers';
import { holdAmount, rateVector } from '../controlplane/market/price';
import { settlement } from '../controlplane/market/settle';
import { PostgresServer } from '../test/support/postgres';

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

interface OpenBench {
  tables: Database;
  exec(sql: string): Promise<unknown>;
  close(): Promise<void>;
}

async function openSqlite(): Promise<OpenBench> {
  const folder = mkdtempSync(join(tmpdir(), 'gleaner-bench-ledger-'));
  const { tables, raw, close } = await openDatabase(join(folder, 'gleaner.db'));
  return {
    tables,
    exec: async (sql) => raw.exec(sql),
    close: async () => {
      await close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function openOnPostgres(): Promise<OpenBench> {
  const server = await PostgresServer.start();
  const { url, password } = await server.createDatabase();
  const { tables, close } = await openPostgres(url, { password, holder: 'bench' });
  return {
    tables,
    exec: (sql) => server.query(sql, new URL(url).pathname.slice(1)),
    close: async () => {
      await close();
      await server.stop();
    },
  };
}

const FLOOR = insert('bench_floor', { text: 'text' });

/** On a new database, which is removed again. */
export async function benchLedger(pairs: number, batch: number, kind: 'sqlite' | 'postgres' = 'sqlite'): Promise<LedgerBench> {
  const { tables, exec, close } = await (kind === 'sqlite' ? openSqlite() : openOnPostgres());
  try {
    const ledger = await BookLedger.open({ database: tables });
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
    await exec('CREATE TABLE bench_floor (text TEXT)');
    const floor = await seconds(async () => {
      for (const holds of batches) {
        for (let side = 0; side < 2; side += 1) {
          await tables.write([{ statement: FLOOR, rows: holds.map(({ key }) => [key]) }]);
        }
      }
    });
    const done = batches.length * batch;
    const rate = (elapsed: number): number => Math.round(done / elapsed);
    return { pairs: done, batch, pairsPerSecond: rate(ours), floorPairsPerSecond: rate(floor), verifyPairsPerSecond: rate(verify) };
  } finally {
    await close();
  }
}

async function seconds(work: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

if (require.main === module) {
  benchLedger(Number(process.argv[2] ?? 100_000), Number(process.argv[3] ?? 50), process.argv[4] === 'postgres' ? 'postgres' : 'sqlite').then(
    (result) => process.stdout.write(`${JSON.stringify(result)}\n`),
    (error: unknown) => {
      process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
      process.exitCode = 1;
    },
  );
}
