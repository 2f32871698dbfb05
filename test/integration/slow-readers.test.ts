/** Clients that do not read their answers: whatever of the server they fill together, others and administrators are served. */
import { once } from 'node:events';
import { connect, type TLSSocket } from 'node:tls';

import { MASTERS } from '../../controlplane/auth/authorizer';
import { makeNamespace, type TestApiServer } from '../support/api-server';
import { eventually } from '../support/kubectl';
import { sharedServer } from '../support/shared-server';
import { allowUsers, makeUser } from '../support/users';

const SEATS = 4;
/** Of these, of one client. */
const OWN = 3;
const FLOW = { maxRequestsInFlight: SEATS, maxMutatingRequestsInFlight: SEATS };
/** What an answer in pieces is counted as. */
const ANSWER_BYTES = 512 * 1024;

const sockets: TLSSocket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});

interface World {
  server: TestApiServer;
  small: string;
  /** 20 MiB. */
  large: string;
}

function world(options: Parameters<typeof sharedServer>[0]): World {
  const shared = { server: sharedServer(options) } as World;
  beforeAll(async () => {
    const { server } = shared;
    await allowUsers(server);
    shared.small = `/api/v1/namespaces/${await makeNamespace(server, 'small')}/configmaps`;
    shared.large = `/api/v1/namespaces/${await makeNamespace(server, 'large')}/configmaps`;
    const data = { text: 'x'.repeat(20_000) };
    await server.store.batch(Array.from({ length: 1000 }, (_, at) => ({
      verb: 'create' as const, resource: 'configmaps', object: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: `large-${at}`, namespace: 'large' }, data },
    })));
  });
  return shared;
}

interface Reader {
  /** Reads the answer to its end. */
  text: () => Promise<string>;
  leave: () => void;
}

/** Asks for something on a connection of its own, and reads nothing. */
async function ask({ server }: World, token: string, path: string, method = 'GET', headers = ''): Promise<Reader> {
  const socket = connect({ port: Number(new URL(server.url).port), host: '127.0.0.1', ca: server.caCertificate, servername: 'localhost' });
  sockets.push(socket);
  let closed = false;
  socket.on('error', () => undefined).on('close', () => (closed = true));
  await once(socket, 'secureConnect');
  socket.pause();
  socket.write(`${method} ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer ${token}\r\n${headers}\r\n`);
  const text = async (): Promise<string> => {
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk)).resume();
    if (!closed) await once(socket, 'close');
    return Buffer.concat(chunks).toString();
  };
  return { text, leave: () => socket.destroy() };
}

/** Until so many requests are in these states. */
const until = ({ server }: World, kind: 'reading' | 'mutating', states: Partial<Record<'running' | 'waiting' | 'unread', number>>): Promise<void> => {
  let seen = '';
  return eventually(() => `${kind} ${JSON.stringify(states)}:\n${seen}`, async () => {
    seen = await server.metrics.getSingleMetricAsString('gleaner_api_requests_in_flight');
    return Object.entries(states).every(([state, count]) => seen.split('\n').includes(`gleaner_api_requests_in_flight{kind="${kind}",state="${state}"} ${count}`));
  });
};

const COMPLETE = /^HTTP\/1\.1 200 OK[\s\S]*"large-999"[\s\S]*\r\n0\r\n\r\n$/;

describe('answers that are not read', () => {
  const w = world({ flow: { ...FLOW, answers: { patienceMs: 100 } } });

  test.each([
    ['reading', 'GET', ''], ['mutating', 'DELETE', '?dryRun=All'],
  ] as const)('%s: give their seats back, and go on when they are read', async (kind, method, query) => {
    const tokens = [await makeUser(w.server, `a-${kind}`), await makeUser(w.server, `b-${kind}`)];
    const readers = await Promise.all(tokens.flatMap((token) => Array.from({ length: SEATS }, () => ask(w, token, `${w.large}${query}`, method))));
    await until(w, kind, { running: 0, waiting: 0, unread: 2 * SEATS });
    for (const token of [tokens[0], await makeUser(w.server, `c-${kind}`), w.server.token]) expect((await w.server.request('GET', w.small, { token })).code).toBe(200);
    for (const reader of readers) expect(COMPLETE.test(await reader.text())).toBe(true);
    await until(w, kind, { running: 0, waiting: 0, unread: 0 });
  });

  test('compressed: the same', async () => {
    const token = await makeUser(w.server, 'zipped');
    // What is compressed well is small: it is not.
    const data = { bytes: Array.from({ length: 40_000 }, () => String.fromCharCode(33 + Math.floor(Math.random() * 90))).join('') };
    const path = `/api/v1/namespaces/${await makeNamespace(w.server, 'zipped')}/configmaps`;
    await w.server.store.batch(Array.from({ length: 400 }, (_, at) => ({
      verb: 'create' as const, resource: 'configmaps', object: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: `z-${at}`, namespace: 'zipped' }, data },
    })));
    await Promise.all(Array.from({ length: SEATS }, () => ask(w, token, path, 'GET', 'Accept-Encoding: gzip\r\n')));
    await until(w, 'reading', { running: 0, waiting: 0, unread: SEATS });
    expect((await w.server.request('GET', w.small, { token })).code).toBe(200);
  });

  test('their deadline ends them', async () => {
    const reader = await ask(w, await makeUser(w.server, 'late'), `${w.large}?timeout=5s`);
    await until(w, 'reading', { running: 0, unread: 1 });
    await until(w, 'reading', { running: 0, unread: 0 });
    expect(COMPLETE.test(await reader.text())).toBe(false);
  });
});

