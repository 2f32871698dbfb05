/**
 * The ledger's decisions: each takes the book as it is, answers, and adds what it decided to the batch. Synchronous, one after the other.
 * What the book does not know (a key that was used long ago) was read from the disk before (past.ts).
 */
import { formatCredits } from '../../crds/credits';
import { minimum } from '../market/money';
import { ownerPart } from '../market/settle';
import { DEPOSITS } from './accounts';
import type { Batch, Book } from './book';
import { depositKey, depositPostings, holdKey, holdPostings, settleKey, settlePostings } from './entry';
import { LedgerInputError, baseKey, isLate } from './input';
import type { HoldOutcome, HoldRequest, SettleOutcome, SettleRequest } from './ledger';
import type { Past, Settlement } from './past';

/** All deposits together: leaves room in 64 bits for every balance that can follow from them. */
export const MAX_DEPOSITED_MICRO = 1n << 61n;

export interface Turn {
  book: Book;
  batch: Batch;
  past: Past;
  /** Milliseconds since the epoch. */
  at: number;
}

export function decideDeposit({ book, batch, past, at }: Turn, request: { key: string; namespace: string; amountMicro: bigint; note?: string }): { repeated: boolean } {
  const { namespace, amountMicro, note } = request;
  const key = depositKey(request.key);
  const before = book.depositing.get(key) ?? past.deposits.get(request.key);
  if (before) {
    if (before.namespace === namespace && before.amountMicro === amountMicro) return { repeated: true };
    throw new LedgerInputError('key', `${request.key} was used for a deposit of ${formatCredits(before.amountMicro)} to ${before.namespace}; take another key`);
  }
  if (amountMicro - book.balanceOf(DEPOSITS) > MAX_DEPOSITED_MICRO) {
    throw new LedgerInputError('amountMicro', `all deposits together would exceed ${formatCredits(MAX_DEPOSITED_MICRO)} credits; deposit less`);
  }
  book.add(batch, { kind: 'deposit', id: book.nextId, key, at, namespace, amountMicro, note, postings: depositPostings(namespace, amountMicro) });
  return { repeated: false };
}

export function decideHold({ book, batch, past, at }: Turn, request: HoldRequest): HoldOutcome {
  const { key, amountMicro, maxJobMicro, terms } = request;
  if (book.holds.has(key)) return { ok: true };
  if (book.settling.has(key) || past.holds.has(key)) return { ok: false, reason: 'Closed' };
  if (isLate(key) && !released(book, past, baseKey(key))) return { ok: false, reason: 'Closed' };
  if (maxJobMicro !== undefined) {
    const job = book.job(terms.jobUid);
    const missingMicro = job.charged + job.held + amountMicro - maxJobMicro;
    if (missingMicro > 0n) return { ok: false, reason: 'BudgetExhausted', missingMicro };
  }
  const availableMicro = book.available(terms.namespace);
  const missingMicro = amountMicro - availableMicro - book.limit(terms.namespace);
  // An issuer whose limit was lowered below what it owes may still run what costs nothing.
  if (missingMicro > 0n && amountMicro > 0n) return { ok: false, reason: 'InsufficientCredit', missingMicro, availableMicro };
  const hold = { id: book.nextId, key, amountMicro, terms, createdAt: at };
  book.add(batch, { kind: 'hold', id: hold.id, key: holdKey(key), at, hold, postings: holdPostings(terms.namespace, amountMicro) });
  return { ok: true };
}

/** Was held, is not any more, and nothing was charged. */
function released(book: Book, past: Past, key: string): boolean {
  if (book.holds.has(key)) return false;
  return settledBefore(book, past, key)?.chargeMicro === 0n;
}

function settledBefore(book: Book, past: Past, key: string): Settlement | undefined {
  const before = book.settling.get(key) ?? past.holds.get(key);
  return before === 'open' ? undefined : before;
}

export function decideSettle({ book, batch, past, at }: Turn, request: SettleRequest): SettleOutcome {
  const { key, reason, usage } = request;
  const hold = book.holds.get(key);
  if (!hold) {
    const before = settledBefore(book, past, key);
    return before ? { ok: true, repeated: true, chargedMicro: before.chargeMicro, ownerMicro: before.ownerMicro } : { ok: false, reason: 'NoHold' };
  }
  const { namespace, ownerId: owner, rates } = hold.terms;
  const charge = minimum(request.chargeMicro, hold.amountMicro);
  const ownerAmount = charge === request.chargeMicro ? request.ownerMicro : minimum(request.ownerMicro, ownerPart(charge, rates.ownerSharePpm));
  book.add(batch, {
    kind: 'settle',
    id: book.nextId,
    key: settleKey(hold.id),
    at,
    settled: { hold, reason, usage, chargeMicro: charge, ownerMicro: ownerAmount },
    postings: settlePostings({ namespace, owner, held: hold.amountMicro, charge, ownerAmount }),
  });
  return { ok: true, repeated: false, chargedMicro: charge, ownerMicro: ownerAmount };
}
