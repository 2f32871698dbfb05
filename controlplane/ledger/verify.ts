/**
 * Checks every invariant of the ledger by replaying its journal, on a snapshot of its own, while the server runs or not.
 *
 * Streams the tables in chunks: memory is bounded by accounts, and the event loop gets its turn between chunks.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { formatCredits } from '../../crds/credits';
import type { Reader } from '../db/database';
import { openSqliteSnapshot } from '../db/sqlite-database';
import { heldOf } from './accounts';
import type { Balance } from './book';
import { decodeTerms, type Hold } from './entry';
import type { VerifyReport } from './ledger';
import { relatedOf } from './related';
import { Replay, type PostingRow, type TransactionRow } from './replay';
import { BALANCES, FIRST, HOLDS, JOB_TOTALS, KEYS, LAST_ID, LIMITS, OPEN_HOLDS_BY_ID, POSTINGS, SETTLEMENTS_FROM, TRANSACTIONS } from './rows';

const CHUNK = 500;
/** After every id. */
const END = 1n << 62n;

export interface VerifyOptions {
  /** The state in memory at the moment of the snapshot, to compare with. */
  memory?: { lastId: number; balances: ReadonlyMap<string, Balance>; holds: ReadonlyMap<string, Hold> };
}

/**
 * @param file a SQLite database with the ledger's tables
 * @throws Error when the file cannot be read or has no ledger
 */
export async function verifyFile(file: string): Promise<VerifyReport> {
  const snapshot = openSqliteSnapshot(file);
  try {
    return await verifySnapshot(snapshot);
  } finally {
    await snapshot.close();
  }
}

/** @param reader sees one state of the tables, whatever is written meanwhile */
export async function verifySnapshot(reader: Reader, { memory }: VerifyOptions = {}): Promise<VerifyReport> {
  const replay = new Replay();
  await replayJournal(reader, replay);
  await checkKeys(reader, replay);
  const openHolds = await checkOpenHolds(reader, replay);
  await checkJobTotals(reader, replay);
  await checkCounts(reader, replay, BigInt(openHolds));
  const accounts = await checkBalances(reader, replay);
  if (memory) await checkMemory(reader, replay, memory, openHolds);
  const violations = replay.violations();
  return { ok: violations.length === 0, transactions: replay.transactions, postings: replay.postings, accounts, openHolds, violations };
}

async function replayJournal(reader: Reader, replay: Replay): Promise<void> {
  let last = FIRST;
  for (;;) {
    const rows = await reader.select(TRANSACTIONS, last, CHUNK);
    const end = rows.at(-1)?.id;
    const byTransaction = new Map<bigint, PostingRow[]>(rows.map((row) => [row.id, []]));
    for await (const page of postings(reader, last, end ?? END)) {
      for (const posting of page) {
        const list = byTransaction.get(posting.tx);
        if (list) list.push(posting);
        else replay.violation(`posting ${posting.seq} of transaction ${posting.tx}: there is no such transaction`);
      }
    }
    if (end === undefined) return;
    await replayChunk(reader, replay, rows, byTransaction);
    last = end;
    await turn();
  }
}

async function replayChunk(reader: Reader, replay: Replay, rows: readonly TransactionRow[], byTransaction: ReadonlyMap<bigint, PostingRow[]>): Promise<void> {
  const related = await relatedOf(reader, rows);
  for (const row of rows) replay.apply(row, byTransaction.get(row.id) ?? [], related);
}

/** Those of the transactions after `last` up to `end`, in pages. */
async function* postings(reader: Reader, last: bigint, end: bigint): AsyncGenerator<PostingRow[]> {
  for (let from = last; ;) {
    const rows = await reader.select(POSTINGS, from, end, MAX_POSTINGS);
    if (rows.length < MAX_POSTINGS) return yield rows;
    // The last transaction of a full page may go on behind it: it comes with the next.
    const next = rows.at(-1)!.tx;
    const whole = rows.filter((row) => row.tx < next);
    if (whole.length === 0) throw new Error(`transaction ${next} has more than ${MAX_POSTINGS} postings`);
    yield whole;
    from = next - 1n;
  }
}

/** In one page; no transaction of ours has more than 3. */
const MAX_POSTINGS = 20 * CHUNK;

