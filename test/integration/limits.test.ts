/** What the server does with too much, too large and too slow (e2e apimachinery: request timeout, protocol, health handlers). */
import { once } from 'node:events';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';
import { setTimeout } from 'node:timers/promises';
import { connect, type TLSSocket } from 'node:tls';

import { makeNamespace, startApiServer } from '../support/api-server';
import { runCommand } from '../support/gleaner';
import { eventually } from '../support/kubectl';
import { sharedServer } from '../support/shared-server';
import { allowUsers, makeUser } from '../support/users';

const SEATS = 4;
/** Of these, of one client. */
const OWN = 3;
const server = sharedServer({ flow: { maxRequestsInFlight: SEATS, maxMutatingRequestsInFlight: SEATS, answers: { patienceMs: 3_600_000 } } });
let maps: string;
/** 20 MiB of them: who asks for all and does not read on keeps its seat. */
let many: string;
let port: number;
const sockets: TLSSocket[] = [];

beforeAll(async () => {
  port = Number(new URL(server.url).port);
  await allowUsers(server);
  maps = `/api/v1/namespaces/${await makeNamespace(server, 'limits')}/configmaps`;
  many = `/api/v1/namespaces/${await makeNamespace(server, 'many')}/configmaps`;
  const data = { text: 'x'.repeat(20_000) };
  await server.store.batch(Array.from({ length: 1000 }, (_, at) => ({
    verb: 'create' as const, resource: 'configmaps', object: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: `large-${at}`, namespace: 'many' }, data },
  })));
});
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});

/** A write (of nothing) whose answer is not read until it is told to. */
function hold(token: string): { answer: Promise<number>; finish: () => void; abort: () => void } {
  let read: () => void = () => undefined;
  const mayRead = new Promise<void>((resolve) => (read = resolve));
  const req: ClientRequest = httpsRequest(`${server.url}${many}?dryRun=All`, {
    method: 'DELETE', ca: server.caCertificate, agent: new Agent({ maxSockets: 1 }), headers: { Authorization: `Bearer ${token}` },
  });
  const answer = (once(req, 'response') as Promise<[IncomingMessage]>).then(async ([res]) => {
    await mayRead;
    await once(res.resume(), 'end');
    return res.statusCode ?? 0;
  });
  answer.catch(() => undefined);
  req.end();
  return { answer, finish: read, abort: () => req.destroy() };
}

/** Until so many writes have a seat, or wait for one. */
const inFlight = (state: 'running' | 'waiting' | 'receiving', count: number): Promise<void> => eventually(
  () => `${count} writes ${state}`,
  async () => (await server.metrics.getSingleMetricAsString('gleaner_api_requests_in_flight')).split('\n').includes(`gleaner_api_requests_in_flight{kind="mutating",state="${state}"} ${count}`));

/** One after the other, so that they come in this order: each has a connection of its own. */
async function holdAll(token: string, count: number, state: 'running' | 'waiting', others = 0): Promise<ReturnType<typeof hold>[]> {
  const all: ReturnType<typeof hold>[] = [];
  while (all.length < count) {
    all.push(hold(token));
    await inFlight(state, others + all.length);
  }
  return all;
}

/** A bare TLS connection. */
async function open(): Promise<{ socket: TLSSocket; text: () => string; closed: Promise<unknown> }> {
  const socket = connect({ port, host: '127.0.0.1', ca: server.caCertificate, servername: 'localhost' });
  sockets.push(socket);
  let text = '';
  socket.setEncoding('utf8').on('data', (data: string) => (text += data)).on('error', () => undefined);
  await once(socket, 'secureConnect');
  return { socket, text: () => text, closed: once(socket, 'close') };
}

