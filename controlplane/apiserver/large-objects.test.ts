/** Objects with tens of thousands of fields or items: what is done for each of them is counted, not timed. */
import { compare } from './apply/compare';
import { FieldManager } from './apply/field-manager';
import { decodeFields, encodeFields } from './apply/fields-v1';
import { merge } from './apply/merge';
import { shapeKey } from './apply/shape-key';
import { inOneTurn, type Steps } from './apply/steps';
import { DEDUCED, UNTYPED, type Type } from './apply/type';
import { strategicMergePatch } from './patch/strategic';
import { dataErrors } from './resources/core/data';
import { canonicalize } from './resources/shapes/canonical';
import { validateListTypes } from './schema/list-type';
import { finalizerWarnings } from './schema/object-meta';
import { prune } from './schema/prune';
import type { JsonObject, Schema } from './schema/schema';

const MANY = 20_000;
const numbers = Array.from({ length: MANY }, (_, at) => at);
const keyOf = (at: number): string => `key-${String(at).padStart(6, '0')}`;
const fields = (value: unknown = ''): JsonObject => Object.fromEntries(numbers.map((at) => [keyOf(at), value]));

/** `value`, and how often one of its own fields was looked at. */
function watched<T extends object>(value: T): { value: T; looks: () => number } {
  let looks = 0;
  const proxy = new Proxy(value, {
    get: (target, key, receiver): unknown => (looks++, Reflect.get(target, key, receiver)),
    has: (target, key) => (looks++, Reflect.has(target, key)),
  });
  return { value: proxy, looks: () => looks };
}

test('what is too large to have a shape is not read for it', () => {
  const { value, looks } = watched(fields());
  expect(shapeKey({ data: value }, () => false)).toBeUndefined();
  expect(looks()).toBe(0);
  const list = watched([...numbers]);
  expect(shapeKey({ list: list.value }, () => false)).toBeUndefined();
  expect(list.looks()).toBe(1); // Its length.
});

test('fieldsV1 as it should be is taken as it is', () => {
  const written = { 'f:data': { '.': {}, ...Object.fromEntries(numbers.map((at) => [`f:${keyOf(at)}`, {}])) } };
  expect(encodeFields(decodeFields(written))).toBe(written);
});

test.each<[string, JsonObject]>([
  ['another order', { 'f:b': {}, 'f:a': {} }],
  ['the path itself after what is below it', { 'f:a': { 'f:b': {}, '.': {} } }],
  ['nothing besides the path itself', { 'f:a': { '.': {} } }],
  ['the root', { '.': {}, 'f:a': {} }],
  ['something in the path itself', { 'f:a': { '.': { 'f:x': {} }, 'f:b': {} } }],
  ['another text of a key', { 'f:a': { 'k:{"x":1, "b":2}': {} } }],
  ['one path twice', { 'f:a': { 'v:1': {}, 'v:1.0': {} } }],
])('fieldsV1 with %s is written anew', (_, given) => {
  const again = encodeFields(decodeFields(given));
  expect(again).not.toBe(given);
  expect(JSON.stringify(again)).not.toBe(JSON.stringify(given));
  expect(encodeFields(decodeFields(again))).toBe(again);
});

/** A set, and how many of its items were taken apart. */
function countedSet(): { type: Type; taken: () => number } {
  let taken = 0;
  return { type: { list: { atomic: false, keys: [], element: () => (taken++, UNTYPED) } }, taken: () => taken };
}

test('of two versions of a set only what came and went is looked into', () => {
  const { type, taken } = countedSet();
  const { added, removed, modified } = compare(numbers, [...numbers.slice(1), MANY], type);
  expect([[...added.members], [...removed.members], modified.isEmpty]).toEqual([[`v:${MANY}`], ['v:0'], true]);
  expect(taken()).toBeLessThanOrEqual(2);
});

test('of two versions of a map only what changed is looked into', () => {
  let taken = 0;
  const type: Type = { map: { atomic: false, fields: new Map(), element: () => (taken++, DEDUCED) } };
  const { modified } = compare(fields(), { ...fields(), [keyOf(7)]: 'x' }, type);
  expect([...modified.members]).toEqual([`f:${keyOf(7)}`]);
  expect(taken).toBe(1);
});

test('sets are merged in the order of both, each item once', () => {
  const { type, taken } = countedSet();
  expect(merge([...numbers, 'live'], numbers, type)).toEqual([...numbers, 'live']);
  expect(taken()).toBe(MANY + 1);
});

