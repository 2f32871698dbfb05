import fc from 'fast-check';
import { FormatError } from './format-error';
import { formatBytes, formatCpu, parseBytes, parseCpu, parseCpuMillis, QUANTITY_PATTERN } from './quantity';

const GOOD: [string | number, number][] = [
  ['0', 0], ['1', 1], ['256Mi', 268435456], ['1Gi', 2 ** 30], ['1k', 1000], ['1Ki', 1024], ['1e3', 1000], ['1E3', 1000], ['12e-1', 2],
  ['0.5Gi', 2 ** 29], ['.5Ki', 512], ['1.Ki', 1024], ['+1', 1], ['7Pi', 7 * 2 ** 50],
  ['400m', 1], ['1500m', 2], ['1000000n', 1], ['2M', 2_000_000], [7, 7], [1.5, 2],
];
const BAD = ['', ' ', '-1', '-500m', '1 Gi', 'Gi', '1gi', '1MB', '1KI', '0x10', 'NaN', 'Infinity', '1e', '1e999', '9e99', '1Ei', '1,5', '1.2.3', '١',
  '1'.repeat(33), -1, 1.5e300, Number.NaN, null, undefined, {}, true];

test.each(GOOD)('%p is %p bytes', (text, bytes) => expect(parseBytes(text)).toBe(bytes));

test.each(BAD)('%p is refused with its value and an example', (value) => {
  expect(() => parseBytes(value as string)).toThrow(FormatError);
  expect(() => parseBytes(value as string)).toThrow(/"256Mi"/);
  expect(() => parseCpu(value as string)).toThrow(/"500m"/);
});

test('a message shows a long value cut', () => {
  expect(() => parseBytes('x'.repeat(1000))).toThrow(/^"x{70,80}… is not a quantity/);
});

test('cores in thousandths, rounded up', () => {
  expect(parseCpuMillis('500m')).toBe(500);
  expect(parseCpuMillis('2')).toBe(2000);
  expect(parseCpuMillis(0.25)).toBe(250);
  expect(parseCpuMillis('0.5m')).toBe(1);
  expect(parseCpu('1500m')).toBe(1.5);
});

test('formatted quantities are read back exactly', () => {
  const bytes = fc.oneof(fc.nat({ max: Number.MAX_SAFE_INTEGER }), fc.tuple(fc.nat({ max: 1000 }), fc.nat({ max: 4 })).map(([n, k]) => n * 1024 ** k));
  fc.assert(fc.property(bytes, (n) => {
    expect(parseBytes(formatBytes(n))).toBe(n);
    expect(formatBytes(n)).toMatch(new RegExp(QUANTITY_PATTERN));
  }));
  fc.assert(fc.property(fc.nat({ max: 10_000_000 }), (millis) => expect(parseCpuMillis(formatCpu(millis / 1000))).toBe(millis)));
  expect([formatBytes(268435456), formatBytes(1000), formatCpu(4), formatCpu(0.5)]).toEqual(['256Mi', '1000', '4', '500m']);
  expect(() => formatBytes(-1)).toThrow(FormatError);
  expect(() => formatCpu(Number.NaN)).toThrow(FormatError);
});

function isRead(text: string): boolean {
  try {
    parseBytes(text);
    return true;
  } catch {
    return false;
  }
}

test('the pattern accepts what the parser accepts', () => {
  const text = fc.stringMatching(/^[+-]?[0-9.]{0,6}[KMGTPEnumk]?i?(e[-+]?[0-9]{1,3})?$/);
  const refusedByPattern = fc.sample(text, 3000).filter((value) => !new RegExp(QUANTITY_PATTERN).test(value));
  expect(refusedByPattern.length).toBeGreaterThan(0);
  expect(refusedByPattern.filter(isRead)).toEqual([]);
});
