import { INITIAL_EVENTS_END, type ObjectStore, type WatchOptions } from '../store';
import { Collector, job, JOBS, map, MAPS, refusalOf, useStore, withMeta, type OpenStore } from './support';

export function describeWatches(open: OpenStore): void {
  describe('watch', () => streamTests(open));
  describe('watch with a selection', () => selectionTests(open));
}

const watch = (store: ObjectStore, options: WatchOptions = {}, resource = MAPS): Collector => new Collector().start(store, resource, { namespace: 'lab-a', ...options });

function streamTests(open: OpenStore): void {
  const at = useStore(open);

  test('from nothing: what is there, then what changes', async () => {
    await at.store.create(MAPS, map('a'));
    const seen = watch(at.store);
    await seen.take(1);
    await at.store.update(MAPS, map('a', { n: '1' }));
    await at.store.create(MAPS, map('b'));
    await at.store.delete(MAPS, 'lab-a', 'a');
    expect(await seen.take(4)).toEqual(['ADDED a', 'MODIFIED a', 'ADDED b', 'DELETED a']);
    seen.stop();
  });

  test('from a revision: exactly what came after, also what came before the watch began', async () => {
    await at.store.create(MAPS, map('a'));
    const { resourceVersion } = await at.store.list(MAPS);
    await at.store.update(MAPS, map('a', { n: '1' }));
    await at.store.create(MAPS, map('elsewhere', {}, { namespace: 'lab-b' }));
    const seen = watch(at.store, { resourceVersion });
    await at.store.delete(MAPS, 'lab-a', 'a');
    expect(await seen.take(2)).toEqual(['MODIFIED a', 'DELETED a']);
    const versions = seen.events.map((event) => BigInt(event.object.metadata.resourceVersion ?? 0));
    expect(versions[1]).toBeGreaterThan(versions[0]);
    expect(versions[0]).toBeGreaterThan(BigInt(resourceVersion));
    seen.stop();
  });

  test('a write is visible and reported when its promise resolves', async () => {
    const seen = watch(at.store);
    const made = await at.store.create(MAPS, map('a'));
    await seen.take(1);
    expect(seen.events).toEqual([{ type: 'ADDED', object: made }]);
    seen.stop();
  });

  test('several writes of one turn are all reported, in order', async () => {
    const seen = watch(at.store);
    await at.store.batch([
      { verb: 'create', resource: MAPS, object: map('a') },
      { verb: 'update', resource: MAPS, object: map('a', { n: '1' }) },
      { verb: 'update', resource: MAPS, object: map('a', { n: '1' }) },
      { verb: 'delete', resource: MAPS, namespace: 'lab-a', name: 'a' },
    ]);
    expect(await seen.take(3)).toEqual(['ADDED a', 'MODIFIED a', 'DELETED a']);
    seen.stop();
  });

  test('bookmarks: one after what is there, with a revision to go on from', async () => {
    await at.store.create(MAPS, map('a'));
    const seen = watch(at.store, { bookmarks: true });
    expect(await seen.take(2)).toEqual(['ADDED a', 'BOOKMARK']);
    const bookmark = seen.events[1].object;
    expect([bookmark.kind, bookmark.apiVersion]).toEqual(['ConfigMap', 'v1']);
    expect(bookmark.metadata.annotations).toEqual({ [INITIAL_EVENTS_END]: 'true' });
    await at.store.create(MAPS, map('b'));
    const resumed = watch(at.store, { resourceVersion: bookmark.metadata.resourceVersion });
    expect(await resumed.take(1)).toEqual(['ADDED b']);
    seen.stop();
    resumed.stop();
  });

  test('initialEvents: what is there first, whatever the revision; or nothing of it', async () => {
    const { resourceVersion } = await at.store.create(MAPS, map('a')).then(({ metadata }) => metadata);
    await at.store.create(MAPS, map('b'));
    const first = watch(at.store, { resourceVersion, initialEvents: true, bookmarks: true });
    expect(await first.take(3)).toEqual(['ADDED a', 'ADDED b', 'BOOKMARK']);
    const none = watch(at.store, { initialEvents: false });
    const since = watch(at.store, { resourceVersion, initialEvents: false });
    await at.store.create(MAPS, map('c'));
    expect([await none.take(1), await since.take(2)]).toEqual([['ADDED c'], ['ADDED b', 'ADDED c']]);
    expect(await refusalOf(at.store, MAPS, { resourceVersion: '999999999999', initialEvents: true })).toMatchObject({ name: 'StoreError', reason: 'FutureVersion' });
    for (const seen of [first, none, since]) seen.stop();
  });

  test('a revision ahead of the newest is FutureVersion; one that is none is Invalid', async () => {
    const { resourceVersion } = await at.store.list(MAPS);
    expect(await refusalOf(at.store, MAPS, { resourceVersion: String(BigInt(resourceVersion) + 1_000_000n) })).toMatchObject({ name: 'StoreError', reason: 'FutureVersion' });
    expect(await refusalOf(at.store, MAPS, { resourceVersion: 'soon' })).toMatchObject({ name: 'StoreError', reason: 'Invalid' });
  });

  test('after stop nothing comes, and no end', async () => {
    const stopped = watch(at.store);
    const other = watch(at.store);
    stopped.stop();
    await at.store.create(MAPS, map('a'));
    await other.take(1);
    expect([stopped.events, stopped.ends]).toEqual([[], []]);
    other.stop();
  });

  test('removing the last finalizer reports the deletion', async () => {
    const seen = watch(at.store, {}, JOBS);
    await at.store.create(JOBS, job('a', 1, { finalizers: ['x/y'] }));
    const { object } = await at.store.delete(JOBS, 'lab-a', 'a');
    await at.store.update(JOBS, withMeta(object, { finalizers: [] }));
    expect(await seen.take(3)).toEqual(['ADDED a', 'MODIFIED a', 'DELETED a']);
    seen.stop();
  });
}

