import { once } from 'node:events';
import { createServer, get, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

import type { WatchEvent } from '../../store/store';
import type { Status } from '../http/errors';
import { FanOut } from './fan-out';
import { WatchMemory } from './watch-memory';
import { frame, WatchStream } from './watch-stream';

let server: Server;
let accept: (res: ServerResponse) => void;
const clients: IncomingMessage[] = [];
let fanOut = new FanOut();
const errors: unknown[] = [];

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

const JSON_FRAMES = { type: 'application/json', refusal: (status: Status) => frame('ERROR', JSON.stringify(status)) };

/** A watch whose client does not read yet, one small event after its start. */
async function open(memory: WatchMemory): Promise<{ stream: WatchStream; client: IncomingMessage }> {
  const made = new Promise<WatchStream>((resolve) => {
    accept = (res) => {
      const stream = new WatchStream(res, {
        ...JSON_FRAMES, encode: ({ type, object }) => frame(type, JSON.stringify(object)), bytesOf: ({ object }) => JSON.stringify(object).length, memory,
        fanOut, onError: (error) => errors.push(error),
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

/** Events that the kernel takes, up to the one that it does not take whole: from here on the client is slow. */
function fill(stream: WatchStream): string[] {
  const names: string[] = [];
  while (stream.buffered() === 0 && names.length < 200) {
    const name = `fill-${names.length}`;
    stream.push([event(name, 500_000)]);
    names.push(`ADDED ${name}`);
  }
  expect(stream.buffered()).toBeGreaterThan(0);
  return names;
}

/** Until each of them has had its turn. */
const turns = async (count = 3): Promise<void> => {
  for (let at = 0; at < count; at += 1) await new Promise(setImmediate);
};

test('a client for which too many bytes wait is told so and ended; what it was sent is whole', async () => {
  const memory = new WatchMemory({ maxBytes: 1_000_000 });
  const { stream, client } = await open(memory);
  const filled = fill(stream);
  for (let at = 0; at < 10; at += 1) stream.push([event(`large-${at}`, 300_000)]);
  expect(memory.total).toBe(0);
  expect(brief(await read(client))).toEqual(['ADDED first', ...filled, 'ERROR 410']);
  await stream.ended;
});

test('one event may be larger than the bound, and a client that reads gets all', async () => {
  const memory = new WatchMemory({ maxBytes: 1_000_000 });
  const { stream, client } = await open(memory);
  const filled = fill(stream);
  stream.push([event('larger', 3_000_000)]);
  expect(memory.total).toBeGreaterThan(3_000_000);
  const frames = read(client);
  // Read up to the larger one, which is then off the account.
  while (memory.total > 0) await turns(1);
  stream.push([event('last', 1)]);
  stream.finish();
  expect(brief(await frames)).toEqual(['ADDED first', ...filled, 'ADDED larger', 'ADDED last']);
  expect(memory.total).toBe(0);
});

test('over all watches, the one for which most waits is ended', async () => {
  const memory = new WatchMemory({ maxTotalBytes: 4_000_000 });
  const [slow, slowest, third] = [await open(memory), await open(memory), await open(memory)];
  const filled = [slow, slowest, third].map(({ stream }) => fill(stream));
  for (let at = 0; at < 4; at += 1) slowest.stream.push([event(`more-${at}`, 500_000)]);
  slow.stream.push([event('more', 500_000), event('and-more', 500_000)]);
  third.stream.push([event('more', 500_000)]);
  expect(memory.total).toBeLessThan(4_000_000);
  expect(brief(await read(slowest.client))).toEqual(['ADDED first', ...filled[1], 'ERROR 410']);
  slow.stream.push([event('last', 1)]);
  const frames = read(slow.client);
  while (slow.stream.buffered() > 0) await turns(1);
  slow.stream.finish();
  expect(brief(await frames)).toEqual(['ADDED first', ...filled[0], 'ADDED more', 'ADDED and-more', 'ADDED last']);
  third.stream.finish();
});

test('many streams are written to in several turns; who waits for its turn gets all that came, in order, also when its watch ends', async () => {
  const memory = new WatchMemory();
  fanOut = new FanOut();
  const opened = [];
  for (let at = 0; at < 150; at += 1) opened.push(await open(memory));
  const frames = opened.map(({ client }) => read(client));
  const turn = new Promise(setImmediate);
  for (const { stream } of opened) stream.push([event('second', 1)]);
  const early = opened.map(({ stream }) => stream.unsent());
  expect([early.slice(0, 10), early.slice(-10)]).toEqual([Array(10).fill(0), Array(10).fill(1)]);
  for (const { stream } of opened) stream.push([event('third', 1)]);
  opened[149].stream.finish();
  expect(brief(await frames[149])).toEqual(['ADDED first', 'ADDED second', 'ADDED third']);
  await turn;
  await turns(6);
  expect(opened.map(({ stream }) => stream.unsent())).toEqual(Array(150).fill(0));
  for (const { stream } of opened) stream.finish();
  for (const each of await Promise.all(frames)) expect(brief(each)).toEqual(['ADDED first', 'ADDED second', 'ADDED third']);
  expect(memory.total).toBe(0);
});

test('an event that cannot be encoded ends its watch and is told; another watch goes on', async () => {
  const memory = new WatchMemory();
  const [broken, whole] = [await open(memory), await open(memory)];
  const cyclic = event('cyclic', 1);
  Object.assign(cyclic.object, { self: cyclic.object });
  broken.stream.push([cyclic]);
  whole.stream.push([event('second', 1)]);
  expect(brief(await read(broken.client))).toEqual(['ADDED first', 'ERROR 503']);
  expect(String(errors.splice(0))).toMatch(/circular structure/);
  whole.stream.finish();
  expect(brief(await read(whole.client))).toEqual(['ADDED first', 'ADDED second']);
});

test.each(['HTTP/1.0', 'HTTP/1.1'])('frames are whole for %s, and the answer ends', async (version) => {
  const made = new Promise<WatchStream>((resolve) => {
    accept = (res) => {
      const stream = new WatchStream(res, { ...JSON_FRAMES, encode: ({ type, object }) => frame(type, JSON.stringify(object)), bytesOf: () => 1, memory: new WatchMemory(), fanOut, onError: (error) => errors.push(error) });
      stream.start();
      resolve(stream);
    };
  });
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.write(`GET / ${version}\r\nHost: x\r\nConnection: close\r\n\r\n`);
  const stream = await made;
  stream.push([event('first', 1), event('and', 1)]);
  stream.push([event('last', 1)]);
  stream.finish();
  const answer = await text(socket);
  const body = answer.slice(answer.indexOf('\r\n\r\n') + 4);
  const lines = ['first', 'and', 'last'].map((name) => `${JSON.stringify(event(name, 1))}\n`);
  const chunks = lines.map((line) => `${line.length.toString(16)}\r\n${line}\r\n`);
  expect(body).toBe(version === 'HTTP/1.0' ? lines.join('') : `${chunks.join('')}0\r\n\r\n`);
  expect(errors).toEqual([]);
});

test('a watch whose client left before it began is over at once', async () => {
  const memory = new WatchMemory();
  const gone = new Promise<ServerResponse>((resolve) => {
    accept = (res) => res.once('close', () => resolve(res));
  });
  const request = get({ host: '127.0.0.1', port: (server.address() as AddressInfo).port, agent: false });
  request.on('error', () => undefined);
  setTimeout(() => request.destroy(), 20);
  const res = await gone;
  const stream = new WatchStream(res, { ...JSON_FRAMES, encode: ({ type, object }) => frame(type, JSON.stringify(object)), bytesOf: () => 1, memory, fanOut, onError: (error) => errors.push(error) });
  stream.push([event('first', 1)]);
  stream.start();
  await stream.ended;
  expect([stream.unsent(), memory.total, errors]).toEqual([0, 0, []]);
});
