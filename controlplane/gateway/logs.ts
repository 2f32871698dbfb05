/**
 * stdout and stderr of attempts: what may be written, and reading while it is written.
 *
 * Chunks of one stream are written in the order in which they came, and acknowledged once they outlive this process. What is beyond a bound is
 * dropped: MAX_LOG_BYTES of a stream, the store's bytes of a Job.
 * `GET /logs/<ns>/<task>?stream=&attempt=&tail=&follow=true`
 */
import { EventEmitter, once } from 'node:events';
import { MAX_LOG_BYTES, type LogChunk } from '../../crds/agent-link';
import type { Access } from './http/access';
import { drained, HttpError, notFound, parseUrl, queryInteger, type Handler } from './http/reply';
import type { LogStore, LogStream, LogTarget } from './log-store';

export type { LogStream, LogTarget } from './log-store';

/** Of a Task that a request names; `active` tells whether the attempt may still write. */
export interface LogSource {
  jobUid: string;
  index: number;
  /** Newest attempt, when the Task is there. */
  newestAttempt?: number;
  active: (attempt: number) => boolean;
}

export interface ReadOptions {
  /** Only so many of the last lines. */
  tail?: number | undefined;
  /** Whether more may come. */
  active: () => boolean;
  signal: AbortSignal;
}

/** A follower looks again at least so often, in case the end of the attempt came without a chunk. */
const FOLLOW_CHECK_MS = 1000;
const UID = /^[0-9a-zA-Z-]{1,64}$/;

export class Logs {
  private readonly writes = new Map<string, Promise<void>>();
  private readonly bytes = new Map<string, number>();
  private followers = 0;
  private readonly changes = new EventEmitter().setMaxListeners(0);

  constructor(private readonly store: LogStore) {}

  /** Resolves when it is kept. What is beyond a bound is dropped. */
  write(target: LogTarget, chunk: Pick<LogChunk, 'stream' | 'offset' | 'data'>): Promise<void> {
    const data = Buffer.from(chunk.data, 'base64');
    const room = Math.max(0, MAX_LOG_BYTES - chunk.offset);
    const used = this.bytes.get(target.jobUid) ?? 0;
    const kept = data.subarray(0, Math.min(room, Math.max(0, this.store.maxJobBytes - used)));
    if (kept.length === 0 || !UID.test(target.jobUid)) return Promise.resolve();
    // Taken until it is known how much the stream grew: a chunk that is repeated costs nothing.
    this.bytes.set(target.jobUid, used + kept.length);
    const count = (grown: number): void => {
      const now = this.bytes.get(target.jobUid);
      if (now !== undefined) this.bytes.set(target.jobUid, Math.max(0, now - kept.length + grown));
    };
    const file = nameOf(target, chunk.stream);
    const append = async (): Promise<number> => {
      const grown = await this.store.append(target, chunk.stream, kept, chunk.offset);
      this.changes.emit(file);
      return grown;
    };
    const done = (this.writes.get(file) ?? Promise.resolve()).then(append).then(count, (error: unknown) => {
      count(0);
      throw error;
    });
    const settled = done.catch(() => undefined).then(() => {
      if (this.writes.get(file) === settled) this.writes.delete(file);
    });
    this.writes.set(file, settled);
    return done;
  }

  /** The attempt writes nothing more: followers finish. */
  ended(target: LogTarget): void {
    if (this.followers === 0) return;
    for (const stream of ['stdout', 'stderr'] as const) this.changes.emit(nameOf(target, stream));
  }

  /** Removes all logs of a Job. */
  async remove(jobUid: string): Promise<void> {
    this.bytes.delete(jobUid);
    if (UID.test(jobUid)) await this.store.remove(jobUid);
  }

