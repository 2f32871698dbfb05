/**
 * The one writer: every write to the database goes through it, grouped into one durable commit per event-loop turn.
 */
import type { Database } from 'better-sqlite3';

/** Synchronous statements, run inside the turn's transaction, in the order in which they were enqueued. Must not begin or end transactions. */
export type WriteStep = (db: Database) => void;

export interface CommitStats {
  /** Number of steps in the commit. */
  steps: number;
  /** Duration of the transaction, seconds. */
  seconds: number;
}

export interface Writer {
  /**
   * Adds `step` to this turn's transaction.
   *
   * Resolves after the commit is on disk (`synchronous=FULL`). Rejects when the step throws (only this step is rolled back, by a
   * savepoint) or the commit fails (disk full, I/O error: every step of the turn is rolled back and every promise rejects).
   */
  enqueue(step: WriteStep): Promise<void>;
  /** Commits what is enqueued now instead of at the end of the turn. */
  flush(): void;
  onCommit(listener: (stats: CommitStats) => void): void;
}
