/** What agents and people reach beside the link: joining, elements, results, logs, admin routes. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Agent } from '../../crds/agent';
import { AGENTS, JOBS } from '../../crds/meta';
import { loadGatewayKey, Tickets } from '../../controlplane/gateway/tickets';
import { eventually, Peer, PeerIdentity } from '../support/link-peer';
import { digestOf, LinkWorld } from '../support/link-world';

let world: LinkWorld;

beforeAll(async () => {
  world = await LinkWorld.start({ maxElementBytes: 100_000, maxElementsBytes: 250_000 });
});

afterAll(() => world.stop());

const joinWith = async (token: unknown, identity?: PeerIdentity) =>
  world.request('POST', '/join', { token: '', body: { csr: (identity ?? (await PeerIdentity.make())).csr, token, name: 'host-1' } });

describe('join', () => {
  test('gives a certificate for the key, and registers the agent with its owner', async () => {
    const identity = await PeerIdentity.make();
    const { code, json } = await joinWith(await world.joinToken({ owner: 'bob' }), identity);
    expect(code).toBe(201);
    expect(json).toMatchObject({ agent: identity.id, ca: world.ca.caCertificate, link: expect.stringMatching(/^wss:\/\/127\.0\.0\.1.*\/link$/) as string });
    expect((await world.store.get<Agent>(AGENTS, '', identity.id))?.status).toMatchObject({ owner: 'bob' });
  });

  test('a token is used as often as it may be; the same key and token get the answer again', async () => {
    const token = await world.joinToken({ uses: 1 });
    const identity = await PeerIdentity.make();
    expect((await joinWith(token, identity)).code).toBe(201);
    expect((await joinWith(token, identity)).code).toBe(201);
    const logged = world.warnings.length;
    const refused = [await joinWith(token), await joinWith(token)];
    expect(refused.map(({ code, json }) => [code, json.reason])).toEqual([[401, 'UsedUp'], [401, 'UsedUp']]);
    expect(world.warnings.length - logged).toBe(1);
  });

  test('two at once cannot use one use twice', async () => {
    const token = await world.joinToken({ uses: 1 });
    const codes = (await Promise.all([joinWith(token), joinWith(token), joinWith(token)])).map(({ code }) => code);
    expect(codes.sort()).toEqual([201, 401, 401]);
  });

  test('an expired token', async () => {
    const token = await world.joinToken({ ttl: '1ms' });
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect((await joinWith(token)).json).toMatchObject({ code: 401, reason: 'Expired', message: expect.stringContaining('gleaner token create') as string });
  });

  test.each([
    ['no token', undefined, 400], ['nonsense', 'x'.repeat(500), 400], ['an unknown id', `${'0'.repeat(12)}.${'a'.repeat(43)}.${'a'.repeat(43)}`, 401],
  ])('%s', async (_name, token, code) => {
    expect((await joinWith(token)).code).toBe(code);
  });

  test('a wrong secret of a known id', async () => {
    const [id, , hash] = (await world.joinToken()).split('.');
    expect((await joinWith(`${id}.${'A'.repeat(43)}.${hash}`)).code).toBe(401);
  });

  test('bodies that are no request for a certificate', async () => {
    const token = await world.joinToken();
    for (const body of ['{', '[]', { csr: 'x', token }, { csr: 7, token }, { token }]) {
      expect((await world.request('POST', '/join', { token: '', body })).code).toBe(400);
    }
    expect((await world.request('POST', '/join', { token: '', body: 'x'.repeat(70_000) })).code).toBe(413);
  });

  test('renewal needs the certificate of the same key', async () => {
    const identity = await world.agent();
    const renewed = await world.request('POST', '/join/renew', { token: '', body: { csr: identity.csr }, tls: identity.tls });
    expect(renewed.code).toBe(200);
    expect(renewed.json.certificate).not.toBe(identity.certificate);
    expect((await world.request('POST', '/join/renew', { token: '', body: { csr: identity.csr } })).code).toBe(401);
    const other = await PeerIdentity.make();
    expect((await world.request('POST', '/join/renew', { token: '', body: { csr: other.csr }, tls: identity.tls })).code).toBe(400);
    await world.store.delete(AGENTS, '', identity.id);
    expect((await world.request('POST', '/join/renew', { token: '', body: { csr: identity.csr }, tls: identity.tls })).code).toBe(403);
  });
});

describe('elements', () => {
  const put = (body: string | Buffer, options: { digest?: string; headers?: Record<string, string>; token?: string } = {}) =>
    world.request('PUT', `/elements/${options.digest ?? digestOf(body)}`, { body, ...(options.headers ? { headers: options.headers } : {}), ...(options.token === undefined ? {} : { token: options.token }) });

  test('put, head, get; a known one is not stored twice', async () => {
    const body = 'hello elements';
    expect((await put(body)).json).toMatchObject({ digest: digestOf(body), bytes: 14, known: false });
    expect((await put(body)).json).toMatchObject({ known: true });
    const head = await world.request('HEAD', `/elements/${digestOf(body)}`);
    expect([head.code, head.headers['content-length']]).toEqual([200, '14']);
    expect((await world.request('GET', `/elements/${digestOf(body)}`)).text).toBe(body);
    expect((await world.request('HEAD', `/elements/sha256:${'0'.repeat(64)}`)).code).toBe(404);
  });

  test.each([
    ['bytes=0-3', 206, 'rang', 'bytes 0-3/8'], ['bytes=4-', 206, 'e me', 'bytes 4-7/8'], ['bytes=-2', 206, 'me', 'bytes 6-7/8'],
    ['bytes=2-100', 206, 'nge me', 'bytes 2-7/8'], ['bytes=0-1,3-4', 200, 'range me', undefined], ['lines=1-2', 200, 'range me', undefined],
  ])('range %s', async (range, code, text, contentRange) => {
    await put('range me');
    const answer = await world.request('GET', `/elements/${digestOf('range me')}`, { headers: { range } });
    expect([answer.code, answer.text, answer.headers['content-range']]).toEqual([code, text, contentRange]);
  });

  test('a range outside of it', async () => {
    await put('range me');
    const answer = await world.request('GET', `/elements/${digestOf('range me')}`, { headers: { range: 'bytes=8-' } });
    expect([answer.code, answer.headers['content-range']]).toEqual([416, 'bytes */8']);
  });

  test('a wrong digest leaves nothing', async () => {
    const digest = digestOf('what was promised');
    const { code, json } = await put('what came', { digest });
    expect([code, json.reason]).toEqual([400, 'WrongDigest']);
    expect(json.message).toContain(digestOf('what came'));
    expect((await world.request('HEAD', `/elements/${digest}`)).code).toBe(404);
    expect(readdirSync(join(world.dir, 'elements', 'tmp'))).toEqual([]);
  });

  test('too large, with and without a declared length', async () => {
    const body = Buffer.alloc(100_001, 1);
    expect((await put(body)).json).toMatchObject({ code: 413, message: expect.stringContaining('100000') as string });
    expect((await put(body, { headers: { 'transfer-encoding': 'chunked' } })).code).toBe(413);
    expect(readdirSync(join(world.dir, 'elements', 'tmp'))).toEqual([]);
  });

  test('all elements together have a bound', async () => {
    const before = world.gateway.elements.totalBytes;
    for (const byte of [2, 3]) expect((await put(Buffer.alloc(100_000, byte))).code).toBe(201);
    const refused = await put(Buffer.alloc(100_000, 4));
    expect([refused.code, refused.json.reason]).toEqual([507, 'InsufficientStorage']);
    expect(world.gateway.elements.totalBytes).toBe(before + 200_000);
    expect((await put('a little more fits')).code).toBe(201);
  });

  test.each([
    '/elements/sha256:../../../etc/passwd', '/elements/..%2f..%2fpki%2fca.key', `/elements/sha256:${'A'.repeat(64)}`, '/elements/sha256:00', '/elements/', '/elements/a/b',
    `/elements/sha512:${'0'.repeat(64)}`, '/elements/%E0%A4%A',
  ])('no element is at %s', async (path) => {
    expect((await world.request('GET', path)).code).toBe(400);
    expect((await world.request('PUT', path, { body: 'x' })).code).toBe(400);
    expect(existsSync(join(world.dir, 'etc'))).toBe(false);
  });

  test('without credentials, or with those of a nobody', async () => {
    expect((await put('secret', { token: '' })).code).toBe(401);
    const { json } = await world.request('POST', '/tokens', { body: { kind: 'user', owner: 'eve' } });
    expect((await put('secret', { token: json.token as string })).code).toBe(403);
  });
});

