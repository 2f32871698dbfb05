/**
 * Commits steps to PostgreSQL: all that wait become one transaction, one after the other.
 *
 * ```
 *            ┌───────────────◄─ connection or server lost: run again ◄──┐
 *   queue ──► connect, prove the epoch ──► steps ──► COMMIT ──► settled │
 *                 │                            └──────────────┴─────────┘
 *                 └─ COMMIT was sent and its answer lost: the count of commits says whether it is there
 * ```
 * Invariants: a promise resolves only after the answer to COMMIT (or the proof that it was done); nothing is committed under an epoch that
 * is not the present one. When the database stays away for longer than `outageMs`, what waits is rejected with a CommitError: its outcome is
 * then unknown, and repeating it must be harmless.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Write } from '../database';
import { CommitError, settleAll, type CommitStats, type Pending, type Settled } from '../writer';
import { FencedError, OUTAGE_MS, backoffMs, classify, commitError, sqlState } from './failure';
import type { Session } from './session';
import { runSteps } from './transaction';

interface Entry extends Pending {
  writes: readonly Write[];
}

export interface PostgresWriterOptions {
  epoch: bigint;
  /** Opens a proven session. @throws FencedError; the connection's error */
  connect: () => Promise<Session>;
  /** For messages. */
  where: string;
  /** Another writer has taken over; called once. */
  onDeposed?: (error: FencedError) => void;
  maxQueuedSteps?: number;
  outageMs?: number;
  /** Awaited before each transaction. */
  beforeCommit?: () => Promise<void>;
  /** Seconds; for measuring. */
  now?: () => number;
}

/** Rows in one transaction; more wait for the next. */
const MAX_ROWS = 50_000;

export class PostgresWriter {
  private queue: Entry[] = [];
  private running: Promise<void> | undefined;
  private session: Session | undefined;
  /** Commits under our epoch, as far as we know. */
  private commits: bigint | undefined;
  /** COMMIT was sent, and no answer came. */
  private inDoubt = false;
  private refused: CommitError | undefined;
  private stopping = false;
  private abandoned = false;
  private readonly listeners: ((stats: CommitStats) => void)[] = [];
  private readonly maxQueuedSteps: number;
  private readonly outageMs: number;
  private readonly now: () => number;

  constructor(private readonly options: PostgresWriterOptions) {
    this.maxQueuedSteps = options.maxQueuedSteps ?? 100_000;
    this.outageMs = options.outageMs ?? OUTAGE_MS;
    this.now = options.now ?? (() => performance.now() / 1000);
  }

  enqueue(writes: readonly Write[], settled?: Settled): Promise<void> {
    const refusal = this.refusal();
    if (refusal) {
      settled?.(refusal);
      return Promise.reject(refusal);
    }
    return new Promise((resolve, reject) => {
      this.queue.push({ writes, settled, resolve, reject, error: undefined });
      this.start();
    });
  }

  onCommit(listener: (stats: CommitStats) => void): void {
    this.listeners.push(listener);
  }

  /** Commits what waits, refuses everything after, and closes the connection. */
  async close(): Promise<void> {
    this.refused ??= new CommitError('write refused: the database is closed', 'CLOSED');
    this.stopping = true;
    await this.running;
    await this.session?.close();
    this.session = undefined;
  }

  /** As if the process were killed: nothing more is committed by us, nobody is told. */
  abandon(): void {
    this.refused ??= new CommitError('write refused: the database is closed', 'CLOSED');
    this.abandoned = true;
    this.queue = [];
    this.session?.destroy();
  }

  private refusal(): CommitError | undefined {
    if (this.refused) return this.refused;
    if (this.queue.length < this.maxQueuedSteps) return undefined;
    return new CommitError(`write refused: ${this.queue.length} steps wait for the database ${this.options.where}, the limit is ${this.maxQueuedSteps}`, 'BUSY');
  }

  private start(): void {
    this.running ??= this.run().finally(() => {
      this.running = undefined;
      if (this.queue.length > 0) this.start();
    });
  }

  /** Until nothing waits. Never rejects. */
  private async run(): Promise<void> {
    // What is enqueued in this turn goes together.
    await new Promise((done) => { setImmediate(done); });
    while (this.queue.length > 0) {
      await this.options.beforeCommit?.();
      const entries = this.take();
      if (entries.length > 0) await this.commit(entries);
    }
  }

  private take(): Entry[] {
    let rows = 0;
    let count = 0;
    while (count < this.queue.length && (count === 0 || rows < MAX_ROWS)) {
      for (const write of this.queue[count]!.writes) rows += write.rows.length;
      count += 1;
    }
    return this.queue.splice(0, count);
  }

  private async commit(entries: Entry[]): Promise<void> {
    const start = this.now();
    try {
      if (entries.some(({ writes }) => writes.length > 0)) await this.commitOrFail(entries, start);
    } catch (error) {
      const failure = commitError(error, this.options.where);
      for (const entry of entries) entry.error = failure;
      if (error instanceof FencedError) this.deposed(error);
    }
    this.tell(entries, this.now() - start);
  }

  /** Tries until it is done, it is certain that it cannot be, or the database is away for too long. */
  private async commitOrFail(entries: Entry[], start: number): Promise<void> {
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await this.attempt(entries);
      } catch (error) {
        const again = !(error instanceof CommitError) && classify(error) === 'again';
        this.session?.destroy();
        this.session = undefined;
        if (!again || this.abandoned) throw error;
        const outOfTime = (this.now() - start) * 1000 >= this.outageMs || (this.stopping && attempt > 0);
        if (outOfTime) {
          const doubt = this.inDoubt;
          this.inDoubt = false;
          throw doubt ? unknownOutcome(error, this.options.where) : error;
        }
        await delay(backoffMs(attempt));
      }
    }
  }

  private async attempt(entries: Entry[]): Promise<void> {
    const session = await this.connected();
    if (session === 'landed') return;
    const { epoch, where } = this.options;
    const count = await runSteps(session, epoch, where, entries);
    this.inDoubt = true;
    try {
      const { command } = await session.query('COMMIT');
      if (command !== 'COMMIT') throw new CommitError(`write not saved: the transaction was rolled back (${command}); check the database ${where}`, 'ROLLBACK');
    } catch (error) {
      // An answer that says no is an answer; one that says that the server goes away is none.
      if (error instanceof CommitError || (sqlState(error) !== undefined && classify(error) !== 'again')) {
        this.inDoubt = false;
        throw commitError(error, where);
      }
      throw error;
    }
    this.inDoubt = false;
    this.commits = count;
  }

  /** 'landed': the commit that was in doubt is there. */
  private async connected(): Promise<Session | 'landed'> {
    if (this.session?.usable) return this.session;
    const session = await this.options.connect();
    this.session = session;
    if (this.abandoned) session.destroy();
    const { commits } = session.row;
    const landed = this.inDoubt && this.commits !== undefined && commits === this.commits + 1n;
    this.inDoubt = false;
    this.commits = commits;
    return landed ? 'landed' : session;
  }

  private deposed(error: FencedError): void {
    if (this.refused) return;
    this.refused = error;
    const waiting = this.queue.splice(0);
    for (const entry of waiting) entry.error = error;
    this.tell(waiting, 0);
    this.options.onDeposed?.(error);
  }

  private tell(entries: readonly Entry[], seconds: number): void {
    if (!this.abandoned) settleAll(entries, seconds, this.listeners);
  }
}

const unknownOutcome = (error: unknown, where: string): CommitError =>
  new CommitError(`write perhaps not saved: the database ${where} did not answer to the commit, and does not answer since; repeat the call`, 'UNKNOWN', error);
