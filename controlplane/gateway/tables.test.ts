import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase } from '../db/open';
import { describeTables } from './tables-conformance';

describeTables('SQLite', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'gleaner-tables-'));
  const opened = await openDatabase(join(folder, 'gleaner.db'));
  return {
    database: opened.tables,
    close: async () => {
      await opened.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
});
