/**
 * Integers that a double does not hold: kube-apiserver keeps 64 bits, JavaScript's numbers only 53. Rather than changed in silence, such a
 * value is refused by name. One that comes out as it went in is taken. Beyond 64 bits integers are doubles to kube-apiserver too, and taken here as they are there.
 */
import { invalidError, type ApiError } from '../http/errors';

/** An integer that would lose digits, and where it was found. */
export interface InexactInteger {
  field: string;
  digits: string;
}

/** Digits of the least integer that may be inexact: 2^53 + 1. */
export const MIN_INEXACT_DIGITS = 16;

/** More than these are not listed. */
export const MAX_INEXACT = 32;

/** Whether an integer of 64 bits would be written otherwise than it was read. */
export function isInexact(value: bigint): boolean {
  return String(Number(value)) !== String(value) && BigInt.asIntN(64, value) === value;
}

/** The refusal: 422, one cause per field. */
export function inexactError(found: readonly InexactInteger[]): ApiError {
  return invalidError({ group: '', kind: '' }, '', found.map(({ field, digits }) => ({
    reason: 'FieldValueInvalid',
    field,
    message: `Invalid value: ${digits}: this server cannot keep an integer of so many digits exactly: write it as a string, if the field takes one`,
  })));
}