describe('requests in flight', () => {
  test('a client that holds all seats and queues delays itself: others get their turn, and it is told 429', async () => {
    const noisy = await makeUser(server, 'noisy');
    const held = await holdAll(noisy, OWN, 'running');
    const queued = await holdAll(noisy, 2 * SEATS, 'waiting');
    const refused = await server.request('POST', maps, { token: noisy, body: { metadata: { name: 'refused' } } });
    expect(refused.json).toMatchObject({ code: 429, reason: 'TooManyRequests', message: 'Too many requests, please try again later.', details: { retryAfterSeconds: 1 } });
    expect(refused.headers['retry-after']).toBe('1');
    // Reads have seats of their own.
    expect((await server.request('GET', maps, { token: noisy })).code).toBe(200);
    // A seat is left to others; when that is taken too, they get their turn before most of the noisy client's.
    const token = await makeUser(server, 'quiet');
    expect((await server.request('POST', maps, { token, body: { metadata: { name: 'quiet' } } })).code).toBe(201);
    const [other] = await holdAll(await makeUser(server, 'other'), 1, 'running', OWN);
    const quiet = server.request('POST', maps, { token, body: { metadata: { name: 'quieter' } } });
    await inFlight('waiting', 2 * SEATS + 1);
    held[0].finish();
    expect(await held[0].answer).toBe(200);
    // One seat was free: it went to the noisy client's first in the queue, the next one is the quiet client's.
    queued[0].finish();
    expect(await queued[0].answer).toBe(200);
    expect((await quiet).code).toBe(201);
    other.finish();
    expect(await other.answer).toBe(200);
    for (const { finish } of [...held, ...queued]) finish();
    expect(await Promise.all([...held, ...queued].map(({ answer }) => answer))).toEqual(Array(OWN + 2 * SEATS).fill(200));
  });

  test('a client that leaves gives up its seat, and its place in the queue', async () => {
    const leaver = await makeUser(server, 'leaver');
    const held = await holdAll(leaver, OWN, 'running');
    const [queued] = await holdAll(leaver, 1, 'waiting');
    queued.abort();
    for (const { abort } of held) abort();
    await inFlight('running', 0);
    await inFlight('waiting', 0);
    expect((await server.request('POST', maps, { token: leaver, body: { metadata: { name: 'after' } } })).code).toBe(201);
  });
});

describe('bodies that come slowly', () => {
  const begin = async (token: string, count: number): Promise<Awaited<ReturnType<typeof open>>[]> => Promise.all(Array.from({ length: count }, async () => {
    const slow = await open();
    slow.socket.write(`POST ${maps} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n{`);
    return slow;
  }));

  test('a client whose bodies never end keeps nobody waiting, but is told 429 itself', async () => {
    const slow = await makeUser(server, 'slow');
    const quick = await makeUser(server, 'quick');
    const bodies = await begin(slow, 3 * SEATS);
    await inFlight('receiving', 3 * SEATS);
    const drip = setInterval(() => bodies.forEach(({ socket }) => socket.write(' ')), 100);
    try {
      const started = performance.now();
      for (const [at, token] of [quick, server.token].entries()) {
        for (const name of [`quick-${at}-0`, `quick-${at}-1`]) expect((await server.request('POST', maps, { token, body: { metadata: { name } } })).code).toBe(201);
      }
      expect(performance.now() - started).toBeLessThan(1000);
      await inFlight('running', 0);
      await inFlight('receiving', 3 * SEATS);
      expect((await server.request('POST', maps, { token: slow, body: { metadata: { name: 'refused' } } })).json).toMatchObject({ code: 429, reason: 'TooManyRequests', message: 'Too many requests, please try again later.' });
      // What has no body is not kept from it.
      expect((await server.request('DELETE', `${maps}/quick-0-0`, { token: slow })).code).toBe(200);
      expect(bodies.map(({ text }) => text())).toEqual(Array(3 * SEATS).fill(''));
    } finally {
      clearInterval(drip);
    }
    for (const { socket } of bodies) socket.destroy();
    await inFlight('receiving', 0);
    expect((await server.request('POST', maps, { token: slow, body: { metadata: { name: 'after-slow' } } })).code).toBe(201);
  });
});

