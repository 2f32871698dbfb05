/** PostgreSQL and its writer are killed, cut off, frozen and doubled: what was acknowledged is there, once. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { CommitError } from '../../controlplane/db/writer';
import { openPostgresSnapshot } from '../../controlplane/db/postgres/postgres-database';
import { WRITER_NAME } from '../../controlplane/db/postgres/target';
import { verifySnapshot } from '../../controlplane/ledger/verify';
import { builtFile } from '../support/built';
import { hold, settle } from '../support/ledger';
import { PostgresLedgers } from '../support/postgres-ledger';
import { TcpProxy } from '../support/tcp-proxy';

let ledgers: PostgresLedgers;
beforeAll(async () => {
  ledgers = await PostgresLedgers.start();
});
afterAll(() => ledgers.remove());

const deposit = (key: string, amountMicro = 1_000n) => ({ key, namespace: 'lab-a', amountMicro });

async function verified(name: string): Promise<void> {
  const snapshot = await openPostgresSnapshot(ledgers.server.database(name));
  const report = await verifySnapshot(snapshot).finally(() => snapshot.close());
  expect(report).toMatchObject({ ok: true, violations: [] });
}

async function keysOf(name: string): Promise<Set<string>> {
  const rows = await ledgers.server.query<{ key: string }>('SELECT key FROM ledger_transaction', name);
  return new Set(rows.map(({ key }) => key));
}

test('kill -9 of PostgreSQL under load: every call is acknowledged once the server is back, and counted once', async () => {
  const { ledger, name } = await ledgers.open();
  await ledger.deposit(deposit('d', 10n ** 9n));
  const state = { stopped: false };
  const acknowledged: string[] = [];
  const lane = async (lane: number): Promise<void> => {
    for (let n = 0; !state.stopped; n += 1) {
      const taskUid = `task-${lane}-${n}`;
      expect(await ledger.hold([hold(10n, { taskUid })])).toEqual([{ ok: true }]);
      expect(await ledger.settle([settle(`${taskUid}/1`, 7n, 5n)])).toEqual([{ ok: true, repeated: false, chargedMicro: 7n, ownerMicro: 5n }]);
      acknowledged.push(`hold/${taskUid}/1`);
    }
  };
  const lanes = Array.from({ length: 6 }, (_, n) => lane(n));
  for (let round = 0; round < 4; round += 1) {
    const before = acknowledged.length;
    while (acknowledged.length < before + 50) await delay(5);
    await ledgers.server.kill();
    await ledgers.server.run();
  }
  const before = acknowledged.length;
  while (acknowledged.length < before + 20) await delay(5);
  state.stopped = true;
  await Promise.all(lanes);
  const keys = await keysOf(name);
  for (const key of acknowledged) expect(keys).toContain(key);
  expect(ledger.balance('owner/owner-1/earned').balanceMicro).toBe(5n * BigInt(acknowledged.length));
  expect(await ledger.verify()).toMatchObject({ ok: true, violations: [], openHolds: 0 });
}, 120_000);

test('kill -9 of the writer under load: the next one finds everything that was acknowledged, and the books are sound', async () => {
  const { name, opened } = await ledgers.open();
  await opened.close();
  const { url, password } = ledgers.server.database(name);
  const script = builtFile('test/integration/postgres-kill.child.ts', ['controlplane/db', 'controlplane/ledger']);
  const said = new Set<string>();
  for (let round = 0; round < 6; round += 1) {
    const child = spawn(process.execPath, [script, url, String(round)], { env: { ...process.env, PGPASSWORD: password }, stdio: ['ignore', 'pipe', 'pipe'] });
    let errors = '';
    let lines = 0;
    let rest = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => { errors += text; });
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      const parts = (rest + text).split('\n');
      rest = parts.pop() ?? '';
      for (const line of parts) said.add(line);
      lines += parts.length;
      if (lines > 100 + 60 * round) child.kill('SIGKILL');
    });
    await once(child, 'close');
    expect(errors).toBe('');
    await verified(name);
  }
  expect(said.size).toBeGreaterThan(600);
  const keys = await keysOf(name);
  const settled = await ledgers.server.query<{ key: string; charge: string }>(
    'SELECT t.key, s.charge::text FROM ledger_settlement s JOIN ledger_transaction t ON t.id = s.hold', name);
  const charges = new Map(settled.map(({ key, charge }) => [key, charge]));
  for (const line of said) {
    const [, key, charge] = line.split(' ');
    expect(keys).toContain(`hold/${key}`);
    expect([undefined, charges.get(`hold/${key}`)]).toContain(charge);
  }
}, 120_000);

test('two writers at once: the older one can commit nothing more, is told so, and the newer one goes on', async () => {
  const first = await ledgers.open();
  await first.ledger.deposit(deposit('before'));
  const deposed: string[] = [];
  const { url, password } = ledgers.server.database(first.name);
  await first.opened.close();
  const old = await ledgers.attach(first.name, {}, { onDeposed: (error) => deposed.push(error.name) });
  const next = await ledgers.attach(first.name);
  expect(next.opened.epoch).toBe(old.opened.epoch + 1n);
  const calls = [old.ledger.deposit(deposit('late')), old.ledger.hold([hold(10n)]), old.ledger.setCreditLimit('lab-a', 5n)];
  for (const call of calls) await expect(call).rejects.toMatchObject({ name: 'FencedError', code: 'FENCED' });
  await expect(old.ledger.deposit(deposit('later'))).rejects.toThrow('another control plane writes to');
  expect(deposed).toEqual(['FencedError']);
  expect(await next.ledger.deposit(deposit('mine'))).toEqual({ repeated: false, availableMicro: 2_000n });
  expect([...(await keysOf(first.name))].sort()).toEqual(['deposit/before', 'deposit/mine']);
  expect(await next.ledger.verify()).toMatchObject({ ok: true });
  expect([url.includes(password), old.database.name.includes(password)]).toEqual([false, false]);
});

test('a writer that froze in the middle of a transaction is put out, and what it does when it wakes up is refused', async () => {
  const { name, opened } = await ledgers.open();
  await opened.close();
  const frozen = await ledgers.server.connect(name);
  await frozen.query(`SET application_name = '${WRITER_NAME}'`);
  await frozen.query('BEGIN');
  await frozen.query('UPDATE writer_epoch SET commits = commits + 1 WHERE id = 1');
  const next = await ledgers.attach(name);
  await next.ledger.deposit(deposit('d'));
  await expect(frozen.query("INSERT INTO ledger_credit_limit VALUES ('lab-z', 1)")).rejects.toThrow(/terminat|not queryable/);
  await frozen.end().catch(() => undefined);
  expect(await next.ledger.verify()).toMatchObject({ ok: true, transactions: 1 });
});

/** COMMIT of a posting of this amount takes a while: a deferred trigger waits. */
async function slowCommit(name: string, amountMicro: bigint): Promise<void> {
  await ledgers.server.query(
    `CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.amount = ${amountMicro} THEN PERFORM pg_sleep(1); END IF; RETURN NULL; END $$;
     CREATE CONSTRAINT TRIGGER wait AFTER INSERT ON ledger_posting DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION wait()`, name);
}

