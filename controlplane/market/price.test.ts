import fc from 'fast-check';
import { DEFAULT_TIERS } from './default-tiers';
import { divideHalfEven, divideUp, microCores, minimum, wholeNumber } from './money';
import { COST_DENOMINATOR, costNumerator, holdAmount, rateVector } from './price';
import { CREDITS_PATTERN, SHARE_PATTERN } from '../../crds/credits';

const GIB = 1024 ** 3;
const HOUR_MS = 3_600_000;
const standard = rateVector(DEFAULT_TIERS[1]!.spec);
const none = { cpuMicros: 0n, memoryMibSeconds: 0n, egressBytes: 0n, starts: 0n };

test('a tier becomes integers of micro-credits', () => {
  expect(standard).toEqual({ cpuHour: 1_000_000n, memoryGiBHour: 100_000n, egressGiB: 40_000n, start: 5n, ownerSharePpm: 800_000n });
});

test('a tier with a rate that is no decimal string is refused with the value', () => {
  const spec = DEFAULT_TIERS[1]!.spec;
  expect(() => rateVector({ ...spec, rates: { ...spec.rates, cpuHour: '1e3' } })).toThrow('"1e3" is not an amount of credits');
});

test('the default tiers are the three that the documentation names, with valid prices that rise', () => {
  expect(DEFAULT_TIERS.map((tier) => tier.metadata.name)).toEqual(['economy', 'standard', 'premium']);
  for (const { spec } of DEFAULT_TIERS) {
    for (const rate of Object.values(spec.rates)) expect(rate).toMatch(new RegExp(CREDITS_PATTERN));
    expect(spec.ownerShare).toMatch(new RegExp(SHARE_PATTERN));
  }
  const hours = DEFAULT_TIERS.map((tier) => rateVector(tier.spec).cpuHour);
  expect(hours).toEqual([500_000n, 1_000_000n, 2_500_000n]);
});

test.each([
  ['a core-hour', { ...none, cpuMicros: 3_600_000_000n }, 1_000_000n],
  ['a GiB-hour', { ...none, memoryMibSeconds: 1024n * 3600n }, 100_000n],
  ['a GiB out', { ...none, egressBytes: BigInt(GIB) }, 40_000n],
  ['a start', { ...none, starts: 1n }, 5n],
])('%s costs its rate exactly', (_, usage, micro) => {
  expect(costNumerator(standard, usage)).toBe(micro * COST_DENOMINATOR);
});

test('the hold is both caps over the timeout and a start', () => {
  expect(holdAmount(standard, { cpu: 2, memoryBytes: 4 * GIB, timeoutMs: HOUR_MS / 2 })).toBe(1_000_000n + 200_000n + 5n);
  expect(holdAmount(standard, { cpu: 0.1, memoryBytes: 0, timeoutMs: HOUR_MS })).toBe(100_005n);
});

test('the hold is rounded up', () => {
  expect(holdAmount({ ...standard, start: 0n }, { cpu: 0.001, memoryBytes: 0, timeoutMs: 1 })).toBe(1n);
});

test.each([Number.NaN, -1, Number.POSITIVE_INFINITY])('caps of %p give an amount, not an exception', (bad) => {
  expect(holdAmount(standard, { cpu: bad, memoryBytes: bad, timeoutMs: bad })).toBeGreaterThanOrEqual(5n);
});

test('half to even', () => {
  expect([1n, 2n, 3n, 5n, 7n].map((n) => divideHalfEven(n, 2n))).toEqual([0n, 1n, 2n, 2n, 4n]);
  expect([4n, 5n, 6n, 14n, 15n, 16n].map((n) => divideHalfEven(n, 10n))).toEqual([0n, 0n, 1n, 1n, 2n, 2n]);
});

test('division is within half a unit of the exact quotient; up is never below it', () => {
  fc.assert(fc.property(fc.bigInt({ min: 0n, max: 10n ** 40n }), fc.bigInt({ min: 1n, max: 10n ** 30n }), (numerator, denominator) => {
    const difference = divideHalfEven(numerator, denominator) * denominator - numerator;
    const up = divideUp(numerator, denominator) * denominator - numerator;
    expect(2n * (difference < 0n ? -difference : difference) <= denominator && up >= 0n && up < denominator).toBe(true);
  }));
});

test('numbers from outside become whole numbers of 0 or more', () => {
  expect([Number.NaN, -5, 1.9, '7', undefined, Number.POSITIVE_INFINITY].map(wholeNumber)).toEqual([0n, 0n, 1n, 0n, 0n, BigInt(Number.MAX_SAFE_INTEGER)]);
  expect([0.1, 0.3, 1.1, 64, -1, Number.NaN].map(microCores)).toEqual([100_000n, 300_000n, 1_100_000n, 64_000_000n, 0n, 0n]);
  expect(minimum(3n, 1n, 2n)).toBe(1n);
});
