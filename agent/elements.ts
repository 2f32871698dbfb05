/**
 * Data elements on the agent: fetched ones in a cache (least recently used go first), results on their way out.
 *
 *   <dir>/cache/<hex>      whole, digest verified, read-only
 *   <dir>/part/…           what is being written; nothing of it survives a restart
 *   <dir>/out/<hex>        results that are not delivered yet
 *
 * Every attempt works through a handle of its own: what it fetched stays until it is released, what it put stays until it is forgotten.
 */
import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { chmod, open, readdir, rename, rm, stat, utimes, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder, syncFolder } from './files';
import type { AttemptIo } from './runtime/runtime';
import { type Transfer, TransferError } from './transfer';

export interface ElementHandle {
  io: AttemptIo;
  /** Digests that were put, with repetitions. */
  readonly put: readonly string[];
  /** What it fetched may be evicted; what it put and `keep` does not name is removed. */
  release(keep?: ReadonlySet<string>): void;
}

/** What runners need of elements. */
export interface Elements {
  open(ticket: string): ElementHandle;
  /** Resolves when all are at the control plane. @throws TransferError when it does not want one of them */
  deliver(files: readonly { element: string; bytes: number }[], ticket: string, signal: AbortSignal): Promise<void>;
  /** These results are delivered, or of no use any more. */
  forget(digests: readonly string[]): void;
}

export interface ElementStoreOptions {
  dir: string;
  maxBytes: number;
  transfer: Transfer;
}

interface Cached {
  bytes: number;
  pins: number;
}

interface Fetching {
  promise: Promise<string>;
  /** Any of them will do; the waiters' own. */
  tickets: Set<string>;
  abort: AbortController;
  waiters: number;
}

const CHUNK_BYTES = 256 * 1024;

export class ElementStore implements Elements {
  private readonly cache: string;
  private readonly part: string;
  private readonly out: string;
  /** Oldest use first. */
  private readonly cached = new Map<string, Cached>();
  private readonly fetching = new Map<string, Fetching>();
  private readonly outgoing = new Map<string, number>();
  private total = 0;
  /** Of downloads that are on. */
  private reserved = 0;

  constructor(private readonly options: ElementStoreOptions) {
    this.cache = join(options.dir, 'cache');
    this.part = join(options.dir, 'part');
    this.out = join(options.dir, 'out');
  }

  /** @param undelivered digests of results that still have to go out, with repetitions; other ones are removed */
  async start(undelivered: readonly string[]): Promise<void> {
    for (const folder of [this.options.dir, this.cache, this.part, this.out]) makeFolder(folder, 0o711);
    const known = await Promise.all((await readdir(this.cache)).map(async (name) => ({ name, ...pick(await stat(join(this.cache, name))) })));
    for (const { name, bytes } of known.sort((a, b) => a.usedAt - b.usedAt)) {
      this.cached.set(`sha256:${name}`, { bytes, pins: 0 });
      this.total += bytes;
    }
    for (const digest of undelivered) this.count(digest, 1);
    for (const name of await readdir(this.out)) if (!this.outgoing.has(`sha256:${name}`)) await rm(join(this.out, name), { force: true });
    for (const name of await readdir(this.part)) await rm(join(this.part, name), { force: true });
    await this.makeRoom(0);
  }

  get cacheBytes(): number {
    return this.total;
  }

  open(ticket: string): ElementHandle {
    const pinned = new Set<string>();
    const put: string[] = [];
    return {
      put,
      io: {
        fetch: async (digest, signal) => {
          for (;;) {
            const path = await this.fetch(digest, ticket, signal);
            const cached = this.cached.get(digest);
            // Evicted before it could be held: once more.
            if (!cached) continue;
            if (!pinned.has(digest)) cached.pins += 1;
            pinned.add(digest);
            return path;
          }
        },
        put: async (file, signal) => {
          const taken = await this.take(file, signal);
          put.push(taken.element);
          return taken;
        },
      },
      release: (keep = new Set()) => {
        for (const digest of pinned) {
          const cached = this.cached.get(digest);
          if (cached) cached.pins -= 1;
        }
        pinned.clear();
        const kept = new Set(keep);
        // Each digest that is kept is counted once.
        this.forget(put.splice(0).filter((digest) => !kept.delete(digest)));
      },
    };
  }

  async deliver(files: readonly { element: string; bytes: number }[], ticket: string, signal: AbortSignal): Promise<void> {
    for (const { element, bytes } of new Map(files.map((file) => [file.element, file])).values()) {
      await this.options.transfer.upload(element, bytes, () => createReadStream(this.path(this.out, element)), ticket, signal);
    }
  }

