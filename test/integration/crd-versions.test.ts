/** Several versions of one resource, of which one is stored: what each shows, who is warned, what becomes of watches. */
import type { Answer } from '../support/api-server';
import { CRDS_PATH, define, definition, hasCondition, read, version } from '../support/definitions';
import { eventually } from '../support/kubectl';
import { sharedKubectl } from '../support/shared-server';

const { server, k } = sharedKubectl();

const SPEC = { colour: { type: 'string', default: 'red' }, size: { type: 'integer' } };
const lamps = definition({
  plural: 'lamps', kind: 'Lamp', names: { shortNames: ['lp'] },
  versions: [
    version('v1', SPEC),
    version('v2', { ...SPEC, shape: { type: 'string' } }, {
      subresources: { status: {} }, additionalPrinterColumns: [{ name: 'Size', type: 'integer', jsonPath: '.spec.size' }, { name: 'Colour', type: 'string', jsonPath: '.spec.colour', priority: 1 }],
    }),
    version('v1beta1', SPEC, { deprecated: true }),
    version('v1alpha1', SPEC, { deprecated: true, deprecationWarning: 'alpha is over' }),
    version('v3', SPEC, { served: false }),
  ],
});

beforeAll(async () => {
  await define(server, lamps);
});

const path = (of: string, name = ''): string => `/apis/example.com/${of}/namespaces/default/lamps${name && `/${name}`}`;
const get = (of: string, name = ''): Promise<Answer> => server.request('GET', path(of, name));
const create = (of: string, name: string, spec: object): Promise<Answer> =>
  server.request('POST', path(of), { body: { apiVersion: `example.com/${of}`, kind: 'Lamp', metadata: { name }, spec } });

test('discovery: the versions that are served, in the order of preference', async () => {
  const { json } = await server.request('GET', '/apis/example.com');
  expect((json.versions as { version: string }[]).map((each) => each.version)).toEqual(['v2', 'v1', 'v1beta1', 'v1alpha1']);
  expect(json.preferredVersion).toEqual({ groupVersion: 'example.com/v2', version: 'v2' });
  expect((await server.request('GET', '/apis/example.com/v3')).code).toBe(404);
  expect((await get('v3')).code).toBe(404);
  expect((await server.request('GET', '/apis/example.com/v1')).text).not.toContain('lamps/status');
  expect((await server.request('GET', '/apis/example.com/v2')).text).toContain('lamps/status');
});

test('each version shows what its schema knows, with its apiVersion; the stored one has its defaults', async () => {
  const made = await create('v2', 'a', { size: 1, shape: 'round' });
  expect([made.code, made.json.apiVersion, made.json.spec]).toEqual([201, 'example.com/v2', { size: 1, colour: 'red' }]);
  expect((await server.store.get('lamps.example.com', 'default', 'a'))?.apiVersion).toBe('example.com/v1');
  for (const each of ['v1', 'v1beta1', 'v2']) {
    expect([(await get(each, 'a')).json.apiVersion, (await get(each)).json.items[0].apiVersion]).toEqual([`example.com/${each}`, `example.com/${each}`]);
  }
  expect((await create('v1', 'x', {})).json.apiVersion).toBe('example.com/v1');
  const wrong = await server.request('POST', path('v1'), { body: { apiVersion: 'example.com/v2', kind: 'Lamp', metadata: { name: 'b' } } });
  expect(wrong.code).toBe(400);
});

test('a version without a status subresource writes the status, one with it does not', async () => {
  const with1 = await server.merge(path('v1', 'a'), { status: { on: true } });
  expect(with1.json.status).toEqual({ on: true });
  const with2 = await server.merge(path('v2', 'a'), { status: { on: false } });
  expect(with2.json.status).toEqual({ on: true });
  const sub = await server.merge(`${path('v2', 'a')}/status`, { status: { on: false }, spec: { size: 9 } });
  expect([sub.json.status, (sub.json.spec as { size: number }).size]).toEqual([{ on: false }, 1]);
  expect((await server.request('GET', `${path('v1', 'a')}/status`)).code).toBe(404);
});

test('deprecated versions warn whoever uses them', async () => {
  expect((await get('v1beta1')).headers.warning).toBe('299 - "example.com/v1beta1 Lamp is deprecated; use example.com/v2 Lamp"');
  expect((await get('v1alpha1', 'a')).headers.warning).toBe('299 - "alpha is over"');
  expect((await get('v1')).headers.warning).toBeUndefined();
  const ran = await k.run(['get', 'lamps.v1beta1.example.com']);
  expect([ran.code, ran.stderr]).toEqual([0, 'Warning: example.com/v1beta1 Lamp is deprecated; use example.com/v2 Lamp\n']);
});

