/**
 * Bounds of connections before a request is known: how large its head may be, how long it may take to come, and what a client is told
 * that does not keep to them.
 */
import { maxHeaderSize as NODE_MAX_HEADER, type Server, type ServerOptions } from 'node:http';
import type { Duplex } from 'node:stream';

import { ApiError, badRequest } from './errors';

/** Request line and headers together. */
export const MAX_HEAD_BYTES = Math.max(NODE_MAX_HEADER, 64 * 1024);
/** Path and query. */
export const MAX_URL_BYTES = 32 * 1024;
/** For the head of a request to come; what takes longer is not meant to end. */
const HEAD_TIMEOUT_MS = 20_000;

export const HEAD_LIMITS = {
  maxHeaderSize: MAX_HEAD_BYTES,
  headersTimeout: HEAD_TIMEOUT_MS,
  // How often Node looks for connections whose time is over.
  connectionsCheckingInterval: 5000,
} as const satisfies ServerOptions;

/** @throws ApiError 414 */
export function checkUrl(url: string): void {
  if (url.length > MAX_URL_BYTES) throw new ApiError(414, 'RequestURITooLong', `the request URI has ${url.length} bytes, the limit is ${MAX_URL_BYTES}`);
}

/** Answers what is no HTTP, or too large or too slow a head, with a Status, and closes the connection. */
export function answerBadHeads(server: Pick<Server, 'on'>): void {
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    if (error.code === 'ECONNRESET' || !socket.writable || answered(socket)) {
      socket.destroy(error);
      return;
    }
    const { status } = refusalOf(error.code);
    const body = JSON.stringify(status);
    socket.end(`HTTP/1.1 ${status.code} ${status.reason}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`);
  });
}

/** Whether an answer is on its way already: another one would corrupt it. */
function answered(socket: Duplex): boolean {
  const { _httpMessage: message } = socket as Duplex & { _httpMessage?: { headersSent?: boolean } | null };
  return message?.headersSent === true;
}

function refusalOf(code: string | undefined): ApiError {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return new ApiError(431, 'RequestHeaderFieldsTooLarge', `the request's line and headers are larger than ${MAX_HEAD_BYTES} bytes`);
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new ApiError(408, 'Timeout', 'the request did not come in time');
    default:
      return badRequest('the request is not HTTP/1.1');
  }
}
