/**
 * One migration set for two dialects: statements are written for SQLite, and this says what they mean in PostgreSQL. SQLite runs them as
 * they are, so that a released migration does there for ever what it did.
 *
 * Text is compared byte by byte in both: a collation of the server would sort, and page through, keys in another order.
 */
import type { QueryRunner } from 'typeorm';

const POSTGRES: readonly [RegExp, string][] = [
  [/\) STRICT, WITHOUT ROWID$/, ')'],
  [/\) (STRICT|WITHOUT ROWID)$/, ')'],
  [/\bINTEGER\b/g, 'BIGINT'],
  [/\bTEXT\b/g, 'TEXT COLLATE "C"'],
  [/\bBLOB\b/g, 'BYTEA'],
];

/** The statement in PostgreSQL's words. */
export const forPostgres = (statement: string): string => POSTGRES.reduce((text, [pattern, word]) => text.replace(pattern, word), statement.trim());

/** Runs a statement in the words of the database that the runner is connected to. */
export async function run(runner: QueryRunner, statement: string): Promise<void> {
  await runner.query(runner.connection.options.type === 'postgres' ? forPostgres(statement) : statement);
}
