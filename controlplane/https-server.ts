/** The one TLS port: how it is made, opened and closed. */
import { constants } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { Socket } from 'node:net';
import { answerBadHeads, HEAD_LIMITS } from './apiserver/http/server-limits';
import { asksForUpgrade, UPGRADES } from './gateway/link/upgrade';
import type { CertificateAuthority } from './tls/ca';
import { readThroughStreams } from './tls/keep-alive';

/** How long requests that are on may take at the end. */
const CLOSE_MS = 5000;

/** Requests that may be sent ahead on one connection while another is answered: each is held as it came. */
const MAX_AHEAD = 100;

/** Requests on a connection whose turn has not come. */
const ahead = new WeakMap<Socket, number>();

/** Handles the request when its turn comes; who sends too many ahead is cut off. */
function handleInTurn({ socket }: IncomingMessage, res: ServerResponse, handle: () => void): void {
  const count = (ahead.get(socket) ?? 0) + 1;
  if (count > MAX_AHEAD) {
    socket.destroy();
    return;
  }
  ahead.set(socket, count);
  res.once('socket', () => {
    ahead.set(socket, (ahead.get(socket) ?? 1) - 1);
    handle();
  });
}

/** Asks for client certificates of our CA, and does not demand them. */
export async function httpsServer(ca: CertificateAuthority, handler: (req: IncomingMessage, res: ServerResponse) => void): Promise<Server> {
  const pair = await ca.serverKeyPair();
  const server = createServer(
    {
      key: pair.key, cert: pair.certificate, ca: ca.caCertificate, requestCert: true, rejectUnauthorized: false, keepAliveTimeout: 65_000, ...HEAD_LIMITS, ...UPGRADES,
      // A session ticket holds the client's certificate: 15 KiB for every agent's connection.
      secureOptions: constants.SSL_OP_NO_TICKET,
    },
    (req, res) => {
      if (asksForUpgrade(req)) res.shouldKeepAlive = false;
      // Node tells of requests that were sent ahead at once, and tells their answers of nothing, not even that the connection was closed. So
      // each is handled when its turn to be answered comes; one whose turn never comes was not begun.
      if (res.socket) handler(req, res);
      else handleInTurn(req, res, () => handler(req, res));
    },
  );
  readThroughStreams(server);
  answerBadHeads(server);
  return server;
}

/** Clients on this machine reach a server that listens everywhere by loopback. */
export function hostOf(listen: string): string {
  if (listen === '0.0.0.0') return '127.0.0.1';
  if (listen === '::') return '[::1]';
  return listen.includes(':') ? `[${listen}]` : listen;
}

/** @throws Error with the way out */
export function listen(server: Pick<Server, 'listen' | 'once' | 'off'>, { listen: host, port }: { listen: string; port: number }, flag = '--port'): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(listenError(error, host, port, flag)));
    server.listen(port, host, () => resolve());
  });
}

export function listenError(error: NodeJS.ErrnoException, host: string, port: number, flag = '--port'): Error {
  const words: Record<string, string> = {
    EADDRINUSE: `port ${port} of ${host} is in use: choose another one with ${flag} (0: any free one)`,
    EADDRNOTAVAIL: `${host} is no address of this machine: choose another one with --listen (0.0.0.0: all)`,
    EACCES: `port ${port} may not be opened by this user: choose one above 1023 with ${flag}`,
  };
  const text = words[error.code ?? ''];
  return text === undefined ? error : new Error(text);
}

export async function closeServer(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => { server.close(() => resolve()); });
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), CLOSE_MS);
  await closed;
  clearTimeout(timer);
}
