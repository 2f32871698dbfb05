/**
 * What of the disk a decision needs beside the book: whether a key was used long ago, and what a Job was charged that the book does not
 * remember. Asked for all calls of a turn together, before any of them is decided.
 */
import { ask, follow } from '../db/answer';
import type { Answer, Reader, Snapshot } from '../db/database';
import { availableOf, parseAccount } from './accounts';
import { Book } from './book';
import { decodeTerms, depositKey, holdKey, type Hold } from './entry';
import { BALANCES, CHARGED, FIRST, HOLDS, LAST_ID, LIMITS, PAST_DEPOSITS, PAST_HOLDS, type HoldRow } from './rows';

/** Keys of holds and deposits, uids of Jobs. */
export interface Needs {
  holds?: readonly string[];
  deposits?: readonly string[];
  jobs?: readonly string[];
}

export interface Settlement {
  chargeMicro: bigint;
  ownerMicro: bigint;
}

export interface Past {
  /** By the hold's key: 'open', or how it was settled. Absent: never held. */
  holds: ReadonlyMap<string, Settlement | 'open'>;
  /** By the deposit's key. */
  deposits: ReadonlyMap<string, { namespace: string; amountMicro: bigint }>;
}

export const NOTHING_PAST: Past = { holds: new Map(), deposits: new Map() };

/** Reads what the calls need; Jobs go into the book. */
export function readPast(reader: Reader, book: Book, needs: readonly Needs[]): Answer<Past> {
  const holdKeys = unique(needs, (each) => each.holds, (key) => !book.holds.has(key));
  const depositKeys = unique(needs, (each) => each.deposits, () => true);
  const jobs = unique(needs, (each) => each.jobs, (uid) => !book.knows(uid));
  if (holdKeys.length + depositKeys.length + jobs.length === 0) return NOTHING_PAST;
  return follow(function* () {
    const holds = new Map<string, Settlement | 'open'>();
    const deposits = new Map<string, { namespace: string; amountMicro: bigint }>();
    if (holdKeys.length > 0) {
      for (const { key, charge, owner_amount: owner } of yield* ask(reader.lookup(PAST_HOLDS, holdKeys.map(holdKey)))) {
        holds.set(key.slice(HOLD_PREFIX), charge === null || owner === null ? 'open' : { chargeMicro: charge, ownerMicro: owner });
      }
    }
    if (depositKeys.length > 0) {
      for (const { key, to_account: account, amount } of yield* ask(reader.lookup(PAST_DEPOSITS, depositKeys.map(depositKey)))) {
        const namespace = parseAccount(account)?.id ?? '';
        if (availableOf(namespace) === account) deposits.set(key.slice(DEPOSIT_PREFIX), { namespace, amountMicro: amount });
      }
    }
    if (jobs.length > 0) {
      const charged = new Map((yield* ask(reader.lookup(CHARGED, jobs))).map((row) => [row.job_uid, row.amount]));
      for (const uid of jobs) book.learn(uid, charged.get(uid) ?? 0n);
    }
    return { holds, deposits };
  });
}

const HOLD_PREFIX = holdKey('').length;
const DEPOSIT_PREFIX = depositKey('').length;

function unique(needs: readonly Needs[], of: (each: Needs) => readonly string[] | undefined, wanted: (key: string) => boolean): string[] {
  const only = needs.length === 1 ? of(needs[0]!) : undefined;
  if (only && only.length < 2) return only.filter(wanted);
  const all = new Set<string>();
  for (const each of needs) for (const key of of(each) ?? []) if (wanted(key)) all.add(key);
  return [...all];
}

const PAGE = 10_000;

/** The durable state: one row per account and per open hold is read, however long the journal is. Closes the snapshot. */
export function loadBook(opened: Answer<Snapshot>): Answer<Book> {
  return follow(function* () {
    const snapshot = yield* ask(opened);
    try {
      const [end] = yield* ask(snapshot.select(LAST_ID));
      const book = new Book(Number(end?.last ?? 0n) + 1);
      for (const { account, balance, lifetime } of yield* ask(snapshot.select(BALANCES))) book.balances.set(account, { balance, lifetime });
      for (const { namespace, amount } of yield* ask(snapshot.select(LIMITS))) book.limits.set(namespace, amount);
      for (let last = FIRST; ;) {
        const holds = (yield* ask(snapshot.select(HOLDS, last, PAGE))).map(holdOf);
        if (holds.length === 0) return book;
        yield* ask(readPast(snapshot, book, [{ jobs: holds.map(({ terms }) => terms.jobUid) }]));
        for (const hold of holds) book.addLoaded(hold);
        last = BigInt(holds.at(-1)!.id);
      }
    } finally {
      void snapshot.close();
    }
  });
}

const holdOf = (row: HoldRow): Hold => ({
  id: Number(row.id),
  key: row.key,
  amountMicro: row.amount,
  createdAt: Number(row.created_at),
  terms: decodeTerms(row.terms),
});
