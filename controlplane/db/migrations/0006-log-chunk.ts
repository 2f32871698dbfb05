import type { MigrationInterface, QueryRunner } from 'typeorm';
import { run } from './dialect';

/** Output of attempts, where replicas share no folder: bytes of a stream from `start` on. Written by gateway/log-table.ts. */
export class LogChunk implements MigrationInterface {
  name = 'LogChunk0000000000006';

  async up(runner: QueryRunner): Promise<void> {
    await run(runner, `
      CREATE TABLE log_chunk (
        job_uid TEXT NOT NULL,
        idx INTEGER NOT NULL,
        attempt INTEGER NOT NULL,
        stream TEXT NOT NULL,
        start INTEGER NOT NULL,
        data BLOB NOT NULL,
        PRIMARY KEY (job_uid, idx, attempt, stream, start)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await run(runner, 'DROP TABLE log_chunk');
  }
}
