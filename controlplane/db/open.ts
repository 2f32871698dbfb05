/**
 * Opens the control plane's one database: the folder locked, the schema migrated, the writer ready.
 *
 * Failure: when anything here throws, nothing stays open or locked. A crash needs no repair: SQLite replays its write-ahead log.
 */
import 'reflect-metadata';
import type { Database } from 'better-sqlite3';
import { closeSync, openSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { DataSource } from 'typeorm';
import { entities } from './entities';
import { makeFolder } from './folder';
import { lockFolder } from './lock';
import { migrations } from './migrations';
import { configure } from './pragmas';
import type { Database as Tables } from './database';
import { SqliteDatabase } from './sqlite-database';
import { sqliteFailure } from './sqlite-error';
import { SqliteWriter } from './sqlite-writer';

export interface OpenedDatabase {
  /** For entities and cold reads. Writes go through `writer`. */
  dataSource: DataSource;
  /** The same connection, for prepared statements. */
  raw: Database;
  writer: SqliteWriter;
  /** Ledger, results, elements, tokens: what is in PostgreSQL in kubernetes mode. Commits with the same writer. */
  tables: Tables;
  /** Commits what waits, closes the connection, unlocks the folder. May be called twice. */
  close(): Promise<void>;
}

/**
 * @param file path of the database; its folder is created when missing (mode 0700), the file too (mode 0600)
 * @throws Error when another process has the folder open, or the database was written by a newer version
 */
export async function openDatabase(file: string): Promise<OpenedDatabase> {
  const path = resolve(file);
  makeFolder(dirname(path));
  const lock = lockFolder(`${path}.lock`);
  let raw: Database | undefined;
  try {
    closeSync(openSync(path, 'a', 0o600));
    const dataSource = new DataSource({
      type: 'better-sqlite3',
      database: path,
      entities,
      migrations,
      prepareDatabase: (db: Database) => {
        raw = db;
        configure(db);
      },
    });
    await dataSource.initialize();
    if (!raw) throw new Error(`no connection to ${path}`);
    refuseNewer(raw, path);
    await dataSource.runMigrations({ transaction: 'each' });
    return opened(dataSource, raw, lock.release);
  } catch (error) {
    if (raw?.open) raw.close();
    lock.release();
    const failure = sqliteFailure(error);
    throw failure ? new Error(`cannot open the database ${path}: ${failure.message} (${failure.code})`, { cause: error }) : error;
  }
}

/** A database with migrations that this program does not know belongs to a newer one: writing to it could destroy data. */
function refuseNewer(db: Database, path: string): void {
  const table = db.prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'migrations'").get();
  if (!table) return;
  const known = new Set(migrations.map((migration) => new migration().name));
  const names = db.prepare<[], string>('SELECT name FROM migrations').pluck().all();
  const unknown = names.filter((name) => !known.has(name));
  if (unknown.length === 0) return;
  throw new Error(`${path} was written by a newer version of gleaner (unknown migrations: ${unknown.join(', ')}); run that version or choose another folder`);
}

function opened(dataSource: DataSource, raw: Database, unlock: () => void): OpenedDatabase {
  const writer = new SqliteWriter(raw);
  const close = async (): Promise<void> => {
    if (!raw.open) return;
    writer.close();
    await dataSource.destroy();
    unlock();
  };
  return { dataSource, raw, writer, tables: new SqliteDatabase(raw, writer), close };
}
