/** `dryRun=All` of every verb: the same answers and refusals as without it, and nothing written. */
import { jobNamed as job } from '../fixtures/manifests/builders';
import type { Answer, Json } from '../support/api-server';
import { nextNamespace, sharedServer } from '../support/shared-server';
import { openWatch } from '../support/watch-client';

const server = sharedServer();
let jobs: string;
let maps: string;

beforeEach(async () => {
  ({ jobs, maps } = await nextNamespace(server));
});

const map = (name: string, data: object = {}, metadata: object = {}): object => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, ...metadata }, data });
const MERGE = { 'Content-Type': 'application/merge-patch+json' };
const JSON_PATCH = { 'Content-Type': 'application/json-patch+json' };
const APPLY = { 'Content-Type': 'application/apply-patch+yaml' };

interface Call {
  method: string;
  path: () => string;
  body?: unknown;
  headers?: Record<string, string>;
}

const send = ({ method, path, body, headers = {} }: Call, dryRun: boolean): Promise<Answer> => {
  const url = path();
  return server.request(method, dryRun ? `${url}${url.includes('?') ? '&' : '?'}dryRun=All` : url, { ...(body !== undefined && { body }), headers });
};

/** An answer without what only a write gives: uid, version, times. */
function comparable({ code, json }: Answer): unknown {
  const text = JSON.stringify(json, (key: string, value: unknown) => (['uid', 'resourceVersion', 'creationTimestamp', 'deletionTimestamp', 'time'].includes(key) ? undefined : value));
  return { code, json: JSON.parse(text) as unknown };
}

async function everything(): Promise<Json[]> {
  const lists = await Promise.all([jobs, maps].map(async (path) => (await server.request('GET', path)).json.items));
  return lists.flat();
}

beforeEach(async () => {
  await server.request('POST', jobs, { body: job('x', {}, { labels: { a: 'b' } }) });
  await server.request('POST', maps, { body: map('x', { a: '1' }) });
  await server.request('POST', maps, { body: map('held', {}, { finalizers: ['test.dev/held'] }) });
});

