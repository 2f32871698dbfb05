/**
 * One server per data folder. The lock is SQLite's own exclusive file lock on a tiny database beside the real one: the operating
 * system drops it when the process ends in whatever way, so there is nothing stale to clean up. The file next to it names the holder,
 * for the message only.
 */
import BetterSqlite3 from 'better-sqlite3';
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { sqliteFailure } from './sqlite-error';

export interface FolderLock {
  release(): void;
}

/** Takes the lock `file`, or throws an Error that names the folder and the process that holds it. */
export function lockFolder(file: string): FolderLock {
  closeSync(openSync(file, 'a', 0o600));
  const db = new BetterSqlite3(file, { timeout: 0 });
  try {
    db.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    db.close();
    if (sqliteFailure(error)?.code !== 'SQLITE_BUSY') throw error;
    throw new Error(
      `the data folder ${dirname(file)} is in use by process ${holderOf(file)}; stop that one, or choose another folder with --data`,
      { cause: error },
    );
  }
  writeFileSync(`${file}.pid`, `${process.pid}\n`, { mode: 0o600 });
  return {
    release: () => {
      if (db.open) db.close();
    },
  };
}

function holderOf(file: string): string {
  try {
    return readFileSync(`${file}.pid`, 'utf8').trim() || 'unknown';
  } catch {
    return 'unknown';
  }
}
