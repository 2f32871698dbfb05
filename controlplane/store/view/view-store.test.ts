/** Views over a real SQLite store: the same revisions, in another form; and objects that are computed. */
import type { KubeObject } from '../../../crds/meta';
import { StoreFolder } from '../sqlite/test-support';
import type { StoreError, Watch, WatchEvent, WatchOptions } from '../store';
import type { Projection } from './projected-table';
import type { View } from './view';
import { ViewStore } from './view-store';

type Box = KubeObject & { spec: { colour?: string; parts?: string[] } };

const RENAMED: View = {
  resource: 'crates', source: 'boxes', kind: 'Crate', apiVersion: 'v2',
  toView: (box) => ({ ...box, kind: 'Crate', apiVersion: 'v2', body: (box as Box).spec }) as KubeObject,
  toSource: (crate) => {
    const { body, ...rest } = crate as KubeObject & { body: object };
    return { ...rest, kind: 'Box', apiVersion: 'v1', spec: body } as KubeObject;
  },
  fieldPath: (path) => path.replace(/^body\./, 'spec.'),
};
const PARTS: Projection = {
  resource: 'parts', source: 'boxes', kind: 'Part', apiVersion: 'v1',
  project: (box) => ((box as Box).spec.parts ?? []).map((part) => ({ apiVersion: 'v1', kind: 'Part', metadata: { name: `${box.metadata.name}-${part}`, namespace: box.metadata.namespace, labels: { part } } })),
};

let folder: StoreFolder;
let store: ViewStore;
beforeEach(async () => {
  folder = await StoreFolder.open();
  store = new ViewStore(folder.store, [RENAMED], [PARTS]);
});
afterEach(async () => {
  store.close();
  await folder.remove();
});

const box = (name: string, spec: Box['spec']): Box => ({ apiVersion: 'v1', kind: 'Box', metadata: { name, namespace: 'lab' }, spec });
const put = (name: string, spec: Box['spec']): Promise<Box> => folder.store.create('boxes', box(name, spec));

function follow(resource: string, options: WatchOptions): { events: WatchEvent[]; ended: (StoreError | undefined)[]; watch: Watch; until: (count: number) => Promise<string[]> } {
  const events: WatchEvent[] = [];
  const ended: (StoreError | undefined)[] = [];
  const watch = store.watch(resource, options, { events: (batch) => void events.push(...batch), end: (error) => void ended.push(error) });
  const until = async (count: number): Promise<string[]> => {
    for (let attempt = 0; attempt < 200 && events.length < count; attempt++) await new Promise((resolve) => setTimeout(resolve, 5));
    return events.map(({ type, object }) => `${type} ${object.metadata.name ?? ''}`.trim());
  };
  return { events, ended, watch, until };
}

describe('another form', () => {
  test('is written and read in its own words, with the revisions of what is stored', async () => {
    const made = await store.create('crates', { apiVersion: 'v2', kind: 'Crate', metadata: { name: 'a', namespace: 'lab' }, body: { colour: 'red' } } as KubeObject);
    const stored = await folder.store.get<Box>('boxes', 'lab', 'a');
    expect(stored).toMatchObject({ kind: 'Box', apiVersion: 'v1', spec: { colour: 'red' }, metadata: { resourceVersion: made.metadata.resourceVersion } });
    expect(made).toMatchObject({ kind: 'Crate', apiVersion: 'v2', body: { colour: 'red' } });
    expect(await store.get('crates', 'lab', 'a')).toBe(await store.get('crates', 'lab', 'a'));
    expect((await store.list('crates', { fields: [{ path: 'body.colour', operator: '=', value: 'red' }] })).items).toHaveLength(1);
    expect((await store.list('crates', { fields: [{ path: 'body.colour', operator: '=', value: 'blue' }] })).items).toHaveLength(0);
    await expect(store.update('crates', { ...made, metadata: { ...made.metadata, resourceVersion: '1' } })).rejects.toMatchObject({ reason: 'Conflict', details: { resource: 'crates' } });
    const outcomes = await store.batch([
      { verb: 'update', resource: 'crates', object: { ...made, body: { colour: 'blue' } } as KubeObject },
      { verb: 'delete', resource: 'crates', namespace: 'lab', name: 'nope' },
      { verb: 'create', resource: 'boxes', object: box('b', {}) },
    ]);
    expect(outcomes.map((outcome) => (outcome.ok ? outcome.object.kind : [outcome.error.reason, outcome.error.details.resource]))).toEqual(['Crate', ['NotFound', 'crates'], 'Box']);
    expect(await store.delete('crates', 'lab', 'a')).toMatchObject({ gone: true, object: { kind: 'Crate' } });
  });

  test('is watched', async () => {
    const { events, watch, until } = follow('crates', { resourceVersion: '0', bookmarks: true });
    await put('a', { colour: 'red' });
    expect(await until(2)).toEqual(['BOOKMARK', 'ADDED a']);
    expect(events.map(({ object }) => object.kind)).toEqual(['Crate', 'Crate']);
    expect(store.encoded(events[1].object)).toBeUndefined();
    watch.stop();
  });
});

