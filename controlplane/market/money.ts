/** Exact integer arithmetic that prices and settlements share. All pure. */

/** Cores as whole millionths, rounded up (what floats add below a thousandth of a millionth is not counted). */
export function microCores(cores: number): bigint {
  if (!Number.isFinite(cores) || cores <= 0) return 0n;
  return BigInt(Math.ceil(cores * 1e6 - 1e-3));
}

/** A measured or configured number as a bigint ≥ 0: NaN, infinities and negatives are 0, fractions are cut, the most is 2^53 − 1. */
export function wholeNumber(value: unknown): bigint {
  if (typeof value !== 'number' || Number.isNaN(value) || value <= 0) return 0n;
  return BigInt(Math.floor(Math.min(value, Number.MAX_SAFE_INTEGER)));
}

export const minimum = (first: bigint, ...others: bigint[]): bigint => others.reduce((least, each) => (each < least ? each : least), first);

/** numerator / denominator for numerator ≥ 0, denominator > 0. */
export const divideUp = (numerator: bigint, denominator: bigint): bigint => (numerator + denominator - 1n) / denominator;

/** As divideUp, to the nearest; a half goes to the even neighbour. */
export function divideHalfEven(numerator: bigint, denominator: bigint): bigint {
  const quotient = numerator / denominator;
  const twice = (numerator % denominator) * 2n;
  if (twice < denominator) return quotient;
  return twice > denominator || quotient % 2n === 1n ? quotient + 1n : quotient;
}
