/** Which PostgreSQL database: from the files that flags name, and the environment. Never from arguments: those are seen by everybody. */
import { readFileSync } from 'node:fs';
import type { Snapshot } from '../db/database';
import { openPostgresSnapshot } from '../db/postgres/postgres-database';
import type { PostgresTarget } from '../db/postgres/target';

/** @throws Error naming the file that cannot be read */
export function targetOf(databaseUrlFile: string, databasePasswordFile: string | undefined): PostgresTarget {
  const password = databasePasswordFile === undefined ? process.env.PGPASSWORD : read(databasePasswordFile, '--database-password-file');
  return { url: read(databaseUrlFile, '--database-url-file'), ...(password !== undefined && password !== '' && { password }) };
}

/** For reading only: takes nothing away from the leader. @throws Error when there is no database, or no ledger in it */
export function openDatabaseSnapshot(databaseUrlFile: string, databasePasswordFile: string | undefined): Promise<Snapshot> {
  return openPostgresSnapshot(targetOf(databaseUrlFile, databasePasswordFile));
}

function read(file: string, flag: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new Error(`${flag} ${file} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}
