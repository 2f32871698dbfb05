/** Patches of large objects, over HTTP: the turns of the event loop between their reading and their writing are counted. */
import 'reflect-metadata';

import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import type { KubeObject } from '../../../crds/meta';
import { MASTERS } from '../../auth/authorizer';
import { ensureNamespace } from '../../controllers/namespace/namespace-controller';
import { StoreFolder } from '../../store/sqlite/test-support';
import { CORE_KINDS } from '../resources/core-kinds';
import { ResourceRegistry } from '../resources/registry';
import { ApiServer } from '../server';

const MAPS = 'configmaps';
const MANY = 4_000;
const MERGE = 'application/merge-patch+json';
const APPLY = 'application/apply-patch+yaml';
/** Others are let in at six places at least, for two turns of the event loop each. */
const LEAST_TURNS = 12;

let folder: StoreFolder;
let server: Server;
let turns = 0;
let counting: NodeJS.Immediate;

beforeEach(async () => {
  folder = await StoreFolder.open();
  const api = new ApiServer({ store: folder.store, registry: new ResourceRegistry(CORE_KINDS), authenticator: { authenticate: () => Promise.resolve({ user: 'admin', groups: [MASTERS] }) } });
  server = createServer((req, res) => void api.handle(req, res)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  await ensureNamespace(folder.store, 'default');
  const count = (): void => {
    turns++;
    counting = setImmediate(count);
  };
  count();
});
afterEach(async () => {
  clearImmediate(counting);
  server.closeAllConnections();
  server.close();
  await folder.remove();
});

const dataOf = (value: string, many = MANY): Record<string, string> => Object.fromEntries(Array.from({ length: many }, (_, at) => [`key-${at}-${'x'.repeat(30)}`, value]));
const mapOf = (data: object): object => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', namespace: 'default' }, data });
const stored = async (): Promise<KubeObject & { data: Record<string, string> }> => (await folder.store.get(MAPS, 'default', 'a')) as never;

async function send(method: string, type: string, body: object, path = '/a'): Promise<{ code: number; message: string }> {
  const { port } = server.address() as AddressInfo;
  const answer = await fetch(`http://127.0.0.1:${port}/api/v1/namespaces/default/${MAPS}${path}?fieldManager=me`, { method, headers: { 'content-type': type }, body: JSON.stringify(body) });
  return { code: answer.status, message: ((await answer.json()) as { message?: string }).message ?? '' };
}

/** Turns from the first time that the object was read to its writing. */
async function turnsOf(request: () => Promise<{ code: number }>): Promise<number> {
  let [read, written] = [0, 0];
  const get = jest.spyOn(folder.store, 'get').mockImplementationOnce((resource, namespace, name) => {
    read = turns;
    return folder.store.get(resource, namespace, name);
  });
  const { update } = folder.store;
  const spy = jest.spyOn(folder.store, 'update').mockImplementation((resource, object) => {
    written = turns;
    return update.call(folder.store, resource, object) as never;
  });
  expect((await request()).code).toBe(200);
  get.mockRestore();
  spy.mockRestore();
  return written - read;
}

describe.each([
  ['a JSON patch', 'application/json-patch+json', (data: object) => Object.entries(data).slice(0, 3).map(([key, value]) => ({ op: 'replace', path: `/data/${key}`, value: value as unknown }))],
  ['a merge patch', MERGE, (data: object) => ({ data })],
  ['a strategic merge patch', 'application/strategic-merge-patch+json', (data: object) => ({ data })],
  ['an apply', APPLY, mapOf],
])('%s', (_, type, patchOf) => {
  test('of a large object lets others in', async () => {
    expect((await send('PATCH', APPLY, mapOf(dataOf('1')))).code).toBe(201);
    expect(await turnsOf(() => send('PATCH', type, patchOf(dataOf('2'))))).toBeGreaterThanOrEqual(LEAST_TURNS);
    expect(Object.values((await stored()).data).filter((value) => value === '2').length).toBeGreaterThanOrEqual(3);
  });

  test('that is small lets others in when what it changes is large', async () => {
    expect((await send('POST', 'application/json', mapOf(dataOf('1')), '')).code).toBe(201);
    const small = type === APPLY ? mapOf({ extra: '2' }) : patchOf({ [Object.keys(dataOf('', 1))[0]!]: '2' });
    expect(await turnsOf(() => send('PATCH', type, small))).toBeGreaterThanOrEqual(LEAST_TURNS);
    expect(Object.values((await stored()).data)).toContain('2');
  });

  test('of a small object is done in one turn', async () => {
    expect((await send('PATCH', APPLY, mapOf(dataOf('1', 5)))).code).toBe(201);
    expect(await turnsOf(() => send('PATCH', type, patchOf(dataOf('2', 5))))).toBe(0);
  });

  test('is not lost to who is always faster', async () => {
    expect((await send('PATCH', APPLY, mapOf(dataOf('1')))).code).toBe(201);
    const { get } = folder.store;
    let rivals = 0;
    // Each time that it was read, somebody else writes it in the next turn.
    const spy = jest.spyOn(folder.store, 'get').mockImplementation((resource, namespace, name) => {
      const found = get.call(folder.store, resource, namespace, name);
      if (resource === MAPS && rivals < 20) {
        rivals++;
        setImmediate(() => void found.then((object) => folder.store.update(resource, { ...object!, metadata: { ...object!.metadata, annotations: { rival: String(rivals) } } }).catch(() => undefined)));
      }
      return found as never;
    });
    expect(await send('PATCH', type, patchOf(dataOf('2')))).toEqual({ code: 200, message: '' });
    spy.mockRestore();
    const { data, metadata } = await stored();
    expect(rivals).toBe(5);
    expect(metadata.annotations?.rival).toBe('4');
    expect(Object.values(data).filter((value) => value === '2').length).toBeGreaterThanOrEqual(3);
  });
});

test('a small JSON patch that makes a large object of a small one, by copies, lets others in', async () => {
  expect((await send('POST', 'application/json', mapOf({ a: 'x'.repeat(30_000) }), '')).code).toBe(201);
  const copies = Array.from({ length: 20 }, (_, at) => ({ op: 'copy', from: '/data/a', path: `/data/b-${at}` }));
  expect(await turnsOf(() => send('PATCH', 'application/json-patch+json', copies))).toBeGreaterThanOrEqual(LEAST_TURNS);
  expect(Object.keys((await stored()).data)).toHaveLength(21);
});
