import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { DataSource } from 'typeorm';
import { AccessToken } from '../../controlplane/db/entities/auth';
import { JobNameRow } from '../../controlplane/db/entities/gateway';
import { migrations } from '../../controlplane/db/migrations';
import { openPostgres } from '../../controlplane/db/postgres/open';
import { insert } from '../../controlplane/db/statements';
import { BookLedger } from '../../controlplane/ledger/book-ledger';
import { builtFile } from '../support/built';
import { PostgresServer } from '../support/postgres';

let server: PostgresServer;
beforeAll(async () => { server = await PostgresServer.start(); });
afterAll(() => server.stop());

const open = (database: { url: string; password: string }) => openPostgres(database.url, { password: database.password, holder: 'test' });

test('the migrations that SQLite runs make the same tables, once; two that start at once do not get into each other\'s way', async () => {
  const database = await server.createDatabase();
  const both = await Promise.all([open(database), open(database)]);
  const [first] = both;
  expect(both.map(({ epoch }) => epoch).sort()).toEqual([1n, 2n]);
  const tables = await first!.dataSource.query("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1");
  expect((tables as { tablename: string }[]).map((row) => row.tablename)).toEqual([
    'access_token', 'element', 'job_name', 'join_token', 'ledger_balance', 'ledger_credit_limit', 'ledger_hold', 'ledger_job_total', 'ledger_posting',
    'ledger_settlement', 'ledger_transaction', 'log_chunk', 'migrations', 'object_log', 'object_log_floor', 'result', 'writer_epoch',
  ]);
  const collations = await first!.dataSource.query("SELECT DISTINCT data_type, collation_name FROM information_schema.columns WHERE table_name LIKE 'ledger%' ORDER BY 1");
  expect(collations).toEqual([{ data_type: 'bigint', collation_name: null }, { data_type: 'text', collation_name: 'C' }]);
  await Promise.all(both.map((each) => each.close()));
});

test('TypeORM undoes every migration', async () => {
  const { url, password } = await server.createDatabase();
  await (await open({ url, password })).close();
  const source = new DataSource({
    type: 'postgres', host: '127.0.0.1', port: server.port, username: 'gleaner', password, database: new URL(url).pathname.slice(1),
    ssl: { rejectUnauthorized: false }, migrations, installExtensions: false,
  });
  await source.initialize();
  for (const _ of migrations) await source.undoLastMigration();
  expect(await source.query("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).toEqual([{ tablename: 'migrations' }]);
  await source.destroy();
});

test('TypeORM reads what the writer wrote', async () => {
  const opened = await open(await server.createDatabase());
  const names = insert('job_name', { uid: 'text', namespace: 'text', name: 'text', created_at: 'int' });
  await opened.tables.write([{ statement: names, rows: [['u', 'lab-a', 'pi', 1_700_000_000_000]] }]);
  expect(await opened.dataSource.getRepository(JobNameRow).find()).toEqual([{ uid: 'u', namespace: 'lab-a', name: 'pi', createdAt: 1_700_000_000_000 }]);
  expect(await opened.dataSource.getRepository(AccessToken).find()).toEqual([]);
  await opened.close();
  await opened.close();
});

test('a database of a newer version is refused and left as it is', async () => {
  const database = await server.createDatabase();
  await (await open(database)).close();
  const name = new URL(database.url).pathname.slice(1);
  await server.query("INSERT INTO migrations (timestamp, name) VALUES (9999, 'FromTheFuture0000000009999')", name);
  await expect(open(database)).rejects.toThrow('newer version of gleaner (unknown migrations: FromTheFuture0000000009999)');
  expect(await server.query('SELECT epoch::int FROM writer_epoch', name)).toEqual([{ epoch: 1 }]);
});

test('a server that acknowledges before it is durable is refused', async () => {
  const database = await server.createDatabase();
  const name = new URL(database.url).pathname.slice(1);
  await server.query(`ALTER DATABASE ${name} SET synchronous_commit = off`);
  await expect(open(database)).rejects.toThrow('synchronous_commit is off: what was acknowledged could be lost in a crash; set it to on');
  await server.query(`ALTER DATABASE ${name} SET synchronous_commit = remote_apply`);
  await (await open(database)).close();
});

test('a wrong password, and a certificate of somebody else, are refused with the place and without the password', async () => {
  const { url, password } = await server.createDatabase();
  await expect(open({ url, password: 'not-this-one' })).rejects.toThrow(/^cannot open the database 127\.0\.0\.1:\d+\/test_\d+: password authentication failed/);
  await expect(open({ url: url.replace(/&sslrootcert.*/, ''), password })).rejects.toThrow(/self-signed certificate|unable to verify/);
});

test('gleaner ledger verify reads the database itself, for whom it is named by file, and takes nothing from the writer', async () => {
  const database = await server.createDatabase();
  const opened = await open(database);
  const ledger = await BookLedger.open({ database: opened.tables });
  await ledger.deposit({ key: 'd', namespace: 'lab-a', amountMicro: 5n });
  const folder = mkdtempSync(join(tmpdir(), 'gleaner-verify-'));
  const [url, password] = [join(folder, 'url'), join(folder, 'password')];
  writeFileSync(url, `${database.url}\n`);
  writeFileSync(password, `${database.password}\n`);
  const verify = (...more: string[]): { status: number | null; stdout: string; stderr: string } =>
    spawnSync(resolve('bin/gleaner'), ['ledger', 'verify', '--database-url-file', ...more], { encoding: 'utf8' });
  try {
    builtFile('cli/main.ts', ['cli', 'controlplane/db', 'controlplane/ledger']);
    expect(verify(url, '--database-password-file', password)).toMatchObject({ status: 0, stdout: 'ledger verify: ok (1 transactions, 1 postings, 2 accounts, 0 open holds)\n' });
    await ledger.deposit({ key: 'e', namespace: 'lab-a', amountMicro: 5n });
    await server.query("UPDATE ledger_balance SET balance = balance + 1 WHERE account = 'issuer/lab-a/available'", new URL(database.url).pathname.slice(1));
    const broken = verify(url, '--database-password-file', password);
    expect(broken.status).toBe(1);
    expect(broken.stderr).toContain('balance of issuer/lab-a/available: 0.000011 credits, the journal gives 0.00001');
    writeFileSync(password, 'not-this-one');
    const refused = verify(url, '--database-password-file', password);
    expect(refused.status).not.toBe(0);
    expect(refused.stderr).toContain('password authentication failed');
    expect(refused.stderr).not.toContain('not-this-one');
    expect(verify(join(folder, 'nowhere')).stderr).toContain('--database-url-file');
  } finally {
    rmSync(folder, { recursive: true });
    await opened.close();
  }
});