/** Every key once, which is one payment per (task, attempt, kind); read from the index, and sorted when that is missing. */
async function checkKeys(reader: Reader, replay: Replay): Promise<void> {
  const page = (after: { key: string; id: bigint }) => reader.select(KEYS, after.key, after.id, CHUNK);
  let last = { key: '', id: 0n };
  for (let rows = await page(last); rows.length > 0; rows = await page(last)) {
    for (const row of rows) {
      if (row.key === last.key) replay.violation(`transactions ${last.id} and ${row.id} have the same key ${row.key}`);
      last = row;
    }
    await turn();
  }
}

/** @returns number of open holds */
async function checkOpenHolds(reader: Reader, replay: Replay): Promise<number> {
  const held = new Map<string, bigint>();
  let count = 0;
  let last = FIRST;
  for (let rows = await reader.select(HOLDS, last, CHUNK); rows.length > 0; rows = await reader.select(HOLDS, last, CHUNK)) {
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

async function checkJobTotals(reader: Reader, replay: Replay): Promise<void> {
  const sums = new Map<string, { amount: bigint; attempts: bigint }>();
  let last: [string, string, string, string] = ['', '', '', ''];
  for (let rows = await reader.select(JOB_TOTALS, ...last, CHUNK); rows.length > 0; rows = await reader.select(JOB_TOTALS, ...last, CHUNK)) {
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

async function checkCounts(reader: Reader, replay: Replay, openHolds: bigint): Promise<void> {
  const part = async (after: bigint) => (await reader.select(SETTLEMENTS_FROM, after, 10 * CHUNK))[0];
  let settlements = 0n;
  for (let row = await part(FIRST); row?.last != null; row = await part(row.last)) {
    settlements += row.count;
    await turn();
  }
  if (settlements !== replay.settlements) replay.violation(`${settlements} settlement rows for ${replay.settlements} settlements in the journal`);
  if (openHolds !== replay.holds - replay.settlements) {
    replay.violation(`${openHolds} open holds; the journal has ${replay.holds} holds and ${replay.settlements} settlements`);
  }
  const limits = await reader.select(LIMITS);
  compareMaps(new Map(limits.map((row) => [row.namespace, row.amount])), replay.limits, (namespace, row, journal) =>
    replay.violation(`credit limit of ${namespace}: ${formatCredits(row)} credits, the journal says ${formatCredits(journal)}`));
}

/** @returns number of accounts */
async function checkBalances(reader: Reader, replay: Replay): Promise<number> {
  const rows = await reader.select(BALANCES);
  compareMaps(new Map(rows.map((row) => [row.account, row.balance])), replay.balances, (account, row, journal) =>
    replay.violation(`balance of ${account}: ${formatCredits(row)} credits, the journal gives ${formatCredits(journal)}`));
  compareMaps(new Map(rows.map((row) => [row.account, row.lifetime])), replay.lifetimes, (account, row, journal) =>
    replay.violation(`lifetime of ${account}: ${formatCredits(row)} credits, the journal gives ${formatCredits(journal)}`));
  return rows.length;
}

async function checkMemory(reader: Reader, replay: Replay, memory: NonNullable<VerifyOptions['memory']>, openHolds: number): Promise<void> {
  const [end] = await reader.select(LAST_ID);
  const lastId = Number(end?.last ?? 0n);
  if (lastId !== memory.lastId) return replay.violation(`memory ends at transaction ${memory.lastId}, the journal at ${lastId}`);
  const balances = new Map([...memory.balances].map(([account, { balance }]) => [account, balance]));
  compareMaps(balances, replay.balances, (account, inMemory, journal) =>
    replay.violation(`${account}: ${formatCredits(inMemory)} credits in memory, the journal gives ${formatCredits(journal)}`));
  if (openHolds !== memory.holds.size) replay.violation(`${memory.holds.size} open holds in memory, ${openHolds} on disk`);
  const holds = [...memory.holds.values()];
  for (let at = 0; at < holds.length; at += CHUNK) {
    const part = holds.slice(at, at + CHUNK);
    const open = new Map((await reader.lookup(OPEN_HOLDS_BY_ID, part.map(({ id }) => id))).map((row) => [row.id, row.key]));
    for (const { id, key } of part) {
      if (open.get(BigInt(id)) !== key) replay.violation(`hold ${id} (${key}) is open in memory and not on disk`);
    }
    await turn();
  }
}

/** Absent counts as 0. */
function compareMaps(actual: ReadonlyMap<string, bigint>, expected: ReadonlyMap<string, bigint>, differ: (key: string, actual: bigint, expected: bigint) => void): void {
  for (const key of new Set([...actual.keys(), ...expected.keys()])) {
    const [is, must] = [actual.get(key) ?? 0n, expected.get(key) ?? 0n];
    if (is !== must) differ(key, is, must);
  }
}
