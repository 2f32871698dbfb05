/**
 * stdout and stderr of attempts: one bounded file per stream, `DIR/<job uid>/<index>-<attempt>.<stream>`, made when there is something.
 *
 * Chunks of one stream are written in the order in which they came. They are acknowledged once the kernel has them: a killed process
 * loses none; a power cut may lose the last seconds of a log (results, usage and money never).
 * `GET /logs/<ns>/<task>?stream=&attempt=&tail=&follow=true`
 */
import { EventEmitter, once } from 'node:events';
import { mkdir, open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { MAX_LOG_BYTES, type LogChunk } from '../../crds/agent-link';
import type { Access } from './http/access';
import { drained, HttpError, notFound, parseUrl, queryInteger, type Handler } from './http/reply';

export interface LogTarget {
  jobUid: string;
  index: number;
  attempt: number;
}

export interface LogsOptions {
  root: string;
  /** Most bytes of all logs of one Job that this process takes; more is dropped. */
  maxJobBytes?: number;
}

/** Of a Task that a request names; `active` tells whether the attempt may still write. */
export interface LogSource {
  jobUid: string;
  index: number;
  /** Newest attempt, when the Task is there. */
  newestAttempt?: number;
  active: (attempt: number) => boolean;
}

export type LogStream = LogChunk['stream'];

export interface ReadOptions {
  /** Only so many of the last lines. */
  tail?: number | undefined;
  /** Whether more may come. */
  active: () => boolean;
  signal: AbortSignal;
}

const MAX_JOB_BYTES = 1024 ** 3;
const READ_BYTES = 64 * 1024;
/** A follower looks again at least so often, in case the end of the attempt came without a chunk. */
const FOLLOW_CHECK_MS = 1000;
const UID = /^[0-9a-zA-Z-]{1,64}$/;

export class Logs {
  private readonly writes = new Map<string, Promise<void>>();
  private readonly bytes = new Map<string, number>();
  private followers = 0;
  private readonly changes = new EventEmitter().setMaxListeners(0);

  constructor(private readonly options: LogsOptions) {}

  /** Resolves when the kernel has it. What is beyond a bound is dropped. */
  write(target: LogTarget, chunk: Pick<LogChunk, 'stream' | 'offset' | 'data'>): Promise<void> {
    const data = Buffer.from(chunk.data, 'base64');
    const room = Math.max(0, MAX_LOG_BYTES - chunk.offset);
    const used = this.bytes.get(target.jobUid) ?? 0;
    const kept = data.subarray(0, Math.min(room, Math.max(0, (this.options.maxJobBytes ?? MAX_JOB_BYTES) - used)));
    if (kept.length === 0 || !UID.test(target.jobUid)) return Promise.resolve();
    // Taken until it is known how much the file grew: a chunk that is repeated costs nothing.
    this.bytes.set(target.jobUid, used + kept.length);
    const count = (grown: number): void => {
      const now = this.bytes.get(target.jobUid);
      if (now !== undefined) this.bytes.set(target.jobUid, Math.max(0, now - kept.length + grown));
    };
    const file = this.path(target, chunk.stream);
    const done = (this.writes.get(file) ?? Promise.resolve()).then(() => this.append(target.jobUid, file, kept, chunk.offset)).then(count, (error: unknown) => {
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
    for (const stream of ['stdout', 'stderr']) this.changes.emit(this.path(target, stream));
  }

  /** Removes all logs of a Job. */
  async remove(jobUid: string): Promise<void> {
    this.bytes.delete(jobUid);
    if (UID.test(jobUid)) await rm(join(this.options.root, jobUid), { recursive: true, force: true });
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
      const attempt = asked ?? source.newestAttempt ?? (await this.newest(source));
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
    const file = this.path(target, stream);
    let offset = tail === undefined ? 0 : await tailOffset(file, tail);
    for (;;) {
      const changed = active() ? this.change(file, signal) : undefined;
      if (!changed) await this.writes.get(file);
      for await (const chunk of contentFrom(file, offset)) {
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

  private path({ jobUid, index, attempt }: LogTarget, stream: string): string {
    return join(this.options.root, jobUid, `${index}-${attempt}.${stream}`);
  }

  /** @returns by how many bytes the file grew */
  private async append(jobUid: string, file: string, data: Buffer, offset: number): Promise<number> {
    await mkdir(join(this.options.root, jobUid), { recursive: true, mode: 0o700 });
    // Not 'a': a repeated offset overwrites. Not 'w': what is there stays.
    const handle = await open(file, 'r+', 0o600).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
      return open(file, 'w', 0o600);
    });
    let grown: number;
    try {
      grown = Math.max(0, offset + data.length - (await handle.stat()).size);
      for (let written = 0; written < data.length;) written += (await handle.write(data, written, data.length - written, offset + written)).bytesWritten;
    } finally {
      await handle.close();
    }
    this.changes.emit(file);
    return grown;
  }

  private async newest({ jobUid, index }: LogSource): Promise<number | undefined> {
    const names = await readdir(join(this.options.root, jobUid)).catch(() => []);
    const attempts = names.map((name) => new RegExp(`^${index}-(\\d+)\\.`).exec(name)?.[1]).filter((n) => n !== undefined).map(Number);
    return attempts.length === 0 ? undefined : Math.max(...attempts);
  }
}

/** From `offset` to the end. A file that is not there is empty. */
async function* contentFrom(file: string, offset: number): AsyncGenerator<Buffer> {
  const handle = await open(file, 'r').catch(() => undefined);
  if (!handle) return;
  try {
    const buffer = Buffer.alloc(READ_BYTES);
    for (let at = offset; ;) {
      const { bytesRead } = await handle.read(buffer, 0, READ_BYTES, at);
      if (bytesRead === 0) return;
      at += bytesRead;
      yield Buffer.from(buffer.subarray(0, bytesRead));
    }
  } finally {
    await handle.close();
  }
}

/** Where the last `lines` lines begin. A file is at most MAX_LOG_BYTES long. */
async function tailOffset(file: string, lines: number): Promise<number> {
  const handle = await open(file, 'r').catch(() => undefined);
  if (!handle) return 0;
  try {
    const content = Buffer.alloc(MAX_LOG_BYTES);
    const { bytesRead } = await handle.read(content, 0, MAX_LOG_BYTES, 0);
    let at = content[bytesRead - 1] === 10 ? bytesRead - 1 : bytesRead;
    if (lines === 0) return bytesRead;
    for (let left = lines; left > 0 && at > 0; left -= 1) {
      const newline = content.lastIndexOf(10, at - 1);
      if (newline < 0) return 0;
      at = newline;
    }
    return at === 0 ? 0 : at + 1;
  } finally {
    await handle.close();
  }
}
