/**
 * One client's stream of watch frames.
 *
 *   store events ──► pending (references; bounded in number and bytes) ──► its turn (fan-out.ts) ──► frames ──► socket
 *                        │ full: the client reads too slowly
 *                        ▼
 *                   ERROR 410 and the end; the client lists and watches anew
 *
 * Invariants: a slow client never holds up the store or another client; no more than one frame batch is encoded ahead of the socket.
 */
import type { ServerResponse } from 'node:http';
import type { Writable } from 'node:stream';

import type { KubeObject } from '../../../crds/meta';
import type { WatchEvent } from '../../store/store';
import { chunk, contentOf, LAST_CHUNK } from '../http/chunk';
import { expired, unavailable, type Status } from '../http/errors';
import type { FanOut, Flushable } from './fan-out';
import { Fifo } from './fifo';
import type { Buffering, WatchMemory } from './watch-memory';

/** Events that may wait for a client, beyond what was there when the watch began. */
export const MAX_PENDING = 10_000;
/** Bytes handed to the socket at a time. */
const BATCH_BYTES = 64 * 1024;
/** How long a client that was ended for slowness may take to read why. */
const LINGER_MS = 5000;

/** One line of a watch, as a chunk. */
export const frame = (type: string, json: string): Buffer => chunk(Buffer.from(`{"type":"${type}","object":${json}}\n`));

/** How events are written. */
export interface Frames {
  /** Content-Type of the answer. */
  type: string;
  /** One frame, as a chunk; those of one event may be shared between watches. */
  encode: (event: WatchEvent<KubeObject>) => Buffer;
  /** The frame that says why the watch is over, as a chunk. */
  refusal: (status: Status) => Buffer;
  /** What an event that waits is counted as. */
  bytesOf: (event: WatchEvent<KubeObject>) => number;
}

export interface WatchStreamOptions extends Frames {
  memory: WatchMemory;
  fanOut: FanOut;
  /** Told of an event that could not be encoded; the watch is ended. */
  onError: (error: unknown) => void;
}

