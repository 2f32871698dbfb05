/**
 * The leader's database: PostgreSQL when a URL is given, which fences every earlier leader by its epoch; otherwise SQLite in the shared
 * folder, whose file lock does the same for replicas on one file system: for one replica with a volume of its own, and for trying out.
 */
import { join } from 'node:path';
import type { Database } from '../db/database';
import { openDatabase } from '../db/open';
import { openPostgres } from '../db/postgres/open';
import type { KubernetesConfig } from './config';
import { targetOf } from './database-target';

export interface LeaderDatabase {
  tables: Database;
  close(): Promise<void>;
}

/**
 * @param deposed another process opened the database: nothing more can be committed here
 * @throws Error naming the file or the database and the way out
 */
export async function openLeaderDatabase({ databaseUrlFile, databasePasswordFile, databaseCaFile }: KubernetesConfig, folder: string, holder: string, deposed: (error: Error) => void): Promise<LeaderDatabase> {
  if (databaseUrlFile === undefined) return openDatabase(join(folder, 'gleaner.db'));
  const { url, password } = targetOf(databaseUrlFile, databasePasswordFile, databaseCaFile);
  return openPostgres(url, { holder, onDeposed: deposed, ...(password !== undefined && { password }) });
}
