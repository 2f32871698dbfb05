/**
 * The Ledger: decided in memory, on the Book; durable in the database, SQLite's or PostgreSQL's.
 *
 * A call decides when it is its turn, in call order, and hands its rows to the database; its promise settles with the commit.
 *
 * ```
 *   call ──► turnstile ──► decide (Book) ──► rows of the turn's commit ──► durable: resolve, tell listeners
 *                                                └─► failed: Book is dropped, reject. The next call or read loads it anew from the tables.
 * ```
 * Invariants: no decision is durable without all decisions before it (the journal has no gap); nothing is acknowledged before it is
 * durable, also not a repetition of something that is still on its way.
 */
import type { Registry } from 'prom-client';
import { setImmediate as turn } from 'node:timers/promises';
import type { Answer, Database } from '../db/database';
import { parseAccount } from './accounts';
import type { Batch, Book } from './book';
import { decideDeposit, decideHold, decideSettle, type Turn } from './decide';
import { LedgerInputError, baseKey, checkAmount, checkBatch, checkDeposit, checkHold, checkNamespace, checkSettle, isLate } from './input';
import { journalWrites } from './journal';
import type {
  AccountBalance, HoldOutcome, HoldRequest, JobTotals, Ledger, OpenHold, SettleOutcome, SettleRequest, Statement, VerifyReport,
} from './ledger';
import { LedgerMetrics } from './metrics';
import { loadBook } from './past';
import { readStatement } from './statement';
import { NO_NEEDS, Turnstile, type NeedsOf } from './turnstile';
import { verifySnapshot } from './verify';

export interface LedgerOptions {
  database: Database;
  registry?: Registry;
  /** Milliseconds since the epoch. */
  now?: () => number;
  maxOpenHolds?: number;
}

export class BookLedger implements Ledger {
  private readonly database: Database;
  private readonly turnstile: Turnstile;
  private readonly metrics: LedgerMetrics | undefined;
  private readonly now: () => number;
  private readonly maxOpenHolds: number;
  private readonly creditListeners: ((namespace: string) => void)[] = [];
  private readonly balanceListeners: ((accounts: readonly string[]) => void)[] = [];
  /** Calls that were decided and whose rows are not committed yet. */
  private pending = 0;
  private verifying: Promise<VerifyReport> | undefined;

  private constructor(options: LedgerOptions, book: Book) {
    this.database = options.database;
    this.turnstile = new Turnstile(options.database, book);
    this.now = options.now ?? Date.now;
    this.maxOpenHolds = options.maxOpenHolds ?? 1_000_000;
    this.metrics = options.registry && new LedgerMetrics(options.registry, () => this.book);
  }

  /** Loads the book. @throws Error when the database cannot be read */
  static async open(options: LedgerOptions): Promise<BookLedger> {
    return new BookLedger(options, await loadBook(options.database.openSnapshot()));
  }

  async deposit(request: { key: string; namespace: string; amountMicro: bigint; note?: string }): Promise<{ repeated: boolean; availableMicro: bigint }> {
    checkDeposit(request);
    return this.decide(() => ({ deposits: [request.key] }), (turn) => {
      const { repeated } = decideDeposit(turn, request);
      return { repeated, availableMicro: turn.book.available(request.namespace) };
    });
  }

  async hold(requests: HoldRequest[]): Promise<HoldOutcome[]> {
    checkBatch(requests);
    for (const request of requests) checkHold(request);
    const open = this.book.holds.size;
    if (open + requests.length > this.maxOpenHolds) {
      throw new LedgerInputError('requests', `${requests.length} holds beside ${open} open ones exceed the limit of ${this.maxOpenHolds}; settle or release some first`);
    }
    return this.decide(() => needsOfHolds(requests), (turn) => requests.map((request) => decideHold(turn, request)));
  }

  async settle(requests: SettleRequest[]): Promise<SettleOutcome[]> {
    checkBatch(requests);
    for (const request of requests) checkSettle(request);
    return this.decide(() => ({ holds: requests.map(({ key }) => key) }), (turn) => requests.map((request) => decideSettle(turn, request)));
  }

  async setCreditLimit(namespace: string, limitMicro: bigint): Promise<void> {
    checkNamespace('namespace', namespace);
    checkAmount('limitMicro', limitMicro);
    await this.decide(NO_NEEDS, ({ book, batch, at }) => {
      if (book.limit(namespace) === limitMicro) return;
      const id = book.nextId;
      book.add(batch, { kind: 'limit', id, key: `limit/${id}`, at, namespace, limitMicro, postings: [] });
    });
  }

  available(namespace: string): bigint {
    return this.book.available(namespace);
  }

  held(namespace: string): bigint {
    return this.book.held(namespace);
  }

  jobTotals(jobUid: string): Answer<JobTotals> {
    const totals = (book: Book): JobTotals => {
      const { charged, held } = book.job(jobUid);
      return { chargedMicro: charged, heldMicro: held };
    };
    const { book } = this;
    return book.knows(jobUid) ? totals(book) : this.turnstile.enter(() => ({ jobs: [jobUid] }), totals);
  }

