/**
 * Runs of deletions: what one connection asks to be deleted in a row. A run is over with the first request for a resource on it that
 * deletes nothing, or with the connection. Discovery is no such request: clients look kinds up between two deletions.
 *
 * `kubectl delete -f` is such a run, and then it reads, to wait. What is to happen to things that the client may still have in its list
 * happens after the run, so that it finds them.
 */
import type { Socket } from 'node:net';

/** Has `then` called once, when the run is over that a request belongs to. */
export type AfterRun = (then: () => void) => void;

type Connection = Pick<Socket, 'destroyed' | 'once'>;

export class DeletionRuns {
  readonly #waiting = new WeakMap<Connection, Set<() => void>>();

  /** @param then called at once when the connection is closed already; must not throw */
  after(connection: Connection, then: () => void): void {
    if (connection.destroyed) return then();
    const waiting = this.#waiting.get(connection);
    if (waiting) {
      waiting.add(then);
      return;
    }
    this.#waiting.set(connection, new Set([then]));
    connection.once('close', () => this.end(connection));
  }

  /** The run on this connection is over, if there is one. */
  end(connection: Connection): void {
    const waiting = this.#waiting.get(connection);
    if (!waiting) return;
    const all = [...waiting];
    waiting.clear();
    for (const then of all) then();
  }
}
