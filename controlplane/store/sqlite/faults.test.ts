/** What happens when the commit fails for real, when callers misbehave, and what watchers get then. */
import type { Database } from 'better-sqlite3';
import type { KubeObject } from '../../../crds/meta';
import { Collector, expectRefusal, job, JOBS, map, MAPS, type ConfigMap } from '../conformance/support';
import { StoreFolder } from './test-support';

let folder: StoreFolder;
afterEach(() => folder.remove());

const BIG = { filler: 'x'.repeat(300_000) };

/** SQLite itself refuses to grow the file any further: SQLITE_FULL, as on a full disk. */
function fillDisk(raw: Database): void {
  raw.pragma(`max_page_count = ${String(raw.pragma('page_count', { simple: true }))}`);
}

function freeDisk(raw: Database): void {
  raw.pragma('max_page_count = 1000000');
}

test('a full disk: the turn is refused whole, nobody sees it, what was acknowledged stays, and writing goes on when there is space', async () => {
  folder = await StoreFolder.open();
  const { store } = folder;
  const kept = await store.create(MAPS, map('kept'));
  const seen = new Collector().start(store, MAPS, { resourceVersion: store.revision });
  const before = store.revision;
  fillDisk(folder.database.raw);
  const turn = [store.create(MAPS, map('a', BIG)), store.update(MAPS, map('kept', { n: '1' })), store.create(MAPS, map('b'))];
  const repeated = store.create(MAPS, map('b'));
  const errors = await Promise.all([...turn, repeated].map((write) => expectRefusal(write, 'Unavailable')));
  for (const error of errors) {
    expect(error.message).toContain('disk is full (SQLITE_FULL)');
    expect(error.retryable).toBe(true);
  }
  expect([await store.get(MAPS, 'lab-a', 'a'), await store.get(MAPS, 'lab-a', 'kept'), store.revision]).toEqual([undefined, kept, before]);
  freeDisk(folder.database.raw);
  const again = await store.create(MAPS, map('a', BIG));
  expect(Number(again.metadata.resourceVersion)).toBeGreaterThan(Number(before) + 2);
  expect(await seen.take(1)).toEqual(['ADDED a']);
  await store.create(MAPS, map('b'));
  await folder.reopen();
  expect((await folder.store.list(MAPS)).items.map((item) => item.metadata.name)).toEqual(['a', 'b', 'kept']);
});

test('a turn that builds on one that fails, fails with it', async () => {
  folder = await StoreFolder.open();
  const { store, database } = folder;
  let dependent: Promise<unknown> | undefined;
  fillDisk(database.raw);
  // Told of the failure before the store is: what the store staged still looks as if it were to stay.
  const other = database.writer.enqueue(
    () => undefined,
    () => {
      dependent = expectRefusal(store.update(MAPS, map('a', { n: '2' })), 'Unavailable');
    },
  );
  await Promise.all([expect(other).rejects.toThrow('SQLITE_FULL'), expectRefusal(store.create(MAPS, map('a', BIG)), 'Unavailable')]);
  freeDisk(database.raw);
  const independent = store.create(MAPS, map('b'));
  await dependent;
  await independent;
  expect((await store.list(MAPS)).items.map((item) => item.metadata.name)).toEqual(['b']);
  expect(folder.rows()).toHaveLength(1);
});

test('a step of somebody else that throws does not disturb the store', async () => {
  folder = await StoreFolder.open();
  const bad = folder.database.writer.enqueue(() => {
    throw new Error('mine');
  });
  const made = folder.store.create(MAPS, map('a'));
  await expect(bad).rejects.toThrow('mine');
  expect(await folder.store.get(MAPS, 'lab-a', 'a')).toEqual(await made);
  expect(folder.rows()).toHaveLength(1);
});

test('a refusal that rests on an uncommitted write waits for it', async () => {
  folder = await StoreFolder.open();
  const order: string[] = [];
  const first = folder.store.create(MAPS, map('a')).then(() => order.push('created'));
  const second = expectRefusal(folder.store.create(MAPS, map('a')), 'AlreadyExists').then(() => order.push('refused'));
  const third = folder.store.get(MAPS, 'lab-a', 'a').then((found) => order.push(found ? 'seen' : 'not seen'));
  await Promise.all([first, second, third]);
  expect(order).toEqual(['not seen', 'created', 'refused']);
});

test('after the database is closed writes are Unavailable, reads still work', async () => {
  folder = await StoreFolder.open();
  const { store } = folder;
  const made = await store.create(MAPS, map('a'));
  await folder.database.close();
  await expectRefusal(store.create(MAPS, map('b')), 'Unavailable');
  await expectRefusal(store.batch([{ verb: 'create', resource: MAPS, object: map('b') }]), 'Unavailable');
  expect(await store.get(MAPS, 'lab-a', 'a')).toEqual(made);
});

