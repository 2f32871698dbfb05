/**
 * The floor of the heartbeat rows: a WebSocket server over TLS that parses a beat and notes the time, and clients that send beats. Both sides show a
 * certificate, as ours do.
 * Two processes, each an instance of this worker.
 */
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';
import { type KeyPair, selfSigned } from '../harness/certificate';
import { serve } from '../harness/worker';

const CONNECTS_AT_ONCE = 50;

const lastSeen = new Map<WebSocket, number>();

async function listen(): Promise<{ port: number; pair: KeyPair }> {
  const pair = await selfSigned();
  const server = createServer({ ...pair, ca: pair.cert, requestCert: true, rejectUnauthorized: false });
  new WebSocketServer({ server, perMessageDeflate: false }).on('connection', (socket) => {
    socket.on('message', (data: Buffer) => {
      const frame = JSON.parse(data.toString('utf8')) as { messages: { type: string }[] };
      if (frame.messages[0]?.type === 'heartbeat') lastSeen.set(socket, performance.now());
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { port: (server.address() as AddressInfo).port, pair };
}

/** Opens `count` connections; each beats every `beatMs`, spread evenly. */
async function connect(args: { port: number; pair: KeyPair; count: number; beatMs: number }): Promise<void> {
  const beat = JSON.stringify({ messages: [{ type: 'heartbeat' }] });
  const open = (i: number): Promise<void> =>
    new Promise((resolve, reject) => {
      const socket = new WebSocket(`wss://127.0.0.1:${args.port}/`, { ca: args.pair.cert, ...args.pair, perMessageDeflate: false });
      socket.on('error', reject);
      socket.on('open', () => {
        const send = (): void => socket.send(beat);
        setTimeout(() => {
          send();
          setInterval(send, args.beatMs);
        }, (i * args.beatMs) / args.count);
        resolve();
      });
    });
  for (let i = 0; i < args.count; i += CONNECTS_AT_ONCE) {
    await Promise.all(Array.from({ length: Math.min(CONNECTS_AT_ONCE, args.count - i) }, (_, k) => open(i + k)));
  }
}

export const bareWsOperations = {
  listen,
  connect,
  beating: () => Promise.resolve({ connections: lastSeen.size }),
};
export type BareWsOperations = typeof bareWsOperations;

serve(bareWsOperations);
