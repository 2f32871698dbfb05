/** The ledger's tables: what is written into them and asked of them. Amounts are bigint on both sides. */
import { insert, lookup, query, remove } from '../db/statements';
import type { PostingRow, SettlementRow, TransactionRow } from './replay';
import type { StatementLine } from './ledger';

// ------------------------------------------------------------------ written

export const TRANSACTION = insert(
  'ledger_transaction', { id: 'int', key: 'text', kind: 'text', at: 'int', total: 'int', note: 'text' }, { merge: true });
export const POSTING = insert(
  'ledger_posting', { tx: 'int', seq: 'int', from_account: 'text', to_account: 'text', amount: 'int', asset: 'text' }, { merge: true });
export const OPEN_HOLD = insert('ledger_hold', { id: 'int', key: 'text', amount: 'int', created_at: 'int', terms: 'text' }, { merge: true });
export const CLOSE_HOLD = remove('ledger_hold', 'id', 'int', { merge: true, mustChange: 'ledger: a hold that is settled is not open on disk; run "gleaner ledger verify"' });
export const SETTLEMENT = insert('ledger_settlement', {
  hold: 'int', tx: 'int', namespace: 'text', job_uid: 'text', job_name: 'text', task_uid: 'text', task_index: 'int', attempt: 'int',
  agent: 'text', owner: 'text', tier: 'text', reason: 'text', cpu_micros: 'int', memory_mib_seconds: 'int', wall_millis: 'int',
  io_bytes: 'int', egress_bytes: 'int', estimated: 'int', held: 'int', charge: 'int', owner_amount: 'int',
}, { merge: true });
export const BALANCE = insert(
  'ledger_balance', { account: 'text', balance: 'int', lifetime: 'int' }, { merge: true, conflict: { on: 'replace', key: ['account'] } });
export const JOB_TOTAL = insert('ledger_job_total', {
  job_uid: 'text', namespace: 'text', tier: 'text', line: 'text', job_name: 'text',
  attempts: 'int', cpu_micros: 'int', memory_mib_seconds: 'int', wall_millis: 'int', amount: 'int',
}, {
  merge: true,
  conflict: { on: 'add', key: ['job_uid', 'namespace', 'tier', 'line'], sum: ['attempts', 'cpu_micros', 'memory_mib_seconds', 'wall_millis', 'amount'] },
});
export const CREDIT_LIMIT = insert(
  'ledger_credit_limit', { namespace: 'text', amount: 'int' }, { merge: true, conflict: { on: 'replace', key: ['namespace'] } });

// ------------------------------------------------------------------ for deciding

/** A hold's transaction by its key; `charge` is null while it is open. */
export const PAST_HOLDS = lookup<{ key: string; charge: bigint | null; owner_amount: bigint | null }>(
  'SELECT t.key, s.charge, s.owner_amount FROM ledger_transaction t LEFT JOIN ledger_settlement s ON s.hold = t.id', 't.key', 'text');
export const PAST_DEPOSITS = lookup<{ key: string; to_account: string; amount: bigint }>(
  "SELECT t.key, p.to_account, p.amount FROM ledger_transaction t JOIN ledger_posting p ON p.tx = t.id AND p.from_account = 'world/deposits'", 't.key', 'text');
export const CHARGED = lookup<{ job_uid: string; amount: bigint }>(
  'SELECT job_uid, CAST(sum(amount) AS BIGINT) AS amount FROM ledger_job_total', 'job_uid', 'text', 'GROUP BY job_uid');

// ------------------------------------------------------------------ for loading

export interface HoldRow {
  id: bigint;
  key: string;
  amount: bigint;
  created_at: bigint;
  terms: string;
}

/** Before every id. */
export const FIRST = -(1n << 62n);
export const LAST_ID = query<{ last: bigint | null }>('SELECT max(id) AS last FROM ledger_transaction');
export const BALANCES = query<{ account: string; balance: bigint; lifetime: bigint }>('SELECT account, balance, lifetime FROM ledger_balance');
export const LIMITS = query<{ namespace: string; amount: bigint }>('SELECT namespace, amount FROM ledger_credit_limit');
export const HOLDS = query<HoldRow>('SELECT id, key, amount, created_at, terms FROM ledger_hold WHERE id > ? ORDER BY id LIMIT ?');

// ------------------------------------------------------------------ for verifying

export const TRANSACTIONS = query<TransactionRow>('SELECT id, key, kind, at, total, note FROM ledger_transaction WHERE id > ? ORDER BY id LIMIT ?');
export const POSTINGS = query<PostingRow>(
  'SELECT tx, seq, from_account, to_account, amount, asset FROM ledger_posting WHERE tx > ? AND tx <= ? ORDER BY tx, seq LIMIT ?');
export const KEYS = query<{ key: string; id: bigint }>('SELECT key, id FROM ledger_transaction WHERE (key, id) > (?, ?) ORDER BY key, id LIMIT ?');
export const JOB_TOTALS = query<{ job_uid: string; tier: string; line: string; namespace: string; attempts: bigint; amount: bigint }>(
  `SELECT job_uid, tier, line, namespace, attempts, amount FROM ledger_job_total
   WHERE (job_uid, namespace, tier, line) > (?, ?, ?, ?) ORDER BY job_uid, namespace, tier, line LIMIT ?`);
export const SETTLEMENTS_FROM = query<{ count: bigint; last: bigint | null }>(
  'SELECT count(*) AS count, max(hold) AS last FROM (SELECT hold FROM ledger_settlement WHERE hold > ? ORDER BY hold LIMIT ?) AS part');
export const TRANSACTIONS_BY_ID = lookup<TransactionRow>('SELECT id, key, kind, at, total, note FROM ledger_transaction', 'id', 'int');
export const OPEN_HOLDS_BY_ID = lookup<{ id: bigint; key: string; amount: bigint }>('SELECT id, key, amount FROM ledger_hold', 'id', 'int');
export const SETTLEMENTS_BY_HOLD = lookup<SettlementRow>(
  'SELECT hold, tx, namespace, task_uid, attempt, owner, held, charge, owner_amount FROM ledger_settlement', 'hold', 'int');

// ------------------------------------------------------------------ for statements

export interface TotalRow {
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

const TOTAL_COLUMNS = 'job_uid, job_name, tier, line, attempts, cpu_micros, memory_mib_seconds, wall_millis, amount';
const OF_JOB = 'AND (job_name = ? OR job_uid = ?)';
const totals = (job: string): ReturnType<typeof query<TotalRow>> =>
  query<TotalRow>(`SELECT ${TOTAL_COLUMNS} FROM ledger_job_total WHERE namespace = ? ${job} ORDER BY job_name, job_uid, tier, line LIMIT ?`);
const total = (job: string): ReturnType<typeof query<{ total: bigint }>> =>
  query<{ total: bigint }>(`SELECT CAST(coalesce(sum(amount), 0) AS BIGINT) AS total FROM ledger_job_total WHERE namespace = ? ${job}`);
export const LINES = { all: totals(''), ofJob: totals(OF_JOB) };
export const TOTAL = { all: total(''), ofJob: total(OF_JOB) };
