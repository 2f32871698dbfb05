import type { MigrationInterface, QueryRunner } from 'typeorm';
import { run } from './dialect';

/**
 * Who may write: one row. A control plane that becomes the leader raises `epoch` before it reads anything; every commit of a writer counts
 * `commits` up, and only while the epoch is still its own. `holder` is for people. A SQLite file has its lock instead: there the row stays
 * as it is.
 */
export class WriterEpoch implements MigrationInterface {
  name = 'WriterEpoch0000000000005';

  async up(runner: QueryRunner): Promise<void> {
    await run(runner, `
      CREATE TABLE writer_epoch (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        epoch INTEGER NOT NULL,
        commits INTEGER NOT NULL,
        holder TEXT NOT NULL
      )`);
    await run(runner, "INSERT INTO writer_epoch VALUES (1, 0, 0, '')");
  }

  async down(runner: QueryRunner): Promise<void> {
    await run(runner, 'DROP TABLE writer_epoch');
  }
}
