/**
 * What the ledger reads from its tables, with statements that are prepared once. Amounts come as bigint: as JavaScript numbers they
 * would lose digits beyond 2^53.
 */
import type { Database } from 'better-sqlite3';
import { DEPOSITS, availableOf, parseAccount } from './accounts';
import { type Archive, type Balance, Book } from './book';
import { decodeTerms, type Hold } from './entry';

interface HoldRow {
  id: bigint;
  key: string;
  amount: bigint;
  created_at: bigint;
  terms: string;
}

export class Queries implements Archive {
  private readonly lastIdStatement;
  private readonly idStatement;
  private readonly settlementStatement;
  private readonly depositStatement;
  private readonly jobStatement;

  constructor(private readonly db: Database) {
    this.lastIdStatement = db.prepare<[], number | null>('SELECT max(id) FROM ledger_transaction').pluck();
    this.idStatement = db.prepare<[string], number>('SELECT id FROM ledger_transaction WHERE key = ?').pluck();
    this.settlementStatement = db
      .prepare<[number], { charge: bigint; owner_amount: bigint }>('SELECT charge, owner_amount FROM ledger_settlement WHERE hold = ?')
      .safeIntegers();
    this.depositStatement = db
      .prepare<[string, string], { to_account: string; amount: bigint }>(
        'SELECT to_account, amount FROM ledger_posting WHERE tx = (SELECT id FROM ledger_transaction WHERE key = ?) AND from_account = ?')
      .safeIntegers();
    this.jobStatement = db
      .prepare<[string], bigint>('SELECT coalesce(sum(amount), 0) FROM ledger_job_total WHERE job_uid = ?')
      .pluck()
      .safeIntegers();
  }

  /** 0 when there is none. */
  lastId(): number {
    return this.lastIdStatement.get() ?? 0;
  }

  transactionId(key: string): number | undefined {
    return this.idStatement.get(key);
  }

  /** @param hold id of the hold's transaction */
  settlementOf(hold: number): { chargeMicro: bigint; ownerMicro: bigint } | undefined {
    const row = this.settlementStatement.get(hold);
    return row && { chargeMicro: row.charge, ownerMicro: row.owner_amount };
  }

  /** @param key of the transaction */
  deposit(key: string): { namespace: string; amountMicro: bigint } | undefined {
    const row = this.depositStatement.get(key, DEPOSITS);
    if (!row) return undefined;
    const namespace = parseAccount(row.to_account)?.id ?? '';
    return availableOf(namespace) === row.to_account ? { namespace, amountMicro: row.amount } : undefined;
  }

  chargedOfJob(jobUid: string): bigint {
    return this.jobStatement.get(jobUid) ?? 0n;
  }

  /** The durable state: one row per account and per open hold is read, however long the journal is. */
  loadBook(): Book {
    const book = new Book(this, this.lastId() + 1);
    const balances = this.db.prepare<[], Balance & { account: string }>('SELECT account, balance, lifetime FROM ledger_balance').safeIntegers();
    for (const { account, balance, lifetime } of balances.all()) book.balances.set(account, { balance, lifetime });
    const limits = this.db.prepare<[], { namespace: string; amount: bigint }>('SELECT namespace, amount FROM ledger_credit_limit').safeIntegers();
    for (const { namespace, amount } of limits.all()) book.limits.set(namespace, amount);
    const holds = this.db.prepare<[], HoldRow>('SELECT id, key, amount, created_at, terms FROM ledger_hold ORDER BY id').safeIntegers();
    for (const row of holds.all()) book.addLoaded(holdOf(row));
    return book;
  }
}

export const holdOf = (row: HoldRow): Hold => ({
  id: Number(row.id),
  key: row.key,
  amountMicro: row.amount,
  createdAt: Number(row.created_at),
  terms: decodeTerms(row.terms),
});
