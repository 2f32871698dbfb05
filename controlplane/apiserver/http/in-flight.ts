/**
 * How many requests are worked on at a time, and whose turn is next when there are more.
 *
 * ```
 *   request ─► a seat is free ─────────────────────────────────► runs ─► seat to the next
 *                   │ none                                        ▲
 *                   ▼                                             │
 *              its client's queue ── clients in turn, one each ───┘
 *                   │ queue full, or waited too long
 *                   ▼
 *              429, Retry-After
 * ```
 * Invariants: no more than `seats` run, of one client no more than `seatsPerClient`; while requests wait, seats are given to the clients in turn, so that one with many requests
 * delays its own and no one else's; what waits is bounded for each client and in all; when that is full, the last of who has most waiting is
 * refused, not who came last. A request comes here with its whole body (bodies.ts): who holds a seat
 * waits for no client's sending; who waits for its client's reading gives the seat back (answers.ts). A client that leaves gives up its place.
 *
 * Besides, `reserve` seats are for privileged requests only, which get one when they find no other, and a place in a queue when those of all are full.
 */
import { tooManyRequests, TOO_MANY } from './errors';

export interface InFlightLimits {
  /** Requests at a time. */
  seats: number;
  /** Of these, of one client: the others are for others, however long its requests take. */
  seatsPerClient: number;
  /** Privileged requests at a time, besides. */
  reserve: number;
  reservePerClient: number;
  /** Requests of one client that may wait. */
  queuePerClient: number;
  /** Requests that may wait in all; privileged ones of one client more. */
  queue: number;
  maxWaitMs: number;
}

/** Gives the seat back. */
export type Leave = () => void;

interface Waiting {
  privileged: boolean;
  /** It gives up its place, and is told 429. */
  refuse: () => void;
  seated: (leave: Leave) => void;
}

/** Seats, and who has them. */
class Seats {
  taken = 0;
  readonly #clients = new Map<string, number>();

  constructor(readonly size: number, private readonly perClient: number) {}

  get free(): boolean {
    return this.taken < this.size;
  }

  isForOneOf(client: string): boolean {
    return (this.#clients.get(client) ?? 0) < this.perClient;
  }

  take(client: string): void {
    this.taken += 1;
    this.#clients.set(client, (this.#clients.get(client) ?? 0) + 1);
  }

  giveBack(client: string): void {
    this.taken -= 1;
    const left = (this.#clients.get(client) ?? 0) - 1;
    if (left > 0) this.#clients.set(client, left);
    else this.#clients.delete(client);
  }
}

export class InFlight {
  #waiting = 0;
  #privilegedWaiting = 0;
  /** In order of whose turn is next; no queue is empty. */
  readonly #queues = new Map<string, Set<Waiting>>();
  readonly #seats: Seats;
  readonly #reserve: Seats;

  constructor(private readonly limits: InFlightLimits) {
    this.#seats = new Seats(limits.seats, limits.seatsPerClient);
    this.#reserve = new Seats(limits.reserve, limits.reservePerClient);
  }

  get running(): number {
    return this.#seats.taken + this.#reserve.taken;
  }

  get waiting(): number {
    return this.#waiting;
  }

  /** Clients that would get a seat if there was one for each. */
  get wanting(): number {
    if (this.#seats.free) return 0;
    let count = 0;
    for (const client of this.#queues.keys()) if (this.#seats.isForOneOf(client)) count += 1;
    return count;
  }

  /**
   * @param client whose request it is
   * @param whenGone registers what is to happen when the client leaves
   * @param privileged whether it may have a seat of the reserve
   * @throws ApiError 429
   */
  enter(client: string, whenGone: (leave: () => void) => void, privileged = false): Leave | Promise<Leave> {
    // Who waits while a seat is free has all it may have.
    if (this.#seats.free && this.#seats.isForOneOf(client)) return this.#seat(this.#seats, client);
    if (privileged && this.#reserve.free && this.#reserve.isForOneOf(client)) return this.#seat(this.#reserve, client);
    return this.#wait(client, whenGone, privileged);
  }

  #seat(seats: Seats, client: string): Leave {
    seats.take(client);
    let left = false;
    return () => {
      if (left) return;
      left = true;
      seats.giveBack(client);
      this.#next();
    };
  }

  #wait(client: string, whenGone: (leave: () => void) => void, privileged: boolean): Promise<Leave> {
    const queue = this.#queues.get(client) ?? new Set<Waiting>();
    const { queuePerClient } = this.limits;
    const inAll = this.limits.queue + (privileged ? queuePerClient : 0);
    if (queue.size >= queuePerClient || (this.#waiting >= inAll && !this.#makeRoom(queue.size + 1))) throw tooManyRequests(TOO_MANY);
    return new Promise((resolve, reject) => {
      const refuse = (): void => {
        if (!this.#forget(client, waiting)) return;
        clearTimeout(timer);
        reject(tooManyRequests(TOO_MANY));
      };
      const waiting: Waiting = {
        privileged,
        refuse,
        seated: (leave) => {
          clearTimeout(timer);
          resolve(leave);
        },
      };
      const timer = setTimeout(refuse, this.limits.maxWaitMs);
      queue.add(waiting);
      this.#queues.set(client, queue);
      this.#waiting += 1;
      if (privileged) this.#privilegedWaiting += 1;
      whenGone(refuse);
    });
  }

  /** Refuses the last of the longest queue, if that is longer than `size`. @returns whether it was */
  #makeRoom(size: number): boolean {
    let longest: Set<Waiting> | undefined;
    for (const queue of this.#queues.values()) if (queue.size > (longest?.size ?? size)) longest = queue;
    if (!longest) return false;
    [...longest].at(-1)?.refuse();
    return true;
  }

  #forget(client: string, waiting: Waiting): boolean {
    const queue = this.#queues.get(client);
    if (!queue?.delete(waiting)) return false;
    if (queue.size === 0) this.#queues.delete(client);
    this.#waiting -= 1;
    if (waiting.privileged) this.#privilegedWaiting -= 1;
    return true;
  }

  #next(): void {
    while (this.#waiting > 0 && this.#seats.free && this.#giveTo(this.#seats, () => true));
    while (this.#privilegedWaiting > 0 && this.#reserve.free && this.#giveTo(this.#reserve, ({ privileged }) => privileged));
  }

  /** One of the seats to the first in turn of those that may have it. @returns false when there is none */
  #giveTo(seats: Seats, may: (waiting: Waiting) => boolean): boolean {
    // Few can have all that they may have: the first that has less is soon found.
    for (const [client, queue] of this.#queues) {
      if (!seats.isForOneOf(client)) continue;
      for (const waiting of queue) {
        if (!may(waiting)) continue;
        this.#forget(client, waiting);
        // Its other ones come after everyone else's.
        if (this.#queues.delete(client)) this.#queues.set(client, queue);
        waiting.seated(this.#seat(seats, client));
        return true;
      }
    }
    return false;
  }
}