test('too large objects, too deep ones, bigints, too many at once: refused with the numbers', async () => {
  folder = await StoreFolder.open({ maxObjectBytes: 1000, maxBatchOperations: 2 });
  const { store } = folder;
  const large = await expectRefusal(store.create(MAPS, map('a', { filler: 'x'.repeat(2000) })), 'Invalid');
  expect(large.message).toMatch(/configmaps "a" is \d{4} bytes, the limit is 1000/);
  let deep: unknown = 'x';
  for (let i = 0; i < 100_000; i++) deep = [deep];
  await expectRefusal(store.create(MAPS, { ...map('a'), data: deep as Record<string, string> }), 'Invalid');
  await expectRefusal(store.create(MAPS, { ...map('a'), amount: 1n } as ConfigMap), 'Invalid');
  await expectRefusal(store.create(MAPS, JSON.parse('{"metadata":{"name":"a"},"__proto__":{"x":1}}') as ConfigMap), 'Invalid');
  const operation = { verb: 'create', resource: MAPS, object: map('a') } as const;
  await expectRefusal(store.batch([operation, operation, operation]), 'Invalid');
  expect((await store.list(MAPS)).items).toEqual([]);
});

test('a resource without a status subresource refuses updateStatus', async () => {
  folder = await StoreFolder.open();
  await folder.store.create(MAPS, map('a'));
  await expectRefusal(folder.store.updateStatus(MAPS, map('a')), 'Invalid');
  folder.store.defineResource('widgets.example.com', { statusSubresource: true });
  await folder.store.create('widgets.example.com', job('a'));
  const changed = await folder.store.updateStatus('widgets.example.com', { ...job('a'), status: { phase: 'Running' } });
  expect(changed.status).toEqual({ phase: 'Running' });
});

test('a watch handler that throws loses its watch, and nobody else notices', async () => {
  const problems: unknown[] = [];
  folder = await StoreFolder.open({ onHandlerError: (error) => problems.push(error) });
  const good = new Collector().start(folder.store, MAPS, {});
  const ends: unknown[] = [];
  const fail = (): never => {
    throw new Error('handler bug');
  };
  folder.store.watch(MAPS, {}, { events: fail, end: (error) => ends.push(error) });
  await folder.store.create(MAPS, map('a'));
  await folder.store.create(MAPS, map('b'));
  expect(await good.take(2)).toEqual(['ADDED a', 'ADDED b']);
  expect([problems, ends]).toEqual([[new Error('handler bug')], [expect.objectContaining({ reason: 'Unavailable' })]]);
});

test('a version that is gone from the log refuses who goes back so far, and nobody else', async () => {
  folder = await StoreFolder.open({ maxHeldChanges: 1 });
  const { store } = folder;
  const first = await store.create(MAPS, map('a', { step: '0' }));
  const second = await store.update(MAPS, map('a', { step: '1' }));
  const third = await store.update(MAPS, map('a', { step: '2' }));
  await store.update(MAPS, map('a', { step: '3' }));
  const since = ({ metadata: { resourceVersion } }: KubeObject): { resourceVersion?: string } => ({ resourceVersion });
  folder.database.raw.prepare('DELETE FROM object_log WHERE rv = ?').run(second.metadata.resourceVersion);
  expect(() => store.watch(MAPS, since(first), { events: () => undefined, end: () => undefined })).toThrow(
    expect.objectContaining({ reason: 'Unavailable', message: `object_log row ${second.metadata.resourceVersion} is missing: the database is damaged, restore a backup` }),
  );
  await expectRefusal(store.list(MAPS, since(second)), 'Unavailable');
  expect((await store.list(MAPS, since(first))).items).toEqual([first]);
  expect(await new Collector().start(store, MAPS, since(third)).take(1)).toEqual(['MODIFIED a']);
  expect((await store.list(MAPS)).items).toHaveLength(1);
});

test('closing the store ends every watch', async () => {
  folder = await StoreFolder.open();
  const seen = new Collector().start(folder.store, JOBS, { bookmarks: true });
  folder.store.close();
  expect(seen.ends).toEqual([undefined]);
  expect(folder.store.stats().watchers).toBe(0);
});

test('bookmarks come again and again, and carry the newest revision', async () => {
  folder = await StoreFolder.open({ bookmarkIntervalMs: 2 });
  const made = await folder.store.create(MAPS, map('a'));
  const seen = new Collector().start(folder.store, JOBS, { resourceVersion: folder.store.revision, bookmarks: true });
  expect(await seen.take(2)).toEqual(['BOOKMARK', 'BOOKMARK']);
  expect(seen.events[1].object.metadata.resourceVersion).toBe(made.metadata.resourceVersion);
  seen.stop();
});

test('a handler that writes from within a delivery sees its write in the next commit', async () => {
  folder = await StoreFolder.open();
  const { store } = folder;
  const echo = store.watch(MAPS, { resourceVersion: store.revision }, {
    events: (batch) => {
      for (const { object } of batch) if (!object.metadata.name.endsWith('-echo')) void store.create(MAPS, map(`${object.metadata.name}-echo`));
    },
    end: () => undefined,
  });
  const seen = new Collector().start(store, MAPS, {});
  await store.create(MAPS, map('a'));
  expect(await seen.take(2)).toEqual(['ADDED a', 'ADDED a-echo']);
  echo.stop();
});
