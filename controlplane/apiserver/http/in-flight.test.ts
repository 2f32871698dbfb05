import { ApiError } from './errors';
import { InFlight, type Leave } from './in-flight';

const LIMITS = { seats: 2, seatsPerClient: 2, reserve: 0, reservePerClient: 0, queuePerClient: 3, queue: 5, maxWaitMs: 60_000 };
const stays = (): void => undefined;

/** Requests by who sent them, and the order in which they got a seat. */
class Clients {
  readonly order: string[] = [];
  readonly #leaves: Leave[] = [];
  constructor(readonly inFlight: InFlight) {}

  send(client: string, whenGone: (leave: () => void) => void = stays, privileged = false): Promise<void> {
    return (async () => {
      const leave = await this.inFlight.enter(client, whenGone, privileged);
      this.order.push(client);
      this.#leaves.push(leave);
    })();
  }

  /** Lets all that wait run, and ends it. */
  async drain(): Promise<void> {
    while (this.inFlight.running > 0) await this.finish();
  }

  async finish(): Promise<void> {
    this.#leaves.shift()?.();
    await Promise.resolve();
    await Promise.resolve();
  }
}

test('up to the number of seats, requests run at once; leaving twice frees one seat', async () => {
  const inFlight = new InFlight(LIMITS);
  const leave = inFlight.enter('a', stays) as Leave;
  expect(typeof inFlight.enter('a', stays)).toBe('function');
  expect([inFlight.running, inFlight.waiting]).toEqual([2, 0]);
  leave();
  leave();
  expect(inFlight.running).toBe(1);
});

test('a client with many requests delays only its own', async () => {
  const clients = new Clients(new InFlight(LIMITS));
  for (let at = 0; at < 5; at += 1) void clients.send('noisy');
  void clients.send('quiet');
  void clients.send('other');
  await Promise.resolve();
  for (let at = 0; at < 5; at += 1) await clients.finish();
  expect(clients.order).toEqual(['noisy', 'noisy', 'noisy', 'quiet', 'other', 'noisy', 'noisy']);
  await clients.drain();
});

test('what waits is bounded for a client and in all; the refusal says when to come back', async () => {
  const clients = new Clients(new InFlight(LIMITS));
  for (let at = 0; at < 4; at += 1) void clients.send('noisy');
  const last = clients.send('noisy');
  await expect(clients.send('noisy')).rejects.toThrow('Too many requests, please try again later.');
  void clients.send('b');
  void clients.send('c');
  expect(clients.inFlight.waiting).toBe(5);
  // All places are taken: the last of who has most of them makes room, as long as that is more than who comes would have.
  void clients.send('d');
  const refused = await last.catch((error: unknown) => error);
  expect((refused as ApiError).status).toMatchObject({ code: 429, reason: 'TooManyRequests', details: { retryAfterSeconds: 1 } });
  await expect(clients.send('d')).rejects.toThrow(ApiError);
  expect(clients.inFlight.waiting).toBe(5);
  await clients.drain();
  expect(clients.order).toEqual(['noisy', 'noisy', 'noisy', 'b', 'c', 'd', 'noisy']);
  expect([clients.inFlight.running, clients.inFlight.waiting]).toEqual([0, 0]);
});

test('who waits too long is refused, and who leaves gives up its place', async () => {
  const clients = new Clients(new InFlight({ ...LIMITS, seats: 1, maxWaitMs: 20 }));
  await clients.send('a');
  const slow = clients.send('b');
  let gone = stays;
  const left = clients.send('c', (leave) => (gone = leave));
  gone();
  await expect(left).rejects.toThrow(ApiError);
  await expect(slow).rejects.toThrow('Too many requests');
  expect([clients.inFlight.running, clients.inFlight.waiting]).toEqual([1, 0]);
  await clients.finish();
  await clients.send('d');
  expect(clients.order).toEqual(['a', 'd']);
});

test('a request that comes while others wait does not overtake them', async () => {
  const clients = new Clients(new InFlight({ ...LIMITS, seats: 1 }));
  await clients.send('a');
  void clients.send('b');
  await clients.finish();
  void clients.send('c');
  await Promise.resolve();
  expect(clients.order).toEqual(['a', 'b']);
  await clients.finish();
  expect(clients.order).toEqual(['a', 'b', 'c']);
});