test('items of a list map are told apart with a bounded number of looks at each', () => {
  const schema: Schema = { type: 'array', 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] };
  const items = numbers.map((at) => watched({ name: keyOf(at), extra: fields }));
  expect(validateListTypes(items.map(({ value }) => value), schema, 'list')).toEqual([]);
  expect(Math.max(...items.map(({ looks }) => looks()))).toBeLessThanOrEqual(2);
});

test('of what a schema keeps and does not describe nothing is read', () => {
  const { value, looks } = watched(fields({ deep: 1 }));
  const schema: Schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
  expect(prune(value, schema)).toEqual([]);
  expect(canonicalize(value, { type: 'object', additionalProperties: { type: 'string' } })).toBeUndefined();
  expect(looks()).toBe(0);
});

test('each entry of a ConfigMap is read once', () => {
  const { value, looks } = watched(fields());
  expect(dataErrors({ data: value }, { data: 'text', binaryData: 'base64' })).toEqual([]);
  expect(looks()).toBe(MANY);
});

test('finalizers that were there before are looked up, not searched for', () => {
  const { value, looks } = watched(numbers.map(keyOf));
  expect(finalizerWarnings({ finalizers: numbers.map(keyOf) }, value)).toEqual([]);
  expect(looks()).toBeLessThan(3 * MANY);
});

test.each<[string, (item: JsonObject) => JsonObject, number]>([
  ['changes', ({ name }) => ({ name, extra: 'new' }), MANY],
  ['deletes', ({ name }) => ({ name, $patch: 'delete' }), 0],
])('a strategic merge patch that %s all items of a list looks at each a bounded number of times', (_, changeOf, left) => {
  const list: Schema = { type: 'array', 'x-kubernetes-patch-strategy': 'merge', 'x-kubernetes-patch-merge-key': 'name', items: { type: 'object' } };
  const items = numbers.map((at) => watched<JsonObject>({ name: keyOf(at), extra: 'old' }));
  const patch = { list: numbers.map((at) => changeOf({ name: keyOf(at) })) };
  const merged = strategicMergePatch({ list: items.map(({ value }) => value) }, patch, { type: 'object', properties: { list } }) as { list: JsonObject[] };
  expect(merged.list.length).toBe(left);
  expect(merged.list.every(({ extra }) => extra === 'new')).toBe(true);
  expect(Math.max(...items.map(({ looks }) => looks()))).toBeLessThanOrEqual(10);
});

/** What comes of `steps`, and how often `looks` rose in each of them. */
function looksOfEach<T>(steps: Steps<T>, looks: () => number): { result: T; each: number[] } {
  const each: number[] = [];
  for (;;) {
    const before = looks();
    const step = steps.next();
    each.push(looks() - before);
    if (step.done) return { result: step.value, each };
  }
}

describe('who owns what is worked out in steps: in each of them a field is looked at a few times', () => {
  const type: Type = { map: { atomic: false, fields: new Map(), element: () => DEDUCED } };
  const manager = new FieldManager({ type, kind: 'Thing', apiVersion: 'v1', subresource: '', timestamp: () => '2026-01-01T00:00:00Z' });
  const thing = (data: JsonObject): JsonObject => ({ apiVersion: 'v1', kind: 'Thing', metadata: { name: 'a' }, data });
  const { object, managedFields } = inOneTurn(manager.apply(undefined, thing(fields('1')), 'me', false));
  const live = { ...object, metadata: { ...(object.metadata as JsonObject), managedFields } } as JsonObject;

  test.each<[string, (data: JsonObject) => Steps<{ managedFields: unknown }>]>([
    ['apply', (data) => manager.apply(live, thing(data), 'me', false)],
    ['forced apply of another', (data) => manager.apply(live, thing(data), 'other', true)],
  ])('%s', (_, apply) => {
    const { value, looks } = watched(fields('2'));
    const { result, each } = looksOfEach(apply(value), looks);
    expect(JSON.stringify(result.managedFields)).toContain(`f:${keyOf(MANY - 1)}`);
    expect(looks()).toBeGreaterThan(2 * MANY);
    expect(Math.max(...each)).toBeLessThanOrEqual(3 * MANY);
    expect(each.length).toBeGreaterThan(8);
  });

  test('update', () => {
    const { value, looks } = watched(fields('2'));
    const { result, each } = looksOfEach(manager.update(live, thing(value), undefined, 'other'), looks);
    expect(result?.map(({ manager: name, fieldsV1 }) => [name, JSON.stringify(fieldsV1).includes(keyOf(7))])).toEqual([['me', false], ['other', true]]);
    expect(Math.max(...each)).toBeLessThanOrEqual(3 * MANY);
    expect(each.length).toBeGreaterThan(4);
  });
});
