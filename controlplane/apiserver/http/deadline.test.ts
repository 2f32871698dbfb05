import { ApiError } from './errors';
import { MAX_REQUEST_MS, parseGoDuration, requestTimeoutMs } from './deadline';

test.each([
  ['0', 0], ['5s', 5000], ['1h2m3.5s', 3_723_500], ['100ms', 100], ['1.5m', 90_000], ['.5s', 500], ['-1s', -1000], ['1µs', 0.001],
])('%s is %d ms', (text, ms) => {
  expect(parseGoDuration(text)).toBeCloseTo(ms, 9);
});

test.each([
  ['', 'time: invalid duration ""'],
  ['x', 'time: invalid duration "x"'],
  ['5', 'time: missing unit in duration "5"'],
  ['5y', 'time: unknown unit "y" in duration "5y"'],
  ['5s3', 'time: missing unit in duration "5s3"'],
])('%j is none: %s', (text, words) => {
  expect(() => parseGoDuration(text)).toThrow(words);
});

test('timeout: none, or 0, or too long, is the longest there is', () => {
  const of = (text: string): number => requestTimeoutMs(new URLSearchParams(text));
  expect([of(''), of('timeout='), of('timeout=0s'), of('timeout=-3s'), of('timeout=10h'), of('timeout=2s')]).toEqual([...Array<number>(5).fill(MAX_REQUEST_MS), 2000]);
  expect(() => of('timeout=1ns')).toThrow('Timeout: request did not complete within the allotted timeout');
  expect(() => of('timeout=soon')).toThrow(new ApiError(400, 'BadRequest', 'invalid timeout specified in the request URL - time: invalid duration "soon"'));
});