describe('timeout=', () => {
  test('one that is no duration: 400; one that is over at once: 504; none, 0 and an hour: served', async () => {
    const { code, json } = await server.request('GET', `${maps}?timeout=soon`);
    expect([code, json.message]).toEqual([400, 'invalid timeout specified in the request URL - time: invalid duration "soon"']);
    expect((await server.request('GET', `${maps}?timeout=1ns`)).json).toMatchObject({ code: 504, reason: 'Timeout', message: 'Timeout: request did not complete within the allotted timeout' });
    for (const timeout of ['', '0s', '1h', '30s']) expect((await server.request('GET', `${maps}?timeout=${timeout}`)).code).toBe(200);
  });

  test('one that is no duration: 400 also of what is no resource, of health checks, and of those without credentials; not of watches', async () => {
    const refused = { code: 400, reason: 'BadRequest', message: 'invalid timeout specified in the request URL - time: invalid duration "invalid"' };
    for (const path of ['/version', '/apis', '/openapi/v2', '/healthz', '/nothing', maps]) expect([path, (await server.request('GET', `${path}?timeout=invalid`)).json]).toEqual([path, expect.objectContaining(refused)]);
    expect((await server.request('GET', '/version?timeout=invalid', { token: '' })).json).toMatchObject(refused);
    for (const timeout of ['3m', '0s']) expect((await server.request('GET', `/version?timeout=${timeout}`)).code).toBe(200);
    expect((await server.request('GET', `${maps}?watch=true&timeoutSeconds=1&timeout=invalid`)).code).toBe(200);
  });

  test('a body that does not come in time: 504, and the connection is closed', async () => {
    const { socket, text, closed } = await open();
    socket.write(`POST ${maps}?timeout=200ms HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${server.token}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{`);
    await closed;
    expect(text()).toMatch(/^HTTP\/1\.1 504 [\s\S]*Connection: close[\s\S]*request did not complete within the allotted timeout/);
  });

  test.each(['application/json', 'application/vnd.kubernetes.protobuf'])('a client that does not read its answer (%s) in time is cut off, and gives up its seat', async (accept) => {
    const { socket } = await open();
    socket.pause();
    socket.write(`GET ${many}?timeout=2s HTTP/1.1\r\nHost: x\r\nAccept: ${accept}\r\nAuthorization: Bearer ${server.token}\r\n\r\n`);
    const running = async (count: number): Promise<boolean> => (await server.metrics.getSingleMetricAsString('gleaner_api_requests_in_flight')).includes(`{kind="reading",state="running"} ${count}`);
    await eventually(() => 'the list to be written', () => running(1));
    await setTimeout(1000);
    expect(await running(1)).toBe(true);
    await eventually(() => 'the list to be broken off', () => running(0));
    expect((await server.request('GET', maps)).code).toBe(200);
  });

  test('does not end watches', async () => {
    const { socket, text } = await open();
    socket.write(`GET ${maps}?watch=true&timeout=100ms&timeoutSeconds=1 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${server.token}\r\n\r\n`);
    await eventually(text, () => text().endsWith('0\r\n\r\n'));
    expect(text()).toMatch(/^HTTP\/1\.1 200 /);
  });
});

