import type { MigrationInterface, QueryRunner } from 'typeorm';
import { run } from './dialect';

/** Bearer tokens of the API; `hash` is the SHA-256 of the token's text, `groups` a JSON array. */
export class AuthTables implements MigrationInterface {
  name = 'AuthTables0000000000003';

  async up(runner: QueryRunner): Promise<void> {
    await run(runner, `
      CREATE TABLE access_token (
        id TEXT PRIMARY KEY,
        hash BLOB NOT NULL UNIQUE,
        subject TEXT NOT NULL,
        groups TEXT NOT NULL,
        description TEXT NOT NULL,
        created_at TEXT NOT NULL,
        expires_at TEXT
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await run(runner, 'DROP TABLE access_token');
  }
}
