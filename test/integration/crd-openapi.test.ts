/** Definitions as documents describe them, at once: what kubectl explains and refuses, by both versions of OpenAPI. */
import { eventually } from '../support/kubectl';
import { sharedKubectl } from '../support/shared-server';

const { server, k } = sharedKubectl();

const text = (description: string, more: object = {}): object => ({ type: 'string', description, ...more });
const FOO = {
  type: 'object', description: 'Foo for testing',
  properties: {
    spec: {
      type: 'object', description: 'Specification of Foo',
      properties: {
        bars: {
          type: 'array', description: 'List of Bars and their specs.',
          items: { type: 'object', required: ['name'], properties: { name: text('Name of Bar.'), feeling: text('Whether Bar is feeling great.', { enum: ['Great', 'Down'] }), bazs: { type: 'array', description: 'List of Bazs.', items: { type: 'string' } } } },
        },
      },
    },
    status: { type: 'object', description: 'Status of Foo', properties: { bars: { type: 'array', items: { type: 'object', properties: { quxType: text('Its qux.', { pattern: 'in-tree|out-of-tree' }) } } } } },
  },
};
const dummy = { type: 'object', description: 'Dummy property.' };

interface Version {
  name: string;
  served?: boolean;
  storage?: boolean;
  schema?: object;
}
const crd = (group: string, plural: string, versions: readonly Version[]): { metadata: { name: string; resourceVersion?: string }; spec: { versions: object[] } } => ({
  apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: `${plural}.${group}` },
  spec: {
    group, scope: 'Namespaced', names: { plural, singular: plural.slice(0, -1), kind: plural.charAt(0).toUpperCase() + plural.slice(1, -1), listKind: `${plural.charAt(0).toUpperCase()}${plural.slice(1, -1)}List` },
    versions: versions.map(({ name, served = true, storage = false, schema = FOO }) => ({ name, served, storage, schema: { openAPIV3Schema: schema } })),
  },
}) as never;
const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';

async function define(group: string, plural: string, ...versions: Version[]): Promise<void> {
  const definition = crd(group, plural, versions.map((version, at) => ({ storage: at === 0, ...version })));
  const { code, text: why } = await server.request('POST', DEFINITIONS, { body: definition });
  expect([code, why]).toEqual([201, expect.any(String)]);
  await eventually(() => `${plural}.${group} in discovery`, async () => (await server.request('GET', `/apis/${group}/${versions[0].name}`)).text.includes(`"${plural}"`));
}

type Schema = { properties?: Record<string, unknown>; [key: string]: unknown };
/** As it is published in version 2, without what every object has. */
async function published(name: string): Promise<Schema | undefined> {
  const { definitions } = (await server.request('GET', '/openapi/v2')).json as unknown as { definitions: Record<string, Schema | undefined> };
  const { 'x-kubernetes-group-version-kind': _gvk, properties, ...schema } = definitions[name] ?? {};
  if (!definitions[name]) return undefined;
  const { apiVersion: _a, kind: _k, metadata: _m, ...own } = properties ?? {};
  return { ...schema, ...(Object.keys(own).length > 0 && { properties: own }) };
}
const inV3 = async (gv: string, name: string): Promise<boolean> => (await server.request('GET', `/openapi/v3/apis/${gv}`)).text.includes(`"${name}":{`);

