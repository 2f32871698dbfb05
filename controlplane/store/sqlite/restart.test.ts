/** What a restart and compaction keep. */
import { JOBS } from '../../../crds/meta';
import { Collector, job, map, MAPS, type ConfigMap } from '../conformance/support';
import { StoreError } from '../store';
import { StoreFolder } from './test-support';

let folder: StoreFolder;
afterEach(() => folder.remove());

const SMALL = { maxHistoryChanges: 20 };

async function churn(turns: number, updates: number): Promise<void> {
  for (let turn = 0; turn < turns; turn++) {
    await Promise.all(Array.from({ length: updates }, (_, i) => folder.store.update(MAPS, map('busy', { n: `${turn}.${i}` }))));
  }
}

test('objects, revisions and generations are the same after a restart', async () => {
  folder = await StoreFolder.open();
  await folder.store.create(MAPS, map('a', { n: 'ä€😀' }));
  const made = await folder.store.create(JOBS, job('b'));
  const changed = await folder.store.update(JOBS, { ...made, spec: { ...made.spec, completions: 3 } });
  const before = await folder.store.list(MAPS);
  await folder.reopen();
  expect(await folder.store.get(JOBS, 'lab-a', 'b')).toEqual(changed);
  expect(await folder.store.list(MAPS)).toEqual(before);
});

test('the revision does not go back, even when the newest change was a deletion and all is compacted', async () => {
  folder = await StoreFolder.open({ maxHistoryChanges: 1 });
  await folder.store.create(MAPS, map('busy'));
  await churn(8, 50);
  await folder.store.delete(MAPS, 'lab-a', 'busy');
  const before = Number(folder.store.revision);
  await folder.reopen({ maxHistoryChanges: 1 });
  expect(Number(folder.store.revision)).toBe(before);
  const made = await folder.store.create(MAPS, map('a'));
  expect(Number(made.metadata.resourceVersion)).toBeGreaterThan(before);
});

test('an empty store has a revision that a watch can start from', async () => {
  folder = await StoreFolder.open();
  const { resourceVersion } = await folder.store.list(MAPS);
  await folder.store.create(MAPS, map('a'));
  await folder.store.delete(MAPS, 'lab-a', 'a');
  const seen = new Collector().start(folder.store, MAPS, { resourceVersion });
  expect(await seen.take(2)).toEqual(['ADDED a', 'DELETED a']);
});

test('compaction keeps the log near the window, and every object', async () => {
  folder = await StoreFolder.open(SMALL);
  await Promise.all(Array.from({ length: 50 }, (_, i) => folder.store.create(MAPS, map(`still-${i}`))));
  await folder.store.create(MAPS, map('busy'));
  await churn(100, 40);
  expect(folder.rows().length).toBeLessThan(50 + SMALL.maxHistoryChanges + 300);
  const before = await folder.store.list(MAPS);
  await folder.reopen(SMALL);
  expect(await folder.store.list(MAPS)).toEqual(before);
});

test('created and deleted objects leave nothing behind', async () => {
  folder = await StoreFolder.open(SMALL);
  for (let turn = 0; turn < 40; turn++) {
    const names = Array.from({ length: 25 }, (_, i) => `t-${turn}-${i}`);
    await Promise.all(names.map((name) => folder.store.create(MAPS, map(name))));
    await Promise.all(names.map((name) => folder.store.delete(MAPS, 'lab-a', name)));
  }
  expect(folder.rows().length).toBeLessThan(SMALL.maxHistoryChanges + 600);
  await folder.reopen(SMALL);
  expect((await folder.store.list(MAPS)).items).toEqual([]);
});

test('the history is bounded by bytes too, and keeps at least the newest change', async () => {
  folder = await StoreFolder.open({ maxHistoryBytes: 10_000 });
  for (let i = 0; i < 20; i++) await folder.store.create(MAPS, map(`a${i}`, { filler: 'x'.repeat(3000) }));
  expect(folder.store.stats().historyChanges).toBe(3);
  await folder.store.create(MAPS, map('huge', { filler: 'x'.repeat(50_000) }));
  expect(folder.store.stats().historyChanges).toBe(1);
});