async function committing(): Promise<void> {
  for (;;) {
    const rows = await ledgers.server.query(`SELECT 1 FROM pg_stat_activity WHERE application_name = '${WRITER_NAME}' AND state = 'active' AND query = 'COMMIT'`);
    if (rows.length > 0) return;
    await delay(10);
  }
}

test('the connection breaks while COMMIT is at work, which succeeds: it is found, and posted once', async () => {
  const { name, opened } = await ledgers.open();
  await opened.close();
  await slowCommit(name, 13n);
  const proxy = await TcpProxy.start(ledgers.server.port);
  try {
    const { ledger } = await ledgers.attach(name, {}, { port: Number(new URL(proxy.url).port) });
    const call = ledger.deposit(deposit('slow', 13n));
    await committing();
    proxy.cut();
    expect(await call).toEqual({ repeated: false, availableMicro: 13n });
    expect(await ledger.verify()).toMatchObject({ ok: true, transactions: 1 });
    const [row] = await ledgers.server.query<{ commits: string }>('SELECT commits::text FROM writer_epoch', name);
    expect(row?.commits).toBe('1');
  } finally {
    await proxy.stop();
  }
});

test('PostgreSQL is killed while COMMIT is at work, which is lost: it is run again', async () => {
  const { name, ledger } = await ledgers.open();
  await slowCommit(name, 13n);
  const call = ledger.deposit(deposit('slow', 13n));
  await committing();
  await ledgers.server.kill();
  await ledgers.server.run();
  expect(await call).toEqual({ repeated: false, availableMicro: 13n });
  expect(await ledger.verify()).toMatchObject({ ok: true, transactions: 1 });
}, 60_000);