test.each<[string, Call]>([
  ['create', { method: 'POST', path: () => jobs, body: job('new') }],
  ['create of a core kind', { method: 'POST', path: () => maps, body: map('new', { a: '1' }) }],
  ['create that exists', { method: 'POST', path: () => maps, body: map('x') }],
  ['create that is invalid', { method: 'POST', path: () => jobs, body: job('new', { completions: -1 }) }],
  ['create with an unknown field, strict', { method: 'POST', path: () => `${jobs}?fieldValidation=Strict`, body: job('new', { nope: 1 }) }],
  ['create where nothing is', { method: 'POST', path: () => '/api/v1/namespaces/nowhere/configmaps', body: map('new') }],
  ['update', { method: 'PUT', path: () => `${maps}/x`, body: map('x', { a: '2' }) }],
  ['update of a stale version', { method: 'PUT', path: () => `${maps}/x`, body: map('x', { a: '2' }, { resourceVersion: '1' }) }],
  ['update without a version', { method: 'PUT', path: () => `${jobs}/x`, body: job('x') }],
  ['update of what is not there', { method: 'PUT', path: () => `${maps}/nope`, body: map('nope') }],
  ['update with another uid', { method: 'PUT', path: () => `${maps}/x`, body: map('x', {}, { uid: 'other' }) }],
  ['merge patch', { method: 'PATCH', path: () => `${jobs}/x`, body: { spec: { suspend: true } }, headers: MERGE }],
  ['merge patch that is invalid', { method: 'PATCH', path: () => `${jobs}/x`, body: { spec: { completions: -1 } }, headers: MERGE }],
  ['merge patch that changes nothing', { method: 'PATCH', path: () => `${jobs}/x`, body: { spec: { completions: 3 } }, headers: MERGE }],
  ['merge patch of a stale version', { method: 'PATCH', path: () => `${jobs}/x`, body: { metadata: { resourceVersion: '1' }, spec: { suspend: true } }, headers: MERGE }],
  ['JSON patch', { method: 'PATCH', path: () => `${maps}/x`, body: [{ op: 'add', path: '/data/b', value: '2' }], headers: JSON_PATCH }],
  ['JSON patch whose test fails', { method: 'PATCH', path: () => `${maps}/x`, body: [{ op: 'test', path: '/data/a', value: '2' }], headers: JSON_PATCH }],
  ['strategic merge', { method: 'PATCH', path: () => `${maps}/x`, body: { data: { b: '2' } }, headers: { 'Content-Type': 'application/strategic-merge-patch+json' } }],
  ['apply that creates', { method: 'PATCH', path: () => `${maps}/new?fieldManager=me`, body: map('new', { a: '1' }), headers: APPLY }],
  ['apply that changes', { method: 'PATCH', path: () => `${maps}/x?fieldManager=me`, body: map('x', { b: '1' }), headers: APPLY }],
  ['apply that conflicts', { method: 'PATCH', path: () => `${maps}/x?fieldManager=me`, body: map('x', { a: '7' }), headers: APPLY }],
  ['apply by force', { method: 'PATCH', path: () => `${maps}/x?fieldManager=me&force=true`, body: map('x', { a: '7' }), headers: APPLY }],
  ['status', { method: 'PATCH', path: () => `${jobs}/x/status`, body: { status: { phase: 'Running' } }, headers: MERGE }],
  ['scale', { method: 'PATCH', path: () => `${jobs}/x/scale`, body: { spec: { replicas: 7 } }, headers: MERGE }],
  ['scale that is invalid', { method: 'PATCH', path: () => `${jobs}/x/scale`, body: { spec: { replicas: -7 } }, headers: MERGE }],
  ['delete', { method: 'DELETE', path: () => `${jobs}/x` }],
  ['delete of what is held', { method: 'DELETE', path: () => `${maps}/held` }],
  ['delete in the foreground', { method: 'DELETE', path: () => `${jobs}/x`, body: { propagationPolicy: 'Foreground' } }],
  ['delete that orphans, the old way', { method: 'DELETE', path: () => `${jobs}/x`, body: { orphanDependents: true } }],
  ['delete of another uid', { method: 'DELETE', path: () => `${jobs}/x`, body: { preconditions: { uid: 'other' } } }],
  ['delete of another version', { method: 'DELETE', path: () => `${maps}/x`, body: { preconditions: { resourceVersion: '1' } } }],
  ['delete of what is not there', { method: 'DELETE', path: () => `${maps}/nope` }],
  ['delete of a collection', { method: 'DELETE', path: () => `${maps}?fieldSelector=metadata.name%3Dx` }],
  ['delete of a collection, with another version', { method: 'DELETE', path: () => maps, body: { preconditions: { resourceVersion: '1' } } }],
])('%s', async (_, call) => {
  const before = await everything();
  const { resourceVersion } = (await server.request('GET', `${maps}?limit=1`)).json.metadata;
  const dry = await send(call, true);
  expect(await everything()).toEqual(before);
  // No event, not even one that is undone: the first that comes is of the write after.
  const stream = await openWatch(server, `${maps}?watch=true&resourceVersion=${resourceVersion}`);
  await server.request('POST', maps, { body: map('marker') });
  expect(await stream.take(1)).toEqual(['ADDED marker']);
  stream.close();
  await server.request('DELETE', `${maps}/marker`);
  const real = await send(call, false);
  expect(comparable(dry)).toEqual(comparable(real));
});

test('a generated name is free, made as the real one is, and differs every time', async () => {
  const names = new Set<string>();
  for (let time = 0; time < 5; time++) {
    const { code, json } = await server.request('POST', `${maps}?dryRun=All`, { body: { metadata: { generateName: 'gen-' } } });
    expect([code, json.metadata.name]).toEqual([201, expect.stringMatching(/^gen-[bcdfghjklmnpqrstvwxz2456789]{5}$/)]);
    names.add(json.metadata.name);
  }
  expect(names.size).toBe(5);
});

test('another value than All is refused, wherever it is said', async () => {
  for (const [method, path, body] of [['POST', maps, map('y')], ['PUT', `${maps}/x`, map('x')], ['DELETE', `${maps}/x`, undefined], ['DELETE', maps, undefined]] as const) {
    const { code, json } = await server.request(method, `${path}?dryRun=Some`, body === undefined ? {} : { body });
    expect([method, code, json.message]).toEqual([method, 422, expect.stringMatching(/Unsupported value: \[\]string\{"Some"\}: supported values: "All"$/)]);
  }
});
