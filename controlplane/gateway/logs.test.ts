import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase } from '../db/open';
import { LogFiles } from './log-files';
import { LogTable } from './log-table';
import { Logs } from './logs';
import { describeLogStore } from './logs-conformance';

const newFolder = (): string => mkdtempSync(join(tmpdir(), 'gleaner-logs-'));

describeLogStore('files', async () => {
  const root = newFolder();
  return { open: (maxJobBytes) => new LogFiles(root, maxJobBytes), cleanup: async () => rmSync(root, { recursive: true }) };
});

describeLogStore('a table of SQLite', async () => {
  const root = newFolder();
  const database = await openDatabase(join(root, 'gleaner.db'));
  return {
    open: (maxJobBytes) => new LogTable(database.tables, maxJobBytes),
    cleanup: async () => {
      await database.close();
      rmSync(root, { recursive: true });
    },
  };
});

test('what could not be written is not counted', async () => {
  const root = newFolder();
  const logs = new Logs(new LogFiles(root, 12));
  const target = { jobUid: 'job-1', index: 0, attempt: 1 };
  const chunk = { stream: 'stdout' as const, offset: 0, data: Buffer.from('first second').toString('base64') };
  writeFileSync(join(root, 'job-1'), '');
  await expect(logs.write(target, chunk)).rejects.toThrow(/./);
  rmSync(join(root, 'job-1'));
  await logs.write(target, chunk);
  expect(await new LogFiles(root).newest('job-1', 0)).toBe(1);
  rmSync(root, { recursive: true });
});
