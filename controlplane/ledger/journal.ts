/**
 * A batch as rows: the journal's, and what follows from them. Pure.
 *
 * A batch was decided on a certain state. It is written only when the journal ends exactly before its first id (`after`); otherwise
 * something that it counts on was not saved, and the whole batch is refused.
 */
import type { Usage } from '../../crds/task';
import type { Statement, Value, Write } from '../db/database';
import { wholeNumber } from '../market/money';
import { ASSET } from './accounts';
import type { Batch } from './book';
import { encodeTerms, lineOf, totalOf, type Entry, type Settled } from './entry';
import type { HoldTerms, StatementLine } from './ledger';
import { BALANCE, CLOSE_HOLD, CREDIT_LIMIT, JOB_TOTAL, OPEN_HOLD, POSTING, SETTLEMENT, TRANSACTION } from './rows';

type JobTotal = Omit<StatementLine, 'job' | 'jobUid'> & { terms: HoldTerms };

export function journalWrites(batch: Batch): Write[] {
  const rows = new Rows(batch.firstId - 1);
  for (const entry of batch.entries) addEntry(rows, entry);
  for (const [account, { balance, lifetime }] of batch.balances) rows.add(BALANCE, [account, balance, lifetime]);
  for (const { terms, tier, line, attempts, cpuMicros, memoryMibSeconds, wallMillis, amountMicro } of jobTotals(batch.entries)) {
    rows.add(JOB_TOTAL, [terms.jobUid, terms.namespace, tier, line, terms.jobName, attempts, cpuMicros, memoryMibSeconds, wallMillis, amountMicro]);
  }
  return rows.writes;
}

class Rows {
  readonly writes: (Write & { rows: Value[][] })[];

  constructor(after: number) {
    this.writes = [{ statement: TRANSACTION, rows: [], after }];
  }

  add(statement: Statement, row: Value[]): void {
    const write = this.writes.find((each) => each.statement === statement);
    if (write) write.rows.push(row);
    else this.writes.push({ statement, rows: [row] });
  }
}

function addEntry(rows: Rows, entry: Entry): void {
  const { id, key, kind, at, postings } = entry;
  const note = kind === 'limit' ? `${entry.namespace} ${entry.limitMicro}` : (entry.note ?? null);
  rows.add(TRANSACTION, [id, key, kind, at, totalOf(postings), note]);
  for (let seq = 0; seq < postings.length; seq += 1) {
    const { from, to, amount } = postings[seq]!;
    rows.add(POSTING, [id, seq, from, to, amount, ASSET]);
  }
  if (kind === 'hold') rows.add(OPEN_HOLD, [id, entry.hold.key, entry.hold.amountMicro, entry.hold.createdAt, encodeTerms(entry.hold.terms)]);
  if (kind === 'limit') rows.add(CREDIT_LIMIT, [entry.namespace, entry.limitMicro]);
  if (kind === 'settle') addSettlement(rows, id, entry.settled);
}

function addSettlement(rows: Rows, id: number, { hold, reason, usage, chargeMicro, ownerMicro }: Settled): void {
  const { terms, amountMicro } = hold;
  const used = counters(usage);
  rows.add(CLOSE_HOLD, [hold.id]);
  rows.add(SETTLEMENT, [
    hold.id, id, terms.namespace, terms.jobUid, terms.jobName, terms.taskUid, terms.index, terms.attempt,
    terms.agentId, terms.ownerId, terms.tier, reason, used.cpuMicros, used.memoryMibSeconds, used.wallMillis,
    used.ioBytes, used.egressBytes, usage.estimated === true ? 1 : 0, amountMicro, chargeMicro, ownerMicro]);
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
