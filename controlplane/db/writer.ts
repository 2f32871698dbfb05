/**
 * The one writer: every write to the database goes through it, grouped into one durable commit per event-loop turn.
 */
import type { Database } from 'better-sqlite3';

/**
 * Synchronous statements, run inside the turn's transaction, in the order in which they were enqueued. Must not begin or end
 * transactions. Must be repeatable: when another step of the turn throws, the transaction is rolled back and the steps run again,
 * so a step changes nothing but the database (changes of memory belong into `settled`).
 */
export type WriteStep = (db: Database) => void;

/**
 * Told how a step ended, synchronously after the transaction and before any promise of the turn settles: the place to make memory
 * follow the database. `error` is set when the step's writes are not in the database. Steps that failed are told first, then those
 * that succeeded, each in order: whoever is told of a success finds nothing in memory that was rolled back. Must not throw.
 */
export type Settled = (error?: Error) => void;

export interface CommitStats {
  /** Number of steps in the commit. */
  steps: number;
  /** Duration of the transaction, seconds. */
  seconds: number;
}

/** A call that waits for its commit; `error`: why nothing of it is in the database. */
export interface Pending {
  settled: Settled | undefined;
  resolve: () => void;
  reject: (error: Error) => void;
  error: Error | undefined;
}

/** Tells how the calls of a transaction ended: failures first, then successes, then the promises (see Settled), then who counts commits. */
export function settleAll(calls: readonly Pending[], seconds: number, listeners: readonly ((stats: CommitStats) => void)[]): void {
  for (const call of calls) if (call.error) call.settled?.(call.error);
  for (const call of calls) if (!call.error) call.settled?.();
  for (const call of calls) {
    if (call.error) call.reject(call.error);
    else call.resolve();
  }
  const steps = calls.reduce((n, call) => (call.error ? n : n + 1), 0);
  if (steps > 0) for (const listener of listeners) listener({ steps, seconds });
}

export interface Writer {
  /**
   * Adds `step` to this turn's transaction.
   *
   * Resolves after the commit is on disk (`synchronous=FULL`). Rejects when the step throws (only this step is rolled back) or the
   * commit fails (disk full, I/O error: every step of the turn is rolled back and every promise rejects with a CommitError).
   */
  enqueue(step: WriteStep, settled?: Settled): Promise<void>;
  /** Commits what is enqueued now instead of at the end of the turn. Called from a step or a `settled`: commits as soon as that is over. */
  flush(): void;
  onCommit(listener: (stats: CommitStats) => void): void;
}

/** The whole transaction could not be made durable: nothing of the turn is in the database. Trying again later may succeed. */
export class CommitError extends Error {
  constructor(
    message: string,
    /** SQLite's result code, e.g. `SQLITE_FULL`. */
    readonly code: string,
    cause?: unknown,
  ) {
    super(message, { cause });
    this.name = 'CommitError';
  }
}
