/**
 * Keeps connections whole on which a large answer is followed at once by a request with a large body.
 *
 * While an answer is not written out, or nobody reads the body yet, node:http pauses the connection. It reads TLS sockets past the stream,
 * and hands records that were decrypted already to its paused parser, which ends the connection with "Parse Error: Paused": the client
 * sees ECONNRESET in the middle of its request. A listener for `data`, even one that was there for a moment, makes node:http read
 * through the stream, whose buffer holds such records back.
 */
import type { Server } from 'node:https';

/** Call once, before the server listens. */
export function readThroughStreams(server: Server): void {
  const listener = (): void => undefined;
  server.on('secureConnection', (socket) => {
    socket.on('data', listener);
    socket.off('data', listener);
  });
}
