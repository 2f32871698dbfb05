/** How the one connection is set up. Apart from `open.ts`, so that a program that needs no tables but these need not load TypeORM. */
import type { Database } from 'better-sqlite3';

/** Durable at every commit; the write-ahead log is written back every 16 MiB and cut to 64 MiB after a peak. */
export function configure(db: Database): void {
  db.pragma('journal_mode = WAL');
  db.pragma('synchronous = FULL');
  db.pragma('busy_timeout = 5000');
  db.pragma('foreign_keys = ON');
  db.pragma('wal_autocheckpoint = 4000');
  db.pragma(`journal_size_limit = ${64 * 1024 * 1024}`);
  db.pragma('cache_size = -4096');
  db.pragma('temp_store = MEMORY');
}
