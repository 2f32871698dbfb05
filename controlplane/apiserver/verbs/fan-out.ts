/**
 * Whose turn it is to be written to, when one change goes to many clients. A write to a socket costs some 15 µs, so a thousand of them in a row
 * would hold up every request, the next change among them. Here a few are written to at once and the others in the turns of the event loop
 * that follow; requests are read in between, and a client whose turn has not come gets what they change together with what already waits for it.
 *
 * Invariant: everybody who asked is flushed, in the order of asking, once for all that waits for it by then.
 */
import { Fifo } from './fifo';

export interface Flushable {
  /** It has asked, and its turn has not come. Set here only. */
  waitsForTurn: boolean;
  /** Writes what waits. Must not throw. */
  flush(): void;
}

/** Written to in one turn of the event loop: about a millisecond. */
const AT_ONCE = 64;

export class FanOut {
  readonly #waiting = new Fifo<Flushable>();
  /** How many may still be written to in this turn. */
  #left = AT_ONCE;
  #scheduled = false;

  /** Flushes the stream, now or in a later turn. */
  request(stream: Flushable): void {
    if (!stream.waitsForTurn) {
      stream.waitsForTurn = true;
      this.#waiting.push(stream);
    }
    this.#work();
  }

  #work(): void {
    while (this.#left > 0) {
      const stream = this.#waiting.shift();
      if (stream === undefined) break;
      this.#left -= 1;
      stream.waitsForTurn = false;
      stream.flush();
    }
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#left = AT_ONCE;
      if (this.#waiting.size > 0) this.#work();
    });
  }
}
