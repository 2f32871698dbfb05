/**
 * How long a request may take: `timeout=` of its URL, at most a minute; watches and other long ones are not bounded by it.
 *
 * When the time is over, the client is told 504 and its connection is closed if its body is still on the way; an answer that has begun
 * is broken off. What was being written goes on: it may be durable although the client was told of no outcome, as with any server.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';

import { ApiError, badRequest } from './errors';
import { sendError } from './respond';

export const MAX_REQUEST_MS = 60_000;

const UNIT_MS: Readonly<Record<string, number>> = { ns: 1e-6, us: 1e-3, µs: 1e-3, μs: 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Milliseconds of a duration as Go writes it (`1h2m3.5s`). @throws Error in Go's words */
export function parseGoDuration(text: string): number {
  const shown = JSON.stringify(text.slice(0, 256));
  const invalid = (): Error => new Error(`time: invalid duration ${shown}`);
  let rest = text.replace(/^[+-]/, '');
  if (rest === '0') return 0;
  if (rest === '') throw invalid();
  let ms = 0;
  while (rest !== '') {
    const number = /^(?:\d+\.?\d*|\.\d+)/.exec(rest)?.[0];
    if (number === undefined) throw invalid();
    rest = rest.slice(number.length);
    const unit = /^[^.\d]*/.exec(rest)?.[0] ?? '';
    if (unit === '') throw new Error(`time: missing unit in duration ${shown}`);
    if (!Object.hasOwn(UNIT_MS, unit)) throw new Error(`time: unknown unit ${JSON.stringify(unit)} in duration ${shown}`);
    ms += Number(number) * UNIT_MS[unit];
    rest = rest.slice(unit.length);
  }
  return text.startsWith('-') ? -ms : ms;
}

/** @throws ApiError 400 for what is no duration, 504 for a time that is over at once */
export function requestTimeoutMs(query: URLSearchParams): number {
  const text = query.get('timeout') ?? '';
  if (text === '') return MAX_REQUEST_MS;
  let ms: number;
  try {
    ms = parseGoDuration(text);
  } catch (error) {
    throw badRequest(`invalid timeout specified in the request URL - ${(error as Error).message}`);
  }
  if (ms > 0 && ms < 1) throw timedOut();
  return ms > 0 ? Math.min(ms, MAX_REQUEST_MS) : MAX_REQUEST_MS;
}

const timedOut = (): ApiError => new ApiError(504, 'Timeout', 'Timeout: request did not complete within the allotted timeout', {});

/** Ends the request when its time is over. @returns how to call that off */
export function startDeadline(req: IncomingMessage, res: ServerResponse, ms: number): () => void {
  const timer = setTimeout(() => {
    if (res.headersSent) {
      if (!res.writableFinished) res.destroy();
      return;
    }
    if (!req.complete) res.setHeader('Connection', 'close');
    sendError(res, timedOut());
    if (!req.complete) res.once('finish', () => req.destroy());
  }, ms);
  return () => clearTimeout(timer);
}
