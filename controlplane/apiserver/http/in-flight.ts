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
 * Invariants: no more than `seats` run; while requests wait, seats are given to the clients in turn, so that one with many requests
 * delays its own and no one else's; what waits is bounded for each client and in all. A request comes here with its whole body (bodies.ts): who holds a seat
 * waits for no client's sending. A client that leaves gives up its place.
 */
import { tooManyRequests, TOO_MANY } from './errors';

export interface InFlightLimits {
  /** Requests at a time. */
  seats: number;
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
    if (this.#running < this.limits.seats && this.#waiting === 0) return this.#seat();
    return this.#wait(client, whenGone);
  }

  #seat(): Leave {
    this.#running += 1;
    let left = false;
    return () => {
      if (left) return;
      left = true;
      this.#running -= 1;
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

  #next(): void {
    while (this.#running < this.limits.seats) {
      const [first] = this.#queues;
      if (!first) return;
      const [client, queue] = first;
      const [waiting] = queue;
      this.#queues.delete(client);
      queue.delete(waiting);
      if (queue.size > 0) this.#queues.set(client, queue);
      this.#waiting -= 1;
      waiting.seated(this.#seat());
    }
  }
}
