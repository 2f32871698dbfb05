/** Watches that resume from long ago: piece by piece, beside everything else, and all the same without a gap. */
import fc from 'fast-check';
import { map, MAPS } from '../conformance/support';
import type { StoreError, Watch, WatchEvent, WatchOptions } from '../store';
import { ObjectLog } from './log';
import type { SqliteObjectStoreOptions } from './sqlite-store';
import { StoreFolder } from './test-support';

const CHANGES = 40;
const PIECE = 5;
/** A change that is read from the log counts as 640 bytes at least. */
const OPTIONS: SqliteObjectStoreOptions = { maxHeldChanges: 1, maxResumeBytes: PIECE * 640, maxHistoryChanges: 100 };

let folder: StoreFolder;
let from: string;

beforeEach(async () => {
  folder = await StoreFolder.open(OPTIONS);
  from = (await folder.store.create(MAPS, map('a'))).metadata.resourceVersion ?? '';
  await write(CHANGES);
});
afterEach(async () => {
  jest.restoreAllMocks();
  await folder.remove();
});

const write = async (count: number): Promise<void> => {
  for (let n = 0; n < count; n++) await folder.store.update(MAPS, map('a', { n: `${n} after ${folder.store.revision}` }));
};
const turn = (): Promise<void> => new Promise(setImmediate);
const revisionOf = ({ object }: WatchEvent): number => Number(object.metadata.resourceVersion);
/** Of the first changes after the start. */
const first = (count: number): number[] => Array.from({ length: count }, (_, n) => Number(from) + 1 + n);

interface Follower {
  watch: Watch;
  batches: (readonly WatchEvent[])[];
  ends: (StoreError | undefined)[];
  revisions(): number[];
  /** Has passed on what it was handed. */
  take(): void;
}

/** @param slow whether it passes on what it is handed only when it is told to */
function follow(options: WatchOptions = {}, slow = false): Follower {
  const batches: (readonly WatchEvent[])[] = [];
  const ends: (StoreError | undefined)[] = [];
  let take = (): void => undefined;
  const watch = folder.store.watch(MAPS, { resourceVersion: from, ...options }, {
    events: (batch) => void batches.push(batch),
    end: (error) => void ends.push(error),
    ...(slow && { drained: () => new Promise<void>((resolve) => (take = resolve)) }),
  });
  return { watch, batches, ends, revisions: () => batches.flat().map(revisionOf), take: () => take() };
}

async function until(there: () => boolean): Promise<void> {
  while (!there()) await turn();
}

test('in one turn no more is read than a piece, and no more than one watch reads on', async () => {
  const reads = jest.spyOn(ObjectLog.prototype, 'read');
  const all = [follow(), follow(), follow()];
  expect(reads).toHaveBeenCalledTimes(3 * PIECE);
  let turns = 0;
  while (all.some(({ batches }) => batches.flat().length < CHANGES)) {
    reads.mockClear();
    await turn();
    turns++;
    expect(reads.mock.calls.length).toBeLessThanOrEqual(PIECE);
  }
  for (const { batches, revisions } of all) {
    expect(batches.map(({ length }) => length)).toEqual(Array(CHANGES / PIECE).fill(PIECE));
    expect(revisions()).toEqual(first(CHANGES));
  }
  expect(turns).toBeGreaterThanOrEqual(3 * (CHANGES / PIECE - 1));
});

test('what is written meanwhile comes behind, once, and then as it is written', async () => {
  const seen = follow();
  await write(10);
  await until(() => seen.batches.flat().length >= CHANGES + 10);
  await write(3);
  expect(seen.revisions()).toEqual(first(CHANGES + 13));
  expect(seen.batches.slice(-3).map(({ length }) => length)).toEqual([1, 1, 1]);
});

test('nothing is read for a watcher that does not take what it has; others go on', async () => {
  const [slow, other] = [follow({}, true), follow()];
  await until(() => other.batches.flat().length === CHANGES);
  const reads = jest.spyOn(ObjectLog.prototype, 'read');
  await write(5);
  expect([slow.batches.length, other.batches.flat().length, reads.mock.calls.length]).toEqual([1, CHANGES + 5, 0]);
  for (let pieces = 2; slow.batches.flat().length < CHANGES + 5; pieces++) {
    slow.take();
    await until(() => slow.batches.length === pieces);
    for (let n = 0; n < 3; n++) await turn();
    expect(slow.batches.length).toBe(pieces);
  }
  // It is told of each commit now, whether it took what was before or not.
  await write(2);
  expect(slow.revisions()).toEqual(first(CHANGES + 7));
});

test('one that falls behind what is kept has expired', async () => {
  const slow = follow({}, true);
  await write(100);
  slow.take();
  await until(() => slow.ends.length > 0);
  expect(slow.ends).toEqual([expect.objectContaining({ reason: 'Expired', message: `too old resource version: ${Number(from) + PIECE} (${Number(folder.store.revision) - 100})` })]);
  expect(slow.revisions()).toEqual(first(PIECE));
  expect(folder.store.stats().watchers).toBe(0);
});