test('columns are those of the version', async () => {
  expect(await k.ok(['get', 'lamps', 'a', '-o', 'wide'])).toMatch(/^NAME +SIZE +COLOUR\na +1 +red\n$/);
  expect(await k.ok(['get', 'lamps.v1.example.com', 'a'])).toMatch(/^NAME +AGE\na +\d+s\n$/);
});

test('watchers of every version see every write, and their watches end when the definition changes', async () => {
  const { resourceVersion } = (await get('v1')).json.metadata;
  const watches = ['v1', 'v2'].map((of) => server.request('GET', `${path(of)}?watch=true&resourceVersion=${resourceVersion}`));
  await create('v1', 'w1', { size: 1 });
  await create('v2', 'w2', { size: 2 });
  await server.request('DELETE', path('v1beta1', 'w1'));
  const crd = await read(server, 'lamps.example.com');
  const versions = crd.spec.versions.map((each) => ({ ...each, storage: each.name === 'v2', ...(each.name === 'v1beta1' && { served: false }) }));
  expect((await server.request('PUT', `${CRDS_PATH}/lamps.example.com`, { body: { ...crd, spec: { ...crd.spec, versions } } })).code).toBe(200);
  const seen = (await Promise.all(watches)).map(({ text }) =>
    text.trim().split('\n').map((line) => JSON.parse(line)).map(({ type, object }) => [type, object.metadata.name, object.apiVersion]));
  for (const [at, of] of [[0, 'v1'], [1, 'v2']] as const) {
    expect(seen[at]).toEqual([['ADDED', 'w1', `example.com/${of}`], ['ADDED', 'w2', `example.com/${of}`], ['DELETED', 'w1', `example.com/${of}`]]);
  }
});

test('another storage version: new writes are kept in it, old ones stay readable; both are noted until somebody says otherwise', async () => {
  expect((await get('v1beta1')).code).toBe(404);
  expect((await read(server, 'lamps.example.com')).status?.storedVersions).toEqual(['v1', 'v2']);
  expect((await server.store.get('lamps.example.com', 'default', 'a'))?.apiVersion).toBe('example.com/v1');
  const rewritten = await server.merge(path('v1', 'a'), { spec: { size: 5 } });
  expect([rewritten.json.apiVersion, rewritten.json.spec]).toEqual(['example.com/v1', { size: 5, colour: 'red' }]);
  expect((await server.store.get('lamps.example.com', 'default', 'a'))?.apiVersion).toBe('example.com/v2');
  const crd = await read(server, 'lamps.example.com');
  const without = { ...crd, spec: { ...crd.spec, versions: crd.spec.versions.filter(({ name }) => name !== 'v1') } };
  const refused = await server.request('PUT', `${CRDS_PATH}/lamps.example.com`, { body: without });
  expect(refused.json.message).toContain('status.storedVersions[0]: Invalid value: "v1": must appear in spec.versions');
  const noted = await server.merge(`${CRDS_PATH}/lamps.example.com/status`, { status: { storedVersions: ['v2'] } });
  expect(noted.code).toBe(200);
  const current = await read(server, 'lamps.example.com');
  expect((await server.request('PUT', `${CRDS_PATH}/lamps.example.com`, { body: { ...without, metadata: current.metadata } })).code).toBe(200);
  expect([(await get('v1', 'a')).code, (await get('v2', 'a')).code]).toEqual([404, 200]);
});

test('apply: who owns what is told across versions', async () => {
  await define(server, definition({ plural: 'shades', kind: 'Shade', versions: [version('v1', SPEC), version('v2', SPEC)] }));
  await hasCondition(server, 'shades.example.com', 'Established', 'True');
  const applied = (of: string, manager: string, spec: object): Promise<Answer> =>
    server.request('PATCH', `/apis/example.com/${of}/namespaces/default/shades/s?fieldManager=${manager}`, {
      headers: { 'Content-Type': 'application/apply-patch+yaml' }, body: { apiVersion: `example.com/${of}`, kind: 'Shade', metadata: { name: 's' }, spec },
    });
  expect((await applied('v1', 'one', { size: 1 })).code).toBe(201);
  const conflict = await applied('v2', 'two', { size: 2 });
  expect([conflict.code, conflict.json.message]).toEqual([409, 'Apply failed with 1 conflict: conflict with "one": .spec.size']);
  expect((await applied('v2', 'one', { colour: 'blue' })).json.spec).toEqual({ colour: 'blue' });
  await eventually(() => 'v1 shows it', async () => JSON.stringify((await server.request('GET', '/apis/example.com/v1/namespaces/default/shades/s')).json.spec) === '{"colour":"blue"}');
});
