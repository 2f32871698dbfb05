/** What waits for the clients of watches, in bytes: for each of them, and for all together. */

/** A stream as its memory is counted. */
export interface Buffering {
  /** What was last counted. Set here only; 0 at first. */
  counted: number;
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
  readonly #streams = new Set<Buffering>();
  #total = 0;

  constructor({ maxBytes = MAX_BYTES, maxTotalBytes = MAX_TOTAL_BYTES }: WatchMemoryOptions = {}) {
    this.maxBytes = maxBytes;
    this.#maxTotalBytes = maxTotalBytes;
  }

  /** As last counted: sockets may have taken some of it since. */
  get total(): number {
    return this.#total;
  }

  /** From here on it counts, until it is forgotten. */
  add(stream: Buffering): void {
    this.#streams.add(stream);
    this.count(stream);
  }

  /** Counts the stream anew; may end it, or another one. */
  count(stream: Buffering): void {
    // One that is being ended may still write.
    if (!this.#streams.has(stream)) return;
    this.#measure(stream);
    if (this.#total <= this.#maxTotalBytes) return;
    for (const each of this.#streams) this.#measure(each);
    if (this.#total <= this.#maxTotalBytes) return;
    const largestFirst = [...this.#streams].sort((a, b) => b.counted - a.counted);
    for (const each of largestFirst) {
      if (this.#total <= this.#maxTotalBytes) return;
      this.forget(each);
      each.tooSlow();
    }
  }

  forget(stream: Buffering): void {
    if (!this.#streams.delete(stream)) return;
    this.#total -= stream.counted;
    stream.counted = 0;
  }

  #measure(stream: Buffering): void {
    const bytes = stream.buffered();
    this.#total += bytes - stream.counted;
    stream.counted = bytes;
  }
}
