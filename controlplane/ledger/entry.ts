/** Journal entries, as they are decided in memory and then written: one per transaction. Pure. */
import type { AttemptReason } from '../../crds/attempt-reasons';
import { reasonRule } from '../../crds/attempt-reasons';
import type { Usage } from '../../crds/task';
import { DEPOSITS, MARGIN, availableOf, earnedOf, heldOf } from './accounts';
import type { HoldTerms, OpenHold, StatementLine } from './ledger';

/** `amount` > 0, micro-credits. */
export interface Posting {
  from: string;
  to: string;
  amount: bigint;
}

/** An open hold with the id of its transaction. */
export interface Hold extends OpenHold {
  id: number;
}

export interface Settled {
  hold: Hold;
  reason: AttemptReason;
  usage: Usage;
  chargeMicro: bigint;
  ownerMicro: bigint;
}

interface EntryBase {
  /** 1, 2, 3, … without a gap: a decision that was made on one that was not saved is found by its id, and so is a row that was removed. */
  id: number;
  /** Unique: `deposit/<key>`, `hold/<key>`, `settle/<id of the hold>`, `limit/<id>`. */
  key: string;
  at: number;
  postings: Posting[];
  note?: string;
}

export type Entry = EntryBase &
  (
    | { kind: 'deposit'; namespace: string; amountMicro: bigint }
    | { kind: 'hold'; hold: Hold }
    | { kind: 'settle'; settled: Settled }
    | { kind: 'limit'; namespace: string; limitMicro: bigint }
  );

export type EntryKind = Entry['kind'];

export const depositKey = (key: string): string => `deposit/${key}`;
export const holdKey = (key: string): string => `hold/${key}`;
export const settleKey = (hold: number): string => `settle/${hold}`;
/** The hold's transaction; undefined: not the key of a settlement. */
export const settledHold = (key: string): bigint | undefined => {
  const id = /^settle\/(\d{1,16})$/.exec(key)?.[1];
  return id === undefined ? undefined : BigInt(id);
};

const written = (postings: Posting[]): Posting[] => postings.filter((posting) => posting.amount > 0n);

export const depositPostings = (namespace: string, amount: bigint): Posting[] => [{ from: DEPOSITS, to: availableOf(namespace), amount }];

export const holdPostings = (namespace: string, amount: bigint): Posting[] =>
  written([{ from: availableOf(namespace), to: heldOf(namespace), amount }]);

/** The whole hold leaves `held`: to the owner, to the margin, and what is left back to its issuer. */
export function settlePostings(amounts: { namespace: string; owner: string; held: bigint; charge: bigint; ownerAmount: bigint }): Posting[] {
  const from = heldOf(amounts.namespace);
  return written([
    { from, to: earnedOf(amounts.owner), amount: amounts.ownerAmount },
    { from, to: MARGIN, amount: amounts.charge - amounts.ownerAmount },
    { from, to: availableOf(amounts.namespace), amount: amounts.held - amounts.charge },
  ]);
}

export const totalOf = (postings: readonly Posting[]): bigint => postings.reduce((sum, posting) => sum + posting.amount, 0n);

/** The line of a statement that an attempt is shown in. */
export function lineOf(reason: AttemptReason): StatementLine['line'] {
  const rule = reasonRule(reason);
  if (rule.success) return 'work';
  if (rule.payer === 'Nobody') return 'lost';
  return reason === 'Suspended' || reason === 'Cancelled' ? 'cancelled' : 'failed';
}

/** Terms as JSON text: bigints are decimal strings. */
export const encodeTerms = (terms: HoldTerms): string => JSON.stringify(terms, (_, value: unknown) => (typeof value === 'bigint' ? value.toString() : value));

/** @throws SyntaxError or TypeError when the text was not made by encodeTerms */
export function decodeTerms(text: string): HoldTerms {
  const terms: HoldTerms = JSON.parse(text);
  const { cpuHour, memoryGiBHour, egressGiB, start, ownerSharePpm } = terms.rates;
  return {
    ...terms,
    rates: {
      cpuHour: BigInt(cpuHour),
      memoryGiBHour: BigInt(memoryGiBHour),
      egressGiB: BigInt(egressGiB),
      start: BigInt(start),
      ownerSharePpm: BigInt(ownerSharePpm),
    },
  };
}
