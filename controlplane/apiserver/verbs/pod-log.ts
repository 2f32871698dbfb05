/** GET of a pod's `/log`: text as it was written, followed when asked for. */
import { badRequest, invalidError, notFound } from '../http/errors';
import { drained } from '../http/respond';
import type { Serve } from '../resources/resource';
import { invalid, notSupported, type FieldError } from '../schema/field-error';
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

/** @returns undefined when there is no such pod. Bounded chunks, read only as fast as they are taken. */
export type OpenPodLog = (request: PodLogRequest) => Promise<{ container: string; chunks: AsyncIterable<Buffer> } | undefined>;

const OPTIONS = { group: '', kind: 'PodLogOptions' };

export function podLog(open: OpenPodLog): Serve {
  return async (_context, request) => {
    const { namespace, name, query, res, resource } = request;
    const { stream, limitBytes, tailLines, follow } = optionsOf(request);
    const closed = new AbortController();
    res.once('close', () => closed.abort());
    const log = await open({ namespace, pod: name, stream, follow, ...(tailLines !== undefined && { tailLines }), signal: closed.signal });
    if (!log) throw notFound(resource, name);
    const container = query.get('container') ?? '';
    if (container !== '' && container !== log.container) throw badRequest(`container ${container} is not valid for pod ${name}`);
    if (booleanParameter(query, 'previous')) throw badRequest(`previous terminated container ${JSON.stringify(log.container)} in pod ${JSON.stringify(name)} not found`);
    res.writeHead(200, { 'Content-Type': 'text/plain', 'Cache-Control': 'no-cache, private' });
    res.flushHeaders();
    let left = limitBytes ?? Infinity;
    for await (const chunk of log.chunks) {
      const part = chunk.length > left ? chunk.subarray(0, left) : chunk;
      left -= part.length;
      if (!res.write(part)) await drained(res);
      if (left <= 0 || closed.signal.aborted) break;
    }
    res.end();
  };
}

interface LogOptions {
  stream: PodLogRequest['stream'];
  follow: boolean;
  limitBytes?: number;
  tailLines?: number;
}

/** @throws ApiError 422 for values that make no sense, 400 for what is not kept: when a line was written */
function optionsOf({ query, name }: ResourceRequest): LogOptions {
  const errors: FieldError[] = [];
  const number = (field: string, least: number, words: string): number | undefined => {
    const text = query.get(field);
    if (text === null || text === '') return undefined;
    const value = Number(text);
    if (!Number.isSafeInteger(value)) throw badRequest(`query parameter ${field}: ${JSON.stringify(text)} is not a whole number`);
    if (value < least) errors.push(invalid(field, value, words));
    return value;
  };
  const tailLines = number('tailLines', 0, 'must be greater than or equal to 0');
  const limitBytes = number('limitBytes', 1, 'must be greater than 0');
  const stream = query.get('stream') || 'All';
  if (stream !== 'All' && stream !== 'Stdout' && stream !== 'Stderr') errors.push(notSupported('stream', stream, ['All', 'Stdout', 'Stderr']));
  if (errors.length > 0) throw invalidError(OPTIONS, name, errors);
  for (const field of ['sinceSeconds', 'sinceTime']) {
    if (query.get(field)) throw badRequest(`${field}: when a line was written is not kept; use tailLines, or leave it out`);
  }
  if (booleanParameter(query, 'timestamps')) throw badRequest('timestamps: when a line was written is not kept; leave it out');
  return {
    stream: stream as LogOptions['stream'], follow: booleanParameter(query, 'follow'),
    ...(limitBytes !== undefined && { limitBytes }), ...(tailLines !== undefined && { tailLines }),
  };
}
