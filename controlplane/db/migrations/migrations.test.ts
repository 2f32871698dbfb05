import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase } from '../open';
import { forPostgres } from './dialect';

test.each([
  ['CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT', 'CREATE TABLE t (id BIGINT PRIMARY KEY, name TEXT COLLATE "C" NOT NULL)'],
  ['CREATE TABLE t (a TEXT, b BLOB) STRICT, WITHOUT ROWID', 'CREATE TABLE t (a TEXT COLLATE "C", b BYTEA)'],
  ['CREATE TABLE t (a TEXT PRIMARY KEY) WITHOUT ROWID', 'CREATE TABLE t (a TEXT COLLATE "C" PRIMARY KEY)'],
  ["INSERT INTO t VALUES (1, 'x')", "INSERT INTO t VALUES (1, 'x')"],
])('%s', (sqlite, postgres) => expect(forPostgres(sqlite)).toBe(postgres));

/** Names, and hashes of the statements. A migration that was released never changes in effect: a new one is added to this list, none of it is ever edited. */
test('what the released migrations make of an empty SQLite file', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'gleaner-migrations-'));
  try {
    const database = await openDatabase(join(folder, 'gleaner.db'));
    const made = database.raw
      .prepare<[], { name: string; sql: string }>("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT IN ('migrations', 'sqlite_sequence') ORDER BY name").all()
      .map(({ name, sql }) => `${name} ${createHash('sha256').update(sql.replace(/\s+/g, ' ')).digest('hex').slice(0, 12)}`);
    await database.close();
    expect(made).toEqual(RELEASED);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

const RELEASED = [
  'access_token eb8034778837',
  'element 3dc522231756',
  'job_name eb8e5f572dd7',
  'job_name_by_name 00c8d37928b6',
  'join_token 367ce1db4161',
  'ledger_balance 631a249b8734',
  'ledger_credit_limit 5a1e7eb122cf',
  'ledger_hold bd52b2366aac',
  'ledger_job_total e9e3460eb520',
  'ledger_job_total_namespace 3bc007cfc6ae',
  'ledger_posting 4a8fd5d7cc1d',
  'ledger_settlement 94ef1486fa7f',
  'ledger_transaction 4d3463e29fbf',
  'log_chunk 1bb8bc08e56c',
  'object_log f0df5fdfe3ac',
  'object_log_floor b9af0ab0cf0e',
  'result d9f0172267eb',
  'writer_epoch 96354678980f',
];