function selectionTests(open: OpenStore): void {
  const at = useStore(open);
  const gold = { labels: { tier: 'gold' } };
  const iron = { labels: { tier: 'iron' } };

  test('objects enter and leave it', async () => {
    const seen = watch(at.store, { labels: [{ key: 'tier', operator: 'In', values: ['gold'] }] });
    await at.store.create(MAPS, map('a', {}, iron));
    await at.store.update(MAPS, map('a', {}, gold));
    await at.store.update(MAPS, map('a', { n: '1' }, gold));
    const left = await at.store.update(MAPS, map('a', {}, iron));
    await at.store.delete(MAPS, 'lab-a', 'a');
    await at.store.create(MAPS, map('b', {}, gold));
    expect(await seen.take(4)).toEqual(['ADDED a', 'MODIFIED a', 'DELETED a', 'ADDED b']);
    expect(seen.events[2].object.metadata.resourceVersion).toBe(left.metadata.resourceVersion);
    seen.stop();
  });

  test('the same when it is replayed from a revision', async () => {
    const { resourceVersion } = await at.store.list(MAPS);
    await at.store.create(MAPS, map('a', {}, gold));
    await at.store.update(MAPS, map('a', {}, iron));
    await at.store.update(MAPS, map('a', {}, gold));
    await at.store.delete(MAPS, 'lab-a', 'a');
    const seen = watch(at.store, { resourceVersion, labels: [{ key: 'tier', operator: 'In', values: ['gold'] }] });
    expect(await seen.take(4)).toEqual(['ADDED a', 'DELETED a', 'ADDED a', 'DELETED a']);
    seen.stop();
  });

  test('one object by name', async () => {
    const seen = watch(at.store, { fields: [{ path: 'metadata.name', operator: '=', value: 'b' }] });
    for (const name of ['a', 'b', 'c']) await at.store.create(MAPS, map(name));
    await at.store.create(MAPS, map('b', {}, { namespace: 'lab-b' }));
    await at.store.delete(MAPS, 'lab-a', 'b');
    expect(await seen.take(2)).toEqual(['ADDED b', 'DELETED b']);
    seen.stop();
  });

  test('all namespaces, or one', async () => {
    const all = watch(at.store, { namespace: '' });
    const one = watch(at.store, { namespace: 'lab-b' });
    await at.store.create(MAPS, map('a'));
    await at.store.create(MAPS, map('b', {}, { namespace: 'lab-b' }));
    expect(await one.take(1)).toEqual(['ADDED b']);
    // A cluster has ConfigMaps of its own.
    const ours = async (count: number): Promise<string[]> => (await all.take(count)).filter((event) => /ADDED [ab]$/.test(event));
    let count = 2;
    while ((await ours(count)).length < 2) count += 1;
    expect(await ours(count)).toEqual(['ADDED a', 'ADDED b']);
    all.stop();
    one.stop();
  });
}
