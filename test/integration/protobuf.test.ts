/** Answers in protobuf (Kubernetes' e2e: "client-go should negotiate"): the kinds of Kubernetes' own, lists, watches, refusals, metadata of all. */
import { gunzipSync } from 'node:zlib';

import type { KubeObject } from '../../crds/meta';
import { textOf } from '../differential/protobuf';
import type { Answer, Json } from '../support/api-server';
import { nextNamespace, sharedServer } from '../support/shared-server';

const PROTOBUF = 'application/vnd.kubernetes.protobuf';
const server = sharedServer();
let maps: string;
let jobs: string;

beforeEach(async () => {
  ({ maps, jobs } = await nextNamespace(server));
});

const get = (path: string, accept: string): Promise<Answer> => server.request('GET', path, { headers: { Accept: accept } });
const decoded = ({ headers, bytes }: Answer): Json => JSON.parse(textOf(String(headers['content-type']), bytes)) as Json;
const events = ({ headers, bytes }: Answer): { type: string; object: Json }[] =>
  textOf(String(headers['content-type']), bytes).split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as { type: string; object: Json });
const create = (name: string, data: Record<string, string> = {}): Promise<Answer> => server.request('POST', maps, { body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data } });

test.each([
  ['application/json', 'application/json'],
  [PROTOBUF, `${PROTOBUF};stream=watch`],
  [`${PROTOBUF},application/json`, `${PROTOBUF};stream=watch`],
  [`application/json,${PROTOBUF}`, 'application/json'],
])('a watch for Accept: %s is %s, its events and its refusals', async (accept, type) => {
  const { json: before } = await server.request('GET', maps);
  await create('first', { a: 'ä' });
  await server.request('DELETE', `${maps}/first`);
  const seen = await get(`${maps}?watch=true&timeoutSeconds=1&resourceVersion=${before.metadata.resourceVersion}`, accept);
  expect([seen.code, seen.headers['content-type'], events(seen).map(({ type: of, object }) => [of, object.kind, object.metadata.name, object.data])]).toEqual([
    200, type, [['ADDED', 'ConfigMap', 'first', { a: 'ä' }], ['DELETED', 'ConfigMap', 'first', { a: 'ä' }]],
  ]);
  const refused = await get(`${maps}?watch=true&timeoutSeconds=1&resourceVersion=999999999`, accept);
  expect([refused.code, refused.headers['content-type'], events(refused).map(({ type: of, object }) => [of, object.kind, object.code])]).toEqual([200, type, [['ERROR', 'Status', 504]]]);
});

test('a watch that marks the end of its list says of which list, in protobuf', async () => {
  const path = `${maps}?watch=true&timeoutSeconds=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true`;
  const [{ type, object }] = events(await get(path, PROTOBUF)).slice(-1);
  expect([type, object.kind, object.metadata.annotations?.['k8s.io/initial-events-end']]).toEqual(['BOOKMARK', 'ConfigMap', 'true']);
  const blueprint = Buffer.from(object.metadata.annotations?.['kubernetes.io/initial-events-list-blueprint'] ?? '', 'base64');
  expect(JSON.parse(textOf(PROTOBUF, blueprint))).toEqual({ kind: 'ConfigMapList', apiVersion: 'v1', metadata: {} });
});

test('times of every zone that Go reads, and times that are none, do not keep others from their lists and watches', async () => {
  const leases = `/apis/coordination.k8s.io/v1/namespaces/${maps.split('/')[4]}/leases`;
  const lease = (name: string, renewTime: string): object => ({ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name, namespace: maps.split('/')[4] }, spec: { renewTime } });
  const renewTime = (object: object): string => (object as { spec: { renewTime: string } }).spec.renewTime;
  const { json: before } = await server.request('GET', leases);
  expect((await server.request('POST', leases, { body: lease('far', '2020-01-01T00:00:00.123456+24:00') })).code).toBe(201);
  expect((await server.request('POST', leases, { body: lease('none', '2020-01-01T00:00:00.123456+99:99') })).code).toBe(400);
  // As one that was stored before such times were refused.
  await server.store.batch([{ verb: 'create', resource: 'leases.coordination.k8s.io', object: lease('old', '2020-01-01T00:00:00.123456+99:99') as KubeObject }]);
  const list = await get(leases, PROTOBUF);
  const times = ['2019-12-31T00:00:00.123456Z', '2019-12-27T19:21:00.123456Z'];
  expect([list.code, decoded(list).items.map(renewTime)]).toEqual([200, times]);
  const seen = await get(`${leases}?watch=true&timeoutSeconds=1&resourceVersion=${before.metadata.resourceVersion}`, PROTOBUF);
  expect(events(seen).map(({ object }) => renewTime(object))).toEqual(times);
});

