import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import BetterSqlite3, { type Database } from 'better-sqlite3';
import fc from 'fast-check';
import { SqliteWriter } from './sqlite-writer';
import { CommitError, type CommitStats, type WriteStep } from './writer';

let folder: string;
let db: Database;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gleaner-writer-'));
  db = new BetterSqlite3(join(folder, 'x.db'));
  db.pragma('journal_mode = WAL');
  db.exec('CREATE TABLE t (n INTEGER PRIMARY KEY, filler BLOB)');
});
afterEach(() => {
  db.close();
  rmSync(folder, { recursive: true, force: true });
});

const insert = (n: number, bytes = 0): WriteStep => (raw) => {
  raw.prepare('INSERT INTO t VALUES (?, zeroblob(?))').run(n, bytes);
};
const rows = (): unknown[] => db.prepare('SELECT n FROM t ORDER BY n').pluck().all();
const settle = async (promises: Promise<void>[]): Promise<boolean[]> => (await Promise.allSettled(promises)).map((r) => r.status === 'fulfilled');

test('everything enqueued in one turn is one commit', async () => {
  const writer = new SqliteWriter(db);
  const commits: CommitStats[] = [];
  writer.onCommit((stats) => commits.push(stats));
  await Promise.all([writer.enqueue(insert(1)), writer.enqueue(insert(2)), writer.enqueue(insert(3))]);
  await writer.enqueue(insert(4));
  expect(commits.map((c) => c.steps)).toEqual([3, 1]);
  expect(rows()).toEqual([1, 2, 3, 4]);
});

test('a step that throws is left out with all it did; the others of its turn stay', async () => {
  const writer = new SqliteWriter(db);
  const halfway: WriteStep = (raw) => {
    insert(10)(raw);
    throw new Error('changed my mind');
  };
  const outcome = await settle([writer.enqueue(insert(1)), writer.enqueue(halfway), writer.enqueue(insert(1)), writer.enqueue(insert(2))]);
  expect(outcome).toEqual([true, false, false, true]);
  expect(rows()).toEqual([1, 2]);
});

test('failed steps are told before those that succeeded, and all of them before any promise settles', async () => {
  const writer = new SqliteWriter(db);
  const seen: string[] = [];
  const step = (n: number): Promise<void> =>
    writer.enqueue(insert(n), (error) => seen.push(`settled ${n} ${error ? 'bad' : 'good'}`)).then(
      () => void seen.push(`resolved ${n}`),
      () => void seen.push(`rejected ${n}`),
    );
  db.exec('INSERT INTO t VALUES (2, NULL)');
  await Promise.all([step(1), step(2), step(3)]);
  expect(seen).toEqual(['settled 2 bad', 'settled 1 good', 'settled 3 good', 'resolved 1', 'rejected 2', 'resolved 3']);
});

test('a step that fails for a reason of its own is no failure of the database, whatever code its error carries', async () => {
  const writer = new SqliteWriter(db);
  const bad = writer.enqueue(() => {
    throw new CommitError('an earlier write failed', 'SQLITE_FULL');
  });
  const good = writer.enqueue(insert(1));
  expect(await settle([bad, good])).toEqual([false, true]);
  expect(rows()).toEqual([1]);
});

test('flush commits at once; within a step or a settled it commits right after', async () => {
  const writer = new SqliteWriter(db);
  const first = writer.enqueue(insert(1), () => {
    void writer.enqueue(insert(2));
    writer.flush();
    expect(rows()).toEqual([1]);
  });
  writer.flush();
  expect(rows()).toEqual([1, 2]);
  await first;
});

test('a full queue commits early instead of growing', async () => {
  const writer = new SqliteWriter(db, { maxQueuedSteps: 2 });
  const all = [1, 2, 3].map((n) => writer.enqueue(insert(n)));
  expect(rows()).toEqual([1, 2]);
  await Promise.all(all);
  expect(rows()).toEqual([1, 2, 3]);
});

test('asynchronous steps, and steps that end the transaction, are refused', async () => {
  const writer = new SqliteWriter(db);
  const async = writer.enqueue(async (raw) => insert(1)(raw));
  await expect(async).rejects.toThrow('a write step must be synchronous');
  const ender = writer.enqueue((raw) => void raw.exec('COMMIT'));
  await expect(ender).rejects.toThrow('a write step ended the transaction');
  await writer.enqueue(insert(5));
  expect(rows()).toEqual([5]);
});

test('a full database rejects every step of the turn with the reason, and works again when there is space', async () => {
  const writer = new SqliteWriter(db);
  await writer.enqueue(insert(1));
  db.pragma(`max_page_count = ${(db.pragma('page_count', { simple: true }) as number) + 1}`);
  const turn = [writer.enqueue(insert(2)), writer.enqueue(insert(3, 100_000)), writer.enqueue(insert(4))];
  const outcomes = await Promise.allSettled(turn);
  for (const outcome of outcomes) {
    const error: unknown = outcome.status === 'rejected' ? outcome.reason : undefined;
    expect(error).toBeInstanceOf(CommitError);
    expect(error).toMatchObject({ code: 'SQLITE_FULL', message: expect.stringContaining('write not saved: database or disk is full') });
  }
  expect(rows()).toEqual([1]);
  db.pragma('max_page_count = 100000');
  await writer.enqueue(insert(3, 100_000));
  expect(rows()).toEqual([1, 3]);
});

test('property: whatever mix of good, doubled and throwing steps, resolved means stored and rejected means absent', async () => {
  const steps = fc.array(fc.record({ n: fc.integer({ min: 0, max: 15 }), bad: fc.boolean(), newTurn: fc.boolean() }), { maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(steps, async (list) => {
      db.exec('DELETE FROM t');
      const writer = new SqliteWriter(db);
      const expected = new Set<number>();
      const promises: Promise<void>[] = [];
      const wanted: boolean[] = [];
      for (const { n, bad, newTurn } of list) {
        wanted.push(!bad && !expected.has(n));
        if (!bad) expected.add(n);
        promises.push(
          writer.enqueue((raw) => {
            insert(n)(raw);
            if (bad) throw new Error('bad');
          }),
        );
        promises.at(-1)?.catch(() => undefined);
        if (newTurn) await new Promise(setImmediate);
      }
      expect(await settle(promises)).toEqual(wanted);
      expect(rows()).toEqual([...expected].sort((a, b) => a - b));
    }),
    { numRuns: 60 },
  );
});
