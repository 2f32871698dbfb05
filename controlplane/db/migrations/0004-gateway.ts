import type { MigrationInterface, QueryRunner } from 'typeorm';
import { run } from './dialect';

/** Data elements, results, the names that Jobs had, join tokens. Times are milliseconds since the epoch. */
export class Gateway implements MigrationInterface {
  name = 'Gateway0000000000004';

  async up(runner: QueryRunner): Promise<void> {
    await run(runner, 'CREATE TABLE element (digest TEXT PRIMARY KEY, bytes INTEGER NOT NULL, created_at INTEGER NOT NULL) WITHOUT ROWID');
    await run(runner, `
      CREATE TABLE result (
        job_uid TEXT NOT NULL,
        idx INTEGER NOT NULL,
        attempt INTEGER NOT NULL,
        inline TEXT,
        files TEXT,
        PRIMARY KEY (job_uid, idx)
      )`);
    await run(runner, 'CREATE TABLE job_name (uid TEXT PRIMARY KEY, namespace TEXT NOT NULL, name TEXT NOT NULL, created_at INTEGER NOT NULL) WITHOUT ROWID');
    await run(runner, 'CREATE INDEX job_name_by_name ON job_name (namespace, name, created_at)');
    await run(runner, `
      CREATE TABLE join_token (
        id TEXT PRIMARY KEY,
        hash TEXT NOT NULL,
        owner TEXT NOT NULL,
        uses_left INTEGER NOT NULL,
        expires_at INTEGER NOT NULL
      ) WITHOUT ROWID`);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of ['join_token', 'job_name', 'result', 'element']) await run(runner, `DROP TABLE ${table}`);
  }
}
