/** What waits for the clients of watches, in bytes: for each of them, and for all together. */

/** A stream as its memory is counted. */
export interface Buffering {
  /** Bytes that wait for its client, as it is now. */
  buffered(): number;
  /** Ends it: it waits for too much. */
  tooSlow(): void;
}

export interface WatchMemoryOptions {
  /** Of one watch, beyond a first event, which may be of any size. */
  maxBytes?: number;
  /** Of all watches; beyond it, whoever waits for most is ended. */
  maxTotalBytes?: number;
}

const MAX_BYTES = 8 * 1024 * 1024;
const MAX_TOTAL_BYTES = 256 * 1024 * 1024;

export class WatchMemory {
  readonly maxBytes: number;
  readonly #maxTotalBytes: number;
  readonly #streams = new Map<Buffering, number>();
  #total = 0;

  constructor({ maxBytes = MAX_BYTES, maxTotalBytes = MAX_TOTAL_BYTES }: WatchMemoryOptions = {}) {
    this.maxBytes = maxBytes;
    this.#maxTotalBytes = maxTotalBytes;
  }

  /** As last counted: sockets may have taken some of it since. */
  get total(): number {
    return this.#total;
  }

  /** Counts the stream anew; may end it, or another one. */
  count(stream: Buffering): void {
    this.#set(stream, stream.buffered());
    if (this.#total <= this.#maxTotalBytes) return;
    for (const each of this.#streams.keys()) this.#set(each, each.buffered());
    if (this.#total <= this.#maxTotalBytes) return;
    const largestFirst = [...this.#streams.entries()].sort(([, a], [, b]) => b - a);
    for (const [each] of largestFirst) {
      if (this.#total <= this.#maxTotalBytes) return;
      this.forget(each);
      each.tooSlow();
    }
  }

  forget(stream: Buffering): void {
    this.#total -= this.#streams.get(stream) ?? 0;
    this.#streams.delete(stream);
  }

  #set(stream: Buffering, bytes: number): void {
    this.#total += bytes - (this.#streams.get(stream) ?? 0);
    this.#streams.set(stream, bytes);
  }
}
