/** Databases for tests. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Database } from './database';
import { openDatabase } from './open';

/** SQLite in a folder of its own, which `close` removes. */
export async function openTables(): Promise<{ database: Database; close(): Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), 'gleaner-tables-'));
  const opened = await openDatabase(join(folder, 'gleaner.db'));
  return {
    database: opened.tables,
    close: async () => {
      await opened.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
