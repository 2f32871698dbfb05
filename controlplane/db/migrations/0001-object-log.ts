import type { MigrationInterface, QueryRunner } from 'typeorm';
import { run } from './dialect';

/**
 * The object store's log. `rv` is the resourceVersion; the newest row is never compacted away, so the highest revision
 * survives. `type`: 0 added, 1 modified, 2 deleted. `object_log_floor` has one row: revisions up to `rv` may be missing from the log.
 */
export class ObjectLog implements MigrationInterface {
  name = 'ObjectLog0000000000001';

  async up(runner: QueryRunner): Promise<void> {
    await run(runner, `
      CREATE TABLE object_log (
        rv INTEGER PRIMARY KEY,
        resource TEXT NOT NULL,
        namespace TEXT NOT NULL,
        name TEXT NOT NULL,
        type INTEGER NOT NULL,
        value BLOB NOT NULL
      )`);
    await run(runner, 'CREATE TABLE object_log_floor (id INTEGER PRIMARY KEY CHECK (id = 1), rv INTEGER NOT NULL)');
    await run(runner, 'INSERT INTO object_log_floor VALUES (1, 0)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await run(runner, 'DROP TABLE object_log_floor');
    await run(runner, 'DROP TABLE object_log');
  }
}