  /** @param find the Task that a request names, or what is still known of it */
  routes(access: Access, find: (namespace: string, task: string) => Promise<LogSource | undefined>): Handler {
    return async (req, res) => {
      const { segments, query } = parseUrl(req);
      const [, namespace = '', task = ''] = segments;
      await access.require(req, { verb: 'get', plural: 'tasks', subresource: 'log', namespace, name: task });
      if (req.method !== 'GET') throw new HttpError(405, 'MethodNotAllowed', 'logs know GET', { allow: 'GET' });
      if (segments.length !== 3) throw notFound('the path has to be /logs/<namespace>/<task>');
      const stream = query.get('stream') ?? 'stdout';
      if (stream !== 'stdout' && stream !== 'stderr') throw new HttpError(400, 'BadRequest', `stream: ${JSON.stringify(stream)} is not stdout or stderr`);
      const tail = queryInteger(query, 'tail', 0, 1_000_000);
      const asked = queryInteger(query, 'attempt', 1, 1_000_000_000);
      const source = await find(namespace, task);
      if (!source || !UID.test(source.jobUid)) throw notFound(`there is no task ${JSON.stringify(task)} in namespace ${JSON.stringify(namespace)}`);
      const attempt = asked ?? source.newestAttempt ?? (await this.store.newest(source.jobUid, source.index));
      if (attempt === undefined) {
        throw notFound(`there are no logs of task ${JSON.stringify(task)}: it has had no attempt yet, or there is no such index, or its logs went with its Job`);
      }
      if (source.newestAttempt !== undefined && attempt > source.newestAttempt) {
        throw notFound(`task ${JSON.stringify(task)} has no attempt ${attempt}: the newest is ${source.newestAttempt}`);
      }
      res.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' });
      res.flushHeaders();
      const closed = new AbortController();
      res.once('close', () => closed.abort());
      const active = query.get('follow') === 'true' ? () => source.active(attempt) : () => false;
      for await (const chunk of this.read({ ...source, attempt }, stream, { tail, active, signal: closed.signal })) {
        if (!res.write(chunk) && !(await drained(res))) break;
      }
      res.end();
    };
  }

  /** One stream of an attempt: what is there, and what comes while `active`. Ends early when `signal` aborts. */
  async *read(target: LogTarget, stream: LogStream, { tail, active, signal }: ReadOptions): AsyncGenerator<Buffer> {
    const file = nameOf(target, stream);
    let offset = tail === undefined ? 0 : await this.tailOffset(target, stream, tail);
    for (;;) {
      const changed = active() ? this.change(file, signal) : undefined;
      if (!changed) await this.writes.get(file);
      for await (const chunk of this.store.content(target, stream, offset)) {
        offset += chunk.length;
        yield chunk;
      }
      if (!changed || signal.aborted) return;
      await changed;
    }
  }

  /** The next chunk, the end of the attempt, or a while without either. */
  private async change(file: string, signal: AbortSignal): Promise<void> {
    const over = AbortSignal.any([signal, AbortSignal.timeout(FOLLOW_CHECK_MS)]);
    this.followers += 1;
    try {
      await once(this.changes, file, { signal: over });
    } catch {
      // Nothing came for a while, or the reader went away: the caller looks again.
    } finally {
      this.followers -= 1;
    }
  }

  /** Where the last `lines` lines begin. A stream has at most MAX_LOG_BYTES. */
  private async tailOffset(target: LogTarget, stream: LogStream, lines: number): Promise<number> {
    const parts: Buffer[] = [];
    for await (const part of this.store.content(target, stream, 0)) parts.push(part);
    const content = Buffer.concat(parts);
    let at = content.at(-1) === NEWLINE ? content.length - 1 : content.length;
    if (lines === 0) return content.length;
    for (let left = lines; left > 0 && at > 0; left -= 1) {
      const newline = content.lastIndexOf(NEWLINE, at - 1);
      if (newline < 0) return 0;
      at = newline;
    }
    return at === 0 ? 0 : at + 1;
  }
}

const NEWLINE = 10;

const nameOf = ({ jobUid, index, attempt }: LogTarget, stream: LogStream): string => `${jobUid}/${index}-${attempt}.${stream}`;
