import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { RotatingFile, type RotatingFileOptions } from './file';

let dir: string;
let errors: unknown[];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'gleaner-audit-'));
  errors = [];
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const make = (more: Partial<RotatingFileOptions> = {}): RotatingFile =>
  new RotatingFile({ path: join(dir, 'audit.log'), maxBytes: 1000, maxFiles: 2, flushMs: 1, onError: (error) => errors.push(error), ...more });
const read = (name: string): string => readFileSync(join(dir, name), 'utf8');

test('lines are in the file in their order when it is closed, and it is for its owner only', async () => {
  const file = make({ maxBytes: 1_000_000 });
  for (let n = 0; n < 1000; n += 1) file.add(`${n}\n`);
  await file.close();
  expect(read('audit.log').trim().split('\n').map(Number)).toEqual(Array.from({ length: 1000 }, (_, n) => n));
  expect(statSync(join(dir, 'audit.log')).mode & 0o777).toBe(0o600);
});

test('lines are written without a close', async () => {
  const file = make();
  file.add('a\n');
  for (let attempt = 0; attempt < 500 && !readdirSync(dir).includes('audit.log'); attempt += 1) await new Promise((resolve) => setTimeout(resolve, 2));
  await file.close();
  expect(read('audit.log')).toBe('a\n');
});

test('a full file is turned over; no more than asked for are kept', async () => {
  for (let n = 0; n < 6; n += 1) {
    const file = make({ maxBytes: 100 });
    file.add(`${String(n).repeat(60)}\n`);
    await file.close();
  }
  expect(readdirSync(dir).sort()).toEqual(['audit.log', 'audit.log.1', 'audit.log.2']);
  expect(['audit.log', 'audit.log.1', 'audit.log.2'].map((name) => read(name)[0])).toEqual(['5', '4', '3']);
});

test('with no full files kept there is one file, bounded', async () => {
  for (let n = 0; n < 5; n += 1) {
    const file = make({ maxBytes: 100, maxFiles: 0 });
    file.add(`${'x'.repeat(60)}\n`);
    await file.close();
  }
  expect(readdirSync(dir)).toEqual(['audit.log']);
  expect(read('audit.log')).toHaveLength(61);
});

test('what cannot be written is counted, said once, and the file goes on when it can', async () => {
  const path = join(dir, 'sub', 'audit.log');
  const file = make({ path });
  file.add('lost\n');
  for (let attempt = 0; attempt < 500 && file.dropped === 0; attempt += 1) await new Promise((resolve) => setTimeout(resolve, 2));
  mkdirSync(join(dir, 'sub'));
  file.add('kept\n');
  await file.close();
  expect([file.dropped, errors.length, readFileSync(path, 'utf8').trim()]).toEqual([1, 1, 'kept']);
});

test('lines beyond the bound are dropped and counted: nobody waits, memory is bounded', async () => {
  const file = make({ maxWaiting: 10 });
  for (let n = 0; n < 100; n += 1) file.add('12345\n');
  expect(file.dropped).toBe(99);
  await file.close();
  expect(read('audit.log')).toBe('12345\n');
});