describe('sizes', () => {
  test('a URL of more than 32 KiB: 414; below: answered', async () => {
    const { code, json } = await server.request('GET', `${maps}?labelSelector=${'a'.repeat(33_000)}`);
    expect([code, json.message]).toEqual([414, expect.stringContaining('the limit is 32768')]);
    const name = 'a'.repeat(60);
    expect((await server.request('GET', `${maps}?labelSelector=${encodeURIComponent(`x in (${Array<string>(400).fill(name).join(',')})`)}`)).code).toBe(200);
  });

  test('headers of more than 64 KiB: 431 that says the limit, and the end of the connection', async () => {
    const { socket, text, closed } = await open();
    socket.write(`GET ${maps} HTTP/1.1\r\nHost: x\r\nX-Long: ${'a'.repeat(70_000)}\r\n\r\n`);
    await closed;
    expect(text()).toMatch(/^HTTP\/1\.1 431 [\s\S]*larger than 65536 bytes","reason":"RequestHeaderFieldsTooLarge"/);
  });

  test('what is no HTTP: 400', async () => {
    const { socket, text, closed } = await open();
    socket.write('\x16\x03\x01 hello\r\n\r\n');
    await closed;
    expect(text()).toMatch(/^HTTP\/1\.1 400 [\s\S]*the request is not HTTP\/1\.1/);
  });

  test.each([
    ['with its length', 'Content-Length: 4194304', ''],
    ['in chunks', 'Transfer-Encoding: chunked', `${(4 * 1024 * 1024).toString(16)}\r\n`],
  ])('a body of more than 3 MiB, %s: 413, and the end of the connection', async (_, header, before) => {
    const { socket, text } = await open();
    socket.write(`POST ${maps} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${server.token}\r\nContent-Type: application/json\r\n${header}\r\n\r\n${before}`);
    socket.write(Buffer.alloc(3 * 1024 * 1024 + 1, ' '));
    await eventually(text, () => text().includes('Connection: close') && text().trimEnd().endsWith('}'));
    expect(text()).toMatch(/^HTTP\/1\.1 413 [\s\S]*"message":"Request entity too large: limit is 3145728","reason":"RequestEntityTooLarge"/);
    expect((await server.request('GET', maps)).code).toBe(200);
  });
});

/** Sends bodies of 3 MiB and a little, each on a connection of its own, and reads only then; prints the first lines of answers, and errors, each once. */
const LARGE_CLIENT = `
  const { connect } = require('node:tls');
  const [port, path, token] = process.argv.slice(1);
  const body = Buffer.alloc(3 * 1024 * 1024 + 100, ' ');
  const head = ['POST ' + path + ' HTTP/1.1', 'Host: x', 'Authorization: Bearer ' + token, 'Content-Type: application/json', 'Content-Length: ' + body.length, '', ''];
  const send = () => new Promise((resolve) => {
    const socket = connect({ port: Number(port), host: '127.0.0.1', rejectUnauthorized: false }, () => {
      socket.write(head.join('\\r\\n'));
      socket.write(body, (error) => {
        if (error) return;
        socket.on('data', (text) => { resolve(String(text).split('\\r\\n')[0]); socket.destroy(); });
      });
    });
    socket.on('error', ({ code }) => resolve(code));
  });
  (async () => {
    const seen = new Set();
    for (let round = 0; round < 30; round += 1) seen.add(await send());
    console.log(JSON.stringify([...seen]));
  })();
`;

test('a client that sends too much at once sees the refusal, not a broken connection', async () => {
  const { stdout } = await runCommand(process.execPath, ['-e', LARGE_CLIENT, String(port), maps, server.token]);
  expect(JSON.parse(stdout)).toEqual(['HTTP/1.1 413 Payload Too Large']);
});

describe('health', () => {
  test('for anyone: ok, and every check by name', async () => {
    for (const path of ['/healthz', '/livez', '/readyz']) {
      expect(await server.request('GET', path, { token: '' })).toMatchObject({ code: 200, text: 'ok' });
    }
    const { text } = await server.request('GET', '/readyz?verbose&exclude=etcd', { token: '' });
    expect(text).toBe('[+]ping ok\n[+]log ok\n[+]controllers ok\n[+]shutdown ok\nwarn: some health checks cannot be excluded: no matches for "etcd"\nreadyz check passed\n');
  });

  test('one check by its path, for those who may see it', async () => {
    expect((await server.request('GET', '/livez/ping')).text).toBe('ok');
    expect(await server.request('GET', '/livez/etcd')).toMatchObject({ code: 404, text: '404 page not found\n' });
    expect([401, 403]).toContain((await server.request('GET', '/livez/ping', { token: '' })).code);
  });

  test('a server that stops is not ready, but alive', async () => {
    const other = await startApiServer();
    try {
      other.api.stop();
      const { code, text } = await other.request('GET', '/readyz', { token: '' });
      expect([code, text]).toEqual([500, '[+]ping ok\n[+]log ok\n[+]controllers ok\n[-]shutdown failed: reason withheld\nreadyz check failed\n']);
      expect((await other.request('GET', '/livez', { token: '' })).code).toBe(200);
    } finally {
      await other.stop();
    }
  });
});
