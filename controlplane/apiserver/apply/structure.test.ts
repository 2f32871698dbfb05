/** Fields, comparison, merge and removal of values with types from structural schemas. */
import { OBJECT_META } from '../schema/object-meta';
import type { Schema } from '../schema/schema';
import { adaptToSchema, withNamedFields } from './adapt';
import { compare } from './compare';
import { encodeFields, decodeFields } from './fields-v1';
import { merge } from './merge';
import { extractFields, removeFields } from './remove';
import { typeOfSchema } from './schema-type';
import { StructureError } from './type';
import { fieldsOf, typeProblems } from './walk-fields';

const port: Schema = {
  type: 'object',
  properties: { port: { type: 'integer' }, protocol: { type: 'string', default: 'TCP' }, name: { type: 'string' } },
};
const SCHEMA: Schema = {
  type: 'object',
  properties: {
    name: { type: 'string' },
    count: { type: 'integer' },
    time: { type: 'string', format: 'date-time' },
    either: { 'x-kubernetes-int-or-string': true },
    list: { type: 'array', items: { type: 'string' } },
    set: { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'set' },
    ports: { type: 'array', items: port, 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['port', 'protocol'] },
    map: { type: 'object', additionalProperties: { type: 'string' } },
    whole: { type: 'object', properties: { a: { type: 'string' } }, 'x-kubernetes-map-type': 'atomic' },
    struct: { type: 'object', properties: { a: { type: 'string' }, b: { type: 'string' } } },
    free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
    metadata: OBJECT_META,
  },
};
const type = typeOfSchema(SCHEMA);
const fields = (value: unknown): object => encodeFields(fieldsOf({ value, type }));
const changes = (before: unknown, after: unknown): object => {
  const { added, modified, removed } = compare(before, after, type);
  return { added: encodeFields(added), modified: encodeFields(modified), removed: encodeFields(removed) };
};

describe('fields of a value', () => {
  test.each<[string, object, object]>([
    ['scalars', { name: 'a', count: 1, either: '10%' }, { 'f:name': {}, 'f:count': {}, 'f:either': {} }],
    ['a list without a type is one field', { list: ['a'] }, { 'f:list': {} }],
    ['items of a set', { set: ['a', 'b'] }, { 'f:set': { 'v:"a"': {}, 'v:"b"': {} } }],
    ['items of a list map, by keys and their defaults', { ports: [{ port: 1 }] }, { 'f:ports': { 'k:{"port":1,"protocol":"TCP"}': { '.': {}, 'f:port': {} } } }],
    ['entries of a map', { map: { x: '1' } }, { 'f:map': { 'f:x': {} } }],
    ['an atomic map is one field', { whole: { a: 'x' } }, { 'f:whole': {} }],
    ['what is unknown, field by field; lists in it as a whole', { free: { a: { b: [1] } } }, { 'f:free': { 'f:a': { '.': {}, 'f:b': {} } } }],
    ['null and empty maps', { struct: {}, map: null }, { 'f:map': {}, 'f:struct': {} }],
    ['finalizers one by one, owners by uid', { metadata: { finalizers: ['x/y'], ownerReferences: [{ uid: 'u', name: 'n' }] } },
      { 'f:metadata': { 'f:finalizers': { 'v:"x/y"': {} }, 'f:ownerReferences': { 'k:{"uid":"u"}': {} } } }],
  ])('%s', (_, value, expected) => expect(fields(value)).toEqual(expected));
});

describe('comparison', () => {
  test('what is new comes with the structs around it; what goes too', () => {
    expect(changes({ count: 1 }, { count: 2, struct: { a: 'x' } })).toEqual({
      added: { 'f:struct': { '.': {}, 'f:a': {} } }, modified: { 'f:count': {} }, removed: {},
    });
    expect(changes({ ports: [{ port: 1, name: 'a' }] }, { ports: [{ port: 1, name: 'b' }, { port: 2 }] })).toEqual({
      added: { 'f:ports': { 'k:{"port":2,"protocol":"TCP"}': { '.': {}, 'f:port': {} } } },
      modified: { 'f:ports': { 'k:{"port":1,"protocol":"TCP"}': { 'f:name': {} } } },
      removed: {},
    });
    expect(changes({ set: ['a', 'b'], map: { x: '1' } }, { set: ['b'] })).toEqual({
      added: {}, modified: {}, removed: { 'f:set': { 'v:"a"': {} }, 'f:map': { '.': {}, 'f:x': {} } },
    });
  });

  test('order in atomic lists matters, in sets and maps not', () => {
    expect(changes({ list: ['a', 'b'] }, { list: ['b', 'a'] })).toMatchObject({ modified: { 'f:list': {} } });
    expect(changes({ set: ['a', 'b'], map: { x: '1', y: '2' } }, { set: ['b', 'a'], map: { y: '2', x: '1' } })).toEqual({ added: {}, modified: {}, removed: {} });
  });
});