test('objects that were stored with nulls in their lists and maps do not keep others from their lists and watches', async () => {
  const { json: before } = await server.request('GET', maps);
  const namespace = maps.split('/')[4];
  const odd = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'odd', namespace, ownerReferences: [null], finalizers: [null] }, data: { a: null, b: 'c' }, binaryData: null };
  await server.store.batch([{ verb: 'create', resource: 'configmaps', object: odd as unknown as KubeObject }]);
  await create('plain', { a: 'b' });
  const list = await get(maps, PROTOBUF);
  expect([list.code, decoded(list).items.map(({ metadata, data }) => [metadata.name, data])]).toEqual([200, [['odd', { a: '', b: 'c' }], ['plain', { a: 'b' }]]]);
  const partial = await get(maps, `${PROTOBUF};as=PartialObjectMetadataList;v=v1;g=meta.k8s.io`);
  expect([partial.code, decoded(partial).items.map(({ metadata }) => metadata.name)]).toEqual([200, ['odd', 'plain']]);
  const seen = await get(`${maps}?watch=true&timeoutSeconds=1&resourceVersion=${before.metadata.resourceVersion}`, PROTOBUF);
  expect(events(seen).map(({ object }) => object.metadata.name)).toEqual(['odd', 'plain']);
});

test('a large list is the list in JSON, compressed for those who take that', async () => {
  await server.store.batch(Array.from({ length: 1200 }, (_, at) => ({
    verb: 'create' as const, resource: 'configmaps', object: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: `m-${String(at).padStart(4, '0')}`, namespace: maps.split('/')[4] }, data: { text: 'x'.repeat(600) } },
  })));
  const { json } = await server.request('GET', maps);
  const plain = await get(maps, PROTOBUF);
  expect([plain.headers['content-type'], plain.headers['content-length'], decoded(plain)]).toEqual([PROTOBUF, String(plain.bytes.length), json]);
  const zipped = await server.request('GET', maps, { headers: { Accept: PROTOBUF, 'Accept-Encoding': 'gzip' } });
  expect([zipped.headers['content-encoding'], gunzipSync(zipped.bytes).equals(plain.bytes)]).toEqual(['gzip', true]);
});

test('custom resources are not written in it: 406, or what else the client takes; their metadata are', async () => {
  const made = await server.request('POST', jobs, { body: { apiVersion: 'gleaner.dev/v1alpha1', kind: 'Job', metadata: { name: 'job', labels: { a: 'b' } }, spec: { runtime: 'python', template: { program: { script: 'print(1)' } }, completions: 3 } } });
  expect(made.code).toBe(201);
  const refused = await get(`${jobs}/job`, PROTOBUF);
  expect([refused.code, refused.headers['content-type'], decoded(refused)]).toEqual([406, PROTOBUF, expect.objectContaining({ kind: 'Status', reason: 'NotAcceptable' })]);
  expect((await get(`${jobs}/job`, `${PROTOBUF}, */*`)).headers['content-type']).toBe('application/json');
  const metadata = await get(jobs, `${PROTOBUF};as=PartialObjectMetadataList;g=meta.k8s.io;v=v1`);
  expect(decoded(metadata)).toMatchObject({ kind: 'PartialObjectMetadataList', apiVersion: 'meta.k8s.io/v1', items: [{ metadata: { name: 'job', labels: { a: 'b' } } }] });
});