test('a client that keeps its seats leaves those of the others alone', async () => {
  const clients = new Clients(new InFlight({ ...LIMITS, seats: 3, seatsPerClient: 2 }));
  for (let at = 0; at < 3; at += 1) void clients.send('keeps');
  await Promise.resolve();
  expect([clients.inFlight.running, clients.inFlight.waiting]).toEqual([2, 1]);
  // It comes later, and has a seat at once; who comes then waits for that one.
  await clients.send('b');
  void clients.send('c');
  await Promise.resolve();
  expect([clients.inFlight.running, clients.inFlight.waiting]).toEqual([3, 2]);
  expect(clients.order).toEqual(['keeps', 'keeps', 'b']);
  // A seat of its own that is free again is its own next one's: it came first.
  await clients.finish();
  expect(clients.order).toEqual(['keeps', 'keeps', 'b', 'keeps']);
  await clients.drain();
  expect([clients.order, clients.inFlight.running, clients.inFlight.waiting]).toEqual([['keeps', 'keeps', 'b', 'keeps', 'c'], 0, 0]);
});

test('a seat of another one that is free goes past who has all it may have', async () => {
  const clients = new Clients(new InFlight({ ...LIMITS, seats: 2, seatsPerClient: 1 }));
  for (const client of ['b', 'keeps', 'keeps', 'c']) void clients.send(client);
  await Promise.resolve();
  await clients.finish();
  expect([clients.order, clients.inFlight.waiting]).toEqual([['b', 'keeps', 'c'], 1]);
  await clients.drain();
  expect(clients.order).toEqual(['b', 'keeps', 'c', 'keeps']);
});

describe('the reserve', () => {
  const limits = { ...LIMITS, seats: 1, seatsPerClient: 1, reserve: 2, reservePerClient: 1, queue: 1, queuePerClient: 1 };
  const admin = (clients: Clients, name: string): Promise<void> => clients.send(name, stays, true);

  test('takes privileged requests when all seats are taken, of one client no more than its part, and no others', async () => {
    const clients = new Clients(new InFlight(limits));
    await clients.send('a');
    void clients.send('b');
    await expect(clients.send('c')).rejects.toThrow(ApiError);
    await admin(clients, 'admin');
    await admin(clients, 'other-admin');
    expect([clients.order, clients.inFlight.running, clients.inFlight.waiting]).toEqual([['a', 'admin', 'other-admin'], 3, 1]);
    await clients.drain();
    expect([clients.order.at(-1), clients.inFlight.running]).toEqual(['b', 0]);
  });

  test('has a place to wait when the queues of all are full; who waits there gets its next free seat', async () => {
    const inFlight = new InFlight(limits);
    const clients = new Clients(inFlight);
    const leave = inFlight.enter('admin', stays, true) as Leave;
    const fromReserve = inFlight.enter('admin', stays, true) as Leave;
    void clients.send('b');
    const waits = admin(clients, 'admin');
    await expect(admin(clients, 'admin')).rejects.toThrow(ApiError);
    expect([inFlight.running, inFlight.waiting]).toEqual([2, 2]);
    fromReserve();
    await waits;
    expect([clients.order, inFlight.running, inFlight.waiting]).toEqual([['admin'], 2, 1]);
    leave();
    await clients.drain();
    expect([clients.order, inFlight.running]).toEqual([['admin', 'b'], 0]);
  });

  test('is not needed while a seat is free', async () => {
    const clients = new Clients(new InFlight(limits));
    await admin(clients, 'admin');
    void clients.send('b');
    await Promise.resolve();
    expect(clients.inFlight.waiting).toBe(1);
    await clients.drain();
    expect(clients.order).toEqual(['admin', 'b']);
  });
});

test('clients that would get a seat: none while one is free, nor those that have all they may have', async () => {
  const clients = new Clients(new InFlight({ ...LIMITS, seats: 3, seatsPerClient: 2 }));
  for (let at = 0; at < 3; at += 1) void clients.send('a');
  expect([clients.inFlight.waiting, clients.inFlight.wanting]).toEqual([1, 0]);
  for (let at = 0; at < 3; at += 1) void clients.send('b');
  void clients.send('c');
  expect([clients.inFlight.waiting, clients.inFlight.wanting]).toEqual([4, 2]);
  await Promise.resolve();
  await clients.drain();
});
