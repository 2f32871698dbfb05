import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';

import { Bodies, type Body, type BodyLimits } from './bodies';

const LIMITS: BodyLimits = { bytes: 5000, perClient: 3, bytesPerClient: 10_000, bytesInAll: 20_000 };

/** A request whose body the test sends. */
class Upload {
  readonly req = new IncomingMessage(new Socket());
  readonly body: Promise<Body>;
  constructor(bodies: Bodies, client: string, headers: Record<string, string> = { 'transfer-encoding': 'chunked' }) {
    Object.assign(this.req.headers, headers);
    this.body = bodies.receive(this.req, client);
    this.body.catch(() => undefined);
  }

  send(bytes: number, count = 1): this {
    for (let at = 0; at < count; at += 1) this.req.push(Buffer.alloc(bytes, 'x'));
    return this;
  }

  end(): this {
    this.req.push(null);
    return this;
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const refused = { status: { code: 429, reason: 'TooManyRequests' } };

test('a body is given as it came, and held until the request is over', async () => {
  const bodies = new Bodies(LIMITS);
  const upload = new Upload(bodies, 'a').send(10).send(20);
  await turn();
  expect([bodies.receiving, bodies.bytes]).toEqual([1, 30 + 2 * 128]);
  const body = await upload.end().body;
  expect(body.read().toString()).toBe('x'.repeat(30));
  expect([bodies.receiving, bodies.bytes]).toEqual([0, 30 + 2 * 128]);
  body.release();
  body.release();
  expect(bodies.bytes).toBe(0);
});

test('without a body nothing is waited for', async () => {
  const body = await new Bodies(LIMITS).receive(new IncomingMessage(new Socket()), 'a');
  expect(body.read()).toHaveLength(0);
});

test('one client has so many bodies that come in, and no more; others have their own', async () => {
  const bodies = new Bodies(LIMITS);
  const [first] = [new Upload(bodies, 'a'), new Upload(bodies, 'a'), new Upload(bodies, 'a')];
  await expect(new Upload(bodies, 'a').body).rejects.toMatchObject(refused);
  expect((await new Upload(bodies, 'b').send(1).end().body).read()).toHaveLength(1);
  await first.end().body;
  expect((await new Upload(bodies, 'a').send(1).end().body).read()).toHaveLength(1);
});

test('one that is too large is told so when it is read, and held no longer', async () => {
  const bodies = new Bodies(LIMITS);
  for (const upload of [new Upload(bodies, 'a').send(3000).send(3000).end(), new Upload(bodies, 'a', { 'content-length': '6000' }).send(6000).end()]) {
    const body = await upload.body;
    expect(() => body.read()).toThrow('Request entity too large: limit is 5000');
    expect(bodies.bytes).toBe(0);
  }
});

test('a client that leaves is forgotten', async () => {
  const bodies = new Bodies(LIMITS);
  const upload = new Upload(bodies, 'a').send(100);
  await turn();
  upload.req.destroy();
  await expect(upload.body).rejects.toMatchObject({ status: { code: 400 } });
  expect([bodies.receiving, bodies.bytes]).toEqual([0, 0]);
});

test('a client that fills what it may hold is refused, also with very many very small pieces', async () => {
  const bodies = new Bodies(LIMITS);
  const whole = [await new Upload(bodies, 'a').send(4000).end().body, await new Upload(bodies, 'a').send(4000).end().body];
  await expect(new Upload(bodies, 'a').send(4000).end().body).rejects.toMatchObject(refused);
  for (const { release } of whole) release();
  await expect(new Upload(bodies, 'a').send(1, 100).end().body).rejects.toMatchObject(refused);
  expect([bodies.receiving, bodies.bytes]).toEqual([0, 0]);
});

test('when all hold too much, the largest that comes in of who holds most is refused, not who came last', async () => {
  const bodies = new Bodies(LIMITS);
  const small = new Upload(bodies, 'most').send(1000);
  const large = new Upload(bodies, 'most').send(4500).send(200);
  await new Upload(bodies, 'whole').send(4000).end().body;
  await new Upload(bodies, 'whole').send(4000).end().body;
  const other = new Upload(bodies, 'other').send(4500);
  await turn();
  const last = new Upload(bodies, 'last').send(4000).end();
  expect((await last.body).read()).toHaveLength(4000);
  large.end();
  await expect(large.body).rejects.toMatchObject(refused);
  expect((await small.end().body).read()).toHaveLength(1000);
  expect((await other.end().body).read()).toHaveLength(4500);
});

test('bodies that are whole keep nobody out who holds less than a share', async () => {
  const bodies = new Bodies({ ...LIMITS, bytesInAll: 10_000 });
  for (const client of ['a', 'b']) await new Upload(bodies, client).send(4800).end().body;
  expect((await new Upload(bodies, 'c').send(2000).end().body).read()).toHaveLength(2000);
  await expect(new Upload(bodies, 'd').send(4000).end().body).rejects.toMatchObject(refused);
});
