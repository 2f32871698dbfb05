import { once } from 'node:events';
import { createServer, IncomingMessage, ServerResponse, type Server } from 'node:http';
import { connect, Socket, type AddressInfo } from 'node:net';

import { Answers } from './answers';
import { InFlight } from './in-flight';

const MIB = 1024 * 1024;
/** More than the sockets between take. */
const LARGE = 32 * MIB;
/** One large answer of a client, two in all; it is not looked for those that are not read. */
const LIMITS = { patienceMs: 3_600_000, bytesPerClient: 2 * LARGE, bytesInAll: 4 * LARGE };

let server: Server;
let answered: { res: ServerResponse; leave: () => void }[] = [];
let work: (res: ServerResponse, client: string) => Promise<void> | void;
const sockets: Socket[] = [];

beforeAll(async () => {
  server = createServer((req, res) => void work(res, req.url?.slice(1) ?? '')).listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
  answered = [];
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

/** Answers with so many bytes; resolves when that is handed over to a client that reads nothing. */
async function answer(answers: Answers, inFlight: InFlight, client: string, bytes: number): Promise<ServerResponse> {
  const handedOver = new Promise<ServerResponse>((resolve) => {
    work = async (res, name) => {
      const leave = await inFlight.enter(name, () => undefined);
      const { over } = answers.begin(name, res, inFlight, leave);
      res.end(Buffer.alloc(bytes));
      over();
      answered.push({ res, leave });
      resolve(res);
    };
  });
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1').pause();
  sockets.push(socket);
  socket.write(`GET /${client} HTTP/1.1\r\nHost: x\r\n\r\n`);
  return handedOver;
}

const flow = (): { answers: Answers; inFlight: InFlight } => ({
  answers: new Answers(LIMITS),
  inFlight: new InFlight({ seats: 9, seatsPerClient: 9, reserve: 0, reservePerClient: 0, queue: 0, queuePerClient: 0, maxWaitMs: 1 }),
});

test('large answers that are handed over give their seats back, within the bounds of each client and of all', async () => {
  const { answers, inFlight } = flow();
  const seen: [number, number][] = [];
  for (const client of ['a', 'a', 'b', 'c']) {
    await answer(answers, inFlight, client, LARGE - MIB);
    seen.push([inFlight.running, answers.waiting(inFlight)]);
  }
  // The second one of a is beyond its bound, that of c beyond that of all.
  expect(seen).toEqual([[0, 1], [1, 1], [1, 2], [2, 2]]);
  const closed = answered.map(({ res }) => once(res, 'close'));
  // Who reads all of it, and who leaves, holds nothing any more.
  sockets[0].resume();
  for (const socket of sockets.slice(1)) socket.destroy();
  await Promise.all(closed);
  expect([inFlight.running, answers.waiting(inFlight)]).toEqual([0, 0]);
  await answer(answers, inFlight, 'c', LARGE - MIB);
  expect([inFlight.running, answers.waiting(inFlight)]).toEqual([0, 1]);
});

test('small ones are not counted', async () => {
  const { answers, inFlight } = flow();
  const res = await answer(answers, inFlight, 'a', 1000);
  expect([inFlight.running, answers.waiting(inFlight)]).toEqual([0, 0]);
  if (!res.closed) await once(res, 'close');
});

test('one whose client is gone is not counted', async () => {
  const { answers, inFlight } = flow();
  const leave = inFlight.enter('a', () => undefined) as () => void;
  const res = await answer(new Answers(LIMITS), inFlight, 'b', LARGE - MIB);
  sockets[0].destroy();
  await once(res, 'close');
  const { onPiece, over } = answers.begin('a', res, inFlight, leave);
  jest.useFakeTimers();
  try {
    onPiece();
    over();
    // Nothing is looked after that nobody will end.
    expect(jest.getTimerCount()).toBe(0);
  } finally {
    jest.useRealTimers();
  }
  expect([inFlight.running, answers.waiting(inFlight)]).toEqual([0, 0]);
});

describe('one that keeps its seat while others wait', () => {
  let now = 0;
  let res: ServerResponse;
  let onPiece: () => void;
  /** The server looks every 250 ms, or when a long turn is over. */
  const look = (at: number): void => {
    now = at;
    jest.advanceTimersByTime(250);
  };

  beforeEach(() => {
    jest.useFakeTimers();
    now = 0;
    const inFlight = new InFlight({ seats: 1, seatsPerClient: 1, reserve: 0, reservePerClient: 0, queue: 1, queuePerClient: 1, maxWaitMs: 3_600_000 });
    const leave = inFlight.enter('a', () => undefined) as () => void;
    void inFlight.enter('b', () => undefined);
    res = new ServerResponse(new IncomingMessage(new Socket()));
    ({ onPiece } = new Answers({ patienceMs: 500, bytesPerClient: 0, bytesInAll: 0 }, () => now).begin('a', res, inFlight, leave));
    onPiece();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  test('is broken off when its client has taken nothing for as long as it may', () => {
    look(250);
    expect(res.destroyed).toBe(false);
    look(500);
    expect(res.destroyed).toBe(true);
  });

  test('has one look more after a long turn, in which it could not be heard', () => {
    look(250);
    look(2000);
    onPiece();
    look(2250);
    expect(res.destroyed).toBe(false);
    look(2500);
    expect(res.destroyed).toBe(true);
  });

  test('is broken off also when every turn is long', () => {
    look(2000);
    expect(res.destroyed).toBe(false);
    look(4000);
    expect(res.destroyed).toBe(true);
  });
});
