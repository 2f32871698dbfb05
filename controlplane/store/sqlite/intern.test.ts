import type { KubeObject, ManagedFieldsEntry } from '../../../crds/meta';
import { Interner } from './intern';

const entry = (fieldsV1: object): ManagedFieldsEntry => ({ manager: 'm', operation: 'Update', apiVersion: 'v1', fieldsType: 'FieldsV1', fieldsV1 });
const object = (...entries: ManagedFieldsEntry[]): KubeObject => ({ apiVersion: 'v1', kind: 'X', metadata: { name: 'x', managedFields: entries } });

test('equal field sets become one; the entries stay equal', () => {
  const interner = new Interner();
  const [a, b] = [interner.own(object(entry({ 'f:data': { 'f:a': {} } }))), interner.own(object(entry({ 'f:data': { 'f:a': {} } }), entry({ 'f:b': {} })))];
  expect(b.metadata.managedFields).toEqual([entry({ 'f:data': { 'f:a': {} } }), entry({ 'f:b': {} })]);
  expect(b.metadata.managedFields?.[0].fieldsV1).toBe(a.metadata.managedFields?.[0].fieldsV1);
});

test('entries that are known already stay the very same', () => {
  const interner = new Interner();
  const entries = interner.entries([entry({ 'f:a': {} })]);
  expect(interner.entries(entries)).toBe(entries);
  expect(interner.entries(undefined)).toBeUndefined();
});

test('large sets, and what is no set, are left alone', () => {
  const interner = new Interner();
  const large = { ['f:x'.repeat(5000)]: {} };
  const [kept] = interner.entries([entry(large)]) ?? [];
  expect(kept.fieldsV1).toBe(large);
  const odd = [null, { fieldsV1: 'text' }] as unknown as ManagedFieldsEntry[];
  expect(interner.entries(odd)).toBe(odd);
});

test('of large sets only so much is read as tells that they are large', () => {
  const interner = new Interner();
  let looks = 0;
  const inner = new Proxy(Object.fromEntries(Array.from({ length: 20_000 }, (_, at) => [`f:${at}`, {}])), { get: (target, key, receiver): unknown => (looks++, Reflect.get(target, key, receiver)) });
  const large = { 'f:spec': { 'f:free': inner } };
  expect(interner.entries([entry(large)])?.[0].fieldsV1).toBe(large);
  expect(looks).toBe(0);
});
