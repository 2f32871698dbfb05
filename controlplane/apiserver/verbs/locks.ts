/** One read-change-write at a time per object, so that patches of one object wait for each other instead of losing races. */
export class KeyedLocks {
  readonly #last = new Map<string, Promise<unknown>>();

  /** Runs `work` after all earlier work of `key`. Bounded by the requests that are open. */
  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key);
    const mine = before ? before.then(work, work) : work();
    this.#last.set(key, mine);
    try {
      return await mine;
    } finally {
      if (this.#last.get(key) === mine) this.#last.delete(key);
    }
  }
}
