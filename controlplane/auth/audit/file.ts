/**
 * A file of lines that is turned over when it is full: `audit.log`, then `audit.log.1` (the newest that is full) to `audit.log.<n>`.
 *
 * Lines wait in memory for at most a second, or until there are enough of them, and are written one batch at a time: whoever adds a line
 * never waits. A killed process loses what waited, at most the last second. When the disk does not keep up or fails, lines beyond the
 * bound are dropped and counted; the file goes on as soon as it can be written.
 */
import { open, rename, rm, type FileHandle } from 'node:fs/promises';

export interface RotatingFileOptions {
  path: string;
  /** A file is turned over when it would have more. */
  maxBytes: number;
  /** How many full files are kept. */
  maxFiles: number;
  /** Lines that wait, in characters. */
  maxWaiting?: number;
  flushMs?: number;
  onError: (error: unknown) => void;
}

const FLUSH_MS = 1000;
const FLUSH_CHARS = 64 * 1024;
const MAX_WAITING = 16 * 1024 * 1024;

export class RotatingFile {
  #waiting: string[] = [];
  #chars = 0;
  #dropped = 0;
  #file: FileHandle | undefined;
  #bytes = 0;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> | undefined;
  #failed = false;
  /** The last line in the file may be a part of one. */
  #torn = false;

  constructor(private readonly options: RotatingFileOptions) {}

  /** Lines that were lost because they could not be written. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Never throws, never waits. @param line with its newline */
  add(line: string): void {
    if (this.#chars + line.length > (this.options.maxWaiting ?? MAX_WAITING)) {
      this.#dropped += 1;
      return;
    }
    this.#waiting.push(line);
    this.#chars += line.length;
    if (this.#chars >= FLUSH_CHARS && !this.#failed) this.#start();
    else this.#timer ??= setTimeout(() => this.#start(), this.options.flushMs ?? FLUSH_MS).unref();
  }

  /** Writes what waits and closes the file. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#writing;
    this.#start();
    await this.#writing;
    clearTimeout(this.#timer);
    await this.#file?.close();
    this.#file = undefined;
  }

  #start(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#writing ??= this.#writeAll().finally(() => (this.#writing = undefined));
  }

  async #writeAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const lines = this.#waiting;
      this.#waiting = [];
      this.#chars = 0;
      try {
        await this.#write(lines);
        this.#failed = false;
      } catch (error) {
        // Some of it may be in the file already: a batch is not written twice.
        this.#dropped += lines.length;
        if (!this.#failed) this.options.onError(error);
        this.#failed = true;
        await this.#file?.close().catch(() => undefined);
        this.#file = undefined;
        this.#torn = true;
        return;
      }
    }
  }

  async #write(lines: readonly string[]): Promise<void> {
    const data = Buffer.from((this.#torn ? '\n' : '') + lines.join(''));
    if (!this.#file) await this.#open();
    if (this.#bytes > 0 && this.#bytes + data.length > this.options.maxBytes) await this.#turnOver();
    for (let at = 0; at < data.length;) at += (await this.#file!.write(data, at)).bytesWritten;
    this.#bytes += data.length;
    this.#torn = false;
  }

  async #open(): Promise<void> {
    this.#file = await open(this.options.path, 'a', 0o600);
    this.#bytes = (await this.#file.stat()).size;
  }

  async #turnOver(): Promise<void> {
    const { path, maxFiles } = this.options;
    await this.#file?.close();
    this.#file = undefined;
    if (maxFiles === 0) await rm(path, { force: true });
    else {
      for (let n = maxFiles - 1; n >= 1; n -= 1) await renameIfThere(`${path}.${n}`, `${path}.${n + 1}`);
      await renameIfThere(path, `${path}.1`);
    }
    await this.#open();
  }
}

async function renameIfThere(from: string, to: string): Promise<void> {
  await rename(from, to).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
}
