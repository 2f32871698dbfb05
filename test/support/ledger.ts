/** A ledger on a real database in a folder of its own, and builders of its requests. */
import BetterSqlite3, { type Database } from 'better-sqlite3';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase } from '../../controlplane/db/open';
import { SqliteWriter } from '../../controlplane/db/sqlite-writer';
import type { HoldRequest, HoldTerms, SettleRequest } from '../../controlplane/ledger/ledger';
import { SqliteLedger, type SqliteLedgerOptions } from '../../controlplane/ledger/sqlite-ledger';
import { DEFAULT_TIERS } from '../../controlplane/market/default-tiers';
import { rateVector } from '../../controlplane/market/price';

export const STANDARD = rateVector(DEFAULT_TIERS.find((tier) => tier.metadata.name === 'standard')!.spec);
export const USAGE = { cpuMicros: 2_000_000, memoryMibSeconds: 64, wallMillis: 2_100, ioBytes: 0, egressBytes: 0 };

export interface OpenLedger {
  ledger: SqliteLedger;
  writer: SqliteWriter;
  db: Database;
  file: string;
}

/** Databases below one temporary folder; `remove` closes and deletes all. */
export class LedgerFolder {
  private readonly folder = mkdtempSync(join(tmpdir(), 'gleaner-ledger-'));
  private readonly open: OpenLedger[] = [];
  private count = 0;

  /** A new, migrated, closed database. */
  async create(): Promise<string> {
    const file = this.newFile();
    await (await openDatabase(file)).close();
    return file;
  }

  attach(file: string, options: Partial<SqliteLedgerOptions> = {}): OpenLedger {
    const db = new BetterSqlite3(file);
    db.pragma('journal_mode = WAL');
    db.pragma('synchronous = FULL');
    db.pragma('foreign_keys = ON');
    const writer = new SqliteWriter(db);
    const opened = { ledger: new SqliteLedger({ db, writer, ...options }), writer, db, file };
    this.open.push(opened);
    return opened;
  }

  /** What a killed process leaves: the files as they are now, in a new place. */
  copy(file: string): string {
    const copy = this.newFile();
    for (const suffix of ['', '-wal']) if (existsSync(file + suffix)) cpSync(file + suffix, copy + suffix);
    return copy;
  }

  /** As `kill -9` and a restart: what is not committed is gone, nobody is told. */
  crash(opened: OpenLedger): OpenLedger {
    const file = this.copy(opened.file);
    opened.db.close();
    rmSync(join(opened.file, '..'), { recursive: true });
    return this.attach(file);
  }

  remove(): void {
    for (const { db } of this.open) if (db.open) db.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private newFile(): string {
    this.count += 1;
    const folder = join(this.folder, String(this.count));
    mkdirSync(folder);
    return join(folder, 'gleaner.db');
  }
}

/** Makes the COMMIT of the present turn fail: a deferred foreign key stays unfulfilled. Call `prepare` once per database. */
export const failingCommit = {
  prepare: (db: Database): void => {
    db.exec('CREATE TABLE IF NOT EXISTS test_parent (id INTEGER PRIMARY KEY)');
    db.exec('CREATE TABLE IF NOT EXISTS test_child (id INTEGER REFERENCES test_parent DEFERRABLE INITIALLY DEFERRED)');
  },
  step: (db: Database): void => {
    db.exec('INSERT INTO test_child VALUES (1)');
  },
};

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
