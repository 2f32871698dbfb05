/**
 * The HTTP side of the validating webhook: `POST /validate` with an AdmissionReview in JSON.
 *
 * Every request gets one answer, whatever it holds; nothing is written anywhere. Bounded are the body (an API server sends an object and
 * the one before it, each of at most 3 MiB) and the time in which it must come. A refusal is an answer of 200 with `allowed: false`; other
 * codes mean that the request was no review, which the API server treats by the webhook's failurePolicy.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';

import { answerReview, MalformedReview } from './review';

export const WEBHOOK_PATH = '/validate';
export const MAX_REVIEW_BYTES = 8 * 1024 * 1024;
const BODY_MS = 10_000;

export interface WebhookOptions {
  /** Told of what should not happen. */
  onError: (error: unknown) => void;
  maxBytes?: number;
  bodyMs?: number;
}

export type WebhookHandler = (req: IncomingMessage, res: ServerResponse) => Promise<void>;

export function webhookHandler({ onError, maxBytes = MAX_REVIEW_BYTES, bodyMs = BODY_MS }: WebhookOptions): WebhookHandler {
  return async (req, res) => {
    try {
      const path = (req.url ?? '').split('?', 1)[0];
      if (path !== WEBHOOK_PATH) return refuse(res, 404, 'not found: the webhook is at /validate');
      if (req.method !== 'POST') return refuse(res, 405, 'only POST is served', { Allow: 'POST' });
      if ((req.headers['content-type'] ?? '').split(';', 1)[0].trim().toLowerCase() !== 'application/json') return refuse(res, 415, 'the body must be application/json');
      const body = await readBounded(req, maxBytes, bodyMs);
      if (body === 'too large') return refuse(res, 413, `the body must have at most ${maxBytes} bytes`);
      if (body === 'incomplete') return refuse(res, 400, 'the request ended, or paused too long, in the middle of its body');
      const answer = JSON.stringify(answerReview(parse(body)));
      res.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(answer) });
      res.end(answer);
    } catch (error) {
      if (error instanceof MalformedReview) return refuse(res, 400, error.message);
      // Nested deeper than this process can follow.
      if (error instanceof RangeError) return refuse(res, 400, 'the object is nested too deeply');
      onError(error);
      refuse(res, 500, 'internal error');
    }
  };
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    throw new MalformedReview('the body is no JSON');
  }
}

function refuse(res: ServerResponse, code: number, message: string, headers: Record<string, string> = {}): void {
  if (res.headersSent || res.destroyed) return;
  res.writeHead(code, { 'Content-Type': 'text/plain; charset=utf-8', 'X-Content-Type-Options': 'nosniff', Connection: 'close', ...headers });
  res.end(`${message}\n`);
}

function readBounded(req: IncomingMessage, maxBytes: number, bodyMs: number): Promise<Buffer | 'too large' | 'incomplete'> {
  if (Number(req.headers['content-length'] ?? 0) > maxBytes) return Promise.resolve('too large');
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const done = (result: Buffer | 'too large' | 'incomplete'): void => {
      clearTimeout(timer);
      if (typeof result === 'string') {
        chunks.length = 0;
        req.removeAllListeners('data');
        req.resume(); // What follows is dropped until the answer closes the connection.
      }
      resolve(result);
    };
    const timer = setTimeout(() => done('incomplete'), bodyMs);
    timer.unref();
    req.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > maxBytes) done('too large');
      else chunks.push(chunk);
    });
    req.on('end', () => done(Buffer.concat(chunks)));
    req.on('error', () => done('incomplete'));
    req.on('close', () => done('incomplete'));
  });
}
