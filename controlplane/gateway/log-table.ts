/**
 * Logs in a table of the database, a row for each chunk: for replicas that share no folder, so that a new leader has what the old one took.
 * Durable with the commit. A Job may fill less of it than of a disk.
 */
import type { Database, Value } from '../db/database';
import { insert, query, remove } from '../db/statements';
import type { LogStore, LogStream, LogTarget } from './log-store';

const CHUNK = insert('log_chunk', { job_uid: 'text', idx: 'int', attempt: 'int', stream: 'text', start: 'int', data: 'bytes' }, { merge: true, conflict: { on: 'ignore' } });
const REMOVE = remove('log_chunk', 'job_uid', 'text');
const OF_STREAM = 'job_uid = ? AND idx = ? AND attempt = ? AND stream = ?';
const END = query<{ over: bigint }>(`SELECT coalesce(max(start + length(data)), 0) AS over FROM log_chunk WHERE ${OF_STREAM}`);
const PAGE = query<{ start: bigint; data: Buffer }>(`SELECT start, data FROM log_chunk WHERE ${OF_STREAM} AND start + length(data) > ? ORDER BY start LIMIT 32`);
const NEWEST = query<{ attempt: bigint | null }>('SELECT max(attempt) AS attempt FROM log_chunk WHERE job_uid = ? AND idx = ?');

/** Streams whose end is remembered. */
const MAX_KNOWN = 10_000;

export class LogTable implements LogStore {
  /** Where streams end, of those that were written to lately. */
  private readonly ends = new Map<string, number>();

  constructor(private readonly tables: Database, readonly maxJobBytes = 64 * 1024 * 1024) {}

  async append(target: LogTarget, stream: LogStream, data: Buffer, offset: number): Promise<number> {
    const key = keyOf(target, stream);
    const id = key.join('/');
    const end = this.ends.get(id) ?? Number((await this.tables.select(END, ...key))[0]?.over ?? 0n);
    const over = offset + data.length;
    if (over <= end) return 0;
    const start = Math.max(offset, end);
    await this.tables.write([{ statement: CHUNK, rows: [[...key, start, data.subarray(start - offset)]] }]);
    if (this.ends.size >= MAX_KNOWN) this.ends.clear();
    this.ends.set(id, over);
    return over - end;
  }

  async *content(target: LogTarget, stream: LogStream, offset: number): AsyncGenerator<Buffer> {
    const key = keyOf(target, stream);
    for (let at = offset; ;) {
      const rows = await this.tables.select(PAGE, ...key, at);
      if (rows.length === 0) return;
      for (const { start, data } of rows) {
        const gap = Number(start) - at;
        if (gap > 0) yield Buffer.alloc(gap);
        yield gap < 0 ? data.subarray(-gap) : data;
        at = Number(start) + data.length;
      }
    }
  }

  async newest(jobUid: string, index: number): Promise<number | undefined> {
    const attempt = (await this.tables.select(NEWEST, jobUid, index))[0]?.attempt;
    return attempt == null ? undefined : Number(attempt);
  }

  async remove(jobUid: string): Promise<void> {
    for (const id of this.ends.keys()) if (id.startsWith(`${jobUid}/`)) this.ends.delete(id);
    await this.tables.write([{ statement: REMOVE, rows: [[jobUid]] }]);
  }
}

const keyOf = ({ jobUid, index, attempt }: LogTarget, stream: LogStream): Value[] => [jobUid, index, attempt, stream];