describe('beyond the bounds', () => {
  const w = world({ flow: { ...FLOW, answers: { patienceMs: 100, bytesPerClient: 2 * ANSWER_BYTES } } });

  test('keep their seats, until others need them: then as many are broken off as clients wait, of who holds most', async () => {
    const [a, b, c] = await Promise.all(['a', 'b', 'c'].map((name) => makeUser(w.server, name)));
    const ofA = await Promise.all(Array.from({ length: 2 + OWN }, () => ask(w, a, w.large)));
    await until(w, 'reading', { running: OWN, unread: 2 });
    // One after the other: none of them has to wait.
    const ofB = [await ask(w, b, w.large)];
    await until(w, 'reading', { running: OWN, unread: 3 });
    ofB.push(await ask(w, b, w.large));
    await until(w, 'reading', { running: OWN, unread: 4 });
    ofB.push(await ask(w, b, w.large));
    await until(w, 'reading', { running: SEATS, unread: 4, waiting: 0 });
    // All seats are taken by those that do not read: a third user and an administrator are served.
    expect((await w.server.request('GET', w.small, { token: c })).code).toBe(200);
    await until(w, 'reading', { running: SEATS - 1, unread: 4, waiting: 0 });
    expect((await w.server.request('GET', w.small)).code).toBe(200);
    const whole = async (readers: readonly Reader[]): Promise<number> => {
      let count = 0;
      for (const reader of readers) if (COMPLETE.test(await reader.text())) count += 1;
      return count;
    };
    expect([await whole(ofA), await whole(ofB)]).toEqual([ofA.length - 1, ofB.length]);
    await until(w, 'reading', { running: 0, unread: 0 });
  });

  test('a client alone is told 429, and loses nothing', async () => {
    const token = await makeUser(w.server, 'alone');
    const readers = await Promise.all(Array.from({ length: 2 + OWN }, () => ask(w, token, w.large)));
    await until(w, 'reading', { running: OWN, unread: 2 });
    const queued = await Promise.all(Array.from({ length: 2 * SEATS }, () => ask(w, token, w.small)));
    await until(w, 'reading', { running: OWN, unread: 2, waiting: 2 * SEATS });
    expect((await w.server.request('GET', w.small, { token })).code).toBe(429);
    for (const reader of readers) expect(COMPLETE.test(await reader.text())).toBe(true);
    for (const reader of queued) expect(await reader.text()).toMatch(/^HTTP\/1\.1 200 /);
  });
});

describe('administrators, when all seats are held for good and all queues are full', () => {
  const w = world({ flow: { ...FLOW, answers: { patienceMs: 3_600_000 } } });

  test.each([
    ['reading', 'GET', ''], ['mutating', 'DELETE', '?dryRun=All'],
  ] as const)('%s: have seats of their own, and places to wait for them', async (kind, method, query) => {
    const users = await Promise.all(['a', 'b', 'c', 'd'].map((name) => makeUser(w.server, `${name}-${kind}`)));
    const flooding: Reader[] = [];
    const flood = async (token: string, count: number): Promise<void> => {
      flooding.push(...await Promise.all(Array.from({ length: count }, () => ask(w, token, `${w.large}${query}`, method))));
    };
    await flood(users[0], OWN);
    await until(w, kind, { running: OWN });
    await flood(users[1], SEATS - OWN);
    await until(w, kind, { running: SEATS });
    // As many as may wait in all: five for each seat, two of one client.
    await flood(users[0], 2 * SEATS);
    await flood(users[1], 2 * SEATS);
    await flood(users[2], SEATS);
    await until(w, kind, { running: SEATS, waiting: 5 * SEATS });
    const act = (token: string, name: string): Promise<{ code: number }> => (kind === 'reading'
      ? w.server.request('GET', w.small, { token }) : w.server.request('POST', w.small, { token, body: { metadata: { name } } }));
    // A user who comes now takes a place of who has most of them.
    const user = act(users[3], 'user');
    user.catch(() => undefined);
    const refused = `{verb="${kind === 'reading' ? 'list' : 'deletecollection'}",resource="configmaps",code="429"} 1`;
    await eventually(() => 'a request to make room', async () => (await w.server.metrics.getSingleMetricAsString('gleaner_api_requests_total')).includes(refused));
    await until(w, kind, { running: SEATS, waiting: 5 * SEATS });
    const ok = kind === 'reading' ? 200 : 201;
    expect((await act(w.server.token, 'admin')).code).toBe(ok);
    // While one has it, another one waits for it.
    const holder = await ask(w, (await w.server.tokens.create({ subject: 'holder', groups: [MASTERS] })).token, `${w.large}${query}`, method);
    await until(w, kind, { running: SEATS + 1 });
    const waits = act(w.server.token, 'waited');
    await until(w, kind, { running: SEATS + 1, waiting: 5 * SEATS + 1 });
    expect(COMPLETE.test(await holder.text())).toBe(true);
    expect((await waits).code).toBe(ok);
    // When those leave that hold everything, it is served.
    for (const { leave } of flooding) leave();
    expect((await user).code).toBe(ok);
  });
});