  forget(digests: readonly string[]): void {
    for (const digest of digests) {
      if (this.count(digest, -1) > 0) continue;
      this.outgoing.delete(digest);
      void rm(this.path(this.out, digest), { force: true });
    }
  }

  /** A verified file; those who want the same one at the same time share the download. */
  private async fetch(digest: string, ticket: string, signal: AbortSignal): Promise<string> {
    signal.throwIfAborted();
    const path = this.path(this.cache, digest);
    const cached = this.cached.get(digest);
    if (cached) {
      this.cached.delete(digest);
      this.cached.set(digest, cached);
      const now = new Date();
      void utimes(path, now, now).catch(() => undefined);
      return path;
    }
    let fetching = this.fetching.get(digest);
    if (!fetching) {
      const tickets = new Set([ticket]);
      const abort = new AbortController();
      fetching = { promise: this.download(digest, tickets, abort.signal), tickets, abort, waiters: 0 };
      this.fetching.set(digest, fetching);
    }
    fetching.tickets.add(ticket);
    fetching.waiters += 1;
    try {
      return await orAborted(fetching.promise, signal);
    } finally {
      fetching.waiters -= 1;
      fetching.tickets.delete(ticket);
      if (fetching.waiters === 0) {
        if (this.fetching.get(digest) === fetching) this.fetching.delete(digest);
        fetching.abort.abort(new Error('nobody waits for it any more'));
      }
    }
  }

  private async download(digest: string, tickets: Set<string>, signal: AbortSignal): Promise<string> {
    const path = this.path(this.cache, digest);
    const part = join(this.part, randomUUID());
    let reserved = 0;
    const reserve = (bytes: number): void => {
      this.reserved += bytes - reserved;
      reserved = bytes;
    };
    try {
      const bytes = await this.options.transfer.download(digest, part, tickets, signal, async (size) => {
        reserve(0);
        await this.makeRoom(size);
        reserve(size);
      });
      await chmod(part, 0o444);
      await rename(part, path);
      if (!this.cached.has(digest)) this.total += bytes;
      this.cached.set(digest, this.cached.get(digest) ?? { bytes, pins: 0 });
      return path;
    } catch (error) {
      await rm(part, { force: true });
      throw error;
    } finally {
      reserve(0);
    }
  }

  /** Evicts until so many bytes more fit. @throws TransferError when what is in use leaves no room */
  private async makeRoom(bytes: number): Promise<void> {
    for (const [digest, { bytes: freed, pins }] of this.cached) {
      if (this.total + this.reserved + bytes <= this.options.maxBytes) return;
      if (pins > 0) continue;
      this.cached.delete(digest);
      this.total -= freed;
      await rm(this.path(this.cache, digest), { force: true });
    }
    const inUse = this.total + this.reserved;
    if (inUse + bytes > this.options.maxBytes && bytes > 0) {
      throw new TransferError('TooLarge', `${bytes} bytes do not fit the agent's element cache: ${inUse} of its ${this.options.maxBytes} bytes are in use`);
    }
  }

  /** A durable copy, named by what is in it. */
  private async take(file: FileHandle, signal: AbortSignal): Promise<{ element: string; bytes: number }> {
    const temporary = join(this.part, randomUUID());
    try {
      const hash = createHash('sha256');
      let bytes = 0;
      const copy = await open(temporary, 'wx', 0o600);
      try {
        const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
        for (;;) {
          signal.throwIfAborted();
          const { bytesRead } = await file.read(buffer, 0, CHUNK_BYTES, bytes);
          if (bytesRead === 0) break;
          hash.update(buffer.subarray(0, bytesRead));
          for (let done = 0; done < bytesRead;) done += (await copy.write(buffer, done, bytesRead - done)).bytesWritten;
          bytes += bytesRead;
        }
        await copy.sync();
      } finally {
        await copy.close();
      }
      const element = `sha256:${hash.digest('hex')}`;
      this.count(element, 1);
      await rename(temporary, this.path(this.out, element));
      await syncFolder(this.out);
      return { element, bytes };
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  }

  private count(digest: string, by: number): number {
    const count = (this.outgoing.get(digest) ?? 0) + by;
    this.outgoing.set(digest, count);
    return count;
  }

  /** @throws Error for what is no digest: nothing outside of the folder is ever named */
  private path(folder: string, digest: string): string {
    if (!/^sha256:[0-9a-f]{64}$/.test(digest)) throw new TransferError('NotFound', `${JSON.stringify(digest)} is not the name of an element`);
    return join(folder, digest.slice(7));
  }
}

const pick = ({ size, mtimeMs }: { size: number; mtimeMs: number }): { bytes: number; usedAt: number } => ({ bytes: size, usedAt: mtimeMs });

function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
