/** Requests that are sent ahead on one connection. */
import { mkdtempSync, rmSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';

import { closeServer, httpsServer } from './https-server';
import { CertificateAuthority } from './tls/ca';

const dir = mkdtempSync(join(tmpdir(), 'gleaner-https-'));
let server: Server;
const begun: string[] = [];
const closed: string[] = [];
const open = new Map<string, ServerResponse>();

beforeAll(async () => {
  const ca = await CertificateAuthority.open(dir);
  server = await httpsServer(ca, (req: IncomingMessage, res: ServerResponse) => {
    const url = req.url ?? '';
    begun.push(url);
    res.once('close', () => closed.push(url));
    if (url === '/watch') return void open.set(url, res.writeHead(200).on('error', () => undefined));
    res.end(url);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
beforeEach(() => {
  begun.length = 0;
  closed.length = 0;
});
afterAll(async () => {
  await closeServer(server);
  rmSync(dir, { recursive: true, force: true });
});

const ask = (...urls: string[]): string => urls.map((url) => `GET ${url} HTTP/1.1\r\nHost: x\r\n\r\n`).join('');

function client(): TLSSocket {
  return connect({ host: '127.0.0.1', port: (server.address() as AddressInfo).port, rejectUnauthorized: false });
}

async function until(condition: () => boolean): Promise<void> {
  for (let turn = 0; !condition() && turn < 5000; turn += 1) await new Promise((resolve) => setTimeout(resolve, 1));
  expect(condition()).toBe(true);
}

test('one that was sent ahead begins when the one before is answered, and is answered', async () => {
  const socket = client();
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
  socket.write(ask('/watch', '/second', '/third'));
  await until(() => open.has('/watch'));
  expect(begun).toEqual(['/watch']);
  open.get('/watch')?.end('seen');
  await until(() => text.includes('/third'));
  expect(begun).toEqual(['/watch', '/second', '/third']);
  expect(text.indexOf('seen')).toBeLessThan(text.indexOf('/second'));
  socket.destroy();
  await until(() => closed.length === 3);
});

test('one whose turn never comes, as the connection is closed, is not begun; whatever was begun hears of the end', async () => {
  const socket = client();
  socket.on('error', () => undefined);
  open.clear();
  socket.write(ask('/watch', '/delete'));
  await until(() => open.has('/watch'));
  socket.destroy();
  await until(() => closed.includes('/watch'));
  // A new connection's request comes after all that could still happen to the old one.
  const other = client();
  other.write(ask('/other'));
  await until(() => begun.includes('/other'));
  other.destroy();
  expect(begun).toEqual(['/watch', '/other']);
});

test('who sends very many ahead is cut off; some are served', async () => {
  const socket = client();
  const ended = new Promise((resolve) => socket.once('close', resolve));
  socket.on('error', () => undefined);
  open.clear();
  socket.write(ask('/watch'));
  await until(() => open.has('/watch'));
  socket.write(ask(...Array.from({ length: 5000 }, (_, at) => `/${at}`)));
  await ended;
  expect(begun).toEqual(['/watch']);

  const patient = client();
  let text = '';
  patient.on('data', (chunk: Buffer) => (text += chunk.toString()));
  open.clear();
  patient.write(ask('/watch', ...Array.from({ length: 90 }, (_, at) => `/ahead-${at}`)));
  await until(() => open.has('/watch'));
  open.get('/watch')?.end();
  await until(() => text.includes('/ahead-89'));
  patient.destroy();
});