describe('what is computed', () => {
  test('agrees between list, get and watch; what a write leaves as it was keeps its revision', async () => {
    const first = await put('a', { parts: ['x', 'y'] });
    const { items, resourceVersion } = await store.list('parts', { namespace: 'lab' });
    expect(items.map(({ metadata }) => [metadata.name, metadata.resourceVersion])).toEqual([['a-x', first.metadata.resourceVersion], ['a-y', first.metadata.resourceVersion]]);
    expect(await store.get('parts', 'lab', 'a-x')).toBe(items[0]);
    const { until, events, watch } = follow('parts', { resourceVersion });
    const second = await folder.store.update('boxes', { ...first, spec: { parts: ['y', 'z'] } } as Box);
    expect(await until(2)).toEqual(['DELETED a-x', 'ADDED a-z']);
    expect(events.map(({ object }) => object.metadata.resourceVersion)).toEqual([second.metadata.resourceVersion, second.metadata.resourceVersion]);
    expect((await store.get('parts', 'lab', 'a-y'))?.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
    await folder.store.delete('boxes', 'lab', 'a');
    expect(await until(4)).toEqual(['DELETED a-x', 'ADDED a-z', 'DELETED a-y', 'DELETED a-z']);
    watch.stop();
  });

  test('is resumed after any revision that is known, and begins with what is there when asked', async () => {
    await put('a', { parts: ['x'] });
    const { resourceVersion } = await store.list('parts');
    await put('b', { parts: ['y'] });
    const second = await put('c', { parts: ['z'] });
    await follow('parts', { resourceVersion: '0' }).until(3);
    expect(await follow('parts', { resourceVersion }).until(2)).toEqual(['ADDED b-y', 'ADDED c-z']);
    expect(await follow('parts', { resourceVersion: second.metadata.resourceVersion! }).until(0)).toEqual([]);
    const initial = follow('parts', { resourceVersion, initialEvents: true, bookmarks: true });
    expect((await initial.until(4)).slice(0, 3).sort()).toEqual(['ADDED a-x', 'ADDED b-y', 'ADDED c-z']);
    expect(initial.events[3].object.metadata.annotations).toEqual({ 'k8s.io/initial-events-end': 'true' });
  });

  test('a revision from before it was looked at is over', async () => {
    const first = await put('a', { parts: ['x'] });
    await put('b', {});
    const { ended, until } = follow('parts', { resourceVersion: first.metadata.resourceVersion! });
    await until(0);
    for (let attempt = 0; attempt < 200 && ended.length === 0; attempt++) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(ended[0]).toMatchObject({ reason: 'Expired' });
  });

  test('what leaves a selection is gone for its watchers', async () => {
    const first = await put('a', { parts: ['x', 'y'] });
    const { until, watch } = follow('parts', { resourceVersion: '0', labels: [{ key: 'part', operator: 'In', values: ['x'] }] });
    expect(await until(1)).toEqual(['ADDED a-x']);
    await folder.store.update('boxes', { ...first, spec: { parts: ['y'] } } as Box);
    expect(await until(2)).toEqual(['ADDED a-x', 'DELETED a-x']);
    watch.stop();
  });

  test('its watches end when the store beneath does', async () => {
    const { ended, until } = follow('parts', { resourceVersion: '0' });
    await put('a', { parts: ['x'] });
    await until(1);
    folder.store.close();
    for (let attempt = 0; attempt < 200 && ended.length === 0; attempt++) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(ended).toHaveLength(1);
  });
});