  openHold(key: string): OpenHold | undefined {
    return this.book.holds.get(key);
  }

  openHolds(): Iterable<OpenHold> {
    return this.book.holds.values();
  }

  balances(): AccountBalance[] {
    return [...this.book.balances].map(([account, { balance, lifetime }]) => ({ account, balanceMicro: balance, lifetimeMicro: lifetime }));
  }

  balance(account: string): AccountBalance {
    const { balance, lifetime } = this.book.balances.get(account) ?? { balance: 0n, lifetime: 0n };
    return { account, balanceMicro: balance, lifetimeMicro: lifetime };
  }

  async statement(namespace: string, job?: string): Promise<Statement> {
    checkNamespace('namespace', namespace);
    await this.decide(NO_NEEDS, () => undefined);
    return { namespace, ...(await readStatement(this.database, namespace, job)), heldMicro: this.held(namespace), availableMicro: this.available(namespace) };
  }

  /** Calls while one runs get its report. */
  verify(): Promise<VerifyReport> {
    this.verifying ??= this.verifyNow().finally(() => {
      this.verifying = undefined;
    });
    return this.verifying;
  }

  onCredit(listener: (namespace: string) => void): void {
    this.creditListeners.push(listener);
  }

  onBalance(listener: (accounts: readonly string[]) => void): void {
    this.balanceListeners.push(listener);
  }

  private get book(): Book {
    return this.turnstile.book;
  }

  /** Runs the decision when it is its turn; resolves with its answer when all that is decided so far is durable. */
  private async decide<T>(needs: NeedsOf, decision: (turn: Turn) => T): Promise<T> {
    const decided = this.turnstile.enter(needs, (book, past) => {
      const batch: Batch = { firstId: book.nextId, entries: [], balances: new Map() };
      try {
        const answer = decision({ book, batch, past, at: this.now() });
        return { answer, batch, durable: this.save(book, batch) };
      } catch (error) {
        if (batch.entries.length > 0) this.turnstile.drop();
        throw error;
      }
    });
    const { answer, batch, durable } = decided instanceof Promise ? await decided : decided;
    if (durable) {
      await durable.promise.catch(async (error: unknown) => {
        // Memory is back at what is on disk before the caller hears of it, unless the disk cannot be read either.
        await Promise.resolve(this.turnstile.ready()).catch(() => undefined);
        throw error;
      });
      this.tell(batch);
    }
    return answer;
  }

  /** undefined: nothing has to be waited for. */
  private save(book: Book, batch: Batch): { promise: Promise<void> } | undefined {
    if (batch.entries.length === 0 && this.pending === 0) return undefined;
    this.pending += 1;
    return { promise: this.database.write(journalWrites(batch), (error) => this.settled(book, batch, error)) };
  }

  /**
   * A success that was decided on another book than the present one is missing there, so that is dropped too; a failure on a book that
   * was dropped already changes nothing.
   */
  private settled(book: Book, batch: Batch, error: Error | undefined): void {
    this.pending -= 1;
    const current = this.turnstile.isCurrent(book);
    if (error ? current : !current) this.turnstile.drop();
    else if (current) this.turnstile.saved(book, batch);
    if (!error) this.metrics?.saved(batch);
  }

  private tell(batch: Batch): void {
    if (batch.balances.size > 0) {
      const accounts = [...batch.balances.keys()];
      for (const listener of this.balanceListeners) listener(accounts);
    }
    for (const namespace of richer(batch)) for (const listener of this.creditListeners) listener(namespace);
  }

  /** Memory and disk are compared at one moment: nothing is decided between the commit of all that was decided and the snapshot. */
  private async verifyNow(): Promise<VerifyReport> {
    await turn();
    const goOn = this.turnstile.hold();
    try {
      this.database.flush();
      // With SQLite all is on disk by now, and nothing below waits.
      if (this.pending > 0) await this.database.write([]).catch(() => undefined);
      const ready = this.turnstile.ready();
      const book = ready instanceof Promise ? await ready : ready;
      const opened = this.database.openSnapshot();
      const snapshot = opened instanceof Promise ? await opened : opened;
      const memory = { lastId: book.nextId - 1, balances: new Map(book.balances), holds: new Map(book.holds) };
      goOn();
      return await verifySnapshot(snapshot, { memory }).finally(() => snapshot.close());
    } finally {
      goOn();
    }
  }
}

function needsOfHolds(requests: readonly HoldRequest[]): { holds: string[]; jobs: string[] } {
  const holds = requests.map(({ key }) => key);
  for (const { key } of requests) if (isLate(key)) holds.push(baseKey(key));
  return { holds, jobs: requests.map(({ terms }) => terms.jobUid) };
}

/** Namespaces that can spend more after the batch. */
function richer(batch: Batch): Set<string> {
  const namespaces = new Set<string>();
  for (const entry of batch.entries) {
    if (entry.kind === 'limit') namespaces.add(entry.namespace);
    for (const { to } of entry.kind === 'hold' ? [] : entry.postings) {
      const account = parseAccount(to);
      if (account?.class === 'issuer_available') namespaces.add(account.id);
    }
  }
  return namespaces;
}
