/** A watch that resumes from long ago, over HTTP: others are answered meanwhile, and little is held for a client that does not read. */
import 'reflect-metadata';

import { once } from 'node:events';
import { createServer, get, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout } from 'node:timers/promises';

import { MASTERS } from '../auth/authorizer';
import { ensureNamespace } from '../controllers/namespace/namespace-controller';
import { map, MAPS } from '../store/conformance/support';
import { ObjectLog } from '../store/sqlite/log';
import { StoreFolder } from '../store/sqlite/test-support';
import type { Operation } from '../store/store';
import { CORE_KINDS } from './resources/core-kinds';
import { ResourceRegistry } from './resources/registry';
import { ApiServer } from './server';
import { WatchMemory } from './verbs/watch-memory';

/** Of 50,000 bytes: more than the kernel holds for a connection. */
const CHANGES = 600;
const BYTES = 50_000;

let folder: StoreFolder;
let server: Server;
let url: string;
let from: string;
const original = WatchMemory.prototype.count;
const clients: IncomingMessage[] = [];

beforeAll(async () => {
  folder = await StoreFolder.open({ maxHeldChanges: 1 });
  const authenticator = { authenticate: () => Promise.resolve({ user: 'admin', groups: [MASTERS] }) };
  const api = new ApiServer({ store: folder.store, registry: new ResourceRegistry(CORE_KINDS), authenticator });
  server = createServer((req, res) => void api.handle(req, res)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/v1/namespaces/lab-a/configmaps`;
  await ensureNamespace(folder.store, 'lab-a');
  from = (await folder.store.create(MAPS, map('a'))).metadata.resourceVersion ?? '';
  const update = (n: number): Operation => ({ verb: 'update', resource: MAPS, object: map('a', { n: String(n), text: 'x'.repeat(BYTES) }) });
  for (let n = 0; n < CHANGES; n += 100) await folder.store.batch(Array.from({ length: 100 }, (_, at) => update(n + at)));
});
afterEach(() => {
  jest.restoreAllMocks();
  for (const client of clients.splice(0)) client.destroy();
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await folder.remove();
});

/** Its client does not read yet. */
async function resume(): Promise<IncomingMessage> {
  const [client] = (await once(get(`${url}?watch=true&resourceVersion=${from}`, { agent: false }), 'response')) as [IncomingMessage];
  client.on('error', () => undefined);
  clients.push(client);
  return client;
}

/** Of the first `count` events. */
async function read(client: IncomingMessage, count: number): Promise<number[]> {
  const seen: number[] = [];
  let rest = '';
  for await (const text of client.setEncoding('utf8')) {
    const lines = (rest + String(text)).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) seen.push(Number((JSON.parse(line) as { object: { metadata: { resourceVersion: string } } }).object.metadata.resourceVersion));
    if (seen.length >= count) break;
  }
  return seen;
}

async function standstill(value: () => number): Promise<void> {
  for (let same = 0, before = -1; same < 5; before = value()) {
    await setTimeout(100);
    same = value() === before ? same + 1 : 0;
  }
}

const first = (count: number): number[] => Array.from({ length: count }, (_, n) => Number(from) + 1 + n);

test('a request beside it is answered before it has read half of what it reads', async () => {
  const reads = jest.spyOn(ObjectLog.prototype, 'read');
  const all = read(await resume(), CHANGES);
  expect((await fetch(`${url}/a`)).status).toBe(200);
  expect(reads.mock.calls.length).toBeLessThan(CHANGES / 2);
  expect(await all).toEqual(first(CHANGES));
  expect(reads).toHaveBeenCalledTimes(CHANGES - 1);
});

test('for clients that do not read, what waits is counted and is little; when they read they get all', async () => {
  const memories = new Set<WatchMemory>();
  jest.spyOn(WatchMemory.prototype, 'count').mockImplementation(function (this: WatchMemory, ...args) {
    memories.add(this);
    original.apply(this, args);
  });
  const reads = jest.spyOn(ObjectLog.prototype, 'read');
  const slow = await Promise.all(Array.from({ length: 4 }, resume));
  const [memory] = memories;
  await standstill(() => reads.mock.calls.length);
  expect(reads.mock.calls.length).toBeLessThan(4 * (CHANGES - 1));
  expect(memories.size).toBe(1);
  expect(memory.total).toBeGreaterThan(0);
  expect(memory.total).toBeLessThan(4 * 4 * BYTES);
  await folder.store.update(MAPS, map('a', { last: 'yes' }));
  for (const client of slow) expect(await read(client, CHANGES + 1)).toEqual(first(CHANGES + 1));
});
