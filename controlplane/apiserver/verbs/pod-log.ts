/** GET of a pod's `/log`: text as it was written, followed when asked for. */
import { badRequest, invalidError, notFound } from '../http/errors';
import { drained } from '../http/respond';
import type { Serve } from '../resources/resource';
import { forbidden, invalid, notSupported, type FieldError } from '../schema/field-error';
import type { ResourceRequest } from './context';
import { booleanParameter } from './options';

export interface PodLogRequest {
  namespace: string;
  pod: string;
  stream: 'All' | 'Stdout' | 'Stderr';
  follow: boolean;
  /** Only so many of the last lines. */
  tailLines?: number;
  /** Aborted when nobody reads any more. */
  signal: AbortSignal;
}

export interface PodLog {
  container: string;
  /** Bounded, read only as fast as they are taken. */
  chunks: AsyncIterable<Buffer>;
  /** RFC 3339; nothing was written before. */
  began: string;
  /** Nothing was written after it; absent: something may still be. */
  ended?: string;
}

/** @returns undefined when there is no such pod */
export type OpenPodLog = (request: PodLogRequest) => Promise<PodLog | undefined>;

const OPTIONS = { group: '', kind: 'PodLogOptions' };

export function podLog(open: OpenPodLog): Serve {
  return async ({ now }, request) => {
    const { namespace, name, query, res, resource } = request;
    const { stream, limitBytes, tailLines, follow, since } = optionsOf(request, now());
    const closed = new AbortController();
    if (res.destroyed) closed.abort();
    else res.once('close', () => closed.abort());
    const log = await open({ namespace, pod: name, stream, follow, ...(tailLines !== undefined && { tailLines }), signal: closed.signal });
    if (!log) throw notFound(resource, name);
    const container = query.get('container') ?? '';
    if (container !== '' && container !== log.container) throw badRequest(`container ${container} is not valid for pod ${name}`);
    if (booleanParameter(query, 'previous')) throw badRequest(`previous terminated container ${JSON.stringify(log.container)} in pod ${JSON.stringify(name)} not found`);
    const nothing = since !== undefined && !allSince(log, since);
    res.writeHead(200, { 'Content-Type': 'text/plain', 'Cache-Control': 'no-cache, private' });
    res.flushHeaders();
    if (nothing) return void res.end();
    let left = limitBytes ?? Infinity;
    for await (const chunk of log.chunks) {
      const part = chunk.length > left ? chunk.subarray(0, left) : chunk;
      left -= part.length;
      if (!res.write(part)) await drained(res);
      if (left > 0 && !closed.signal.aborted) continue;
      // Nothing more is waited for, also not by whoever follows for us.
      closed.abort();
      break;
    }
    res.end();
  };
}

/**
 * Whether all of a log was written since then, or none of it.
 * @throws ApiError 400 when some of it may have been: when a line was written is not kept
 */
function allSince({ began, ended }: PodLog, since: number): boolean {
  if (since <= Date.parse(began)) return true;
  if (ended !== undefined && since > Date.parse(ended)) return false;
  throw badRequest(`sinceTime: when a line was written is not kept: ask for a time until ${began}, when this pod began${ended === undefined ? '' : `, or after ${ended}, when it ended`}, or for tailLines`);
}

interface LogOptions {
  stream: PodLogRequest['stream'];
  follow: boolean;
  limitBytes?: number;
  tailLines?: number;
  /** Milliseconds since the epoch. */
  since?: number;
}

/** @throws ApiError 422 for values that make no sense, 400 for what is not kept: when a line was written */
function optionsOf({ query, name }: ResourceRequest, now: number): LogOptions {
  const errors: FieldError[] = [];
  const number = (field: string, least: number, words: string): number | undefined => {
    const text = query.get(field);
    if (text === null || text === '') return undefined;
    const value = Number(text);
    if (!/^[+-]?\d+$/.test(text)) throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
    if (value < least) errors.push(invalid(field, value, words));
    return value;
  };
  const tailLines = number('tailLines', 0, 'must be greater than or equal to 0');
  const limitBytes = number('limitBytes', 1, 'must be greater than 0');
  const sinceTime = timeOf(query.get('sinceTime') ?? '');
  const bothForbidden = sinceTime !== undefined && (query.get('sinceSeconds') ?? '') !== '';
  const sinceSeconds = bothForbidden ? undefined : number('sinceSeconds', 1, 'must be greater than 0');
  if (bothForbidden) errors.push(forbidden('[]', 'at most one of `sinceTime` or `sinceSeconds` may be specified'));
  const since = sinceSeconds === undefined ? sinceTime : now - sinceSeconds * 1000;
  const stream = query.get('stream') || 'All';
  if (stream !== 'All' && stream !== 'Stdout' && stream !== 'Stderr') errors.push(notSupported('stream', stream, ['All', 'Stdout', 'Stderr']));
  if (errors.length > 0) throw invalidError(OPTIONS, name, errors);
  if (booleanParameter(query, 'timestamps')) throw badRequest('timestamps: when a line was written is not kept; leave it out');
  return {
    stream: stream as LogOptions['stream'], follow: booleanParameter(query, 'follow'),
    ...(since !== undefined && { since }), ...(limitBytes !== undefined && { limitBytes }), ...(tailLines !== undefined && { tailLines }),
  };
}

/** @throws ApiError 400 in Go's words */
function timeOf(text: string): number | undefined {
  if (text === '') return undefined;
  const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(text) ? Date.parse(text) : NaN;
  if (Number.isNaN(time)) throw badRequest(`parsing time ${JSON.stringify(text)} as "2006-01-02T15:04:05Z07:00": cannot parse ${JSON.stringify(text)} as "2006"`);
  return time;
}
