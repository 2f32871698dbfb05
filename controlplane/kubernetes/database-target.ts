/** Which PostgreSQL database: from the files that flags name, and the environment. Never from arguments: those are seen by everybody. */
import { readFileSync } from 'node:fs';
import type { Snapshot } from '../db/database';
import { openPostgresSnapshot } from '../db/postgres/postgres-database';
import type { PostgresTarget } from '../db/postgres/target';

/** @throws Error naming the file that cannot be read */
export function targetOf(databaseUrlFile: string, databasePasswordFile: string | undefined, databaseCaFile?: string): PostgresTarget {
  const { url, password } = splitUrl(read(databaseUrlFile, '--database-url-file'), databaseCaFile);
  const given = databasePasswordFile === undefined ? password ?? process.env.PGPASSWORD : read(databasePasswordFile, '--database-password-file');
  return { url, ...(given !== undefined && given !== '' && { password: given }) };
}

/** A file may hold the password in the URL, as Secrets of database operators do; from there on it goes beside it. */
export function splitUrl(text: string, caFile?: string): PostgresTarget {
  if (!URL.canParse(text)) return { url: text };
  const url = new URL(text);
  const password = decodeURIComponent(url.password);
  url.password = '';
  if (caFile !== undefined) url.searchParams.set('sslrootcert', caFile);
  return { url: url.href, ...(password !== '' && { password }) };
}

/** For reading only: takes nothing away from the leader. @throws Error when there is no database, or no ledger in it */
export function openDatabaseSnapshot(databaseUrlFile: string, databasePasswordFile?: string, databaseCaFile?: string): Promise<Snapshot> {
  return openPostgresSnapshot(targetOf(databaseUrlFile, databasePasswordFile, databaseCaFile));
}

function read(file: string, flag: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new Error(`${flag} ${file} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}
