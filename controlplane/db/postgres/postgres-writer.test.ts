/** What the writer does when there is no database; with one: test/integration/postgres-*.test.ts. */
import { GapError, type Write } from '../database';
import { insert } from '../statements';
import { FencedError } from './failure';
import { PostgresWriter, type PostgresWriterOptions } from './postgres-writer';
import { merge } from './transaction';

const NUMBERED = insert('t', { id: 'int' }, { merge: true });
const PLAIN = insert('p', { id: 'int' });
const rows = (...ids: number[]): Write[] => [{ statement: PLAIN, rows: ids.map((id) => [id]) }];
const writer = (connect: PostgresWriterOptions['connect'], more: Partial<PostgresWriterOptions> = {}): PostgresWriter =>
  new PostgresWriter({ epoch: 3n, where: 'db/x', connect, ...more });
const away = (): Promise<never> => Promise.reject(Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }));
const settle = async (calls: Promise<void>[]): Promise<string[]> =>
  (await Promise.allSettled(calls)).map((each) => (each.status === 'fulfilled' ? 'saved' : (each.reason as { code: string }).code));

test('a database that stays away: tried again for as long as was said, then what waits is rejected with the reason', async () => {
  let now = 0;
  let tries = 0;
  const away10 = (): Promise<never> => {
    tries += 1;
    now += 0.1;
    return away();
  };
  const seen: (Error | undefined)[] = [];
  const lost = writer(away10, { outageMs: 300, now: () => now });
  await expect(lost.enqueue(rows(1), (error) => seen.push(error))).rejects.toMatchObject({
    name: 'CommitError', code: 'ECONNREFUSED', message: 'write not saved: connect ECONNREFUSED (ECONNREFUSED); check the database db/x',
  });
  expect([tries, seen.length, seen[0]?.name]).toEqual([3, 1, 'CommitError']);
});

test('steps that may wait are bounded', async () => {
  const busy = writer(away, { maxQueuedSteps: 2, outageMs: 0 });
  expect(await settle([busy.enqueue(rows(1)), busy.enqueue(rows(2)), busy.enqueue(rows(3))])).toEqual(['ECONNREFUSED', 'ECONNREFUSED', 'BUSY']);
});

test('a writer that was put out rejects what waits, and everything after, and says so once', async () => {
  const deposed: bigint[] = [];
  const old = writer(() => Promise.reject(new FencedError('db/x', 3n, 4n)), { onDeposed: () => deposed.push(4n) });
  expect(await settle([old.enqueue(rows(1)), old.enqueue(rows(2))])).toEqual(['FENCED', 'FENCED']);
  await expect(old.enqueue(rows(3))).rejects.toThrow('another control plane writes to db/x now (epoch 4, ours is 3)');
  expect(deposed).toEqual([4n]);
});

test('a closed writer refuses; one that was abandoned tells nobody anything', async () => {
  const closed = writer(away);
  await closed.close();
  await expect(closed.enqueue(rows(1))).rejects.toThrow('the database is closed');
  const killed = writer(away);
  const told: unknown[] = [];
  killed.enqueue(rows(1), (error) => told.push(error)).then(() => told.push('saved'), (error: unknown) => told.push(error));
  killed.abandon();
  for (let n = 0; n < 20; n += 1) await new Promise((done) => { setImmediate(done); });
  expect(told).toEqual([]);
});

describe('steps become few statements', () => {
  const numbered = (after: number, ...ids: number[]): Write => ({ statement: NUMBERED, rows: ids.map((id) => [id]), after });

  test('rows of one statement go together where it allows it, and in their order where it does not', () => {
    const merged = merge([{ writes: [numbered(0, 1, 2), ...rows(7)] }, { writes: [...rows(8), numbered(2, 3)] }, { writes: [numbered(3)] }]);
    expect(merged.map(({ statement, rows: all }) => [statement.table, all.map(([id]) => id)])).toEqual([['t', [1, 2, 3]], ['p', [7]], ['p', [8]]]);
  });

  test('one that wants to know how many rows changed stays alone', () => {
    const asks = (id: number): Write => ({ statement: NUMBERED, rows: [[id]], changed: () => undefined });
    expect(merge([{ writes: [asks(1)] }, { writes: [asks(2)] }])).toHaveLength(2);
  });

  test('steps that do not go on from each other are told apart before anything is sent', () => {
    expect(() => merge([{ writes: [numbered(0, 1)] }, { writes: [numbered(2, 3)] }])).toThrow(new GapError('t', 2, 1).message);
  });
});
