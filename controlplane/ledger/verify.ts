/**
 * Checks every invariant of the ledger by replaying its journal, on a read-only snapshot of its own, while the server runs or not.
 *
 * Streams the tables in chunks: memory is bounded by accounts, and the event loop gets its turn between chunks.
 */
import BetterSqlite3, { type Database } from 'better-sqlite3';
import { setImmediate as turn } from 'node:timers/promises';
import { formatCredits } from '../../crds/credits';
import { heldOf } from './accounts';
import type { Balance } from './book';
import { decodeTerms, holdKey, type Hold } from './entry';
import type { VerifyReport } from './ledger';
import { Replay, type PostingRow, type Related, type SettlementRow, type TransactionRow } from './replay';

const CHUNK = 500;

export interface VerifyOptions {
  /** The state in memory at the moment of the call, to compare with. */
  memory?: { lastId: number; balances: ReadonlyMap<string, Balance>; holds: ReadonlyMap<string, Hold> };
}

/**
 * @param file a database with the ledger's tables
 * @throws Error when the file cannot be read or has no ledger. The snapshot is taken before the first await.
 */
export async function verifyFile(file: string, options: VerifyOptions = {}): Promise<VerifyReport> {
  const db = openSnapshot(file);
  try {
    return await verifySnapshot(db, options);
  } finally {
    db.close();
  }
}

/** A connection in a read transaction that sees the file as it is now. */
function openSnapshot(file: string): Database {
  const way = 'give the data folder of a server that was started at least once';
  let db: Database | undefined;
  try {
    db = new BetterSqlite3(file, { readonly: true, fileMustExist: true, timeout: 5000 });
    db.exec('BEGIN');
    const table = db.prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'ledger_transaction'").get();
    if (!table) throw new Error('it has no ledger');
    return db;
  } catch (error) {
    db?.close();
    throw new Error(`cannot read ${file}: ${error instanceof Error ? error.message : String(error)}; ${way}`, { cause: error });
  }
}

async function verifySnapshot(db: Database, { memory }: VerifyOptions): Promise<VerifyReport> {
  const replay = new Replay(related(db));
  await replayJournal(db, replay);
  await checkKeys(db, replay);
  const openHolds = await checkOpenHolds(db, replay);
  await checkJobTotals(db, replay);
  await checkCounts(db, replay, BigInt(openHolds));
  const accounts = checkBalances(db, replay);
  if (memory) await checkMemory(db, replay, memory);
  const violations = replay.violations();
  return { ok: violations.length === 0, transactions: replay.transactions, postings: replay.postings, accounts, openHolds, violations };
}

function related(db: Database): Related {
  const transaction = db.prepare<[bigint], TransactionRow>('SELECT * FROM ledger_transaction WHERE id = ?').safeIntegers();
  const openHold = db.prepare<[bigint], { key: string; amount: bigint }>('SELECT key, amount FROM ledger_hold WHERE id = ?').safeIntegers();
  const settlement = db.prepare<[bigint], SettlementRow>('SELECT * FROM ledger_settlement WHERE hold = ?').safeIntegers();
  const charge = db
    .prepare<[string], bigint>('SELECT charge FROM ledger_settlement WHERE hold = (SELECT id FROM ledger_transaction WHERE key = ?)')
    .pluck()
    .safeIntegers();
  return {
    transaction: (id) => transaction.get(id),
    openHold: (id) => openHold.get(id),
    settlement: (hold) => settlement.get(hold),
    chargeOf: (key) => charge.get(holdKey(key)),
  };
}

