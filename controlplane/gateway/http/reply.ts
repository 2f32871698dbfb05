/** Answers and bodies of the gateway's HTTP routes: errors are Kubernetes Status objects, bodies are bounded. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { CommitError } from '../../db/writer';
import { StoreError } from '../../store/store';

export type Handler = (req: IncomingMessage, res: ServerResponse) => void | Promise<void>;

/** An answer that is not a success. `message` names what was wrong and the way out. */
export class HttpError extends Error {
  override readonly name = 'HttpError';

  constructor(
    readonly code: number,
    /** CamelCase, as in Kubernetes: BadRequest, NotFound, … */
    readonly reason: string,
    message: string,
    readonly headers: Record<string, string> = {},
  ) {
    super(message);
  }
}

export const badRequest = (message: string): HttpError => new HttpError(400, 'BadRequest', message);
export const notFound = (message: string): HttpError => new HttpError(404, 'NotFound', message);

export function sendJson(res: ServerResponse, code: number, body: unknown): void {
  const text = JSON.stringify(body);
  res.writeHead(code, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }).end(text);
}

/**
 * Writes the error as a Status; what is not an HttpError is an internal error whose details stay in the log. What could not be written
 * (disk full, …) may be tried again.
 */
export function sendError(res: ServerResponse, error: unknown, log: (error: unknown) => void): void {
  const known = error instanceof HttpError ? error : unexpected(error);
  // A client that left in the middle of its request is no defect of ours, and must not fill the log.
  if (known !== error && (error as NodeJS.ErrnoException).code !== 'ECONNRESET') log(error);
  if (res.headersSent) {
    res.destroy();
    return;
  }
  for (const [name, value] of Object.entries(known.headers)) res.setHeader(name, value);
  const { code, reason, message } = known;
  sendJson(res, code, { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code });
}

function unexpected(error: unknown): HttpError {
  if (error instanceof CommitError || (error instanceof StoreError && error.retryable)) {
    return new HttpError(503, 'ServiceUnavailable', 'the control plane could not write this; its log says why; try again later', { 'retry-after': '1' });
  }
  return new HttpError(500, 'InternalError', 'the control plane could not do this; its log says why');
}

/** Reads a JSON object. @throws HttpError 400, 413 */
export async function readJson(req: IncomingMessage, maxBytes = 256 * 1024): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  // The iterator would destroy the connection at its end, and with it the answer.
  for await (const chunk of req.iterator({ destroyOnReturn: false })) {
    bytes += (chunk as Buffer).length;
    if (bytes > maxBytes) {
      req.resume(); // What follows is dropped until the answer closes the connection.
      throw new HttpError(413, 'RequestEntityTooLarge', `the body has more than ${maxBytes} bytes`, { connection: 'close' });
    }
    chunks.push(chunk as Buffer);
  }
  let value: unknown;
  try {
    value = JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    throw badRequest('the body is not JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw badRequest('the body is not a JSON object');
  return value as Record<string, unknown>;
}

/** Whether the path can be read. */
export function isDecodable(req: IncomingMessage): boolean {
  try {
    parseUrl(req);
    return true;
  } catch {
    return false;
  }
}

/** Path segments, decoded, and the query. @throws HttpError 400 */
export function parseUrl(req: IncomingMessage): { segments: string[]; query: URLSearchParams } {
  try {
    const [path = '', query = ''] = (req.url ?? '/').split('?', 2);
    return { segments: path.split('/').filter((part) => part !== '').map(decodeURIComponent), query: new URLSearchParams(query) };
  } catch {
    throw badRequest('the URL is not valid');
  }
}

/** A whole number of the query, or undefined. @throws HttpError 400 */
export function queryInteger(query: URLSearchParams, name: string, min: number, max: number): number | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  const value = Number(text);
  if (!/^\d{1,15}$/.test(text) || value < min || value > max) throw badRequest(`${name}: ${JSON.stringify(text)} is not a whole number from ${min} to ${max}`);
  return value;
}

/** Waits until more may be written; resolves false when the client is gone. */
export function drained(res: ServerResponse): Promise<boolean> {
  if (res.destroyed || res.writableEnded) return Promise.resolve(false);
  return new Promise((resolve) => {
    const done = (open: boolean) => () => {
      res.off('drain', onDrain);
      res.off('close', onClose);
      resolve(open);
    };
    const onDrain = done(true);
    const onClose = done(false);
    res.once('drain', onDrain);
    res.once('close', onClose);
  });
}
