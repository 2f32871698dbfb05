/** Real sockets on loopback: what the leader gets, and what clients see when there is none. */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { FrontDoor, parseAddress } from './front-door';

let closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

async function echo(name: string): Promise<{ port: number; server: Server; sockets: Set<Socket> }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => socket.write(`${name}:${chunk.toString()}`));
  });
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  closers.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, server, sockets };
}

async function door(options: Partial<ConstructorParameters<typeof FrontDoor>[0]> = {}): Promise<{ door: FrontDoor; port: number; refused: string[] }> {
  const refused: string[] = [];
  const front = new FrontDoor({
    serve: (socket) => { socket.on('data', (chunk) => socket.write(`here:${chunk.toString()}`)).on('error', () => undefined); },
    onRefused: (why) => refused.push(why), holdMs: 50, retryMs: 10, ...options,
  });
  const port = await front.listen(0, '127.0.0.1');
  closers.push(() => front.stop());
  return { door: front, port, refused };
}

/** Sends a word and resolves with the answer, or with how the connection ended. */
async function say(port: number, word: string): Promise<{ answer: string; socket: Socket; ended: Promise<unknown> }> {
  const socket = connect(port, '127.0.0.1');
  closers.push(() => { socket.destroy(); });
  const ended = once(socket, 'close').catch((error: Error) => error);
  const answer = new Promise<string>((resolve) => {
    socket.once('data', (chunk) => resolve(chunk.toString()));
    socket.on('error', () => resolve('closed'));
    socket.on('close', () => resolve('closed'));
  });
  socket.write(word);
  return { answer: await answer, socket, ended };
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => { setImmediate(resolve); });
}

test('no leader: closed at once; here; somewhere else; somewhere else again, and what went to the old one is cut', async () => {
  const { door: front, port, refused } = await door();
  expect((await say(port, 'x')).answer).toBe('closed');
  expect(refused).toEqual(['there is no leader']);
  front.lead({ here: true });
  const own = await say(port, 'a');
  expect(own.answer).toBe('here:a');
  const [first, second] = [await echo('first'), await echo('second')];
  front.lead({ here: false, host: '127.0.0.1', port: first.port });
  const forwarded = await say(port, 'b');
  expect([forwarded.answer, front.forwarding]).toEqual(['first:b', 1]);
  front.lead({ here: false, host: '127.0.0.1', port: first.port });
  expect(front.forwarding).toBe(1);
  front.lead({ here: false, host: '127.0.0.1', port: second.port });
  await forwarded.ended;
  expect([(await say(port, 'c')).answer, front.forwarding]).toEqual(['second:c', 1]);
  front.lead(undefined);
  expect((await say(port, 'd')).answer).toBe('closed');
  await until(() => front.forwarding === 0);
});

test('a leader that is gone, and more connections than there may be, are refused; the others go on', async () => {
  const target = await echo('t');
  const { door: front, port, refused } = await door({ maxForwarded: 2 });
  front.lead({ here: false, host: '127.0.0.1', port: target.port });
  const [a, b] = [await say(port, 'a'), await say(port, 'b')];
  expect([a.answer, b.answer, (await say(port, 'c')).answer]).toEqual(['t:a', 't:b', 'closed']);
  expect(refused).toEqual(['2 connections are passed on already']);
  for (const socket of target.sockets) socket.destroy();
  await Promise.all([a.ended, b.ended]);
  await until(() => front.forwarding === 0);
  await new Promise((resolve) => { target.server.close(resolve); });
  expect((await say(port, 'd')).answer).toBe('closed');
  expect(refused[1]).toMatch(/ECONNREFUSED/);
});

test('while there is no leader, and while it cannot be reached, connections wait for the next one', async () => {
  const target = await echo('t');
  const { door: front, port, refused } = await door({ holdMs: 20_000 });
  const [early, other] = [say(port, 'a'), say(port, 'b')];
  await until(() => front.forwarding === 2);
  // Nobody listens there.
  front.lead({ here: false, host: '127.0.0.1', port: 1 });
  const later = say(port, 'c');
  await until(() => front.forwarding === 3);
  front.lead({ here: false, host: '127.0.0.1', port: target.port });
  expect([(await early).answer, (await other).answer, (await later).answer]).toEqual(['t:a', 't:b', 't:c']);
  front.lead(undefined);
  const own = say(port, 'd');
  await until(() => front.forwarding === 1);
  front.lead({ here: true });
  expect([(await own).answer, refused]).toEqual(['here:d', []]);
});

test('a megabyte goes through unharmed in both directions', async () => {
  const target = await echo('');
  const { door: front, port } = await door();
  front.lead({ here: false, host: '127.0.0.1', port: target.port });
  target.server.removeAllListeners('connection');
  target.server.on('connection', (socket: Socket) => { socket.pipe(socket).on('error', () => undefined); });
  const data = Buffer.alloc(1024 * 1024, 'abcdefg');
  const socket = connect(port, '127.0.0.1');
  closers.push(() => { socket.destroy(); });
  socket.end(data);
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  expect(Buffer.concat(chunks).equals(data)).toBe(true);
});

test.each([
  ['10.0.0.7:7644', { host: '10.0.0.7', port: 7644 }],
  ['[fd00::7]:1', { host: 'fd00::7', port: 1 }],
  ['gleaner-0.gleaner:65535', { host: 'gleaner-0.gleaner', port: 65_535 }],
  ['10.0.0.7', undefined],
  ['10.0.0.7:0', undefined],
  ['10.0.0.7:70000', undefined],
  ['', undefined],
  ['http://x:1', undefined],
])('the address %s', (text, parsed) => {
  expect(parseAddress(text)).toEqual(parsed);
});
