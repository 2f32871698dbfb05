/**
 * Writes a batch: the journal's rows, and what follows from them. Runs inside the turn's transaction and may be run again.
 *
 * A batch was decided on a certain state. It is written only when the journal ends exactly before its first id; otherwise something
 * that it counts on was not saved, and the whole batch is refused.
 */
import type { Database, Statement } from 'better-sqlite3';
import type { Usage } from '../../crds/task';
import { wholeNumber } from '../market/money';
import { ASSET } from './accounts';
import type { Batch } from './book';
import { encodeTerms, lineOf, totalOf, type Entry, type Settled } from './entry';
import type { HoldTerms, StatementLine } from './ledger';
import type { Queries } from './queries';

/** Sums stop here instead of overflowing. */
const MAX_SUM = 1n << 62n;

type JobTotal = Omit<StatementLine, 'job' | 'jobUid'> & { terms: HoldTerms };

export class Journal {
  private readonly transaction: Statement;
  private readonly posting: Statement;
  private readonly openHold: Statement;
  private readonly closeHold: Statement;
  private readonly settlement: Statement;
  private readonly balance: Statement;
  private readonly jobTotal: Statement;
  private readonly limit: Statement;

  constructor(
    db: Database,
    private readonly queries: Queries,
  ) {
    this.transaction = db.prepare('INSERT INTO ledger_transaction (id, key, kind, at, total, note) VALUES (?, ?, ?, ?, ?, ?)');
    this.posting = db.prepare('INSERT INTO ledger_posting (tx, seq, from_account, to_account, amount, asset) VALUES (?, ?, ?, ?, ?, ?)');
    this.openHold = db.prepare('INSERT INTO ledger_hold (id, key, amount, created_at, terms) VALUES (?, ?, ?, ?, ?)');
    this.closeHold = db.prepare('DELETE FROM ledger_hold WHERE id = ?');
    this.settlement = db.prepare(`INSERT INTO ledger_settlement (hold, tx, namespace, job_uid, job_name, task_uid, task_index, attempt,
      agent, owner, tier, reason, cpu_micros, memory_mib_seconds, wall_millis, io_bytes, egress_bytes, estimated, held, charge, owner_amount)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`);
    this.balance = db.prepare('INSERT OR REPLACE INTO ledger_balance (account, balance, lifetime) VALUES (?, ?, ?)');
    this.jobTotal = db.prepare(`INSERT INTO ledger_job_total VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (job_uid, namespace, tier, line) DO UPDATE SET
      attempts = attempts + excluded.attempts,
      cpu_micros = min(cpu_micros + excluded.cpu_micros, ${MAX_SUM}),
      memory_mib_seconds = min(memory_mib_seconds + excluded.memory_mib_seconds, ${MAX_SUM}),
      wall_millis = min(wall_millis + excluded.wall_millis, ${MAX_SUM}),
      amount = amount + excluded.amount`);
    this.limit = db.prepare('INSERT OR REPLACE INTO ledger_credit_limit (namespace, amount) VALUES (?, ?)');
  }

  /** @throws Error when the journal does not end where the batch begins */
  write(batch: Batch): void {
    const last = this.queries.lastId();
    if (last !== batch.firstId - 1) {
      throw new Error(`ledger: decided on transaction ${batch.firstId - 1}, saved is ${last}: an earlier write failed; try again`);
    }
    for (const entry of batch.entries) this.writeEntry(entry);
    for (const [account, { balance, lifetime }] of batch.balances) this.balance.run(account, balance, lifetime);
    for (const total of jobTotals(batch.entries)) this.writeJobTotal(total);
  }

  private writeEntry(entry: Entry): void {
    const { id, key, kind, at, postings } = entry;
    const note = kind === 'limit' ? `${entry.namespace} ${entry.limitMicro}` : (entry.note ?? null);
    this.transaction.run(id, key, kind, at, totalOf(postings), note);
    for (let seq = 0; seq < postings.length; seq += 1) {
      const { from, to, amount } = postings[seq]!;
      this.posting.run(id, seq, from, to, amount, ASSET);
    }
    if (kind === 'hold') this.openHold.run(id, entry.hold.key, entry.hold.amountMicro, entry.hold.createdAt, encodeTerms(entry.hold.terms));
    if (kind === 'limit') this.limit.run(entry.namespace, entry.limitMicro);
    if (kind === 'settle') this.writeSettlement(id, entry.settled);
  }

  private writeSettlement(id: number, { hold, reason, usage, chargeMicro, ownerMicro }: Settled): void {
    if (this.closeHold.run(hold.id).changes !== 1) throw new Error(`ledger: hold ${hold.id} (${hold.key}) is not open on disk; run "gleaner ledger verify"`);
    const { terms, amountMicro } = hold;
    const used = counters(usage);
    this.settlement.run(
      hold.id, id, terms.namespace, terms.jobUid, terms.jobName, terms.taskUid, terms.index, terms.attempt,
      terms.agentId, terms.ownerId, terms.tier, reason, used.cpuMicros, used.memoryMibSeconds, used.wallMillis,
      used.ioBytes, used.egressBytes, usage.estimated === true ? 1 : 0, amountMicro, chargeMicro, ownerMicro);
  }

  private writeJobTotal({ terms, tier, line, attempts, cpuMicros, memoryMibSeconds, wallMillis, amountMicro }: JobTotal): void {
    this.jobTotal.run(terms.jobUid, terms.namespace, tier, line, terms.jobName, attempts, cpuMicros, memoryMibSeconds, wallMillis, amountMicro);
  }
}

/** Integers ≥ 0 whatever came. */
const counters = (usage: Usage): Record<'cpuMicros' | 'memoryMibSeconds' | 'wallMillis' | 'ioBytes' | 'egressBytes', bigint> => ({
  cpuMicros: wholeNumber(usage.cpuMicros),
  memoryMibSeconds: wholeNumber(usage.memoryMibSeconds),
  wallMillis: wholeNumber(usage.wallMillis),
  ioBytes: wholeNumber(usage.ioBytes),
  egressBytes: wholeNumber(usage.egressBytes),
});

/** One row per Job, tier and line that the batch touches, so that a batch of one Job's tasks updates one row. */
function jobTotals(entries: readonly Entry[]): Iterable<JobTotal> {
  const totals = new Map<string, JobTotal>();
  for (const entry of entries) {
    if (entry.kind !== 'settle') continue;
    const { hold: { terms }, reason, usage, chargeMicro } = entry.settled;
    const line = lineOf(reason);
    const key = `${terms.jobUid} ${terms.namespace} ${line} ${terms.tier}`;
    let total = totals.get(key);
    if (!total) {
      total = { terms, tier: terms.tier, line, attempts: 0, cpuMicros: 0n, memoryMibSeconds: 0n, wallMillis: 0n, amountMicro: 0n };
      totals.set(key, total);
    }
    const used = counters(usage);
    total.attempts += 1;
    total.cpuMicros += used.cpuMicros;
    total.memoryMibSeconds += used.memoryMibSeconds;
    total.wallMillis += used.wallMillis;
    total.amountMicro += chargeMicro;
  }
  return totals.values();
}
