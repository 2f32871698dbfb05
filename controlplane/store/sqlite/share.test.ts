import fc from 'fast-check';
import { share } from './share';

const json = fc.jsonValue({ maxDepth: 4 }).filter((value) => !JSON.stringify(value).includes('__proto__'));

test('property: the result is what JSON would store, and its own', () => {
  fc.assert(
    fc.property(json, json, (value, previous) => {
      const before = JSON.stringify(previous);
      const result = share(value, previous);
      expect(result).toStrictEqual(JSON.parse(JSON.stringify(value)));
      expect(JSON.stringify(previous)).toBe(before);
    }),
  );
});

test('property: an equal value gives back the previous one itself', () => {
  fc.assert(
    fc.property(json, (value) => {
      const previous: unknown = JSON.parse(JSON.stringify(value));
      expect(share(value, previous)).toBe(previous);
    }),
  );
});

test('equal parts are shared, others copied', () => {
  const previous = { spec: { list: [{ a: 1 }] }, status: { n: 1 } };
  const asked = { spec: { list: [{ a: 1 }] }, status: { n: 2 } };
  const result = share(asked, previous) as typeof previous;
  expect(result).toEqual(asked);
  expect(result.spec).toBe(previous.spec);
  expect(result.status).not.toBe(asked.status);
});

test('what JSON has no word for is dropped or translated', () => {
  const value = { none: undefined, call: () => 1, list: [undefined, Number.NaN], at: new Date(0), zero: -0 };
  const result = share(value, undefined);
  expect(result).toStrictEqual({ list: [null, null], at: '1970-01-01T00:00:00.000Z', zero: 0 });
});

test('a field less, a field more, and a field named like a method are differences', () => {
  const previous = { a: 1, b: 2 };
  expect(share({ a: 1 }, previous)).toEqual({ a: 1 });
  expect(share({ a: 1, b: 2, c: 3 }, previous)).toEqual({ a: 1, b: 2, c: 3 });
  expect(share({ a: 1, constructor: {} }, { a: 1 })).not.toEqual({ a: 1 });
});

test('property: what is undefined changes nothing, wherever it stands; what is left out does', () => {
  const fields = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), fc.integer());
  fc.assert(
    fc.property(fields, fields, fc.shuffledSubarray(['a', 'b', 'c', 'd', 'x', 'y']), (previous, changes, absent) => {
      const value = { ...previous, ...changes, ...Object.fromEntries(absent.map((key) => [key, undefined])) };
      const result = share(value, previous);
      const expected = JSON.parse(JSON.stringify(value)) as object;
      expect(JSON.stringify(result)).toBe(JSON.stringify(expected));
      expect(result === previous).toBe(JSON.stringify(Object.entries(expected).sort()) === JSON.stringify(Object.entries(previous).sort()));
    }),
  );
});