async function replayJournal(db: Database, replay: Replay): Promise<void> {
  const transactions = db.prepare<[bigint], TransactionRow>(`SELECT * FROM ledger_transaction WHERE id > ? ORDER BY id LIMIT ${CHUNK}`).safeIntegers();
  const postings = db.prepare<[bigint, bigint], PostingRow>('SELECT * FROM ledger_posting WHERE tx > ? AND tx <= ? ORDER BY tx, seq').safeIntegers();
  const orphan = (row: PostingRow): void => replay.violation(`posting ${row.seq} of transaction ${row.tx}: there is no such transaction`);
  let last = -(1n << 62n);
  for (let rows = transactions.all(last); rows.length > 0; rows = transactions.all(last)) {
    const end = rows.at(-1)?.id ?? last;
    const byTransaction = new Map<bigint, PostingRow[]>(rows.map((row) => [row.id, []]));
    for (const posting of postings.iterate(last, end)) {
      const list = byTransaction.get(posting.tx);
      if (list) list.push(posting);
      else orphan(posting);
    }
    for (const row of rows) replay.apply(row, byTransaction.get(row.id) ?? []);
    last = end;
    await turn();
  }
  for (const posting of postings.iterate(last, 1n << 62n)) orphan(posting);
}

/** Every key once, which is one payment per (task, attempt, kind); read from the index, and sorted when that is missing. */
async function checkKeys(db: Database, replay: Replay): Promise<void> {
  const keys = db
    .prepare<[string, bigint], { key: string; id: bigint }>(`SELECT key, id FROM ledger_transaction WHERE (key, id) > (?, ?) ORDER BY key, id LIMIT ${CHUNK}`)
    .safeIntegers();
  let last = { key: '', id: 0n };
  for (let rows = keys.all(last.key, last.id); rows.length > 0; rows = keys.all(last.key, last.id)) {
    for (const row of rows) {
      if (row.key === last.key) replay.violation(`transactions ${last.id} and ${row.id} have the same key ${row.key}`);
      last = row;
    }
    await turn();
  }
}