export class WatchStream implements Buffering, Flushable {
  readonly ended: Promise<void>;
  waitsForTurn = false;
  counted = 0;
  readonly #pending = new Fifo<WatchEvent<KubeObject>>();
  /** The last ones in `pending` that wait for this stream's turn. */
  #unturned = 0;
  #started = false;
  #finished = false;
  #blocked = false;
  /** Told when nothing waits any more. */
  #whenDrained: (() => void) | undefined;
  /** Waiting events that are allowed: the first batch (what was there at the start), and MAX_PENDING more. */
  #bound = 0;
  /** Bytes of the last ones in `pending` that the socket did not take, without the first batch, whose objects the store holds or shares between watches. */
  readonly #sizes = new Fifo<number>();
  #bytes = 0;
  /** Where frames go: the socket itself, unless answers to earlier requests on it are still to come. */
  #sink: Writable;
  #chunked = false;
  readonly #drained = (): void => {
    this.#blocked = false;
    this.flush();
  };

  constructor(
    private readonly res: ServerResponse,
    private readonly options: WatchStreamOptions,
  ) {
    this.#sink = res;
    this.ended = new Promise((resolve) => {
      const over = (): void => {
        this.#sink.off('drain', this.#drained);
        this.#over();
        resolve();
      };
      // Its client may be gone already: it had to be authenticated first.
      if (res.destroyed) return over();
      res.once('close', over);
      options.memory.add(this);
    });
  }

  /** Sends the headers at once: a client waits for them before it counts the watch as open. */
  start(): void {
    this.#started = true;
    if (this.#finished) return;
    this.#head();
    this.flush();
  }

  push(batch: readonly WatchEvent<KubeObject>[]): void {
    if (this.#finished) return;
    const first = this.#bound === 0;
    if (first) this.#bound = batch.length + MAX_PENDING;
    for (const event of batch) this.#pending.push(event);
    if (first) {
      if (this.#started) this.flush();
    } else if (this.#started && !this.#blocked) {
      this.#unturned += batch.length;
      this.options.fanOut.request(this);
    } else {
      this.#measure(batch.length);
    }
    this.#check();
  }

  /** Its turn has come. */
  flush(): void {
    if (this.#finished) return;
    const turned = this.#unturned;
    this.#unturned = 0;
    try {
      this.#pump();
      this.#measure(turned);
    } catch (error) {
      this.options.onError(error);
      this.finish(unavailable('the watch was ended because an event could not be sent; list and watch anew').status);
    }
    this.#check();
    this.#tellDrained();
  }

  /** Resolves when nothing waits for the client any more, or the watch is over. */
  drained(): Promise<void> {
    return new Promise((resolve) => {
      this.#whenDrained = resolve;
      this.#tellDrained();
    });
  }

  buffered(): number {
    return this.#bytes + this.#sink.writableLength;
  }

  /** Events that wait, for the socket or for this stream's turn. */
  unsent(): number {
    return this.#pending.size;
  }

  tooSlow(): void {
    this.finish(expired('the client reads too slowly: too many events wait for it; list and watch anew').status);
  }

  /** Ends the answer, with `error` as its last frame. Events that still wait are dropped: the client resumes from the last it saw. */
  finish(error?: Status): void {
    if (this.#unturned > 0) this.flush();
    if (this.#finished) return;
    this.#over();
    if (!this.#started) this.#head();
    if (error !== undefined) this.#sink.write(this.#framed(this.options.refusal(error)));
    if (this.#chunked) this.#sink.write(LAST_CHUNK);
    this.res.end();
    const timer = setTimeout(() => this.res.destroy(), LINGER_MS);
    this.res.once('close', () => clearTimeout(timer));
  }

  /** The headers; from here on chunks are ours, not Node's. */
  #head(): void {
    const { res } = this;
    if (res.socket) this.#sink = res.socket;
    this.#sink.on('drain', this.#drained);
    res.writeHead(200, { 'Content-Type': this.options.type, 'Cache-Control': 'no-cache, private' });
    res.flushHeaders();
    this.#chunked = res.chunkedEncoding;
    res.chunkedEncoding = false;
  }

  #framed(chunk: Buffer): Buffer {
    return this.#chunked ? chunk : contentOf(chunk);
  }

  #check(): void {
    if (this.#finished) return;
    const tooMany = this.#started && this.unsent() > this.#bound;
    const tooLarge = this.#bytes > this.options.memory.maxBytes && this.#sizes.size > 1;
    if (tooMany || tooLarge) this.tooSlow();
    else this.options.memory.count(this);
  }

  #over(): void {
    this.#finished = true;
    this.#pending.clear();
    this.#sizes.clear();
    this.#bytes = 0;
    this.options.memory.forget(this);
    this.#tellDrained();
  }

  #tellDrained(): void {
    if (!this.#whenDrained || !(this.#finished || (this.#started && !this.#blocked && this.#pending.size === 0))) return;
    this.#whenDrained();
    this.#whenDrained = undefined;
  }

  /** Those of the last `count` events that the socket did not take at once. */
  #measure(count: number): void {
    const size = this.#pending.size;
    for (let at = Math.max(0, size - count); at < size; at += 1) {
      const bytes = this.options.bytesOf(this.#pending.at(at) as WatchEvent<KubeObject>);
      this.#sizes.push(bytes);
      this.#bytes += bytes;
    }
  }

  #take(): WatchEvent<KubeObject> {
    const allMeasured = this.#pending.size === this.#sizes.size;
    if (allMeasured) this.#bytes -= this.#sizes.shift() ?? 0;
    return this.#pending.shift() as WatchEvent<KubeObject>;
  }

  #batch(): Buffer {
    const first = this.#framed(this.options.encode(this.#take()));
    if (this.#pending.size === 0) return first;
    const frames = [first];
    for (let bytes = first.length; this.#pending.size > 0 && bytes < BATCH_BYTES; ) {
      const frame = this.#framed(this.options.encode(this.#take()));
      frames.push(frame);
      bytes += frame.length;
    }
    return Buffer.concat(frames);
  }

  #pump(): void {
    while (!this.#blocked && !this.#finished && this.#pending.size > 0) {
      this.#blocked = !this.#sink.write(this.#batch());
    }
  }
}
