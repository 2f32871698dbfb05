/** One agent per data folder: SQLite's exclusive file lock on a tiny database of its own; the operating system drops it with the process. */
import BetterSqlite3 from 'better-sqlite3';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';

/** @returns what releases it. @throws Error when another process holds it */
export function lockFolder(dataDir: string): () => void {
  const file = join(dataDir, 'lock');
  closeSync(openSync(file, 'a', 0o600));
  const db = new BetterSqlite3(file, { timeout: 0 });
  try {
    db.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    db.close();
    if ((error as { code?: string }).code !== 'SQLITE_BUSY') throw error;
    throw new Error(`an agent runs in ${dataDir} already: stop that one ("gleaner agent status" shows its process), or choose another folder`, { cause: error });
  }
  return () => db.close();
}