describe('merge', () => {
  test('adds and replaces, removes nothing, and changes no argument', () => {
    const live = Object.freeze({ name: 'a', list: ['x'], map: Object.freeze({ k: '1' }), set: Object.freeze(['a', 'b']) });
    const merged = merge(live, { name: 'b', list: ['y'], map: { l: '2' }, set: ['c', 'b'] }, type);
    expect(merged).toEqual({ name: 'b', list: ['y'], map: { k: '1', l: '2' }, set: ['a', 'c', 'b'] });
  });

  test('items that both have come in the applied order, others keep their place', () => {
    const order = (live: string[], applied: string[]): unknown => (merge({ set: live }, { set: applied }, type) as { set: string[] }).set;
    expect(order(['a', 'b', 'c', 'd'], ['c', 'a'])).toEqual(['b', 'c', 'd', 'a']);
    expect(order(['a', 'b', 'c', 'd'], ['a', 'new', 'c'])).toEqual(['a', 'b', 'new', 'c', 'd']);
    expect(order([], ['a'])).toEqual(['a']);
  });

  test('items that cannot be told apart are refused, with their place', () => {
    expect(() => merge({}, { set: ['a', 'a'] }, type)).toThrow(new StructureError('.set: duplicate entries for key [="a"]'));
    expect(() => merge({}, { ports: [{ name: 'x' }] }, type)).toThrow('omits key field "port"');
    expect(merge({ set: ['a', 'a'] }, { set: ['b'] }, type)).toEqual({ set: ['a', 'a', 'b'] });
  });
});

describe('removal and extraction', () => {
  const value = { name: 'a', set: ['x', 'y'], ports: [{ port: 1, name: 'n' }, { port: 2 }], struct: { a: '1', b: '2' }, whole: { a: 'x' } };
  const owned = decodeFields({ 'f:name': {}, 'f:set': { 'v:"x"': {} }, 'f:ports': { 'k:{"port":1,"protocol":"TCP"}': { 'f:name': {} } }, 'f:struct': { 'f:a': {} } });

  test('removal', () => {
    expect(removeFields(value, owned, type)).toEqual({ set: ['y'], ports: [{ port: 1 }, { port: 2 }], struct: { b: '2' }, whole: { a: 'x' } });
    expect(removeFields({ name: 'a' }, owned, type)).toBeNull();
  });

  test('extraction', () => {
    expect(extractFields(value, owned, type)).toEqual({ name: 'a', set: ['x'], ports: [{ name: 'n' }], struct: { a: '1' } });
  });
});

describe('sets and types', () => {
  test('structs on the way count as fields, entries of maps do not', () => {
    const set = decodeFields({ 'f:struct': { 'f:a': {} }, 'f:free': { 'f:x': { 'f:y': {} } } });
    expect(encodeFields(withNamedFields(set, type))).toEqual({ 'f:struct': { '.': {}, 'f:a': {} }, 'f:free': { '.': {}, 'f:x': { 'f:y': {} } } });
  });

  test('what has become atomic is owned as a whole', () => {
    const before = decodeFields({ 'f:whole': { '.': {}, 'f:a': {} }, 'f:list': { 'v:"a"': {} }, 'f:struct': { 'f:a': {} }, 'f:free': { 'f:a': {} } });
    expect(encodeFields(adaptToSchema(before, type))).toEqual({ 'f:whole': {}, 'f:list': {}, 'f:struct': { 'f:a': {} }, 'f:free': { 'f:a': {} } });
    const same = decodeFields({ 'f:whole': {}, 'f:struct': { 'f:a': {} } });
    expect(adaptToSchema(same, type)).toBe(same);
  });
});

describe('values that do not fit', () => {
  test.each<[unknown, string]>([
    [{ nope: 1 }, '.nope: field not declared in schema'],
    [{ struct: { c: 1 } }, '.struct.c: field not declared in schema'],
    [{ count: 'x' }, '.count: expected numeric (int or float), got "x"'],
    [{ name: 1 }, '.name: expected string, got 1'],
    [{ list: 'x' }, '.list: expected list, got "x"'],
    [{ map: [] }, '.map: expected map, got []'],
    [{ list: ['a', 2] }, '.list[1]: expected string, got 2'],
    [{ set: [null] }, ".set: element 0: associative list without keys has an element that's an explicit null"],
    [{ ports: [{ name: 'x' }] }, '.ports: element 0: associative list with keys has an element that omits key field "port" (and doesn\'t have default value)'],
    [{ ports: [{ port: 1 }, { port: 1 }] }, '.ports: duplicate entries for key [port=1,protocol="TCP"]'],
    ['x', 'expected map, got "x"'],
  ])('%j: %s', (value, problem) => expect(typeProblems({ value, type }, 'refused')).toEqual([problem]));

  test('null fits everything; live objects may hold duplicates; the list of problems is bounded', () => {
    expect(typeProblems({ value: { name: null, list: null, struct: null, count: null }, type }, 'refused')).toEqual([]);
    expect(typeProblems({ value: { set: ['a', 'a'] }, type }, 'allowed')).toEqual([]);
    const many = Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`x${index}`, 1]));
    expect(typeProblems({ value: many, type }, 'refused')).toHaveLength(20);
  });
});
