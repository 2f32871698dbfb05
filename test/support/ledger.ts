/** Builders of the ledger's requests, and what its tests need of a database: two backends, each with real databases of their own. */
import BetterSqlite3, { type Database as Connection } from 'better-sqlite3';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Answer, Database, Lookup, Query, Snapshot, Value } from '../../controlplane/db/database';
import { openDatabase } from '../../controlplane/db/open';
import { SqliteDatabase } from '../../controlplane/db/sqlite-database';
import { SqliteWriter } from '../../controlplane/db/sqlite-writer';
import { insert } from '../../controlplane/db/statements';
import { BookLedger, type LedgerOptions } from '../../controlplane/ledger/book-ledger';
import type { HoldRequest, HoldTerms, SettleRequest } from '../../controlplane/ledger/ledger';
import { DEFAULT_TIERS } from '../../controlplane/market/default-tiers';
import { rateVector } from '../../controlplane/market/price';

export const STANDARD = rateVector(DEFAULT_TIERS.find((tier) => tier.metadata.name === 'standard')!.spec);
export const USAGE = { cpuMicros: 2_000_000, memoryMibSeconds: 64, wallMillis: 2_100, ioBytes: 0, egressBytes: 0 };

export type OpenOptions = Omit<LedgerOptions, 'database'>;

/** A ledger on a database of its own. */
export interface OpenLedger {
  ledger: BookLedger;
  database: Database;
  /** Runs statements outside of the ledger, at once. */
  exec(sql: string): Promise<void>;
  /** Nothing commits from here on, until `commit` is called; the caller must not wait for more than promises meanwhile. */
  begin(): void;
  /**
   * Everything that was called since `begin` becomes durable, in one commit.
   * @param fail the COMMIT fails
   */
  commit(fail?: 'fail'): Promise<void>;
}

export interface LedgerBackend {
  open(options?: OpenOptions): Promise<OpenLedger>;
  /** As `kill -9` and a restart: what is not committed is gone, nobody is told. */
  crash(opened: OpenLedger, options?: OpenOptions): Promise<OpenLedger>;
  /** Postings of this amount are refused from now on, at once. */
  refuse(opened: OpenLedger, amountMicro: bigint): Promise<void>;
  remove(): Promise<void>;
}

/** Every call made so far is decided. Another Job each time: what is known is answered out of turn. */
let asked = 0;
export async function decided(ledger: BookLedger): Promise<void> {
  asked += 1;
  await ledger.jobTotals(`nobody-${asked}`);
}

const FAILING = insert('test_child', { id: 'int' });

/** Makes the COMMIT that it is part of fail: a deferred foreign key stays unfulfilled. */
export const failingCommit = {
  tables: [
    'CREATE TABLE IF NOT EXISTS test_parent (id INTEGER PRIMARY KEY)',
    'CREATE TABLE IF NOT EXISTS test_child (id INTEGER REFERENCES test_parent DEFERRABLE INITIALLY DEFERRED)',
  ].join('; '),
  write: (database: Database): Promise<void> => database.write([{ statement: FAILING, rows: [[1]] }]),
};

interface OpenSqlite extends OpenLedger {
  db: Connection;
  file: string;
}

/** A SQLite database that answers questions later, as one over a network does, and in another order than they were asked. */
class LateDatabase implements Database {
  private asked = 0;

  constructor(private readonly database: Database) {}

  get dialect(): Database['dialect'] {
    return this.database.dialect;
  }
  get name(): string {
    return this.database.name;
  }
  select<R>(query: Query<R>, ...parameters: Value[]): Promise<R[]> {
    return this.later(() => this.database.select(query, ...parameters));
  }
  lookup<R>(query: Lookup<R>, keys: readonly Value[]): Promise<R[]> {
    return this.later(() => this.database.lookup(query, keys));
  }
  openSnapshot(): Promise<Snapshot> {
    return this.later(() => this.database.openSnapshot());
  }
  write(...call: Parameters<Database['write']>): Promise<void> {
    return this.database.write(...call);
  }
  flush(): void {
    this.database.flush();
  }
  onCommit(listener: Parameters<Database['onCommit']>[0]): void {
    this.database.onCommit(listener);
  }

