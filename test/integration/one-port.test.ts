/** The one port of a whole control plane: what is whose, who asks is looked at first, and `Upgrade` means something at the link only. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';

import pino from 'pino';

import { findTarget, type Target } from '../../cli/client';
import { defaultConfig } from '../../controlplane/config';
import { startControlPlane, type ControlPlane } from '../../controlplane/main';
import { eventually } from '../support/kubectl';

let dir: string;
let auditLog: string;
let plane: ControlPlane;
let target: Target;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'gleaner-port-'));
  auditLog = join(dir, 'audit.log');
  plane = await startControlPlane({ ...defaultConfig(dir), port: 0, auditLog: { path: auditLog, maxBytes: 1_000_000, maxFiles: 1 } }, pino({ level: 'silent' }));
  target = findTarget({ data: dir });
});
afterAll(async () => {
  await plane.stop();
  rmSync(dir, { recursive: true, force: true });
});

interface Answer {
  code: number;
  head: string;
  body: string;
}

/** One request on a connection of its own, until that is closed. @param token '' sends none */
function ask(method: string, path: string, { upgrade = '', token = target.token, body = '' }: { upgrade?: string; token?: string; body?: string } = {}): Promise<Answer> {
  const { hostname, port } = new URL(plane.url);
  const head = [
    `${method} ${path} HTTP/1.1`, 'Host: x',
    ...(upgrade === '' ? ['Connection: close'] : ['Connection: Upgrade', `Upgrade: ${upgrade}`, 'Sec-WebSocket-Version: 13', `Sec-WebSocket-Key: ${Buffer.alloc(16).toString('base64')}`]),
    ...(token ? [`Authorization: Bearer ${token}`] : []), ...(body === '' ? [] : ['Content-Type: application/json', `Content-Length: ${body.length}`]),
  ];
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port), ca: target.ca, servername: 'localhost' });
    let text = '';
    socket.setEncoding('utf8').on('data', (data: string) => (text += data)).on('error', reject);
    socket.on('close', () => {
      const end = text.indexOf('\r\n\r\n');
      resolve({ code: Number(text.split(' ', 2)[1]), head: text.slice(0, end), body: text.slice(end + 4) });
    });
    socket.write(`${head.join('\r\n')}\r\n\r\n${body}`);
  });
}

const POD = '/api/v1/namespaces/default/pods/x';

test.each(['h2c', 'websocket', 'SPDY/3.1', 'nonsense'])('%s: answered as if it were not asked for', async (upgrade) => {
  const { code, head, body } = await ask('GET', '/version', { upgrade });
  expect([code, head, JSON.parse(body)]).toEqual([200, expect.stringContaining('Connection: close'), expect.objectContaining({ major: '1' })]);
  const made = await ask('POST', '/api/v1/namespaces/default/configmaps', { upgrade, body: JSON.stringify({ metadata: { generateName: 'made-' } }) });
  expect(made.code).toBe(201);
});

test('who asks is looked at', async () => {
  expect((await ask('GET', '/version', { upgrade: 'h2c', token: 'wrong' })).code).toBe(401);
  expect((await ask('GET', `${POD}/exec?command=sh`, { upgrade: 'websocket', token: 'wrong' })).code).toBe(401);
  expect(JSON.parse((await ask('GET', `${POD}/exec?command=sh`, { upgrade: 'websocket', token: '' })).body)).toMatchObject({ code: 403, reason: 'Forbidden' });
  expect((await ask('GET', '/elsewhere', { upgrade: 'websocket', token: '' })).code).toBe(403);
});

test.each(['exec', 'attach', 'portforward'])('pods/%s gets the answer of the API, and is in the audit log', async (subresource) => {
  for (const [method, upgrade] of [['GET', 'websocket'], ['POST', 'SPDY/3.1']] as const) {
    expect(JSON.parse((await ask(method, `${POD}/${subresource}?stdin=true`, { upgrade })).body)).toMatchObject({
      kind: 'Status', code: 404, reason: 'NotFound', message: 'the server could not find the requested resource',
    });
  }
  await eventually(() => 'the lines of the audit log', () => {
    if (!existsSync(auditLog)) return false;
    const lines = readFileSync(auditLog, 'utf8').split('\n').filter((line) => line.includes(`${POD}/${subresource}?stdin=true`));
    return lines.length === 2 && lines.every((line) => line.includes('"code":404') && line.includes(`"subresource":"${subresource}"`));
  });
});

test('CONNECT leads nowhere: the connection is closed', async () => {
  expect((await ask('CONNECT', 'x:443', { upgrade: 'websocket' })).head).toBe('');
});

test('a watch over WebSocket comes as a plain watch', async () => {
  const { code, head, body } = await ask('GET', '/api/v1/namespaces?watch=true&timeoutSeconds=1', { upgrade: 'websocket' });
  expect([code, head]).toEqual([200, expect.not.stringContaining('Upgrade')]);
  expect(body).toContain('"type":"ADDED"');
});

test('the link is the gateway\'s: without a certificate 401', async () => {
  expect(await ask('GET', '/link?x', { upgrade: 'websocket' })).toMatchObject({ code: 401, body: expect.stringContaining('join with a token') as string });
});

test('at / all paths are listed: of the API, and of the gateway', async () => {
  const { code, body } = await ask('GET', '/');
  const { paths } = JSON.parse(body) as { paths: string[] };
  expect([code, paths]).toEqual([200, [...paths].sort()]);
  expect(paths).toEqual(expect.arrayContaining(['/api/v1', '/apis/gleaner.dev/v1alpha1', '/elements', '/healthz/ping', '/join', '/link', '/metrics', '/openid/v1/jwks', '/readyz/controllers', '/version']));
  // What is listed is there; what it is told without more is its own.
  for (const path of paths) expect([path, (await ask('GET', path, path === '/link' ? { upgrade: 'websocket' } : {})).body]).not.toEqual([path, '404 page not found\n']);
});

test.each(['', '/', '/x', '/%', '/x/y', '?a=b'])('without credentials nothing is said of what is at …%s', async (rest) => {
  for (const first of ['elements', 'results', 'logs', 'ledger', 'explain', 'tokens', 'drain', 'join/x', 'metrics', 'link', 'nothing']) {
    for (const method of ['GET', 'POST', 'PUT', 'DELETE', 'PATCH']) {
      expect([method, first, (await ask(method, `/${first}${rest}`, { token: '' })).code]).toEqual([method, first, 403]);
    }
  }
  for (const method of ['GET', 'PUT', 'DELETE']) expect([method, (await ask(method, `/join${rest}`, { token: '' })).code]).toEqual([method, 403]);
});

test('who may is told what is wrong with the path', async () => {
  for (const [method, path, code] of [['GET', '/elements/x', 400], ['GET', '/elements/%', 400], ['GET', '/join', 405], ['POST', '/join/x', 404], ['GET', '/results/%', 400]] as const) {
    expect([method, path, (await ask(method, path)).code]).toEqual([method, path, code]);
  }
  // Who joins has no credentials but the token in the body.
  expect(await ask('POST', '/join', { token: '', body: '{}' })).toMatchObject({ code: 400, body: expect.stringContaining('csr') as string });
});
