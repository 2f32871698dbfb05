/** What the ledger accepts. Everything is checked before anything is decided, so a bad request changes nothing. */
import { MAX_CREDITS_MICRO, formatCredits } from '../../crds/credits';
import { shown } from '../../crds/format-error';
import { reasonRule } from '../../crds/attempt-reasons';
import type { HoldRequest, HoldTerms, SettleRequest } from './ledger';

/** A request that the ledger refuses; `field` says which part of it. Trying again is of no use. */
export class LedgerInputError extends Error {
  override readonly name = 'LedgerInputError';
  constructor(
    readonly field: string,
    message: string,
  ) {
    super(`${field}: ${message}`);
  }
}

/** Requests in one call. */
export const MAX_BATCH = 10_000;
const MAX_KEY_LENGTH = 200;
const MAX_TEXT_LENGTH = 256;
const MAX_NOTE_LENGTH = 1024;
const NAMESPACE = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
// A NUL has no place in a text of PostgreSQL.
const OWNER = /^[^\s/\0]{1,128}$/;
const KEY = /^[\x21-\x7e]+$/;

function refuse(field: string, value: unknown, wanted: string): never {
  throw new LedgerInputError(field, `${shown(value)} is not ${wanted}`);
}

/** Ends the key of a payment for a result that came after its attempt was given up. */
const LATE = '/late';
export const isLate = (key: string): boolean => key.endsWith(LATE);
/** `<task uid>/<attempt>` of a hold's key. */
export const baseKey = (key: string): string => (isLate(key) ? key.slice(0, -LATE.length) : key);

export function checkBatch(requests: readonly unknown[]): void {
  if (requests.length > MAX_BATCH) throw new LedgerInputError('requests', `${requests.length} at once, the limit is ${MAX_BATCH}; send them in parts`);
}

function checkKey(key: unknown): void {
  if (typeof key !== 'string' || key.length > MAX_KEY_LENGTH || !KEY.test(key)) {
    refuse('key', key, `a key: 1 to ${MAX_KEY_LENGTH} printable ASCII characters without spaces`);
  }
}

export function checkNamespace(field: string, namespace: unknown): void {
  if (typeof namespace !== 'string' || !NAMESPACE.test(namespace)) refuse(field, namespace, 'the name of a namespace, such as "lab-a"');
}

function checkText(field: string, value: unknown): void {
  if (typeof value !== 'string' || value.length === 0 || value.length > MAX_TEXT_LENGTH || value.includes('\0')) {
    refuse(field, value, `a text of 1 to ${MAX_TEXT_LENGTH} characters without NUL`);
  }
}

/** 0 … MAX_CREDITS_MICRO. */
export function checkAmount(field: string, amount: unknown, least = 0n): void {
  if (typeof amount !== 'bigint' || amount < least || amount > MAX_CREDITS_MICRO) {
    refuse(field, amount, `an amount from ${formatCredits(least)} to ${formatCredits(MAX_CREDITS_MICRO)} credits, in micro-credits`);
  }
}

export function checkDeposit(request: { key: string; namespace: string; amountMicro: bigint; note?: string }): void {
  checkKey(request.key);
  checkNamespace('namespace', request.namespace);
  checkAmount('amountMicro', request.amountMicro, 1n);
  if (request.note !== undefined && (typeof request.note !== 'string' || request.note.length > MAX_NOTE_LENGTH || request.note.includes('\0'))) {
    refuse('note', request.note, `a text of at most ${MAX_NOTE_LENGTH} characters without NUL`);
  }
}

/** A hold amount of more than MAX_CREDITS_MICRO is no error: nobody has so much, it is refused for want of credit. */
export function checkHold(request: HoldRequest): void {
  checkKey(request.key);
  if (typeof request.amountMicro !== 'bigint' || request.amountMicro < 0n) refuse('amountMicro', request.amountMicro, 'an amount of micro-credits of 0 or more');
  if (request.maxJobMicro !== undefined) checkAmount('maxJobMicro', request.maxJobMicro);
  checkTerms(request.terms);
  const attempt = `${request.terms.taskUid}/${request.terms.attempt}`;
  if (baseKey(request.key) !== attempt) refuse('key', request.key, `the key of this attempt; write "${attempt}" or "${attempt}${LATE}"`);
}

function checkTerms(terms: HoldTerms): void {
  checkNamespace('terms.namespace', terms.namespace);
  if (typeof terms.ownerId !== 'string' || !OWNER.test(terms.ownerId)) refuse('terms.ownerId', terms.ownerId, 'an owner: 1 to 128 characters without "/" and spaces');
  for (const field of ['jobUid', 'jobName', 'taskUid', 'agentId', 'tier'] as const) checkText(`terms.${field}`, terms[field]);
  for (const field of ['index', 'attempt'] as const) {
    if (!Number.isSafeInteger(terms[field]) || terms[field] < 0) refuse(`terms.${field}`, terms[field], 'a whole number of 0 or more');
  }
  for (const [name, rate] of Object.entries(terms.rates)) checkAmount(`terms.rates.${name}`, rate);
}

export function checkSettle(request: SettleRequest): void {
  checkKey(request.key);
  checkAmount('chargeMicro', request.chargeMicro);
  checkAmount('ownerMicro', request.ownerMicro);
  if (request.ownerMicro > request.chargeMicro) {
    refuse('ownerMicro', request.ownerMicro, `a part of the charge of ${request.chargeMicro} micro-credits`);
  }
  if (reasonRule(request.reason) === undefined) refuse('reason', request.reason, 'a reason why an attempt ended');
  if (request.chargeMicro > 0n && reasonRule(request.reason).payer === 'Nobody') {
    refuse('chargeMicro', request.chargeMicro, `0, and nobody pays for an attempt that ended ${request.reason}`);
  }
}
