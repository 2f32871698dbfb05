/** Fields that a definition knows, does not know, or lets pass; and those that may be selected by. */
import type { Answer } from '../support/api-server';
import { define, definition, version } from '../support/definitions';
import { sharedKubectl } from '../support/shared-server';

const { server, k } = sharedKubectl();
const API = '/apis/example.com/v1/namespaces/default';

beforeAll(async () => {
  await define(server, definition({
    plural: 'boxes', kind: 'Box',
    versions: [version('v1', {
      known: { type: 'string' },
      list: { type: 'array', items: { type: 'object', properties: { a: { type: 'string' } } } },
      map: { type: 'object', additionalProperties: { type: 'object', properties: { a: { type: 'string' } } } },
      free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true, properties: { strict: { type: 'object', properties: { a: { type: 'string' } } } } },
      template: { type: 'object', 'x-kubernetes-embedded-resource': true, properties: { spec: { type: 'object', properties: { a: { type: 'string' } } } } },
      whole: { type: 'object', 'x-kubernetes-embedded-resource': true, 'x-kubernetes-preserve-unknown-fields': true },
    })],
  }));
  await define(server, definition({ plural: 'bags', kind: 'Bag', versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } } }] }));
  await define(server, definition({
    plural: 'shirts', kind: 'Shirt',
    versions: [version('v1', { colour: { type: 'string' }, size: { type: 'integer' }, clean: { type: 'boolean' }, cloth: { type: 'object', properties: { kind: { type: 'string', enum: ['wool', 'silk'] } } } }, {
      selectableFields: [{ jsonPath: '.spec.colour' }, { jsonPath: '.spec.size' }, { jsonPath: '.spec.clean' }, { jsonPath: '.spec.cloth.kind' }],
    })],
  }));
});

const create = (plural: string, body: object | string, query = ''): Promise<Answer> => server.request('POST', `${API}/${plural}${query}`, { body });
const box = (spec: object, more: object = {}): object => ({ apiVersion: 'example.com/v1', kind: 'Box', metadata: { name: 'b' }, spec, ...more });

