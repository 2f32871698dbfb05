/** Of changes that are not held in memory, only what is needed is read from the log, and once for all. */
import { Collector, map, MAPS } from '../conformance/support';
import type { WatchEvent, WatchOptions } from '../store';
import { ObjectLog } from './log';
import { StoreFolder } from './test-support';

const CHANGES = 20;

let folder: StoreFolder;
let from: string;
let reads: jest.SpiedFunction<ObjectLog['read']>;

/** Two maps in lab-a and one in lab-b that change in turn, all of it past when the test begins. */
beforeEach(async () => {
  folder = await StoreFolder.open({ maxHeldChanges: 1 });
  const { store } = folder;
  const maps = (n: number) => [map('a', { n: String(n) }), map('b', { n: String(n) }, { labels: { odd: String(Math.abs(n % 2)) } }), map('a', { n: String(n) }, { namespace: 'lab-b' })];
  for (const each of maps(-1)) await store.create(MAPS, each);
  from = store.revision;
  for (let n = 0; n < CHANGES; n++) for (const each of maps(n)) await store.update(MAPS, each);
  await store.create('secrets', map('last'));
  reads = jest.spyOn(ObjectLog.prototype, 'read');
});

afterEach(async () => {
  reads.mockRestore();
  await folder.remove();
});

async function resume(options: WatchOptions): Promise<WatchEvent[]> {
  const events: WatchEvent[] = [];
  const watch = folder.store.watch(MAPS, { resourceVersion: from, ...options }, { events: (batch) => void events.push(...batch), end: () => undefined });
  await Promise.resolve();
  watch.stop();
  return events;
}

const readRevisions = (): number => new Set(reads.mock.calls.map(([revision]) => revision)).size;

// The newest version of each object is in memory.
test('a watch reads no version twice, and none of what was before unless it selects by more than the key', async () => {
  expect(await resume({})).toHaveLength(3 * CHANGES);
  expect(reads).toHaveBeenCalledTimes(3 * (CHANGES - 1));
  expect(readRevisions()).toBe(3 * (CHANGES - 1));
});

test('a watch of a namespace reads nothing of others', async () => {
  expect(await resume({ namespace: 'lab-b' })).toHaveLength(CHANGES);
  expect(reads).toHaveBeenCalledTimes(CHANGES - 1);
  expect(await resume({ namespace: 'lab' })).toEqual([]);
  expect(reads).toHaveBeenCalledTimes(CHANGES - 1);
});

test('a watch of one object reads nothing of others', async () => {
  const named = (value: string): WatchOptions => ({ fields: [{ path: 'metadata.name', operator: '=', value }] });
  expect(await resume({ namespace: 'lab-a', ...named('a') })).toHaveLength(CHANGES);
  expect(reads).toHaveBeenCalledTimes(2 * CHANGES - 1);
  reads.mockClear();
  expect(await resume(named('a'))).toHaveLength(2 * CHANGES);
  expect(reads).toHaveBeenCalledTimes(2 * (2 * CHANGES - 1));
  reads.mockClear();
  expect(await resume(named('none'))).toEqual([]);
  expect(reads).not.toHaveBeenCalled();
});

test('a watch of labels asks at most once for each version and once for the one before', async () => {
  const events = await resume({ labels: [{ key: 'odd', operator: 'In', values: ['1'] }] });
  expect(events.map(({ type }) => type)).toEqual(Array.from({ length: CHANGES }, (_, n) => (n % 2 === 0 ? 'DELETED' : 'ADDED')));
  expect(reads).toHaveBeenCalledTimes(3 * (2 * CHANGES - 1));
});

test('watches share what they read', async () => {
  const [one, other] = [await resume({}), await resume({ namespace: 'lab-a' })];
  const shared = one.map(({ object }) => object).filter(({ metadata }) => metadata.namespace === 'lab-a');
  expect(other).toHaveLength(2 * CHANGES);
  other.forEach(({ object }, at) => expect(object).toBe(shared[at]));
});

test('creations and deletions that are past are what they were', async () => {
  const { store } = folder;
  const before = store.revision;
  await store.create(MAPS, map('c'));
  await store.update(MAPS, map('c', { n: '1' }));
  await store.delete(MAPS, 'lab-a', 'c');
  await store.create('secrets', map('newer'));
  const seen = new Collector().start(store, MAPS, { resourceVersion: before });
  expect(await seen.take(3)).toEqual(['ADDED c', 'MODIFIED c', 'DELETED c']);
});

test('a page reads what it shows', async () => {
  const { store } = folder;
  await store.delete(MAPS, 'lab-a', 'b');
  await store.create(MAPS, map('c'));
  const first = await store.list(MAPS, { resourceVersion: from, limit: 1 });
  expect(first.items.map(({ metadata }) => metadata.name)).toEqual(['a']);
  expect(first.remainingItemCount).toBe(2);
  expect(reads).toHaveBeenCalledTimes(1);
  const rest = await store.list(MAPS, { continue: first.continue });
  expect(rest.items.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`)).toEqual(['lab-a/b', 'lab-b/a']);
  expect(reads).toHaveBeenCalledTimes(3);
});
