/** The turns of the event loop, given to one who asks each: so many at once hold nobody up longer than one does. */
export class Turns {
  readonly #waiting: (() => void)[] = [];

  /** Resolves in a later turn that is nobody else's, in the order of asking. */
  next(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      if (this.#waiting.length === 1) this.#schedule();
    });
  }

  #schedule(): void {
    setImmediate(() => {
      this.#waiting.shift()?.();
      if (this.#waiting.length > 0) this.#schedule();
    });
  }
}
