import { once } from 'node:events';
import { createServer, get, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import type { WatchEvent } from '../../store/store';
import { WatchMemory } from './watch-memory';
import { frame, WatchStream } from './watch-stream';

let server: Server;
let accept: (res: ServerResponse) => void;
const clients: IncomingMessage[] = [];

beforeAll(async () => {
  server = createServer((_req, res) => accept(res)).listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(() => {
  for (const client of clients.splice(0)) client.destroy();
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

/** A watch whose client does not read yet, one small event after its start. */
async function open(memory: WatchMemory): Promise<{ stream: WatchStream; client: IncomingMessage }> {
  const made = new Promise<WatchStream>((resolve) => {
    accept = (res) => {
      const stream = new WatchStream(res, {
        encode: ({ type, object }) => frame(type, JSON.stringify(object)), bytesOf: ({ object }) => JSON.stringify(object).length, memory,
      });
      stream.start();
      stream.push([event('first', 1)]);
      resolve(stream);
    };
  });
  const request = get({ host: '127.0.0.1', port: (server.address() as AddressInfo).port, agent: false });
  const [client] = (await once(request, 'response')) as [IncomingMessage];
  client.on('error', () => undefined);
  clients.push(client);
  return { stream: await made, client };
}

const event = (name: string, bytes: number): WatchEvent => ({
  type: 'ADDED', object: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { text: 'x'.repeat(bytes) } } as WatchEvent['object'],
});

interface Frame {
  type: string;
  object: { metadata: { name?: string }; code?: number };
}

async function read(client: IncomingMessage): Promise<Frame[]> {
  let text = '';
  for await (const chunk of client.setEncoding('utf8')) text += String(chunk);
  return text.trim().split('\n').map((line) => JSON.parse(line) as Frame);
}

const brief = (frames: Frame[]): string[] => frames.map(({ type, object }) => (type === 'ERROR' ? `ERROR ${object.code}` : `${type} ${object.metadata.name}`));

test('a client for which too many bytes wait is told so and ended; what it was sent is whole', async () => {
  const memory = new WatchMemory({ maxBytes: 1_000_000 });
  const { stream, client } = await open(memory);
  for (let at = 0; at < 10; at += 1) stream.push([event(`large-${at}`, 300_000)]);
  expect(memory.total).toBe(0);
  expect(brief(await read(client))).toEqual(['ADDED first', 'ADDED large-0', 'ERROR 410']);
  await stream.ended;
});

test('one event may be larger than the bound, and a client that reads gets all', async () => {
  const memory = new WatchMemory({ maxBytes: 1_000_000 });
  const { stream, client } = await open(memory);
  stream.push([event('large-0', 300_000)]);
  stream.push([event('larger', 3_000_000)]);
  expect(memory.total).toBeGreaterThan(3_000_000);
  const frames = read(client);
  // Read up to the larger one, which is then off the account.
  while (memory.total > 0) await new Promise(setImmediate);
  stream.push([event('last', 1)]);
  stream.finish();
  expect(brief(await frames)).toEqual(['ADDED first', 'ADDED large-0', 'ADDED larger', 'ADDED last']);
  expect(memory.total).toBe(0);
});

test('over all watches, the one for which most waits is ended', async () => {
  const memory = new WatchMemory({ maxTotalBytes: 4_000_000 });
  const [slow, slowest, third] = [await open(memory), await open(memory), await open(memory)];
  for (const { stream } of [slow, slowest, third]) stream.push([event('large', 500_000)]);
  for (let at = 0; at < 4; at += 1) slowest.stream.push([event(`more-${at}`, 500_000)]);
  slow.stream.push([event('more', 500_000), event('and-more', 500_000)]);
  third.stream.push([event('more', 500_000)]);
  expect(memory.total).toBeLessThan(4_000_000);
  expect(brief(await read(slowest.client))).toEqual(['ADDED first', 'ADDED large', 'ERROR 410']);
  slow.stream.push([event('last', 1)]);
  const frames = read(slow.client);
  while (slow.stream.buffered() > 0) await new Promise(setImmediate);
  slow.stream.finish();
  expect(brief(await frames)).toEqual(['ADDED first', 'ADDED large', 'ADDED more', 'ADDED and-more', 'ADDED last']);
  third.stream.finish();
});
