import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { createPrivate, writePrivate } from './private-file';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'gleaner-private-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const content = (): Record<string, string> => Object.fromEntries(readdirSync(dir).map((name) => [name, readFileSync(join(dir, name), 'utf8')]));

test('what a crash left aside is in nobody\'s way: the file is whole, its owner\'s, and alone', () => {
  const file = join(dir, 'key');
  writeFileSync(`${file}.new`, 'half of a longer one', { mode: 0o644 });
  createPrivate(file, 'first');
  expect(content()).toEqual({ key: 'first' });
  expect(statSync(file).mode & 0o777).toBe(0o600);
  writeFileSync(`${file}.new`, 'half of a longer one', { mode: 0o644 });
  writePrivate(file, 'second');
  expect(content()).toEqual({ key: 'second' });
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

test('creating replaces nothing', () => {
  const file = join(dir, 'key');
  createPrivate(file, 'first');
  createPrivate(file, 'second');
  expect(content()).toEqual({ key: 'first' });
});

test('what cannot be written leaves what was there', () => {
  const file = join(dir, 'key');
  writePrivate(file, 'first');
  expect(() => writePrivate(join(dir, 'missing', 'key'), 'second')).toThrow(/ENOENT/);
  expect(content()).toEqual({ key: 'first' });
});
