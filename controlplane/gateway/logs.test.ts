import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Logs } from './logs';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'gleaner-logs-'));
});
afterEach(() => rmSync(root, { recursive: true }));

const target = { jobUid: 'job-1', index: 0, attempt: 1 };
const chunk = (offset: number, text: string) => ({ stream: 'stdout' as const, offset, data: Buffer.from(text).toString('base64') });
const stored = (): string => readFileSync(join(root, 'job-1', '0-1.stdout'), 'utf8');

test('a chunk that is repeated is not counted again towards the bytes of its Job', async () => {
  const logs = new Logs({ root, maxJobBytes: 12 });
  for (let repeat = 0; repeat < 10; repeat += 1) await logs.write(target, chunk(0, 'first '));
  await logs.write(target, chunk(3, 'st sec'));
  await logs.write(target, chunk(9, 'ond'));
  expect(stored()).toBe('first second');
  await logs.write(target, chunk(12, ' third'));
  expect(stored()).toBe('first second');
});

test('what would go over the bytes of a Job is dropped, in whatever order it comes', async () => {
  const logs = new Logs({ root, maxJobBytes: 10 });
  // What lies before it is counted with it.
  await logs.write(target, chunk(20, 'far'));
  await logs.write(target, chunk(23, 'more'));
  await logs.write({ ...target, index: 1 }, chunk(0, 'other'));
  expect(stored()).toBe(`${'\0'.repeat(20)}far`);
});

test('what could not be written is not counted', async () => {
  const logs = new Logs({ root, maxJobBytes: 12 });
  writeFileSync(join(root, 'job-1'), '');
  await expect(logs.write(target, chunk(0, 'first second'))).rejects.toThrow(/./);
  rmSync(join(root, 'job-1'));
  await logs.write(target, chunk(0, 'first second'));
  expect(stored()).toBe('first second');
});
