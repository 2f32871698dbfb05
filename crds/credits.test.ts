import fc from 'fast-check';
import { CREDITS_PATTERN, formatCredits, MAX_CREDITS_MICRO, parseCredits, parseShare, parseSignedCredits } from './credits';

test.each<[string, bigint]>([['5', 5_000_000n], ['5.00', 5_000_000n], ['0.0123', 12_300n], ['0.000001', 1n], ['999999999999.999999', MAX_CREDITS_MICRO]])(
  '%s', (text, micro) => expect(parseCredits(text)).toBe(micro));

test.each(['', '-1', '+1', '1.', '.5', '1e3', '1,5', '0.0000001', '1'.repeat(13), ' 1', 5, 5n, null])('%p is refused', (value) => {
  expect(() => parseCredits(value as string)).toThrow(/such as "5.00"/);
});

test('balances may be negative', () => {
  expect(parseSignedCredits('-1.50')).toBe(-1_500_000n);
  expect(formatCredits(-1_500_000n)).toBe('-1.50');
});

test('at least two places, no other trailing zeros', () => {
  expect([0n, 5_000_000n, 12_300n, 1n, 1_230_000n, 1_200_000n].map(formatCredits)).toEqual(['0.00', '5.00', '0.0123', '0.000001', '1.23', '1.20']);
});

test('formatted amounts are read back exactly', () => {
  fc.assert(fc.property(fc.bigInt(-MAX_CREDITS_MICRO, MAX_CREDITS_MICRO), (micro) => {
    expect(parseSignedCredits(formatCredits(micro))).toBe(micro);
  }));
  fc.assert(fc.property(fc.bigInt(0n, MAX_CREDITS_MICRO), (micro) => expect(formatCredits(micro)).toMatch(new RegExp(CREDITS_PATTERN))));
});

test('shares in millionths', () => {
  expect([parseShare('0.8'), parseShare('1'), parseShare('0'), parseShare('0.000001')]).toEqual([800_000n, 1_000_000n, 0n, 1n]);
  for (const bad of ['1.1', '2', '-0.1', '80%', '1.000001', '']) expect(() => parseShare(bad)).toThrow(/such as "0.8"/);
});