test('a ticket: reads what its program needs, uploads within its scratch, ends with its attempt', async () => {
  const program = 'echo from an element';
  await world.request('PUT', `/elements/${digestOf(program)}`, { body: program });
  await world.request('PUT', `/elements/${digestOf('not for you')}`, { body: 'not for you' });
  await world.job('tickets', 1, {
    template: { program: { element: digestOf(program) }, timeout: '60s', gracePeriod: '1s', resources: { cpu: '1', memory: '64Mi', scratch: '1000', pids: 16 } },
  });
  const peer = await world.peer(1);
  const [{ task }] = await peer.work(1);
  const ticket = (text: string) => ({ token: '', headers: { authorization: `Ticket ${text}` } });
  expect((await world.request('GET', `/elements/${digestOf(program)}`, ticket(task.ticket))).text).toBe(program);
  expect((await world.request('GET', `/elements/${digestOf('not for you')}`, ticket(task.ticket))).code).toBe(404);
  const upload = (size: number) => {
    const body = Buffer.alloc(size, size % 251);
    return world.request('PUT', `/elements/${digestOf(body)}`, { body, ...ticket(task.ticket) });
  };
  expect((await upload(600)).code).toBe(201);
  expect((await upload(500)).code).toBe(413);
  expect((await upload(400)).code).toBe(201);
  const expired = new Tickets(loadGatewayKey(join(world.dir, 'pki'))).issue(task.lease, Date.now() - 5000);
  const forged = `${task.ticket.slice(0, -2)}xx`;
  const logged = world.warnings.length;
  for (const bad of [expired, forged, 'x', `${task.ticket}.x`, expired]) expect((await world.request('GET', `/elements/${digestOf(program)}`, ticket(bad))).code).toBe(401);
  expect(world.warnings.slice(logged).map(({ fields }) => fields.why)).toEqual(['Expired', 'Forged', 'Malformed']);
  expect((await world.request('GET', '/results/lab/tickets', ticket(task.ticket))).code).toBe(401);
  const file = { path: 'part.bin', element: digestOf(Buffer.alloc(600, 600 % 251)), bytes: 600 };
  await peer.acked(peer.send(peer.finished(task, { result: { inline: '1', files: [file] } })));
  expect((await world.request('GET', `/elements/${digestOf(program)}`, ticket(task.ticket))).code).toBe(401);
  expect((await world.request('GET', '/results/lab/tickets?index=0')).json).toEqual({ index: 0, attempt: 1, inline: '1', files: [file] });
  expect((await world.request('GET', '/results/lab/tickets?index=1')).code).toBe(404);
  expect((await world.request('GET', '/results/lab/tickets?index=-1')).code).toBe(400);
  await peer.cut();
});

