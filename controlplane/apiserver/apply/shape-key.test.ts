import { shapeKey } from './shape-key';

const key = (object: object): string | undefined => shapeKey(object, (field) => field === 'kind');
const base = { kind: 'A', spec: { a: 'x', n: 1, list: [{ name: 'p', port: 1 }], deep: { e: {}, z: null } } };

test('values of fields do not count', () => {
  expect(key({ ...base, spec: { ...base.spec, a: 'another', n: -7.5 } })).toBe(key(base));
});

test.each<[string, object]>([
  ['another field', { ...base, spec: { ...base.spec, b: 'x' } }],
  ['a field less', { kind: 'A', spec: { a: 'x', n: 1, deep: { e: {}, z: null } } }],
  ['another type', { ...base, spec: { ...base.spec, n: '1' } }],
  ['null', { ...base, spec: { ...base.spec, n: null } }],
  ['an item', { ...base, spec: { ...base.spec, list: [{ name: 'q', port: 1 }] } }],
  ['an empty map', { ...base, spec: { ...base.spec, deep: { e: { f: 1 }, z: null } } }],
  ['the value of a field whose value counts', { ...base, kind: 'B' }],
  ['a field elsewhere', { ...base, a: base.spec.a }],
  ['an empty list', { ...base, spec: { ...base.spec, list: [] } }],
])('%s counts', (_, other) => {
  expect(key(other)).not.toBe(key(base));
});

test('names that look like structure are told apart', () => {
  expect(key({ a: { b: 's' }, c: 's' })).not.toBe(key({ a: { 'b"s}"c': 's' } }));
});

test('large objects have none', () => {
  expect(key({ a: Object.fromEntries(Array.from({ length: 1000 }, (_, at) => [`field-${at}`, 1])) })).toBeUndefined();
});
