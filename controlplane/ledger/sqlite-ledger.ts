/**
 * The Ledger over the control plane's database.
 *
 * A call decides at once, in memory and in call order, and hands one step to the Writer; its promise settles with the turn's commit.
 *
 * ```
 *   call ──► decide (Book) ──► step of the turn's commit ──► durable: resolve, tell listeners
 *                                        └─► failed: Book is dropped, reject. The next call or read loads it anew from the tables.
 * ```
 * Invariants: no decision is durable without all decisions before it (Journal compares ids); nothing is acknowledged before it is
 * durable, also not a repetition of something that is still on its way.
 */
import type { Database } from 'better-sqlite3';
import type { Registry } from 'prom-client';
import { setImmediate as turn } from 'node:timers/promises';
import type { Writer } from '../db/writer';
import { parseAccount } from './accounts';
import type { Batch, Book } from './book';
import { decideDeposit, decideHold, decideSettle, type Turn } from './decide';
import { LedgerInputError, checkAmount, checkBatch, checkDeposit, checkHold, checkNamespace, checkSettle } from './input';
import { Journal } from './journal';
import type {
  AccountBalance, HoldOutcome, HoldRequest, Ledger, OpenHold, SettleOutcome, SettleRequest, Statement, VerifyReport,
} from './ledger';
import { LedgerMetrics } from './metrics';
import { Queries } from './queries';
import { readStatement } from './statement';
import { verifyFile } from './verify';

export interface SqliteLedgerOptions {
  /** The Writer's connection, to a database in a file, with the ledger's tables. */
  db: Database;
  writer: Writer;
  registry?: Registry;
  /** Milliseconds since the epoch. */
  now?: () => number;
  maxOpenHolds?: number;
}

export class SqliteLedger implements Ledger {
  private readonly queries: Queries;
  private readonly journal: Journal;
  private readonly metrics: LedgerMetrics | undefined;
  private readonly now: () => number;
  private readonly maxOpenHolds: number;
  private readonly creditListeners: ((namespace: string) => void)[] = [];
  private readonly balanceListeners: ((accounts: readonly string[]) => void)[] = [];
  private loaded: Book | undefined;
  /** Calls whose step is not committed yet. */
  private pending = 0;
  private verifying: Promise<VerifyReport> | undefined;

  constructor(private readonly options: SqliteLedgerOptions) {
    this.queries = new Queries(options.db);
    this.journal = new Journal(options.db, this.queries);
    this.now = options.now ?? Date.now;
    this.maxOpenHolds = options.maxOpenHolds ?? 1_000_000;
    this.loaded = this.queries.loadBook();
    this.metrics = options.registry && new LedgerMetrics(options.registry, () => this.book);
  }

  async deposit(request: { key: string; namespace: string; amountMicro: bigint; note?: string }): Promise<{ repeated: boolean; availableMicro: bigint }> {
    checkDeposit(request);
    return this.decide((turn) => {
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
    return this.decide((turn) => requests.map((request) => decideHold(turn, request)));
  }

  async settle(requests: SettleRequest[]): Promise<SettleOutcome[]> {
    checkBatch(requests);
    for (const request of requests) checkSettle(request);
    return this.decide((turn) => requests.map((request) => decideSettle(turn, request)));
  }

  async setCreditLimit(namespace: string, limitMicro: bigint): Promise<void> {
    checkNamespace('namespace', namespace);
    checkAmount('limitMicro', limitMicro);
    await this.decide(({ book, batch, at }) => {
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

  jobTotals(jobUid: string): { chargedMicro: bigint; heldMicro: bigint } {
    const { charged, held } = this.book.job(jobUid);
    return { chargedMicro: charged, heldMicro: held };
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
    await this.decide(() => undefined);
    return {
      namespace,
      ...readStatement(this.options.db, namespace, job),
      heldMicro: this.held(namespace),
      availableMicro: this.available(namespace),
    };
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
    this.loaded ??= this.queries.loadBook();
    return this.loaded;
  }

  /** Runs the decision now; resolves with its answer when all that is decided so far is durable. */
  private async decide<T>(decision: (turn: Turn) => T): Promise<T> {
    const { book } = this;
    const batch: Batch = { firstId: book.nextId, entries: [], balances: new Map() };
    let answer: T;
    try {
      answer = decision({ book, batch, queries: this.queries, at: this.now() });
    } catch (error) {
      if (batch.entries.length > 0) this.loaded = undefined;
      throw error;
    }
    if (batch.entries.length === 0 && this.pending === 0) return answer;
    this.pending += 1;
    await this.options.writer.enqueue(() => this.journal.write(batch), (error) => this.settled(book, batch, error));
    this.tell(batch);
    return answer;
  }

  /**
   * A success that was decided on another book than the present one is missing there, so that is dropped too; a failure on a book that
   * was dropped already changes nothing.
   */
  private settled(book: Book, batch: Batch, error: Error | undefined): void {
    this.pending -= 1;
    const current = this.loaded === book;
    if (error ? current : !current) this.loaded = undefined;
    else if (current) book.saved(batch);
    if (!error) this.metrics?.saved(batch);
  }

  private tell(batch: Batch): void {
    if (batch.balances.size > 0) {
      const accounts = [...batch.balances.keys()];
      for (const listener of this.balanceListeners) listener(accounts);
    }
    for (const namespace of richer(batch)) for (const listener of this.creditListeners) listener(namespace);
  }

  /** Memory and disk are compared at one moment: everything decided is committed, then the reader's snapshot begins, in one turn. */
  private async verifyNow(): Promise<VerifyReport> {
    await turn();
    this.options.writer.flush();
    const { book } = this;
    return verifyFile(this.options.db.name, { memory: { lastId: book.nextId - 1, balances: new Map(book.balances), holds: new Map(book.holds) } });
  }
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