test('a database that stays away: calls are rejected, and repeating them later gives the first outcome', async () => {
  const { name, opened } = await ledgers.open();
  await opened.close();
  await slowCommit(name, 13n);
  const proxy = await TcpProxy.start(ledgers.server.port);
  try {
    const { ledger } = await ledgers.attach(name, {}, { port: Number(new URL(proxy.url).port), outageMs: 300 });
    await ledger.deposit(deposit('first'));
    const call = ledger.deposit(deposit('slow', 13n));
    await committing();
    proxy.block();
    await expect(call).rejects.toMatchObject({ name: 'CommitError', code: 'UNKNOWN', message: expect.stringContaining('repeat the call') });
    await expect(ledger.hold([hold(5n)])).rejects.toThrow(CommitError);
    proxy.open();
    expect(await ledger.deposit(deposit('slow', 13n))).toEqual({ repeated: true, availableMicro: 1_013n });
    expect(await ledger.hold([hold(5n)])).toEqual([{ ok: true }]);
    expect(await ledger.verify()).toMatchObject({ ok: true, transactions: 3, openHolds: 1 });
  } finally {
    await proxy.stop();
  }
}, 60_000);

test('connections are cut again and again: no call fails, each is counted once, and repeated it gives the first outcome', async () => {
  const { name, opened } = await ledgers.open();
  await opened.close();
  const proxy = await TcpProxy.start(ledgers.server.port);
  const state = { done: 0, stopped: false };
  const { ledger } = await ledgers.attach(name, {}, { port: Number(new URL(proxy.url).port), outageMs: 60_000 });
  try {
    await ledger.deposit(deposit('d', 10n ** 9n));
    const outcomes = new Map<string, unknown>();
    const lane = async (number: number): Promise<void> => {
      for (let n = 0; !state.stopped; n += 1) {
        const taskUid = `task-${number}-${n}`;
        const charge = BigInt((number * n) % 10);
        expect(await ledger.hold([hold(10n, { taskUid, jobUid: `job-${number}` })])).toEqual([{ ok: true }]);
        const [settled] = await ledger.settle([settle(`${taskUid}/1`, charge, charge / 2n)]);
        expect(settled).toEqual({ ok: true, repeated: false, chargedMicro: charge, ownerMicro: charge / 2n });
        outcomes.set(`${taskUid}/1`, { ok: true, repeated: true, chargedMicro: charge, ownerMicro: charge / 2n });
        state.done += 1;
      }
    };
    const lanes = Promise.all(Array.from({ length: 6 }, (_, number) => lane(number)));
    lanes.catch(() => { state.stopped = true; });
    for (let cuts = 0; cuts < 15 && !state.stopped; cuts += 1) {
      // Some work gets through between two cuts; where in the next commit the cut falls is left to chance.
      for (const before = state.done; state.done < before + 6 && !state.stopped;) await delay(3);
      await delay((cuts * 7) % 20);
      proxy.cut();
    }
    state.stopped = true;
    await lanes;
    const keys = [...outcomes.keys()];
    expect(await ledger.settle(keys.map((key) => settle(key, 1n)))).toEqual(keys.map((key) => outcomes.get(key)));
    expect(await ledger.verify()).toMatchObject({ ok: true, transactions: 1 + 2 * keys.length, openHolds: 0 });
  } finally {
    state.stopped = true;
    await proxy.stop();
  }
}, 120_000);
