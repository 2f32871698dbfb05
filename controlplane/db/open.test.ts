import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import BetterSqlite3 from 'better-sqlite3';
import { openDatabase } from './open';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gleaner-open-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const file = (): string => join(folder, 'data', 'gleaner.db');
const mode = (path: string): number => statSync(path).mode & 0o777;

test('creates the folder and the database, readable by the owner only, durable at every commit', async () => {
  const db = await openDatabase(file());
  await db.writer.enqueue((raw) => raw.prepare("INSERT INTO object_log VALUES (1, 'a', '', 'b', 0, '{}')").run());
  expect([mode(join(folder, 'data')), mode(file()), mode(`${file()}-wal`)]).toEqual([0o700, 0o600, 0o600]);
  const pragma = (name: string): unknown => db.raw.pragma(name, { simple: true });
  expect([pragma('journal_mode'), pragma('synchronous'), pragma('foreign_keys')]).toEqual(['wal', 2, 1]);
  await db.close();
  await db.close();
});

test('keeps what was written, and TypeORM reads it', async () => {
  const first = await openDatabase(file());
  await first.writer.enqueue((raw) => raw.prepare("INSERT INTO object_log VALUES (7, 'a', '', 'b', 0, '{}')").run());
  await first.close();
  const second = await openDatabase(file());
  expect(await second.dataSource.query('SELECT rv FROM object_log')).toEqual([{ rv: 7 }]);
  await second.close();
});

test('what waits when the database closes is committed; what comes after is refused', async () => {
  const first = await openDatabase(file());
  const write = first.writer.enqueue((raw) => raw.prepare("INSERT INTO object_log VALUES (1, 'a', '', 'b', 0, '{}')").run());
  await first.close();
  await write;
  await expect(first.writer.enqueue(() => undefined)).rejects.toThrow('write refused: the database is closed');
  const second = await openDatabase(file());
  expect(second.raw.prepare('SELECT count(*) FROM object_log').pluck().get()).toBe(1);
  await second.close();
});

test('a second opener of the folder is refused by name, also from the same process', async () => {
  const first = await openDatabase(file());
  await expect(openDatabase(file())).rejects.toThrow(`${join(folder, 'data')} is in use by process ${process.pid}`);
  await first.close();
  const second = await openDatabase(file());
  await second.close();
});

test('another process is refused while this one holds the lock, and gets it after', async () => {
  const script = `const D = require('better-sqlite3'); const db = new D(process.argv[1], { timeout: 0 });
    try { db.exec('BEGIN EXCLUSIVE'); } catch { process.exit(3); }`;
  const probe = (): Promise<number | null> =>
    new Promise((resolve) => {
      spawn(process.execPath, ['-e', script, `${file()}.lock`], { cwd: __dirname }).on('exit', resolve);
    });
  const first = await openDatabase(file());
  expect(await probe()).toBe(3);
  await first.close();
  expect(await probe()).toBe(0);
  expect(readFileSync(`${file()}.lock.pid`, 'utf8')).toBe(`${process.pid}\n`);
});

test('a database of a newer version is refused and left as it is', async () => {
  const first = await openDatabase(file());
  first.raw.exec("INSERT INTO migrations (timestamp, name) VALUES (9999, 'FromTheFuture0000000009999')");
  await first.close();
  await expect(openDatabase(file())).rejects.toThrow('newer version of gleaner (unknown migrations: FromTheFuture0000000009999)');
  const raw = new BetterSqlite3(file());
  expect(raw.prepare('SELECT count(*) FROM migrations WHERE timestamp = 9999').pluck().get()).toBe(1);
  raw.close();
});

test('a file that is no database is refused, and the folder is free again', async () => {
  const first = await openDatabase(file());
  await first.close();
  writeFileSync(file(), 'not a database, but long enough to be read as the header of one'.repeat(40));
  await expect(openDatabase(file())).rejects.toThrow('not a database');
  rmSync(file());
  const again = await openDatabase(file());
  await again.close();
});

test('a folder that cannot be made is refused at once, with the reason', async () => {
  await expect(openDatabase('/proc/gleaner/gleaner.db')).rejects.toThrow(/\/proc\/gleaner/);
});
