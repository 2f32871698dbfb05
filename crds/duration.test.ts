import fc from 'fast-check';
import { formatDuration, humanDuration, parseDuration } from './duration';

test.each([['90s', 90_000], ['1h30m', 5_400_000], ['250ms', 250], ['1.5h', 5_400_000], ['0s', 0], ['30m1h', 5_400_000], ['0.001s', 1], ['168h', 604_800_000]])(
  '%s is %d ms', (text, ms) => expect(parseDuration(text)).toBe(ms));

test.each(['', '5', '1d', '-1s', '1 s', '1h 30m', 's', '1.s', '.5s', '1us', '1.5ms', '0.0001s', '1e3s', `${'1s'.repeat(20)}`, '9999999999h', 5, null, undefined])(
  '%p is refused with its value and an example', (value) => expect(() => parseDuration(value as string)).toThrow(/write hours, .*"1h30m"/));

test('formatted durations are read back', () => {
  fc.assert(fc.property(fc.nat({ max: 10 ** 12 }), (ms) => expect(parseDuration(formatDuration(ms))).toBe(ms)));
  expect([0, 250, 90_000, 5_400_000, 86_400_000].map(formatDuration)).toEqual(['0s', '250ms', '1m30s', '1h30m', '24h']);
  expect(() => formatDuration(1.5)).toThrow(/whole/);
  expect(() => formatDuration(-1)).toThrow(/whole/);
});

test("durations for people are kubectl's", () => {
  const minute = 60_000;
  const day = 86_400_000;
  const cases: [number, string][] = [[-5, '0s'], [999, '0s'], [73_000, '73s'], [120_000, '2m'], [310_000, '5m10s'], [11 * minute + 5000, '11m'],
    [180 * minute, '3h'], [200 * minute, '3h20m'], [9 * 60 * minute + minute, '9h'], [2 * day, '2d'], [2 * day + 5 * 3_600_000, '2d5h'],
    [100 * day, '100d'], [3 * 365 * day + day, '3y1d'], [9 * 365 * day, '9y']];
  for (const [ms, text] of cases) expect(humanDuration(ms)).toBe(text);
});