describe('logs', () => {
  const chunk = (task: { lease: string; epoch: number }, offset: number, text: string) =>
    ({ type: 'log' as const, lease: task.lease, epoch: task.epoch, stream: 'stdout' as const, offset, data: Buffer.from(text).toString('base64') });

  test('written by offset, read whole, by lines, and followed to the end; they outlive the task', async () => {
    await world.job('talk', 1);
    const peer = await world.peer(1);
    const [{ task }] = await peer.work(1);
    await peer.acked(peer.send(chunk(task, 0, 'one\n'), chunk(task, 4, 'two\n')));
    await peer.acked(peer.send(chunk(task, 4, 'two\n')));
    const followed = world.request('GET', '/logs/lab/talk-0?follow=true');
    expect((await world.request('GET', '/logs/lab/talk-0')).text).toBe('one\ntwo\n');
    expect((await world.request('GET', '/logs/lab/talk-0?tail=1')).text).toBe('two\n');
    expect((await world.request('GET', '/logs/lab/talk-0?stream=stderr')).text).toBe('');
    peer.send(chunk(task, 8, 'three\n'));
    await peer.acked(peer.send(peer.finished(task)));
    expect((await followed).text).toBe('one\ntwo\nthree\n');
    await world.store.delete('tasks.gleaner.dev', 'lab', 'talk-0');
    await eventually(async () => ((await world.request('GET', '/logs/lab/talk-0?attempt=1')).text === 'one\ntwo\nthree\n' ? true : undefined), 'the log without its task');
    const { metadata } = (await world.store.list(JOBS)).items.find((job) => job.metadata.name === 'talk')!;
    await world.store.delete(JOBS, 'lab', 'talk');
    await eventually(async () => (existsSync(join(world.dir, 'logs', metadata.uid!)) ? undefined : true), 'the logs are removed with the job');
    await peer.cut();
  });

  test.each(['/logs/lab/nothing', '/logs/lab/talk-0?stream=x', '/logs/lab', '/logs/..%2f..%2fpki/ca.key-1'])('nothing at %s', async (path) => {
    expect([400, 404]).toContain((await world.request('GET', path)).code);
  });
});

