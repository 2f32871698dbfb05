import type { MigrationInterface, QueryRunner } from 'typeorm';
import { run } from './dialect';

/**
 * The ledger. `ledger_transaction` and `ledger_posting` are the journal: rows are added, never changed. The rest follows from it and is
 * written in the same commit, so that nothing has to be replayed at the start:
 * - `ledger_balance`: one row per account; `lifetime` see controlplane/ledger/accounts.ts
 * - `ledger_hold`: open holds; a settlement deletes the row. `id` is the hold's transaction
 * - `ledger_settlement`: one row per settled attempt; `hold` is the hold's transaction, `tx` the settlement's
 * - `ledger_job_total`: settlements summed per Job, tier and line
 * - `ledger_credit_limit`: the limits in force
 *
 * Amounts are 64-bit micro-credits. They are read as bigint with prepared statements and not through entities: TypeORM's SQLite driver
 * makes them floats.
 */
export class LedgerTables implements MigrationInterface {
  name = 'LedgerTables0000000000002';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of TABLES) await run(runner, statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of ['job_total', 'credit_limit', 'settlement', 'hold', 'balance', 'posting', 'transaction']) {
      await run(runner, `DROP TABLE ledger_${table}`);
    }
  }
}

const TABLES = [
  `CREATE TABLE ledger_transaction (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    at INTEGER NOT NULL,
    total INTEGER NOT NULL,
    note TEXT
  ) STRICT`,
  `CREATE TABLE ledger_posting (
    tx INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    from_account TEXT NOT NULL,
    to_account TEXT NOT NULL,
    amount INTEGER NOT NULL,
    asset TEXT NOT NULL,
    PRIMARY KEY (tx, seq)
  ) STRICT, WITHOUT ROWID`,
  `CREATE TABLE ledger_balance (
    account TEXT PRIMARY KEY,
    balance INTEGER NOT NULL,
    lifetime INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID`,
  `CREATE TABLE ledger_hold (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL,
    amount INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    terms TEXT NOT NULL
  ) STRICT`,
  `CREATE TABLE ledger_settlement (
    hold INTEGER PRIMARY KEY,
    tx INTEGER NOT NULL,
    namespace TEXT NOT NULL,
    job_uid TEXT NOT NULL,
    job_name TEXT NOT NULL,
    task_uid TEXT NOT NULL,
    task_index INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    agent TEXT NOT NULL,
    owner TEXT NOT NULL,
    tier TEXT NOT NULL,
    reason TEXT NOT NULL,
    cpu_micros INTEGER NOT NULL,
    memory_mib_seconds INTEGER NOT NULL,
    wall_millis INTEGER NOT NULL,
    io_bytes INTEGER NOT NULL,
    egress_bytes INTEGER NOT NULL,
    estimated INTEGER NOT NULL,
    held INTEGER NOT NULL,
    charge INTEGER NOT NULL,
    owner_amount INTEGER NOT NULL
  ) STRICT`,
  `CREATE TABLE ledger_job_total (
    job_uid TEXT NOT NULL,
    namespace TEXT NOT NULL,
    tier TEXT NOT NULL,
    line TEXT NOT NULL,
    job_name TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    cpu_micros INTEGER NOT NULL,
    memory_mib_seconds INTEGER NOT NULL,
    wall_millis INTEGER NOT NULL,
    amount INTEGER NOT NULL,
    PRIMARY KEY (job_uid, namespace, tier, line)
  ) STRICT, WITHOUT ROWID`,
  'CREATE INDEX ledger_job_total_namespace ON ledger_job_total (namespace, job_name)',
  'CREATE TABLE ledger_credit_limit (namespace TEXT PRIMARY KEY, amount INTEGER NOT NULL) STRICT, WITHOUT ROWID',
];
