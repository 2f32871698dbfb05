/**
 * A queue that keeps its memory: one that fills and empties many times a second leaves nothing for the garbage collector. An array that is
 * made anew each time would be more garbage than all else that a change costs, and most of it would grow old first.
 */

/** Slots that an empty queue keeps. */
const KEPT = 64;
/** Slots before the first item that are worth moving all others for. */
const WORTH_MOVING = 1024;

export class Fifo<T> {
  #items: (T | undefined)[] = [];
  #head = 0;
  #tail = 0;

  get size(): number {
    return this.#tail - this.#head;
  }

  push(item: T): void {
    this.#items[this.#tail++] = item;
  }

  /** Takes the first one out; undefined when there is none. */
  shift(): T | undefined {
    if (this.#head === this.#tail) return undefined;
    const item = this.#items[this.#head];
    this.#items[this.#head++] = undefined;
    if (this.#head === this.#tail) this.#rewind();
    else if (this.#head >= WORTH_MOVING && this.#head * 2 >= this.#tail) this.#move();
    return item;
  }

  /** The one that has `index` before it; undefined when there is none. */
  at(index: number): T | undefined {
    return this.#items[this.#head + index];
  }

  clear(): void {
    this.#items = [];
    this.#head = this.#tail = 0;
  }

  #rewind(): void {
    if (this.#items.length > KEPT) this.#items = [];
    this.#head = this.#tail = 0;
  }

  #move(): void {
    this.#items = this.#items.slice(this.#head, this.#tail);
    this.#tail -= this.#head;
    this.#head = 0;
  }
}