test.each([{ maxHeldChanges: 2 }, { maxHeldBytes: 1 }, {}])('what the history does not hold with its objects is read from the log: %j', async (held) => {
  folder = await StoreFolder.open({ ...held, maxHistoryChanges: 300 });
  const first = await folder.store.create(MAPS, map('a', { step: '0' }));
  const updates = async (from: number, to: number): Promise<void> => {
    for (let step = from; step < to; step += 1) await folder.store.update(MAPS, map('a', { step: String(step) }));
  };
  await updates(1, 150);
  await folder.store.create(MAPS, map('b'));
  await folder.store.delete(MAPS, 'lab-a', 'b');
  await updates(150, 250);
  const steps = async (): Promise<string[]> => {
    const seen = new Collector().start(folder.store, MAPS, { resourceVersion: first.metadata.resourceVersion });
    await seen.take(251);
    return seen.events.map(({ type, object }) => `${type} ${object.metadata.name} ${(object as unknown as { data: { step?: string } }).data.step ?? ''}`);
  };
  const expected = Array.from({ length: 249 }, (_, at) => `MODIFIED a ${at + 1}`);
  expected.splice(149, 0, 'ADDED b ', 'DELETED b ');
  expect(await steps()).toEqual(expected);
  const { items } = await folder.store.list(MAPS, { resourceVersion: first.metadata.resourceVersion });
  expect(items).toEqual([first]);
  await folder.reopen({ ...held, maxHistoryChanges: 300 });
  expect(await steps()).toEqual(expected);
  // What falls out of the history is removed from the log, and only that.
  await updates(250, 1500);
  const rows = folder.rows().length;
  expect(rows).toBeGreaterThan(300);
  expect(rows).toBeLessThan(300 + 600);
});

test('a watch goes on after a restart from a revision that is still kept, with deletions and what left the selection', async () => {
  folder = await StoreFolder.open();
  await folder.store.create(MAPS, map('a', {}, { labels: { tier: 'gold' } }));
  await folder.store.create(MAPS, map('b', {}, { labels: { tier: 'gold' } }));
  const { resourceVersion } = await folder.store.list(MAPS);
  await folder.store.update(MAPS, map('a'));
  await folder.store.delete(MAPS, 'lab-a', 'b');
  await folder.reopen();
  const seen = new Collector().start(folder.store, MAPS, { resourceVersion, labels: [{ key: 'tier', operator: 'Exists', values: [] }] });
  expect(await seen.take(2)).toEqual(['DELETED a', 'DELETED b']);
  expect(seen.events[1].object.metadata.resourceVersion).toBe(folder.store.revision);
});

test('a watch, a list or a page from before the window is Expired, before and after a restart', async () => {
  folder = await StoreFolder.open(SMALL);
  for (const name of ['a', 'b', 'busy']) await folder.store.create(MAPS, map(name));
  const page = await folder.store.list(MAPS, { limit: 1 });
  await churn(10, 50);
  const start = (): Collector => new Collector().start(folder.store, MAPS, { resourceVersion: page.resourceVersion });
  for (let opened = 0; opened < 2; opened++) {
    expect(start).toThrow(StoreError);
    expect(start).toThrow('too old');
    await expect(folder.store.list(MAPS, { resourceVersion: page.resourceVersion })).rejects.toMatchObject({ reason: 'Expired' });
    const refused: unknown = await folder.store.list(MAPS, { limit: 1, continue: page.continue }).catch((error: unknown) => error);
    expect(refused).toMatchObject({ reason: 'Expired' });
    // The token of the refusal goes on over what is there now.
    const rest = await folder.store.list(MAPS, { limit: 1, continue: (refused as StoreError).details.continue });
    expect([rest.items.map(({ metadata }) => metadata.name), rest.resourceVersion]).toEqual([['b'], folder.store.revision]);
    const last = await folder.store.list(MAPS, { continue: rest.continue });
    expect([last.items.map(({ metadata }) => metadata.name), last.resourceVersion]).toEqual([['busy'], folder.store.revision]);
    await folder.reopen(SMALL);
  }
});

test('encoded bytes are those of the log while they are kept, and the same JSON after', async () => {
  folder = await StoreFolder.open(SMALL);
  const made = await folder.store.create(MAPS, map('a', { n: '1' }));
  const bytes = folder.store.encoded(made);
  expect(folder.store.encoded(made)).toBe(bytes);
  expect(folder.database.raw.prepare('SELECT value FROM object_log').pluck().get()).toEqual(bytes);
  await folder.store.create(MAPS, map('busy'));
  await churn(2, 40);
  expect(folder.store.encoded(made)).toEqual(bytes);
});

test('a damaged row is named, and the store does not start', async () => {
  folder = await StoreFolder.open();
  await folder.store.create<ConfigMap>(MAPS, map('a'));
  folder.database.raw.exec("UPDATE object_log SET value = x'7b22'");
  await expect(folder.reopen()).rejects.toThrow(/object_log row 2 \(configmaps lab-a\/a\) does not hold JSON/);
});
