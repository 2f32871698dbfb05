/** The watches that are open: bounded in number, and no client may hold almost all of them; a few are for privileged ones only. */
import { tooManyRequests } from '../http/errors';

export interface OpenWatchesOptions {
  max?: number;
  maxPerClient?: number;
  /** Of privileged clients, besides. */
  reserve?: number;
}

const MAX = 10_000;
const MAX_PER_CLIENT = 8_000;
const RESERVE = 100;

export class OpenWatches {
  readonly #max: number;
  readonly #maxPerClient: number;
  readonly #reserve: number;
  readonly #ends = new Set<() => void>();
  readonly #perClient = new Map<string, number>();

  constructor({ max = MAX, maxPerClient = MAX_PER_CLIENT, reserve = RESERVE }: OpenWatchesOptions = {}) {
    this.#max = max;
    this.#maxPerClient = maxPerClient;
    this.#reserve = reserve;
  }

  get size(): number {
    return this.#ends.size;
  }

  /** @throws ApiError 429 when the client may not open another one */
  check(client: string, privileged = false): void {
    if (this.#ends.size >= this.#max + (privileged ? this.#reserve : 0)) throw tooManyRequests(`too many watches: at most ${this.#max}`);
    if ((this.#perClient.get(client) ?? 0) >= this.#maxPerClient) throw tooManyRequests(`too many watches of ${client}: at most ${this.#maxPerClient} of one client`);
  }

  /** @returns what to call when it is over */
  add(client: string, end: () => void): () => void {
    this.#ends.add(end);
    this.#perClient.set(client, (this.#perClient.get(client) ?? 0) + 1);
    return () => {
      if (!this.#ends.delete(end)) return;
      const left = (this.#perClient.get(client) ?? 1) - 1;
      if (left > 0) this.#perClient.set(client, left);
      else this.#perClient.delete(client);
    };
  }

  endAll(): void {
    for (const end of this.#ends) end();
  }
}
