/**
 * Bodies of requests, as they come in: before a request has a seat, so that a client that sends slowly keeps nobody waiting.
 *
 * Invariants: one body has no more bytes than `bytes`; of one client no more than `perClient` bodies come in at a time, and no more than
 * `bytesPerClient` are held, from their arrival until the request is over; when more than `bytesInAll` are, the largest body that is coming
 * in is refused, of those clients that hold more than an equal share. A body that is refused is held no longer.
 */
import type { IncomingMessage } from 'node:http';

import { badRequest, tooLarge, tooManyRequests, TOO_MANY, type ApiError } from './errors';

export interface BodyLimits {
  /** Of one body. */
  bytes: number;
  /** Bodies of one client that come in at a time. */
  perClient: number;
  bytesPerClient: number;
  bytesInAll: number;
}

export interface Body {
  /** What came. @throws ApiError 413 when it was more than the limit */
  read: () => Buffer;
  /** The request is over. */
  release: () => void;
}

/** What holding a piece of a body costs, however small it is. */
const BYTES_PER_CHUNK = 128;

interface Client {
  receiving: Receiving;
  bytes: number;
}

/** A body that comes in. */
interface Incoming {
  client: Client;
  bytes: number;
  refuse: (error: ApiError) => void;
  /** Its neighbours among those that come in of the same client. */
  before: Incoming | undefined;
  after: Incoming | undefined;
}

/**
 * The bodies of one client that come in, as a list. Not a Set: what is put into one and taken out of it thousands of times a second is
 * held by the tables that it has outgrown, and grows old there.
 */
class Receiving {
  size = 0;
  #first: Incoming | undefined;

  add(incoming: Incoming): void {
    incoming.after = this.#first;
    if (this.#first) this.#first.before = incoming;
    this.#first = incoming;
    this.size += 1;
  }

  remove(incoming: Incoming): void {
    const { before, after } = incoming;
    if (before) before.after = after;
    else this.#first = after;
    if (after) after.before = before;
    incoming.before = incoming.after = undefined;
    this.size -= 1;
  }

  largest(): Incoming | undefined {
    let largest: Incoming | undefined;
    for (let each = this.#first; each; each = each.after) if (each.bytes > (largest?.bytes ?? 0)) largest = each;
    return largest;
  }
}

const nothing = (): void => undefined;
const NOTHING = Buffer.alloc(0);
export const NO_BODY: Body = { read: () => NOTHING, release: nothing };

export class Bodies {
  #bytes = 0;
  #receiving = 0;
  readonly #clients = new Map<string, Client>();

  constructor(private readonly limits: BodyLimits) {}

  /** Bodies that come in. */
  get receiving(): number {
    return this.#receiving;
  }

  /** Bytes that are held, with what holding them costs. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Resolves when the body is there. @throws ApiError 400 when the client stops in the middle, 429 */
  async receive(req: IncomingMessage, name: string): Promise<Body> {
    if (!hasBody(req)) return NO_BODY;
    const client = this.#clients.get(name) ?? { receiving: new Receiving(), bytes: 0 };
    if (client.receiving.size >= this.limits.perClient) throw tooManyRequests(TOO_MANY);
    this.#clients.set(name, client);
    const incoming: Incoming = { client, bytes: 0, refuse: nothing, before: undefined, after: undefined };
    client.receiving.add(incoming);
    this.#receiving += 1;
    const release = (): void => {
      this.#drop(incoming);
      if (client.bytes === 0 && client.receiving.size === 0 && this.#clients.get(name) === client) this.#clients.delete(name);
    };
    let whole = false;
    try {
      const read = await this.#takeIn(req, incoming);
      whole = true;
      return { read, release };
    } finally {
      client.receiving.remove(incoming);
      this.#receiving -= 1;
      if (!whole) release();
    }
  }

  #takeIn(req: IncomingMessage, incoming: Incoming): Promise<() => Buffer> {
    const { bytes: limit } = this.limits;
    const refusal = (): never => {
      throw tooLarge(limit);
    };
    if (Number(req.headers['content-length'] ?? 0) > limit) return takenIn(req).then(() => refusal);
    return new Promise((resolve, reject) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      const stop = (then: () => void): void => {
        chunks.length = 0;
        incoming.refuse = nothing;
        req.off('data', onData).off('end', onEnd);
        this.#drop(incoming);
        void takenIn(req).then(then);
      };
      const onData = (chunk: Buffer): void => {
        bytes += chunk.length;
        if (bytes > limit) return stop(() => resolve(refusal));
        chunks.push(chunk);
        this.#hold(incoming, chunk.length + BYTES_PER_CHUNK);
      };
      const onEnd = (): void => {
        incoming.refuse = nothing;
        const body = chunks.length === 1 ? chunks[0] : Buffer.concat(chunks);
        resolve(() => body);
      };
      // An error costs its stack: it is made only when it is needed.
      const onGone = (): void => {
        if (!req.readableEnded) reject(badRequest('the request ended in the middle of its body'));
      };
      incoming.refuse = (error) => stop(() => reject(error));
      if (req.destroyed) return onGone();
      req.on('data', onData).on('end', onEnd).on('error', onGone).on('close', onGone);
    });
  }

  #hold(incoming: Incoming, bytes: number): void {
    const { client } = incoming;
    incoming.bytes += bytes;
    client.bytes += bytes;
    this.#bytes += bytes;
    if (client.bytes > this.limits.bytesPerClient) incoming.refuse(tooManyRequests(TOO_MANY));
    while (this.#bytes > this.limits.bytesInAll) {
      const largest = this.#largest();
      // Those that are whole are worked off; who holds less than its share may go on.
      if (!largest) return;
      largest.refuse(tooManyRequests(TOO_MANY));
    }
  }

  #drop(incoming: Incoming): void {
    incoming.client.bytes -= incoming.bytes;
    this.#bytes -= incoming.bytes;
    incoming.bytes = 0;
  }

  /** That comes in, of the client that holds most of all that hold more than their share. */
  #largest(): Incoming | undefined {
    const share = this.limits.bytesInAll / this.#clients.size;
    const clients = [...this.#clients.values()].filter(({ bytes }) => bytes > share).sort((a, b) => b.bytes - a.bytes);
    for (const { receiving } of clients) {
      const largest = receiving.largest();
      if (largest) return largest;
    }
    return undefined;
  }
}

const hasBody = ({ headers }: IncomingMessage): boolean => headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;

/** How long the rest of a body that is refused is taken in, and dropped. */
const TAKE_IN_MS = 500;

/** A client that is cut off while it writes may not see why: resolves when it is through, or has had its time. */
function takenIn(req: IncomingMessage): Promise<void> {
  req.resume();
  return new Promise((resolve) => {
    const over = (): void => {
      clearTimeout(timer);
      resolve();
    };
    const timer = setTimeout(over, TAKE_IN_MS);
    req.once('end', over);
    req.once('close', over);
  });
}
