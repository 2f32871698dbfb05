import fc from 'fast-check';

import { applyDefaults } from './default';
import { checkFormat } from './formats';
import { validateListTypes } from './list-type';
import { validateMetadata, validateMetadataUpdate } from './object-meta';
import { prune } from './prune';
import type { Schema } from './schema';
import { validate } from './validate';

const lines = (value: unknown, schema: Schema): string[] => [...validate(value, schema, 'f'), ...validateListTypes(value, schema, 'f')].map(({ field, message }) => `${field}: ${message}`);

describe('validate', () => {
  test.each<[string, Schema, unknown, string[]]>([
    ['type', { type: 'integer' }, 'x', ['f: Invalid value: "string": f in body must be of type integer: "string"']],
    ['fraction', { type: 'integer' }, 1.5, ['f: Invalid value: "number": f in body must be of type integer: "number"']],
    ['integer is a number', { type: 'number' }, 1, []],
    ['null', { type: 'string' }, null, ['f: Invalid value: "null": f in body must be of type string: "null"']],
    ['nullable', { type: 'string', nullable: true }, null, []],
    ['required', { type: 'object', required: ['a'], properties: { a: { type: 'string' } } }, {}, ['f.a: Required value']],
    ['required, inherited is not there', { type: 'object', required: ['constructor'] }, {}, ['f.constructor: Required value']],
    ['enum', { type: 'string', enum: ['a', 'b'] }, 'c', ['f: Unsupported value: "c": supported values: "a", "b"']],
    ['pattern', { type: 'string', pattern: '^a$' }, 'b', ['f: Invalid value: "b": f in body should match \'^a$\'']],
    ['minimum', { type: 'integer', minimum: 1 }, 0, ['f: Invalid value: 0: f in body should be greater than or equal to 1']],
    ['exclusive', { type: 'number', minimum: 1, exclusiveMinimum: true, maximum: 2, exclusiveMaximum: true }, 1, ['f: Invalid value: 1: f in body should be greater than 1']],
    ['maximum', { type: 'integer', maximum: 1 }, 2, ['f: Invalid value: 2: f in body should be less than or equal to 1']],
    ['multipleOf', { type: 'integer', multipleOf: 2 }, 3, ['f: Invalid value: 3: f in body should be a multiple of 2']],
    ['integer of 64 bits', { type: 'integer' }, 2 ** 60, []],
    ['integer of more than 64 bits', { type: 'integer' }, 1e23, ['f: Invalid value: "number": f in body must be of type integer: "number"']],
    ['int32 is a bound of core kinds only', { type: 'integer', format: 'int32' }, 2 ** 31, []],
    ['minLength counts characters', { type: 'string', minLength: 2 }, '😀', ['f: Invalid value: "😀": f in body should be at least 2 chars long']],
    ['maxLength', { type: 'string', maxLength: 2 }, 'abc', ['f: Too long: may not be more than 2 bytes']],
    ['minItems', { type: 'array', minItems: 1 }, [], ['f: Invalid value: 0: f in body should have at least 1 items']],
    ['maxItems', { type: 'array', maxItems: 1 }, [1, 2], ['f: Too many: 2: must have at most 1 items']],
    ['items', { type: 'array', items: { type: 'string' } }, ['a', 1], ['f[1]: Invalid value: "integer": f[1] in body must be of type string: "integer"']],
    ['set', { type: 'array', 'x-kubernetes-list-type': 'set' }, ['a', 'a'], ['f[1]: Duplicate value: "a"']],
    ['map list', { type: 'array', 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['k'] }, [{ k: 1 }, { k: 1 }], ['f[1]: Duplicate value: map[string]interface {}{"k":1}']],
    ['properties', { type: 'object', minProperties: 1 }, {}, ['f: Invalid value: 0: f in body should have at least 1 properties']],
    ['additionalProperties', { type: 'object', additionalProperties: { type: 'string' } }, { x: 1 }, ['f.x: Invalid value: "integer": f.x in body must be of type string: "integer"']],
    ['int-or-string', { 'x-kubernetes-int-or-string': true }, true, ['f: Invalid value: "boolean": f in body must be of type integer,string: "boolean"']],
    ['int-or-string, both', { type: 'array', items: { 'x-kubernetes-int-or-string': true } }, [1, '1'], []],
    ['oneOf', { type: 'object', oneOf: [{ required: ['a'] }, { required: ['b'] }] }, {}, ['<nil>: Invalid value: "": "f" must validate one and only one schema (oneOf). Found none valid', 'f.a: Required value']],
    ['anyOf', { type: 'object', anyOf: [{ required: ['a'] }] }, {}, ['<nil>: Invalid value: "": "f" must validate at least one schema (anyOf)', 'f.a: Required value']],
    ['not', { type: 'object', not: { required: ['a'] } }, { a: 1 }, ['<nil>: Invalid value: "": "f" must not validate the schema (not)']],
    ['format', { type: 'string', format: 'date-time' }, 'x', ['f: Invalid value: "x": f in body must be of type date-time: "x"']],
  ])('%s', (_, schema, value, expected) => {
    expect(lines(value, schema)).toEqual(expected);
  });

  test('lists at most 100 errors', () => {
    const errors = validate(Array(1000).fill(1), { type: 'array', items: { type: 'string' } });
    expect(errors.length).toBe(100);
  });

  test('never throws, whatever the value', () => {
    const schema: Schema = {
      type: 'object', required: ['a'],
      properties: { a: { type: 'array', items: { type: 'string', minLength: 1 } }, b: { 'x-kubernetes-int-or-string': true } },
      additionalProperties: { type: 'integer', maximum: 5 },
    };
    const checked = (value: unknown): boolean => validate(value, schema).every(({ message }) => message !== '');
    expect(() => fc.assert(fc.property(fc.jsonValue(), checked))).not.toThrow();
  });
});