  /** Asked now or a little later, answered a little later: no turn of the event loop passes. */
  private async later<T>(ask: () => Answer<T>): Promise<T> {
    this.asked += 1;
    const [before, after] = [this.asked % 3, (this.asked * 7) % 11];
    for (let n = 0; n < before; n += 1) await undefined;
    const answer = await ask();
    for (let n = 0; n < after; n += 1) await undefined;
    return answer;
  }
}

/** Databases in files below one temporary folder. */
export class SqliteLedgers implements LedgerBackend {
  constructor(private readonly answers: 'at once' | 'later' = 'at once') {}

  private readonly folder = mkdtempSync(join(tmpdir(), 'gleaner-ledger-'));
  private readonly all: Connection[] = [];
  private template: string | undefined;
  private count = 0;

  async open(options: OpenOptions = {}): Promise<OpenSqlite> {
    if (this.template === undefined) {
      this.template = this.newFile();
      await (await openDatabase(this.template)).close();
    }
    return this.attach(this.copy(this.template), options);
  }

  async crash(opened: OpenSqlite, options: OpenOptions = {}): Promise<OpenSqlite> {
    const file = this.copy(opened.file);
    opened.db.close();
    rmSync(join(opened.file, '..'), { recursive: true });
    return this.attach(file, options);
  }

  async refuse({ db }: OpenSqlite, amountMicro: bigint): Promise<void> {
    db.exec(`CREATE TEMP TRIGGER refuse BEFORE INSERT ON ledger_posting WHEN NEW.amount = ${amountMicro} BEGIN SELECT RAISE(ABORT, 'refused'); END`);
  }

  async remove(): Promise<void> {
    for (const db of this.all) if (db.open) db.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** What a killed process leaves: the files as they are now, in a new place. */
  copy(file: string): string {
    const copy = this.newFile();
    for (const suffix of ['', '-wal']) if (existsSync(file + suffix)) cpSync(file + suffix, copy + suffix);
    return copy;
  }

  private async attach(file: string, options: OpenOptions): Promise<OpenSqlite> {
    const db = new BetterSqlite3(file);
    this.all.push(db);
    db.pragma('journal_mode = WAL');
    db.pragma('synchronous = FULL');
    db.pragma('foreign_keys = ON');
    db.exec(failingCommit.tables);
    const writer = new SqliteWriter(db);
    const direct = new SqliteDatabase(db, writer);
    const database = this.answers === 'at once' ? direct : new LateDatabase(direct);
    const ledger = await BookLedger.open({ database, ...options });
    return {
      ledger, database, db, file,
      exec: async (sql) => void db.exec(sql),
      // The commit comes at the end of the event loop's turn.
      begin: () => undefined,
      commit: async (fail) => {
        if (this.answers === 'later') await decided(ledger);
        if (fail) failingCommit.write(database).catch(() => undefined);
        writer.flush();
      },
    };
  }

  private newFile(): string {
    this.count += 1;
    const folder = join(this.folder, String(this.count));
    mkdirSync(folder);
    return join(folder, 'gleaner.db');
  }
}

export function terms(overrides: Partial<HoldTerms> = {}): HoldTerms {
  return {
    namespace: 'lab-a', jobUid: 'job-1', jobName: 'pi', taskUid: 'task-1', index: 0, attempt: 1, agentId: 'agent-1', ownerId: 'owner-1',
    tier: 'standard', rates: STANDARD, cpu: 1, memoryBytes: 256 * 1024 * 1024, timeoutMs: 600_000, ...overrides,
  };
}

export function hold(amountMicro: bigint, overrides: Partial<HoldTerms> = {}, maxJobMicro?: bigint): HoldRequest {
  const all = terms(overrides);
  return { key: `${all.taskUid}/${all.attempt}`, amountMicro, maxJobMicro, terms: all };
}

export const settle = (key: string, chargeMicro: bigint, ownerMicro = chargeMicro, more: Partial<SettleRequest> = {}): SettleRequest => ({
  key, reason: 'Completed', usage: USAGE, chargeMicro, ownerMicro, ...more,
});