/** @returns number of open holds */
async function checkOpenHolds(db: Database, replay: Replay): Promise<number> {
  const holds = db
    .prepare<[bigint], { id: bigint; key: string; amount: bigint; terms: string }>(`SELECT id, key, amount, terms FROM ledger_hold WHERE id > ? ORDER BY id LIMIT ${CHUNK}`)
    .safeIntegers();
  const held = new Map<string, bigint>();
  let count = 0;
  let last = -(1n << 62n);
  for (let rows = holds.all(last); rows.length > 0; rows = holds.all(last)) {
    for (const { id, key, amount, terms } of rows) {
      last = id;
      count += 1;
      try {
        const account = heldOf(decodeTerms(terms).namespace);
        held.set(account, (held.get(account) ?? 0n) + amount);
      } catch (error) {
        replay.violation(`open hold ${id} (${key}): its terms cannot be read: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    await turn();
  }
  const accounts = new Set([...held.keys(), ...[...replay.balances.keys()].filter((account) => account.endsWith('/held'))]);
  for (const account of accounts) {
    const [sum, balance] = [held.get(account) ?? 0n, replay.balances.get(account) ?? 0n];
    if (sum !== balance) replay.violation(`${account}: ${formatCredits(balance)} credits, its open holds sum to ${formatCredits(sum)}`);
  }
  return count;
}

async function checkJobTotals(db: Database, replay: Replay): Promise<void> {
  const totals = db
    .prepare<[string, string, string, string], { job_uid: string; tier: string; line: string; namespace: string; attempts: bigint; amount: bigint }>(
      `SELECT job_uid, tier, line, namespace, attempts, amount FROM ledger_job_total
       WHERE (job_uid, namespace, tier, line) > (?, ?, ?, ?) ORDER BY job_uid, namespace, tier, line LIMIT ${CHUNK}`)
    .safeIntegers();
  const sums = new Map<string, { amount: bigint; attempts: bigint }>();
  let last: [string, string, string, string] = ['', '', '', ''];
  for (let rows = totals.all(...last); rows.length > 0; rows = totals.all(...last)) {
    for (const { job_uid: uid, tier, line, namespace, amount, attempts } of rows) {
      const sum = sums.get(namespace) ?? { amount: 0n, attempts: 0n };
      sums.set(namespace, { amount: sum.amount + amount, attempts: sum.attempts + attempts });
      last = [uid, namespace, tier, line];
    }
    await turn();
  }
  for (const namespace of new Set([...sums.keys(), ...replay.charged.keys()])) {
    const [sum, settled] = [sums.get(namespace), replay.charged.get(namespace)];
    if (sum?.amount === settled?.amount && sum?.attempts === settled?.attempts) continue;
    replay.violation(`statements of ${namespace}: ${sum?.attempts ?? 0n} attempts for ${formatCredits(sum?.amount ?? 0n)} credits; settled were ${settled?.attempts ?? 0n} for ${formatCredits(settled?.amount ?? 0n)}`);
  }
}

async function checkCounts(db: Database, replay: Replay, openHolds: bigint): Promise<void> {
  const part = db
    .prepare<[bigint], { count: bigint; last: bigint | null }>(
      `SELECT count(*) AS count, max(hold) AS last FROM (SELECT hold FROM ledger_settlement WHERE hold > ? ORDER BY hold LIMIT ${10 * CHUNK})`)
    .safeIntegers();
  let settlements = 0n;
  for (let row = part.get(-(1n << 62n)); row?.last != null; row = part.get(row.last)) {
    settlements += row.count;
    await turn();
  }
  if (settlements !== replay.settlements) replay.violation(`${settlements} settlement rows for ${replay.settlements} settlements in the journal`);
  if (openHolds !== replay.holds - replay.settlements) {
    replay.violation(`${openHolds} open holds; the journal has ${replay.holds} holds and ${replay.settlements} settlements`);
  }
  const limits = db.prepare<[], { namespace: string; amount: bigint }>('SELECT namespace, amount FROM ledger_credit_limit').safeIntegers().all();
  compareMaps(new Map(limits.map((row) => [row.namespace, row.amount])), replay.limits, (namespace, row, journal) =>
    replay.violation(`credit limit of ${namespace}: ${formatCredits(row)} credits, the journal says ${formatCredits(journal)}`));
}

/** @returns number of accounts */
function checkBalances(db: Database, replay: Replay): number {
  const rows = db.prepare<[], Balance & { account: string }>('SELECT account, balance, lifetime FROM ledger_balance').safeIntegers().all();
  compareMaps(new Map(rows.map((row) => [row.account, row.balance])), replay.balances, (account, row, journal) =>
    replay.violation(`balance of ${account}: ${formatCredits(row)} credits, the journal gives ${formatCredits(journal)}`));
  compareMaps(new Map(rows.map((row) => [row.account, row.lifetime])), replay.lifetimes, (account, row, journal) =>
    replay.violation(`lifetime of ${account}: ${formatCredits(row)} credits, the journal gives ${formatCredits(journal)}`));
  return rows.length;
}

async function checkMemory(db: Database, replay: Replay, memory: NonNullable<VerifyOptions['memory']>): Promise<void> {
  const lastId = db.prepare<[], number | null>('SELECT max(id) FROM ledger_transaction').pluck().get() ?? 0;
  if (lastId !== memory.lastId) return replay.violation(`memory ends at transaction ${memory.lastId}, the journal at ${lastId}`);
  const balances = new Map([...memory.balances].map(([account, { balance }]) => [account, balance]));
  compareMaps(balances, replay.balances, (account, inMemory, journal) =>
    replay.violation(`${account}: ${formatCredits(inMemory)} credits in memory, the journal gives ${formatCredits(journal)}`));
  const open = db.prepare<[number], string>('SELECT key FROM ledger_hold WHERE id = ?').pluck();
  const count = db.prepare<[], number>('SELECT count(*) FROM ledger_hold').pluck().get() ?? 0;
  if (count !== memory.holds.size) replay.violation(`${memory.holds.size} open holds in memory, ${count} on disk`);
  let checked = 0;
  for (const { id, key } of memory.holds.values()) {
    if (open.get(id) !== key) replay.violation(`hold ${id} (${key}) is open in memory and not on disk`);
    checked += 1;
    if (checked % CHUNK === 0) await turn();
  }
}

/** Absent counts as 0. */
function compareMaps(actual: ReadonlyMap<string, bigint>, expected: ReadonlyMap<string, bigint>, differ: (key: string, actual: bigint, expected: bigint) => void): void {
  for (const key of new Set([...actual.keys(), ...expected.keys()])) {
    const [is, must] = [actual.get(key) ?? 0n, expected.get(key) ?? 0n];
    if (is !== must) differ(key, is, must);
  }
}
