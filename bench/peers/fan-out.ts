/**
 * The floor of the watcher rows: an HTTPS server that sends each body it is given, as one chunk, to everybody who listens, and then answers.
 * No objects, no store, no selection.
 */
import type { ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { selfSigned } from '../harness/certificate';
import { serve } from '../harness/worker';

async function listen(): Promise<{ port: number; ca: string }> {
  const pair = await selfSigned();
  const listeners = new Set<ServerResponse>();
  const server = createServer(pair, (req, res) => {
    if (req.method === 'GET') {
      res.writeHead(200, { 'content-type': 'application/json' });
      res.flushHeaders();
      listeners.add(res);
      res.once('close', () => listeners.delete(res));
      return;
    }
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.on('end', () => {
      const frame = Buffer.concat(chunks);
      for (const each of listeners) each.write(frame);
      res.writeHead(200, { 'content-length': 2 });
      res.end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { port: (server.address() as AddressInfo).port, ca: pair.cert };
}

export const fanOutOperations = { listen };
export type FanOutOperations = typeof fanOutOperations;

serve(fanOutOperations);
