import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn, setTimeout as wait } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { CertificateAuthority } from './ca';
import { readThroughStreams } from './keep-alive';

const BYTES = 100_000;

/** Has to run beside the server, not in its turns. Answers with what became of each request. */
const CLIENT = `
const { Agent, request } = require('node:https');
const { parentPort, workerData: { port, ca, bytes } } = require('node:worker_threads');
const agent = new Agent({ keepAlive: true });
const patch = () => new Promise((resolve) => {
  const req = request({ method: 'PATCH', host: '127.0.0.1', port, agent, ca, headers: { 'content-length': bytes } }, (res) => {
    res.resume().on('end', () => resolve(res.statusCode)).on('error', (error) => resolve(error.message));
  });
  req.on('error', (error) => resolve(error.message)).end(Buffer.alloc(bytes));
});
(async () => {
  const answers = [];
  for (let at = 0; at < 150; at += 1) answers.push(await patch());
  parentPort.postMessage(answers);
})();
`;

// Without readThroughStreams about every tenth request is cut off.
test('requests with large bodies and answers, one after the other on one connection', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'gleaner-keep-alive-'));
  const ca = await CertificateAuthority.open(dir);
  const { key, certificate } = await ca.serverKeyPair();
  const server = createServer({ key, cert: certificate }, (req, res) => {
    void (async () => {
      await turn();
      let received = 0;
      for await (const chunk of req as AsyncIterable<Buffer>) received += chunk.length;
      await wait(3);
      res.writeHead(received === BYTES ? 200 : 400, { 'content-length': BYTES }).end(Buffer.alloc(BYTES));
    })().catch(() => res.destroy());
  });
  readThroughStreams(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const client = new Worker(CLIENT, { eval: true, workerData: { port, ca: ca.caCertificate, bytes: BYTES } });
  const answers = await new Promise<unknown[]>((resolve, reject) => client.once('message', resolve).once('error', reject));
  await client.terminate();
  server.closeAllConnections();
  server.close();
  rmSync(dir, { recursive: true });
  expect(answers).toEqual(Array(150).fill(200));
});
