/** The bill: what a namespace's Jobs were charged, from the totals that every settlement keeps up to date. */
import type { Database } from 'better-sqlite3';
import type { Statement, StatementLine } from './ledger';

/** Lines of one statement; more are counted in the total and not listed. */
export const MAX_STATEMENT_LINES = 10_000;

interface TotalRow {
  job_uid: string;
  job_name: string;
  tier: string;
  line: StatementLine['line'];
  attempts: bigint;
  cpu_micros: bigint;
  memory_mib_seconds: bigint;
  wall_millis: bigint;
  amount: bigint;
}

/** @param job name or uid; absent: all Jobs of the namespace */
export function readStatement(db: Database, namespace: string, job: string | undefined): Pick<Statement, 'lines' | 'truncated' | 'totalMicro'> {
  const where = `FROM ledger_job_total WHERE namespace = @namespace ${job === undefined ? '' : 'AND (job_name = @job OR job_uid = @job)'}`;
  const values = job === undefined ? { namespace } : { namespace, job };
  const rows = db
    .prepare<[object], TotalRow>(`SELECT * ${where} ORDER BY job_name, job_uid, tier, line LIMIT ${MAX_STATEMENT_LINES + 1}`)
    .safeIntegers()
    .all(values);
  const total = db.prepare<[object], bigint>(`SELECT coalesce(sum(amount), 0) ${where}`).pluck().safeIntegers().get(values);
  return { lines: rows.slice(0, MAX_STATEMENT_LINES).map(lineOfRow), truncated: rows.length > MAX_STATEMENT_LINES, totalMicro: total ?? 0n };
}

const lineOfRow = (row: TotalRow): StatementLine => ({
  job: row.job_name,
  jobUid: row.job_uid,
  tier: row.tier,
  line: row.line,
  attempts: Number(row.attempts),
  cpuMicros: row.cpu_micros,
  memoryMibSeconds: row.memory_mib_seconds,
  wallMillis: row.wall_millis,
  amountMicro: row.amount,
});
