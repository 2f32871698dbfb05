/**
 * What the agent must not forget when it is killed: an append-only file of JSON lines, one fsync per event-loop turn.
 *
 * ```
 *  leased ──► ended ──► done (forgotten)
 *     └──────────────────▲   nothing is left of it
 * ```
 * - `ended` is durable before its report is sent; so a report that was lost is sent again, by this process or by the next.
 * - A line that was not written whole (power cut, kill) is dropped, and everything after it.
 * - A write that fails (disk full) is taken back and tried again: nothing is given up, `healthy` is false meanwhile.
 * - The file is rewritten with what still counts once most of it does not; so it stays small.
 */
import { open, rename, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Finished, LogChunk } from '../crds/agent-link';
import { readIfThere, syncFolder } from './files';
import { attemptKey, type AttemptSpec } from './runtime/runtime';

/** What is known of one attempt. */
export interface Entry {
  spec: AttemptSpec;
  ticket: string;
  /** Its report, and the parts of its output that were not acknowledged when it ended. */
  ended?: { finished: Finished; logs: LogChunk[] };
}

/** Where a runner notes what it must not forget; each resolves when it is durable. */
export interface LeaseJournal {
  readonly healthy: boolean;
  leased(spec: AttemptSpec, ticket: string): Promise<void>;
  ended(key: string, finished: Finished, logs: LogChunk[]): Promise<void>;
  done(key: string): void;
}

type Line =
  | { t: 'leased'; spec: AttemptSpec; ticket: string }
  | { t: 'ended'; key: string; finished: Finished; logs: LogChunk[] }
  | { t: 'done'; key: string };

const COMPACT_BYTES = 1024 * 1024;
const RETRY_MS = 1000;

export interface JournalOptions {
  compactBytes?: number;
  onError?: (error: unknown) => void;
  /** `healthy` is true again. */
  onRecovery?: () => void;
}

export class Journal implements LeaseJournal {
  private readonly live = new Map<string, Entry>();
  private waiting: { text: string; done: (() => void)[] } = { text: '', done: [] };
  private liveBytes = 0;
  private bytes = 0;
  private flushing: Promise<void> | undefined;
  private retry: NodeJS.Timeout | undefined;
  private failed = false;
  private closed = false;

  private constructor(private readonly path: string, private file: FileHandle, private readonly options: JournalOptions) {}

  /** Reads what a former process noted. @returns the journal; its entries are in `entries()` */
  static async open(path: string, options: JournalOptions = {}): Promise<Journal> {
    const text = (await readIfThere(path)) ?? '';
    const journal = new Journal(path, await open(path, 'a', 0o600), options);
    for (const line of wholeLines(text)) journal.apply(line);
    await journal.compact();
    return journal;
  }

  get healthy(): boolean {
    return !this.failed;
  }

  entries(): [string, Entry][] {
    return [...this.live];
  }

  leased(spec: AttemptSpec, ticket: string): Promise<void> {
    return this.append({ t: 'leased', spec, ticket });
  }

  ended(key: string, finished: Finished, logs: LogChunk[]): Promise<void> {
    return this.append({ t: 'ended', key, finished, logs });
  }

  /** Need not be waited for: doing it again is harmless. */
  done(key: string): void {
    if (this.live.has(key)) void this.append({ t: 'done', key });
  }

  /** Writes what waits, once; what cannot be written stays undone. */
  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.retry);
    await this.flushing;
    await this.write().catch(() => undefined);
    await this.file.close();
  }

  private append(line: Line): Promise<void> {
    this.apply(line);
    return new Promise((resolve) => {
      this.waiting.text += `${JSON.stringify(line)}\n`;
      this.waiting.done.push(resolve);
      if (!this.closed && !this.failed) this.flushing ??= new Promise((over) => { setImmediate(() => void this.flush().finally(over)); });
    });
  }

  private apply(line: Line): void {
    if (line.t === 'leased') this.live.set(attemptKey(line.spec), { spec: line.spec, ticket: line.ticket });
    else if (line.t === 'done') this.live.delete(line.key);
    else {
      const entry = this.live.get(line.key);
      if (entry) entry.ended = { finished: line.finished, logs: line.logs };
    }
  }

  private async flush(): Promise<void> {
    try {
      while (this.waiting.done.length > 0 && !this.closed) await this.write();
      if (this.bytes > Math.max(this.options.compactBytes ?? COMPACT_BYTES, 4 * this.liveBytes)) await this.compact();
      if (this.failed) {
        this.failed = false;
        this.options.onRecovery?.();
      }
    } catch (error) {
      const isNew = !this.failed;
      this.failed = true;
      if (isNew) this.options.onError?.(error);
      if (!this.closed) this.retry = setTimeout(() => { this.flushing = this.flush(); }, RETRY_MS);
    } finally {
      this.flushing = undefined;
    }
  }

  /** One group. */
  private async write(): Promise<void> {
    const group = this.waiting;
    if (group.done.length === 0) return;
    this.waiting = { text: '', done: [] };
    try {
      await this.file.appendFile(group.text);
      await this.file.datasync();
      this.bytes += Buffer.byteLength(group.text);
    } catch (error) {
      // A part may have been written: it is taken back, or the next start would stop reading there.
      await this.file.truncate(this.bytes).catch(() => undefined);
      this.waiting = { text: group.text + this.waiting.text, done: [...group.done, ...this.waiting.done] };
      throw error;
    }
    for (const done of group.done) done();
  }

  /** What counts, in a new file that takes the old one's place. Lines that wait are in it, too, and are written once more: harmless. */
  private async compact(): Promise<void> {
    const lines = [...this.live].flatMap(([key, { spec, ticket, ended }]): Line[] => [
      { t: 'leased', spec, ticket },
      ...(ended ? [{ t: 'ended' as const, key, ...ended }] : []),
    ]);
    const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
    const temporary = `${this.path}.new`;
    const next = await open(temporary, 'w', 0o600);
    try {
      await next.writeFile(text);
      await next.sync();
    } finally {
      await next.close();
    }
    await rename(temporary, this.path);
    await syncFolder(dirname(this.path));
    await this.file.close();
    this.file = await open(this.path, 'a', 0o600);
    this.bytes = Buffer.byteLength(text);
    this.liveBytes = this.bytes;
  }
}

function* wholeLines(text: string): Iterable<Line> {
  for (let start = 0; ;) {
    const end = text.indexOf('\n', start);
    if (end < 0) return;
    let line: Line;
    try {
      line = JSON.parse(text.slice(start, end)) as Line;
    } catch {
      return;
    }
    yield line;
    start = end + 1;
  }
}