describe('a definition with a schema', () => {
  beforeAll(() => define('foo.example.com', 'foos', { name: 'v1' }));
  const foo = (name: string, spec: object): string => JSON.stringify({ apiVersion: 'foo.example.com/v1', kind: 'Foo', metadata: { name }, spec });

  test('is published as it is', async () => {
    expect(await published('com.example.foo.v1.Foo')).toEqual(FOO);
    expect(await inV3('foo.example.com/v1', 'com.example.foo.v1.Foo')).toBe(true);
  });

  test.each(['create', 'apply'])('kubectl %s takes what fits and refuses the rest', async (verb) => {
    const fails = (spec: object): Promise<string> => k.fails([verb, '-f', '-'], { input: foo('bad', spec) });
    expect(await k.ok([verb, '-f', '-'], { input: foo(`good-${verb}`, { bars: [{ name: 'test-bar' }] }) })).toContain(`good-${verb} created`);
    expect(await fails({ bars: [{ name: 'b', feeling: 'NonExistentValue' }] })).toContain('Unsupported value: "NonExistentValue"');
    expect(await fails({ bars: [{ name: 'b', agee: '10' }] })).toContain('unknown field "spec.bars[0].agee"');
    expect(await fails({ bars: [{ feeling: 'Great' }] })).toContain('spec.bars[0].name: Required value');
  });

  test.each<[string[], RegExp]>([
    [['foos'], /DESCRIPTION:[\s\S]*Foo for testing[\s\S]*FIELDS:[\s\S]*apiVersion[\s\S]*<string>[\s\S]*APIVersion defines[\s\S]*spec[\s\S]*<Object>[\s\S]*Specification of Foo/],
    [['foos.metadata'], /DESCRIPTION:[\s\S]*Standard object's metadata[\s\S]*FIELDS:[\s\S]*creationTimestamp[\s\S]*<string>[\s\S]*CreationTimestamp is a timestamp/],
    [['foos.spec'], /DESCRIPTION:[\s\S]*Specification of Foo[\s\S]*FIELDS:[\s\S]*bars[\s\S]*<\[\]Object>[\s\S]*List of Bars and their specs/],
    [['foos.spec.bars'], /FIELD:[\s\S]*bars[\s\S]*<\[\]Object>[\s\S]*FIELDS:[\s\S]*bazs[\s\S]*<\[\]string>[\s\S]*List of Bazs[\s\S]*name[\s\S]*<string>[\s\S]*Name of Bar/],
    [['foos.spec.bars', '--output=plaintext-openapiv2'], /RESOURCE: bars <\[\]Object>/],
    [['foos', '--recursive'], /feeling\t<string>\n +enum: Great, Down|enum: Great, Down[\s\S]*feeling/],
  ])('kubectl explain %j', async (args, words) => {
    expect(await k.ok(['explain', ...args])).toMatch(words);
  });

  test('kubectl explain of a field that is not there fails', async () => {
    expect(await k.fails(['explain', 'foos.spec.bars2'])).toContain('field "bars2" does not exist');
  });
});

describe('definitions that keep what they do not know', () => {
  test.each<[string, object, object, RegExp]>([
    ['anys', { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }, { type: 'object' }, /DESCRIPTION:\s+<empty>/],
    ['roots', { type: 'object', description: 'At the root', 'x-kubernetes-preserve-unknown-fields': true, properties: { spec: { type: 'object', properties: { dummy } } } }, { type: 'object' }, /KIND: +Root/],
    [
      'nesteds', { type: 'object', description: 'In a field', properties: { spec: { type: 'object', description: 'Specification', 'x-kubernetes-preserve-unknown-fields': true, properties: { dummy } } } },
      { type: 'object', description: 'In a field', properties: { spec: { description: 'Specification', 'x-kubernetes-preserve-unknown-fields': true } } }, /DESCRIPTION:[\s\S]*In a field/,
    ],
  ])('%s', async (plural, schema, expected, explained) => {
    await define('keep.example.com', plural, { name: 'v1', schema });
    const kind = plural.charAt(0).toUpperCase() + plural.slice(1, -1);
    expect(await published(`com.example.keep.v1.${kind}`)).toEqual(expected);
    for (const verb of ['create', 'apply']) {
      const input = JSON.stringify({ apiVersion: 'keep.example.com/v1', kind, metadata: { name: verb }, ...(plural === 'nesteds' ? { spec: { b: [{ c: 'd' }] } } : { a: { b: [{ c: 'd' }] } }) });
      expect(await k.ok([verb, '-f', '-'], { input })).toContain('created');
    }
    expect(await k.ok(['explain', plural])).toMatch(explained);
  });
});

test('groups, versions and kinds are told apart', async () => {
  await define('one.example.com', 'things', { name: 'v2' }, { name: 'v3' });
  await define('two.example.com', 'things', { name: 'v2' });
  await define('one.example.com', 'others', { name: 'v2' });
  await define('one.example.com', 'singles', { name: 'v4' });
  for (const name of ['one.v4.Single', 'one.v2.Thing', 'one.v3.Thing', 'two.v2.Thing', 'one.v2.Other']) expect([name, await published(`com.example.${name}`)]).toEqual([name, FOO]);
  const v2 = (await server.request('GET', '/openapi/v3/apis/one.example.com/v2')).text;
  const v4 = (await server.request('GET', '/openapi/v3/apis/one.example.com/v4')).text;
  expect([v4.includes('com.example.one.v4.Single'), v4.includes('Other'), v4.includes('Thing'), v2.includes('Single')]).toEqual([true, false, false, false]);
  expect([v2.includes('com.example.one.v2.Other'), v2.includes('com.example.one.v3.Thing')]).toEqual([true, false]);
});

test('a version that is renamed, or no longer served, is not described any more', async () => {
  await define('versions.example.com', 'widgets', { name: 'v2' }, { name: 'v3' });
  const change = async (versions: readonly Version[]): Promise<void> => {
    const { json } = await server.request('GET', `${DEFINITIONS}/widgets.versions.example.com`);
    const next = crd('versions.example.com', 'widgets', versions);
    const { code } = await server.request('PUT', `${DEFINITIONS}/widgets.versions.example.com`, { body: { ...next, metadata: { ...next.metadata, resourceVersion: json.metadata.resourceVersion } } });
    expect(code).toBe(200);
  };
  const before = (await server.request('GET', '/openapi/v3/apis/versions.example.com/v2')).headers.etag;
  await change([{ name: 'v2', storage: true }, { name: 'v4' }]);
  await eventually(() => 'v4', async () => (await published('com.example.versions.v4.Widget')) !== undefined);
  expect(await published('com.example.versions.v3.Widget')).toBeUndefined();
  expect((await server.request('GET', '/openapi/v3/apis/versions.example.com/v3')).code).toBe(404);
  expect((await server.request('GET', '/openapi/v3/apis/versions.example.com/v2')).headers.etag).toBe(before);
  await change([{ name: 'v2', storage: true }, { name: 'v4', served: false }]);
  await eventually(() => 'v4 away', async () => (await published('com.example.versions.v4.Widget')) === undefined);
  expect(await published('com.example.versions.v2.Widget')).toEqual(FOO);
  await server.request('DELETE', `${DEFINITIONS}/widgets.versions.example.com`);
  await eventually(() => 'nothing left', async () => (await published('com.example.versions.v2.Widget')) === undefined);
});