test.each([
  ['stopped', (seen: Follower) => seen.watch.stop(), []],
  ['ended with the store', () => folder.store.close(), [undefined]],
])('one that is %s in between gets nothing more, and nothing is read for it', async (_, end, ends) => {
  const seen = follow();
  await until(() => seen.batches.length === 2);
  const reads = jest.spyOn(ObjectLog.prototype, 'read');
  end(seen);
  for (let n = 0; n < 5; n++) await turn();
  expect([seen.revisions(), seen.ends, reads.mock.calls.length]).toEqual([first(2 * PIECE), ends, 0]);
});

test.each([
  ['is gone', 'DELETE FROM object_log WHERE rv = ?', /^object_log row \d+ is missing/],
  ['is no JSON', "UPDATE object_log SET value = x'00' WHERE rv = ?", /^an old version cannot be read/],
])('a version that %s ends who comes to it, after what was before its piece', async (_, damage, message) => {
  folder.database.raw.prepare(damage).run(Number(from) + 2 * PIECE + 1);
  const seen = follow();
  await until(() => seen.ends.length > 0);
  expect(seen.ends).toEqual([expect.objectContaining({ reason: 'Unavailable', message: expect.stringMatching(message) as unknown })]);
  expect(seen.revisions()).toEqual(first(2 * PIECE));
});

test('a bookmark says how far it has come', async () => {
  const slow = follow({ bookmarks: true }, true);
  slow.watch.bookmark?.();
  expect(slow.batches.flat().at(-1)).toMatchObject({ type: 'BOOKMARK', object: { metadata: { resourceVersion: String(Number(from) + PIECE) } } });
  while (slow.batches.flat().length < CHANGES + 1) {
    slow.take();
    await turn();
  }
  await folder.store.create('secrets', map('elsewhere'));
  slow.watch.bookmark?.();
  expect(slow.batches.flat().at(-1)).toMatchObject({ type: 'BOOKMARK', object: { metadata: { resourceVersion: folder.store.revision } } });
});

interface Step {
  name: string;
  gold: boolean;
  verb: 'put' | 'delete';
  next: 'same turn' | 'new turn' | 'resume' | 'take';
}

const step = fc.record<Step>({
  name: fc.constantFrom('a', 'b', 'c'),
  gold: fc.boolean(),
  verb: fc.constantFrom('put', 'put', 'put', 'delete'),
  next: fc.constantFrom('same turn', 'new turn', 'resume', 'resume', 'take'),
});
const GOLD: WatchOptions = { labels: [{ key: 'gold', operator: 'Exists', values: [] }] };

test('whatever is written meanwhile, who resumes sees what one saw who was there all the time', async () => {
  const shown = (batches: (readonly WatchEvent[])[]): string[] =>
    batches.flat().filter(({ type }) => type !== 'BOOKMARK').map((event) => `${event.type} ${event.object.metadata.name} ${revisionOf(event)}`);
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60 }), fc.integer({ min: 1, max: 2000 }), async (steps, maxResumeBytes) => {
      await folder.reopen({ ...OPTIONS, maxResumeBytes, maxHistoryChanges: 1000, bookmarkIntervalMs: 1 });
      const { store } = folder;
      const begin = Number(store.revision);
      const always = [follow({ resourceVersion: store.revision }), follow({ ...GOLD, resourceVersion: store.revision })];
      const writes: Promise<unknown>[] = [];
      const resumed: { follower: Follower; since: number; of: Follower }[] = [];
      for (const [at, { name, gold, verb, next }] of steps.entries()) {
        const object = map(name, { at: String(at) }, gold ? { labels: { gold: 'yes' } } : {});
        const written = store.batch(verb === 'delete' ? [{ verb, resource: MAPS, namespace: 'lab-a', name }] : [{ verb: 'create', resource: MAPS, object }, { verb: 'update', resource: MAPS, object }]);
        writes.push(written);
        if (next !== 'same turn') await written;
        if (next === 'take') for (const { follower } of resumed) follower.take();
        if (next !== 'resume') continue;
        const since = begin + ((at * 7) % (Number(store.revision) - begin + 1));
        const options = { resourceVersion: String(since), bookmarks: true };
        resumed.push({ follower: follow(options, at % 2 === 0), since, of: always[0] }, { follower: follow({ ...GOLD, ...options }, at % 3 === 0), since, of: always[1] });
      }
      await Promise.all(writes);
      for (const { follower, since, of } of resumed) {
        const wanted = shown(of.batches).filter((line) => Number(line.split(' ')[2]) > since);
        await until(() => (follower.take(), follower.batches.flat().filter(({ type }) => type !== 'BOOKMARK').length >= wanted.length));
        expect(shown(follower.batches)).toEqual(wanted);
        expect(follower.ends).toEqual([]);
        const all = follower.revisions();
        expect(all).toEqual([...all].sort((a, b) => a - b));
      }
    }),
    { numRuns: 40 },
  );
});
