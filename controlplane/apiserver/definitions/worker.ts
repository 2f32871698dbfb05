/** Work by name, one at a time for each, repeated while there is more or it fails. */

export interface WorkerOptions {
  run: (name: string, signal: AbortSignal) => Promise<void>;
  onError: (error: unknown, name: string) => void;
  retryMs?: number;
}

const RETRY_MS = 1000;

export class Worker {
  readonly #busy = new Map<string, Promise<void>>();
  readonly #again = new Set<string>();
  readonly #abort = new AbortController();

  constructor(private readonly options: WorkerOptions) {}

  /** Has `name` looked at, after what is going on about it. */
  add(name: string): void {
    if (this.#abort.signal.aborted) return;
    if (this.#busy.has(name)) {
      this.#again.add(name);
      return;
    }
    this.#busy.set(name, this.#work(name));
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await Promise.all(this.#busy.values());
  }

  async #work(name: string): Promise<void> {
    const { signal } = this.#abort;
    // Whoever adds may be in the middle of something.
    await Promise.resolve();
    do {
      this.#again.delete(name);
      try {
        await this.options.run(name, signal);
      } catch (error) {
        if (!signal.aborted) this.options.onError(error, name);
        this.#again.add(name);
        await sleep(this.options.retryMs ?? RETRY_MS, signal);
      }
    } while (this.#again.has(name) && !signal.aborted);
    this.#busy.delete(name);
  }
}

/** Ends early, without an error, when `signal` is aborted. */
export function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
  });
}