test('formats', () => {
  expect(['2026-01-01T00:00:00Z', '2026-01-01T00:00:00.123456+01:00'].every((text) => checkFormat(text, 'date-time'))).toBe(true);
  expect(['2026-01-01', 'now', '2026-13-01T00:00:00Z'].some((text) => checkFormat(text, 'date-time'))).toBe(false);
  expect([checkFormat('YQ==', 'byte'), checkFormat('YQ=', 'byte'), checkFormat('anything', 'unheard-of')]).toEqual([true, false, true]);
});

describe('prune', () => {
  const schema: Schema = {
    type: 'object',
    properties: {
      spec: { type: 'object', properties: { list: { type: 'array', items: { type: 'object', properties: { a: {} } } }, text: { type: 'string' } } },
      labels: { type: 'object', additionalProperties: { type: 'string' } },
      free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
    },
  };

  test('removes and names what the schema does not know', () => {
    const value = JSON.parse('{"spec":{"list":[{"a":1,"b":2}],"constructor":1,"__proto__":{"x":1},"text":{"y":1}},"labels":{"any":"x"},"free":{"any":1},"z":1}');
    expect(prune(value, schema)).toEqual(['spec.list[0].b', 'spec.constructor', 'spec.__proto__', 'spec.text.y', 'z']);
    expect(value).toEqual({ spec: { list: [{ a: 1 }], text: {} }, labels: { any: 'x' }, free: { any: 1 } });
  });

  test('pruning again finds nothing', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom('spec', 'labels', 'free', 'z'), fc.jsonValue({ maxDepth: 3 })), (value) => {
        prune(value, schema);
        expect(prune(value, schema)).toEqual([]);
      }),
    );
  });
});

test('defaults fill what is absent, below what is there, each with a copy of its own', () => {
  const schema: Schema = {
    type: 'object',
    properties: {
      a: { type: 'object', default: {}, properties: { b: { type: 'integer', default: 1 } } },
      list: { type: 'array', items: { type: 'object', properties: { c: { type: 'array', default: [] } } } },
      n: { type: 'string', default: 'x' },
      nullable: { type: 'string', nullable: true, default: 'x' },
      absent: { type: 'object', properties: { d: { type: 'integer', default: 2 } } },
    },
  };
  const value = { list: [{}, {}], n: null, nullable: null } as { list: { c?: unknown }[] };
  applyDefaults(value, schema);
  expect(value).toEqual({ a: { b: 1 }, list: [{ c: [] }, { c: [] }], n: 'x', nullable: null });
  expect(value.list[0].c).not.toBe(value.list[1].c);
});

describe('metadata', () => {
  test.each([
    [{ name: 'ok-1.x' }, []],
    [{ generateName: 'run-' }, []],
    [{}, ['metadata.name']],
    [{ name: 'Nope' }, ['metadata.name']],
    [{ name: 'a'.repeat(254) }, ['metadata.name']],
    [{ name: 'a', labels: { 'a b': 'x', ok: 'a b' } }, ['metadata.labels', 'metadata.labels']],
    [{ name: 'a', labels: { 'example.com/x': '' } }, []],
    [{ name: 'a', annotations: { big: 'x'.repeat(256 * 1024) } }, ['metadata.annotations']],
    [{ name: 'a', finalizers: ['/x'] }, ['metadata.finalizers']],
    [{ name: 'a', ownerReferences: ['a', 'b'].map((name) => ({ apiVersion: 'v1', kind: 'A', name, uid: name, controller: true })) }, ['metadata.ownerReferences']],
    [{ name: 'a', ownerReferences: [{}] }, ['apiVersion', 'kind', 'name', 'uid'].map((field) => `metadata.ownerReferences.${field}`)],
    [{ name: 'a', ownerReferences: [{ apiVersion: 'v1', kind: 'Event', name: 'e', uid: 'u' }] }, ['metadata.ownerReferences']],
    [{ name: 'a', finalizers: ['x'] }, ['metadata.finalizers[0]']],
  ])('%# %j', (metadata, fields) => {
    expect(validateMetadata(metadata, 'subdomain', true).map(({ field }) => field)).toEqual(fields);
  });

  test.each(['labels', 'annotations'])('at most a thousand %s; of more, none is looked at', (field) => {
    const entries = (count: number): Record<string, string> => Object.fromEntries(Array.from({ length: count }, (_, at) => [`-${at}-`, '']));
    expect(validateMetadata({ name: 'a', [field]: entries(1000) }, 'subdomain', true)).toHaveLength(1000);
    expect(validateMetadata({ name: 'a', [field]: entries(100_000) }, 'subdomain', true)).toEqual([
      { reason: 'FieldValueTooMany', field: `metadata.${field}`, message: 'Too many: 100000: must have at most 1000 entries' },
    ]);
  });

  test('no new finalizers on what is being deleted', () => {
    const old = { deletionTimestamp: 'now', finalizers: ['a/b'] };
    expect(validateMetadataUpdate({ finalizers: ['a/b', 'c/d'] }, old)[0].message).toContain('no new finalizers');
    expect(validateMetadataUpdate({ finalizers: [] }, old)).toEqual([]);
  });
});
