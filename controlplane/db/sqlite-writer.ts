/**
 * The Writer over one better-sqlite3 connection.
 *
 * ```
 *   idle --enqueue--> scheduled --setImmediate | flush | queue full--> committing --> settling --> idle | scheduled
 * ```
 * The fast way: BEGIN, all steps, COMMIT; no savepoints. When a step throws, the transaction is rolled back and the same steps run
 * again, each within a savepoint, so that only the bad ones are left out. That is why steps must be repeatable. When the database
 * itself fails (disk full, I/O error, corruption), nothing of the turn is kept and every promise rejects with a CommitError; the next
 * turn tries anew.
 *
 * Invariants: a promise resolves only after COMMIT returned with `synchronous=FULL`; between turns no transaction is open.
 */
import type { Database } from 'better-sqlite3';
import { sqliteFailure } from './sqlite-error';
import { CommitError, settleAll, type CommitStats, type Pending, type Settled, type WriteStep, type Writer } from './writer';

interface Entry extends Pending {
  step: WriteStep;
}

export interface SqliteWriterOptions {
  /** Steps that may wait at once; one more commits those first. */
  maxQueuedSteps?: number;
  /** Seconds; for measuring. */
  now?: () => number;
}

/** Result codes after which no statement of the transaction can be trusted. Any other error belongs to the statement that threw. */
const FATAL = /^SQLITE_(FULL|IOERR|CORRUPT|NOTADB|NOMEM|READONLY|CANTOPEN|BUSY|LOCKED|PROTOCOL|MISUSE|INTERRUPT|AUTH|PERM)/;

export class SqliteWriter implements Writer {
  private queue: Entry[] = [];
  private scheduled: NodeJS.Immediate | undefined;
  private busy = false;
  private flushAgain = false;
  private closed = false;
  private readonly listeners: ((stats: CommitStats) => void)[] = [];
  private readonly maxQueuedSteps: number;
  private readonly now: () => number;

  constructor(
    private readonly db: Database,
    options: SqliteWriterOptions = {},
  ) {
    this.maxQueuedSteps = options.maxQueuedSteps ?? 100_000;
    this.now = options.now ?? (() => performance.now() / 1000);
  }

  enqueue(step: WriteStep, settled?: Settled): Promise<void> {
    if (this.queue.length >= this.maxQueuedSteps) this.flush();
    const refusal = this.refusal();
    if (refusal) {
      settled?.(refusal);
      return Promise.reject(refusal);
    }
    return new Promise((resolve, reject) => {
      this.queue.push({ step, settled, resolve, reject, error: undefined });
      this.scheduled ??= setImmediate(() => this.flush());
    });
  }

  flush(): void {
    if (this.busy) {
      this.flushAgain = true;
      return;
    }
    if (this.scheduled) clearImmediate(this.scheduled);
    this.scheduled = undefined;
    const entries = this.queue;
    if (entries.length === 0) return;
    this.queue = [];
    this.busy = true;
    try {
      this.commit(entries);
    } finally {
      this.busy = false;
    }
    if (this.flushAgain) {
      this.flushAgain = false;
      this.flush();
    }
  }

  onCommit(listener: (stats: CommitStats) => void): void {
    this.listeners.push(listener);
  }

  /** Commits what waits and refuses everything after. The connection stays open: it belongs to whoever opened it. */
  close(): void {
    this.flush();
    this.closed = true;
  }

  private refusal(): Error | undefined {
    if (this.closed) return new CommitError('write refused: the database is closed', 'SQLITE_MISUSE');
    if (this.queue.length < this.maxQueuedSteps) return undefined;
    return new CommitError(`write refused: ${this.queue.length} steps wait for the running commit, the limit is ${this.maxQueuedSteps}`, 'SQLITE_BUSY');
  }

  private commit(entries: Entry[]): void {
    const start = this.now();
    try {
      if (!this.runAll(entries)) this.runEach(entries);
    } catch (error) {
      const failure = this.describe(error);
      for (const entry of entries) entry.error = failure;
    }
    settleAll(entries, this.now() - start, this.listeners);
  }

  /** @returns false when a step threw: everything is rolled back. @throws when the database failed. */
  private runAll(entries: Entry[]): boolean {
    this.db.exec('BEGIN IMMEDIATE');
    let inSteps = true;
    try {
      for (const entry of entries) run(entry, this.db);
      inSteps = false;
      this.db.exec('COMMIT');
      return true;
    } catch (error) {
      const lost = !this.db.inTransaction;
      this.rollback();
      if (!inSteps || lost || isFatal(error)) throw error;
      return false;
    }
  }

  private runEach(entries: Entry[]): void {
    this.db.exec('BEGIN IMMEDIATE');
    try {
      for (const entry of entries) this.runWithSavepoint(entry);
      this.db.exec('COMMIT');
    } catch (error) {
      this.rollback();
      throw error;
    }
  }

  private runWithSavepoint(entry: Entry): void {
    this.db.exec('SAVEPOINT step');
    try {
      run(entry, this.db);
    } catch (error) {
      if (isFatal(error) || !this.db.inTransaction) throw error;
      this.db.exec('ROLLBACK TO step');
      entry.error = error instanceof Error || sqliteFailure(error) ? (error as Error) : new Error(String(error));
    }
    this.db.exec('RELEASE step');
  }

  private rollback(): void {
    if (this.db.inTransaction) this.db.exec('ROLLBACK');
  }

  private describe(error: unknown): CommitError {
    if (error instanceof CommitError) return error;
    const { code, message: why } = sqliteFailure(error) ?? { code: 'SQLITE_ERROR', message: String(error) };
    const hint = code === 'SQLITE_FULL' ? '; free space on the disk of' : '; check the disk and the permissions of';
    return new CommitError(`write not saved: ${why} (${code})${hint} ${this.db.name}`, code, error);
  }
}

function run(entry: Entry, db: Database): void {
  const result: unknown = entry.step(db);
  if (result instanceof Promise) {
    result.catch(() => undefined);
    throw new TypeError('a write step must be synchronous, this one returned a promise');
  }
  if (!db.inTransaction) throw new CommitError('a write step ended the transaction', 'SQLITE_MISUSE');
}

/** Only SQLite's own errors say something about the database; others may carry any code. */
function isFatal(error: unknown): boolean {
  return FATAL.test(sqliteFailure(error)?.code ?? '');
}
