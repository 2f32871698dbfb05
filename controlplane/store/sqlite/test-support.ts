/** Stores on real databases for tests: a folder of its own, reopened like after a restart. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase, type OpenedDatabase } from '../../db/open';
import { SqliteObjectStore, type SqliteObjectStoreOptions } from './sqlite-store';

export class StoreFolder {
  readonly file: string;
  private opened: { database: OpenedDatabase; store: SqliteObjectStore } | undefined;

  private constructor(private readonly folder: string) {
    this.file = join(folder, 'gleaner.db');
  }

  static async open(options?: SqliteObjectStoreOptions): Promise<StoreFolder> {
    const folder = new StoreFolder(mkdtempSync(join(tmpdir(), 'gleaner-store-')));
    await folder.reopen(options);
    return folder;
  }

  get store(): SqliteObjectStore {
    return this.current.store;
  }

  get database(): OpenedDatabase {
    return this.current.database;
  }

  /** Rows of the log, oldest first. */
  rows(): number[] {
    return this.database.raw.prepare<[], number>('SELECT rv FROM object_log ORDER BY rv').pluck().all();
  }

  async reopen(options?: SqliteObjectStoreOptions): Promise<SqliteObjectStore> {
    await this.close();
    const database = await openDatabase(this.file);
    this.opened = { database, store: new SqliteObjectStore(database, options) };
    return this.opened.store;
  }

  async close(): Promise<void> {
    this.opened?.store.close();
    await this.opened?.database.close();
    this.opened = undefined;
  }

  async remove(): Promise<void> {
    await this.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private get current(): { database: OpenedDatabase; store: SqliteObjectStore } {
    if (!this.opened) throw new Error('the store is not open');
    return this.opened;
  }
}
