import * as fc from 'fast-check';
import { copyJson } from './json-copy';

const parts = (value: unknown): object[] => (typeof value === 'object' && value !== null ? [value, ...Object.values(value).flatMap(parts)] : []);

test('a copy is equal and shares no part', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const copy = copyJson(value);
      expect(copy).toEqual(value);
      const originals = new Set(parts(value));
      expect(parts(copy).filter((part) => originals.has(part))).toEqual([]);
    }),
  );
});

test('a field named __proto__ stays a field', () => {
  const copy = copyJson(JSON.parse('{"__proto__": {"a": 1}, "b": {"__proto__": null}}')) as object;
  expect(JSON.stringify(copy)).toBe('{"__proto__":{"a":1},"b":{"__proto__":null}}');
  expect(Object.getPrototypeOf(copy)).toBe(Object.prototype);
});
