/** The bill: what a namespace's Jobs were charged, from the totals that every settlement keeps up to date. */
import type { Reader } from '../db/database';
import type { Statement, StatementLine } from './ledger';
import { LINES, TOTAL, type TotalRow } from './rows';

/** Lines of one statement; more are counted in the total and not listed. */
export const MAX_STATEMENT_LINES = 10_000;

/** @param job name or uid; absent: all Jobs of the namespace */
export async function readStatement(reader: Reader, namespace: string, job: string | undefined): Promise<Pick<Statement, 'lines' | 'truncated' | 'totalMicro'>> {
  const which = job === undefined ? 'all' : 'ofJob';
  const values = job === undefined ? [namespace] : [namespace, job, job];
  const rows = await reader.select(LINES[which], ...values, MAX_STATEMENT_LINES + 1);
  const [sum] = await reader.select(TOTAL[which], ...values);
  return { lines: rows.slice(0, MAX_STATEMENT_LINES).map(lineOfRow), truncated: rows.length > MAX_STATEMENT_LINES, totalMicro: sum?.total ?? 0n };
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