describe('unknown fields', () => {
  const SPEC = {
    known: 'x', unknown: 1, list: [{ a: 'x' }, { b: 1 }], map: { k: { c: 1 } }, free: { any: { thing: 1 }, strict: { d: 1 } },
    template: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', nope: 1 }, spec: { a: 'x', e: 1 }, more: 1 },
    whole: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, spec: { any: 1 }, more: 1 },
  };
  const PATHS = ['metadata.strange', 'extra', 'spec.free.strict.d', 'spec.list[1].b', 'spec.map.k.c', 'spec.template.more', 'spec.template.spec.e', 'spec.unknown', 'spec.template.metadata.nope'];
  const body = { ...box(SPEC), metadata: { name: 'b', strange: 1 }, extra: 1 };

  test('strict: refused, all by name', async () => {
    const { code, json } = await create('boxes', body, '?fieldValidation=Strict&dryRun=All');
    expect([code, json.message]).toEqual([400, `Box in version "v1" cannot be handled as a Box: strict decoding error: ${PATHS.map((path) => `unknown field "${path}"`).join(', ')}`]);
  });

  test.each(['Warn', ''])('warn (%s): dropped, each with a warning', async (mode) => {
    const { code, headers, json } = await create('boxes', body, `?fieldValidation=${mode}&dryRun=All`);
    const warnings = [headers.warning ?? ''].flat().join(', ');
    expect([code, ...PATHS.map((path) => warnings.includes(`299 - "unknown field \\"${path}\\""`))]).toEqual([201, ...PATHS.map(() => true)]);
    expect(json.spec).toEqual({
      known: 'x', list: [{ a: 'x' }, {}], map: { k: {} }, free: { any: { thing: 1 }, strict: {} },
      template: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, spec: { a: 'x' } },
      whole: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, spec: { any: 1 }, more: 1 },
    });
  });

  test('ignore: dropped in silence', async () => {
    const { code, headers } = await create('boxes', body, '?fieldValidation=Ignore&dryRun=All');
    expect([code, headers.warning]).toEqual([201, undefined]);
  });

  test('a definition that keeps all fields keeps them; metadata is not free', async () => {
    const bag = { apiVersion: 'example.com/v1', kind: 'Bag', metadata: { name: 'b', strange: 1 }, anything: { goes: [1, { deep: null }] } };
    const { code, json, headers } = await create('bags', bag, '?dryRun=All');
    expect([code, json.anything, headers.warning]).toEqual([201, { goes: [1, { deep: null }] }, '299 - "unknown field \\"metadata.strange\\""']);
    const strict = await create('bags', bag, '?dryRun=All&fieldValidation=Strict');
    expect(strict.json.message).toBe('Bag in version "v1" cannot be handled as a Bag: strict decoding error: unknown field "metadata.strange"');
  });

  test('repeated fields, also where all are kept', async () => {
    const text = '{"apiVersion":"example.com/v1","kind":"Bag","metadata":{"name":"b"},"spec":{"a":1,"a":2,"deep":{"b":1,"b":2}}}';
    const strict = await create('bags', text, '?dryRun=All&fieldValidation=Strict');
    expect([strict.code, strict.json.message]).toEqual([400, 'Bag in version "v1" cannot be handled as a Bag: strict decoding error: duplicate field "spec.a", duplicate field "spec.deep.b"']);
    expect((await create('bags', text, '?dryRun=All&fieldValidation=Ignore')).json.spec).toEqual({ a: 2, deep: { b: 2 } });
  });

  test('kubectl: apply refuses, --validate=warn warns, --validate=ignore is silent', async () => {
    const input = 'apiVersion: example.com/v1\nkind: Box\nmetadata: {name: k}\nspec: {known: x, unknown: 1}\n';
    expect(await k.fails(['apply', '-f', '-'], { input })).toContain('unknown field "spec.unknown"');
    const warned = await k.run(['apply', '--validate=warn', '-f', '-'], { input });
    expect([warned.code, warned.stderr]).toEqual([0, 'Warning: unknown field "spec.unknown"\n']);
    const silent = await k.run(['apply', '--validate=ignore', '-f', '-'], { input });
    expect([silent.code, silent.stderr]).toEqual([0, '']);
    expect(await k.fails(['apply', '--server-side', '-f', '-'], { input })).toContain('.spec.unknown: field not declared in schema');
  });
});

describe('embedded objects', () => {
  test.each<[string, object, string[]]>([
    ['without type', { whole: {} }, ['spec.whole.apiVersion: Required value: must not be empty', 'spec.whole.kind: Required value: must not be empty']],
    ['bad names', { whole: { apiVersion: 'a/b/c', kind: '_K' } }, ['spec.whole.apiVersion: Invalid value: "a/b/c": unexpected GroupVersion string: a/b/c', expect.stringContaining('spec.whole.kind: Invalid value: "_K": may have mixed case, but should otherwise match')]],
    ['bad labels', { template: { apiVersion: 'v1', kind: 'Pod', metadata: { labels: { 'a b': 'c' } } } }, [expect.stringContaining('spec.template.metadata.labels: Invalid value: "a b"')]],
  ])('%s', async (_, spec, refusals) => {
    const { code, json } = await create('boxes', box(spec), '?dryRun=All');
    expect([code, json.details.causes?.map(({ field, message }) => `${field}: ${message}`)]).toEqual([422, refusals]);
  });
});

test('metadata of an embedded object that cannot be read', async () => {
  const { code, json } = await create('boxes', box({ whole: { apiVersion: 'v1', kind: 'Pod', metadata: { namespace: 42 } } }));
  expect([code, json.message]).toEqual([
    400,
    'Box in version "v1" cannot be handled as a Box: spec.whole.metadata: Invalid value: map[string]interface {}{"namespace":42}: json: cannot unmarshal number into Go struct field ObjectMeta.namespace of type string',
  ]);
});

