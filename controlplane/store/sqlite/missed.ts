/**
 * What a watch missed since an old revision, read in pieces: a piece is what one turn of the event loop has time for, and what is held of it
 * for a client that does not read.
 *
 * Invariant: what was handed out is everything up to `revision`, and nothing after it. So nothing has to be kept of what is written meanwhile:
 * it is read when its turn comes, as the history has every change after its floor; when the floor has come past `revision`, it is over.
 */
import type { Matcher } from '../selection';
import { StoreError, type WatchEvent } from '../store';
import { weightOf, type History } from './history';
import { keyOf, type Table } from './table';
import { eventFor, eventOf } from './watch-hub';

export class Missed {
  #revision: number;
  #done = false;

  /** @param from the revision that is known */
  constructor(
    private readonly table: Table,
    private readonly history: History,
    private readonly matcher: Matcher,
    from: number,
    /** Of the objects of a piece, beyond which it has no further change. */
    private readonly maxBytes: number,
  ) {
    this.#revision = from;
  }

  /** The newest change that was looked at. */
  get revision(): number {
    return this.#revision;
  }

  /** Whether the last piece went up to the newest change of its time. */
  get done(): boolean {
    return this.#done;
  }

  /**
   * The next piece; may be empty. Old versions are read from the log: those of other keys are not, nor is what was before when nothing but
   * the key decides.
   * @throws StoreError Expired, Unavailable
   */
  next(): WatchEvent[] {
    const { table, history, matcher } = this;
    if (this.#revision < history.floor) throw new StoreError('Expired', `too old resource version: ${this.#revision} (${history.floor})`, { resource: table.resource });
    const events: WatchEvent[] = [];
    let bytes = 0;
    for (const change of history.after(this.#revision)) {
      if (bytes >= this.maxBytes) return events;
      this.#revision = change.revision;
      if (change.table !== table || !mayMatch(matcher, change.key)) continue;
      bytes += weightOf(change);
      const plain = eventOf(change);
      const event = matcher.test === undefined ? plain : eventFor(matcher, change.previous, plain);
      if (event) events.push(event);
    }
    this.#done = true;
    return events;
  }
}

/** Whether an object with this key can be among those that are selected. */
function mayMatch({ namespace, name }: Matcher, key: string): boolean {
  return (namespace === '' || key.startsWith(keyOf(namespace, ''))) && (name === undefined || key.endsWith(keyOf('', name)));
}