describe('admin', () => {
  test('statement and verification', async () => {
    const { json } = await world.request('GET', '/ledger/statements/lab?job=tickets');
    expect(json).toMatchObject({ namespace: 'lab', held: '0.00', lines: [{ job: 'tickets', tier: 'standard', line: 'work', attempts: 1, cpuSeconds: '0.001' }] });
    expect((await world.request('GET', '/ledger/verify')).json).toMatchObject({ ok: true, violations: [] });
  });

  test('a deposit with the key of another one is refused', async () => {
    expect((await world.request('POST', '/ledger/deposits', { body: { namespace: 'lab', amount: '1', key: 'twice' } })).code).toBe(200);
    const { code, json } = await world.request('POST', '/ledger/deposits', { body: { namespace: 'lab', amount: '2', key: 'twice' } });
    expect([code, json.message]).toEqual([400, expect.stringContaining('was used for a deposit of 1.00 to lab')]);
  });

  test('a body far above the bound is answered', async () => {
    expect((await world.request('POST', '/ledger/deposits', { body: 'x'.repeat(5_000_000) })).code).toBe(413);
  });

  test.each([
    [{ namespace: 'lab', amount: '0', key: 'a' }, 'amount'], [{ namespace: 'lab', amount: 5, key: 'a' }, 'amount'], [{ namespace: 'lab', amount: '-1', key: 'a' }, 'amount'],
    [{ namespace: '../x', amount: '1', key: 'a' }, 'namespace'], [{ namespace: 'lab', amount: '1' }, 'key'], [{ namespace: 'nowhere', amount: '1', key: 'a' }, 'namespace'],
    [{ namespace: 'lab', amount: '1', key: 'a b' }, 'key'], [{ namespace: 'lab', amount: '1e3', key: 'a' }, 'amount'], [{ namespace: 'lab', amount: '\u0665', key: 'a' }, 'amount'],
  ])('deposit %j is refused for its %s', async (body, field) => {
    const { code, json } = await world.request('POST', '/ledger/deposits', { body });
    expect([400, 404]).toContain(code);
    expect(json.message).toContain(`${field}:`);
  });

  test.each([
    [{ kind: 'root' }, 'kind'], [{ kind: 'agent', uses: 0 }, 'uses'], [{ kind: 'agent', ttl: 'soon' }, 'ttl'], [{ kind: 'agent', ttl: '100000h' }, 'ttl'],
    [{ kind: 'agent', owner: 'a b' }, 'owner'], [{ kind: 'user' }, 'owner'], [{ kind: 'user', owner: 'x', groups: 'all' }, 'groups'],
  ])('token %j is refused for its %s', async (body, field) => {
    const { code, json } = await world.request('POST', '/tokens', { body });
    expect([code, String(json.message).startsWith(`${field}:`)]).toEqual([400, true]);
  });

  test('explain says in words why nothing fits; drain takes an agent out', async () => {
    await world.job('huge', 1, { template: { program: { script: 'x' }, timeout: '1s', gracePeriod: '1s', resources: { cpu: '1', memory: '64Gi', scratch: '64Ki', pids: 1 } } });
    const peer = await world.peer(1);
    const summary = async (pattern: RegExp) => eventually(async () => {
      const { json } = await world.request('GET', '/explain/lab/huge');
      return pattern.test(String(json.summary)) ? json : undefined;
    }, `explanation ${pattern}`);
    expect(await summary(/1 too small for memory 64Gi/)).toMatchObject({ fits: 0 });
    expect((await world.request('POST', `/drain/${peer.identity.id}`)).json).toMatchObject({ cordoned: true });
    await summary(/1 cordoned/);
    expect((await world.request('POST', '/drain/nobody')).code).toBe(404);
    expect((await world.request('GET', '/explain/lab/nothing')).code).toBe(404);
    await peer.cut();
  });

  test('nobody may without a token', async () => {
    for (const [method, path] of [['POST', '/tokens'], ['POST', '/ledger/deposits'], ['GET', '/ledger/verify'], ['GET', '/results/lab/tickets'], ['GET', '/logs/lab/x'], ['GET', '/explain/lab/x'], ['POST', '/drain/x']] as const) {
      const { code, json } = await world.request(method, path, { token: '' });
      expect([path, code, json.kind]).toEqual([path, 401, 'Status']);
    }
  });

  test('metrics count what happened', async () => {
    const text = await world.registry.metrics();
    expect(text).toMatch(/^gleaner_attempts_total\{reason="Completed"\} [1-9]/m);
    expect(text).toMatch(/^gleaner_agents\{state="Offline"\} [1-9]/m);
    expect(text).toMatch(/^gleaner_elements_bytes [1-9]/m);
  });
});

test('a peer that only connects is not offered anything', async () => {
  const peer = new Peer(world, await world.agent());
  await peer.connect();
  await world.job('unasked', 1);
  const other = await world.peer(1);
  const [{ task }] = await other.work(1);
  await other.acked(other.send(other.finished(task)));
  expect(peer.received.map(({ type }) => type)).toEqual(['welcome']);
  await Promise.all([peer.cut(), other.cut()]);
});