test('defaults fill in nothing that the metadata of embedded objects does not know', async () => {
  const metadata = { name: 'n', unknown: 'x' };
  const embedded = (more: object): object => ({ type: 'object', 'x-kubernetes-embedded-resource': true, 'x-kubernetes-preserve-unknown-fields': true, ...more });
  const said = (text: string): object => ({ type: 'string', default: text });
  const shape = {
    whole: embedded({ default: { apiVersion: 'v1', kind: 'K', metadata } }),
    fields: embedded({ properties: { apiVersion: said('v1'), kind: said('K'), metadata: { type: 'object', properties: { name: said('n'), unknown: said('x') } } } }),
    meta: embedded({ properties: { apiVersion: said('v1'), kind: said('K'), metadata: { type: 'object', default: metadata } } }),
  };
  await define(server, definition({ plural: 'crates', kind: 'Crate', versions: [version('v1', shape)] }));
  const { code, json } = await create('crates', { apiVersion: 'example.com/v1', kind: 'Crate', metadata: { name: 'c' }, spec: { fields: { metadata: {} }, meta: {} } });
  const expected = { apiVersion: 'v1', kind: 'K', metadata: { name: 'n' } };
  expect([code, (json as unknown as { spec: object }).spec]).toEqual([201, { whole: expected, fields: expected, meta: expected }]);
});

test('what has no namespace in its path is not there, but for lists and watches', async () => {
  const all = '/apis/example.com/v1/boxes';
  const codes = [];
  for (const [method, path] of [['POST', all], ['DELETE', all], ['GET', `${all}/b`], ['PUT', `${all}/b`], ['GET', all]]) {
    codes.push((await server.request(method, path, { body: method === 'GET' ? undefined : {} })).code);
  }
  expect(codes).toEqual([404, 404, 404, 404, 200]);
});

describe('selectable fields', () => {
  beforeAll(async () => {
    for (const [name, spec] of Object.entries({ a: { colour: 'red', size: 1, clean: true }, b: { colour: 'blue', size: 2, cloth: { kind: 'silk' } }, c: { colour: 'red', size: 2 }, d: {} })) {
      expect((await create('shirts', { apiVersion: 'example.com/v1', kind: 'Shirt', metadata: { name }, spec })).code).toBe(201);
    }
  });
  const select = (selector: string, more = ''): Promise<Answer> => server.request('GET', `${API}/shirts?fieldSelector=${encodeURIComponent(selector)}${more}`);

  test.each<[string, string[]]>([
    ['spec.colour=red', ['a', 'c']], ['spec.colour=red,spec.size=2', ['c']], ['spec.size!=2', ['a', 'd']], ['spec.clean=true', ['a']], ['spec.cloth.kind=silk', ['b']],
    ['spec.colour=', ['d']], ['spec.colour=red,metadata.name!=a', ['c']], ['metadata.namespace=default,spec.size=1', ['a']], ['spec.size=02', []],
  ])('%s', async (selector, names) => {
    expect((await select(selector)).json.items.map(({ metadata }) => metadata.name)).toEqual(names);
  });

  test('others are refused', async () => {
    const { code, json } = await select('spec.other=x');
    expect([code, json.reason]).toEqual([400, 'BadRequest']);
    expect(json.message).toContain('field label not supported: spec.other');
  });

  test('kubectl, watches and deletion of collections use them', async () => {
    expect(await k.ok(['get', 'shirts', '--field-selector', 'spec.colour=red', '-o', 'name'])).toBe('shirt.example.com/a\nshirt.example.com/c\n');
    const { resourceVersion } = (await select('')).json.metadata;
    const watch = select('spec.colour=red', `&watch=true&timeoutSeconds=2&resourceVersion=${resourceVersion}`);
    const patch = (name: string, spec: object): Promise<Answer> => server.merge(`${API}/shirts/${name}`, { spec });
    await patch('b', { colour: 'red' });
    await patch('a', { colour: 'green' });
    await patch('d', { colour: 'white' });
    const events = (await watch).text.trim().split('\n').map((line) => JSON.parse(line)).map(({ type, object }) => [type, object.metadata.name]);
    expect(events).toEqual([['ADDED', 'b'], ['DELETED', 'a']]);
    const deleted = await server.request('DELETE', `${API}/shirts?fieldSelector=spec.colour%3Dred`);
    expect(deleted.code).toBe(200);
    expect((await select('')).json.items.map(({ metadata }) => metadata.name)).toEqual(['a', 'd']);
  });
});
