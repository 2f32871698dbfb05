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
 * delays its own and no one else's; what waits is bounded for each client and in all. A request comes here with its whole body (bodies.ts): who holds a seat
 * waits for no client's sending. A client that leaves gives up its place.
 */
import { tooManyRequests, TOO_MANY } from './errors';

export interface InFlightLimits {
  /** Requests at a time. */
  seats: number;
  /** Of these, of one client: the others are for others, however long its requests take. */
  seatsPerClient: number;
  /** Requests of one client that may wait. */
  queuePerClient: number;
  /** Requests that may wait in all. */
  queue: number;
  maxWaitMs: number;
}

/** Gives the seat back. */
export type Leave = () => void;

interface Waiting {
  seated: (leave: Leave) => void;
}

export class InFlight {
  #running = 0;
  #waiting = 0;
  /** In order of whose turn is next; no queue is empty. */
  readonly #queues = new Map<string, Set<Waiting>>();
  /** Seats of each client that has one. */
  readonly #seats = new Map<string, number>();

  constructor(private readonly limits: InFlightLimits) {}

  get running(): number {
    return this.#running;
  }

  get waiting(): number {
    return this.#waiting;
  }

  /**
   * @param client whose request it is
   * @param whenGone registers what is to happen when the client leaves
   * @throws ApiError 429
   */
  enter(client: string, whenGone: (leave: () => void) => void): Leave | Promise<Leave> {
    // Who waits while a seat is free has all it may have.
    if (this.#running < this.limits.seats && this.#mayHaveSeat(client)) return this.#seat(client);
    return this.#wait(client, whenGone);
  }

  #mayHaveSeat(client: string): boolean {
    return (this.#seats.get(client) ?? 0) < this.limits.seatsPerClient;
  }

  #seat(client: string): Leave {
    this.#running += 1;
    this.#seats.set(client, (this.#seats.get(client) ?? 0) + 1);
    let left = false;
    return () => {
      if (left) return;
      left = true;
      this.#running -= 1;
      const seats = (this.#seats.get(client) ?? 0) - 1;
      if (seats > 0) this.#seats.set(client, seats);
      else this.#seats.delete(client);
      this.#next();
    };
  }

  #wait(client: string, whenGone: (leave: () => void) => void): Promise<Leave> {
    const queue = this.#queues.get(client) ?? new Set<Waiting>();
    if (queue.size >= this.limits.queuePerClient || this.#waiting >= this.limits.queue) throw tooManyRequests(TOO_MANY);
    return new Promise((resolve, reject) => {
      const waiting: Waiting = {
        seated: (leave) => {
          clearTimeout(timer);
          resolve(leave);
        },
      };
      const giveUp = (): void => {
        if (!this.#forget(client, waiting)) return;
        clearTimeout(timer);
        reject(tooManyRequests(TOO_MANY));
      };
      const timer = setTimeout(giveUp, this.limits.maxWaitMs);
      queue.add(waiting);
      this.#queues.set(client, queue);
      this.#waiting += 1;
      whenGone(giveUp);
    });
  }

  #forget(client: string, waiting: Waiting): boolean {
    const queue = this.#queues.get(client);
    if (!queue?.delete(waiting)) return false;
    if (queue.size === 0) this.#queues.delete(client);
    this.#waiting -= 1;
    return true;
  }

  #firstInTurn(): string | undefined {
    // Few can have all that they may have: the first that has less is soon found.
    for (const client of this.#queues.keys()) if (this.#mayHaveSeat(client)) return client;
    return undefined;
  }

  #next(): void {
    while (this.#running < this.limits.seats) {
      const client = this.#firstInTurn();
      if (client === undefined) return;
      const queue = this.#queues.get(client) ?? new Set<Waiting>();
      const [waiting] = queue;
      this.#queues.delete(client);
      queue.delete(waiting);
      if (queue.size > 0) this.#queues.set(client, queue);
      this.#waiting -= 1;
      waiting.seated(this.#seat(client));
    }
  }
}
