/**
 * Runs of deletions: what one connection asks to be deleted in a row. A run is over with the first request for a resource on it that
 * deletes nothing, when half a second passes without another deletion, or with the connection. Discovery neither ends a run nor prolongs it:
 * some clients look kinds up between two deletions, others ask there whether a definition is gone.
 *
 * `kubectl delete -f` is such a run, and then it reads, to wait. What is to happen to things that the client may still have in its list
 * happens after the run, so that it finds them.
 */
import type { Socket } from 'node:net';

/** Has `then` called once, when the run is over that a request belongs to. */
export type AfterRun = (then: () => void) => void;

type Connection = Pick<Socket, 'destroyed' | 'once'>;

interface Run {
  waiting: Set<() => void>;
  timer?: NodeJS.Timeout;
}

const QUIET_MS = 500;

export class DeletionRuns {
  readonly #runs = new WeakMap<Connection, Run>();

  constructor(private readonly quietMs = QUIET_MS) {}

  /** @param then called at once when the connection is closed already; must not throw */
  after(connection: Connection, then: () => void): void {
    if (connection.destroyed) return then();
    let run = this.#runs.get(connection);
    if (!run) {
      this.#runs.set(connection, (run = { waiting: new Set() }));
      connection.once('close', () => this.end(connection));
    }
    run.waiting.add(then);
    this.goOn(connection);
  }

  /** There is one more deletion on this connection. */
  goOn(connection: Connection): void {
    const run = this.#runs.get(connection);
    if (!run || run.waiting.size === 0) return;
    if (run.timer) run.timer.refresh();
    else run.timer = setTimeout(() => this.end(connection), this.quietMs).unref();
  }

  /** The run on this connection is over, if there is one. */
  end(connection: Connection): void {
    const run = this.#runs.get(connection);
    if (!run) return;
    clearTimeout(run.timer);
    run.timer = undefined;
    const all = [...run.waiting];
    run.waiting.clear();
    for (const then of all) then();
  }
}
