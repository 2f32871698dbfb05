import type { LabelRequirement, ListOptions, ListResult } from '../store';
import { expectRefusal, job, JOBS, map, MAPS, useStore, type ConfigMap, type Job, type OpenStore } from './support';

export function describeLists(open: OpenStore): void {
  describe('list', () => selectionTests(open));
  describe('list in pages', () => pagingTests(open));
}

function names(list: ListResult<ConfigMap>): string[] {
  return list.items.map((item) => item.metadata.name);
}

function selectionTests(open: OpenStore): void {
  const at = useStore(open);
  const select = async (options: ListOptions): Promise<string[]> => names(await at.store.list<ConfigMap>(MAPS, { namespace: 'lab-a', ...options }));

  test('is ordered by namespace and name, and says at which revision', async () => {
    const made = [await at.store.create(MAPS, map('b')), await at.store.create(MAPS, map('a', {}, { namespace: 'lab-b' })), await at.store.create(MAPS, map('a'))];
    const list = await at.store.list<ConfigMap>(MAPS);
    const ours = list.items.filter((item) => item.metadata.namespace?.startsWith('lab-'));
    expect(ours).toEqual([made[2], made[0], made[1]]);
    expect(BigInt(list.resourceVersion)).toBeGreaterThanOrEqual(BigInt(made[2].metadata.resourceVersion ?? 0));
    expect(await select({})).toEqual(['a', 'b']);
  });

  test('labels: In, NotIn, Exists, DoesNotExist, all of them together', async () => {
    await at.store.create(MAPS, map('a', {}, { labels: { tier: 'gold', zone: 'x' } }));
    await at.store.create(MAPS, map('b', {}, { labels: { tier: 'iron' } }));
    await at.store.create(MAPS, map('c'));
    const by = (...labels: LabelRequirement[]): Promise<string[]> => select({ labels });
    expect(await by({ key: 'tier', operator: 'In', values: ['gold', 'lead'] })).toEqual(['a']);
    expect(await by({ key: 'tier', operator: 'NotIn', values: ['gold'] })).toEqual(['b', 'c']);
    expect(await by({ key: 'tier', operator: 'Exists', values: [] })).toEqual(['a', 'b']);
    expect(await by({ key: 'tier', operator: 'DoesNotExist', values: [] })).toEqual(['c']);
    expect(await by({ key: 'tier', operator: 'Exists', values: [] }, { key: 'zone', operator: 'DoesNotExist', values: [] })).toEqual(['b']);
  });

  test('fields: metadata.name and namespace', async () => {
    for (const name of ['a', 'b', 'c']) await at.store.create(MAPS, map(name));
    expect(await select({ fields: [{ path: 'metadata.name', operator: '=', value: 'b' }] })).toEqual(['b']);
    expect(await select({ fields: [{ path: 'metadata.name', operator: '!=', value: 'b' }] })).toEqual(['a', 'c']);
    expect(await select({ fields: [{ path: 'metadata.name', operator: '=', value: 'z' }] })).toEqual([]);
    const elsewhere = await at.store.list(MAPS, { fields: [{ path: 'metadata.namespace', operator: '=', value: 'lab-b' }] });
    expect(elsewhere.items).toEqual([]);
  });

  test('fields of the object; a missing one counts as empty', async () => {
    const a = await at.store.create(JOBS, job('a'));
    await at.store.create(JOBS, job('b'));
    await at.store.updateStatus<Job>(JOBS, { ...a, status: { phase: 'Running' } });
    const by = async (operator: '=' | '!=', value: string): Promise<string[]> =>
      (await at.store.list(JOBS, { namespace: 'lab-a', fields: [{ path: 'status.phase', operator, value }] })).items.map((item) => item.metadata.name);
    expect(await by('=', 'Running')).toEqual(['a']);
    expect(await by('=', '')).toEqual(['b']);
    expect(await by('!=', 'Running')).toEqual(['b']);
  });
}

function pagingTests(open: OpenStore): void {
  const at = useStore(open);
  const page = (limit: number, token?: string): Promise<ListResult<ConfigMap>> => at.store.list<ConfigMap>(MAPS, { namespace: 'lab-a', limit, continue: token });
  const fill = async (count: number): Promise<void> => {
    await at.store.create(MAPS, map('other', {}, { namespace: 'lab-b' }));
    await Promise.all(Array.from({ length: count }, (_, i) => at.store.create(MAPS, map(`m${i}`))));
  };

  test('pages join to the whole, with what remains', async () => {
    await fill(7);
    const first = await page(3);
    expect([names(first), first.remainingItemCount]).toEqual([['m0', 'm1', 'm2'], 4]);
    const second = await page(3, first.continue);
    expect([names(second), second.remainingItemCount]).toEqual([['m3', 'm4', 'm5'], 1]);
    const third = await page(3, second.continue);
    expect([names(third), third.continue]).toEqual([['m6'], undefined]);
    expect([second.resourceVersion, third.resourceVersion]).toEqual([first.resourceVersion, first.resourceVersion]);
    expect((await page(7)).continue).toBeUndefined();
  });

  test('later pages show the objects as they were at the first', async () => {
    await fill(6);
    const first = await page(2);
    await at.store.delete(MAPS, 'lab-a', 'm3');
    await at.store.create(MAPS, map('m25'));
    await at.store.update(MAPS, map('m4', { changed: 'once' }));
    await at.store.update(MAPS, map('m4', { changed: 'twice' }));
    await at.store.delete(MAPS, 'lab-a', 'm5');
    await at.store.create(MAPS, map('m5', { again: 'yes' }));
    const second = await page(2, first.continue);
    expect([names(second), second.remainingItemCount]).toEqual([['m2', 'm3'], 2]);
    const third = await page(9, second.continue);
    expect(third.items.map((item) => [item.metadata.name, item.data ?? {}])).toEqual([
      ['m4', {}],
      ['m5', {}],
    ]);
    expect(names(await page(0))).toEqual(['m0', 'm1', 'm2', 'm25', 'm4', 'm5']);
  });

  test('the objects exactly as they were at a revision, also in pages', async () => {
    await fill(4);
    const { resourceVersion, items } = await page(0);
    await at.store.update(MAPS, map('m1', { changed: 'yes' }));
    await at.store.delete(MAPS, 'lab-a', 'm2');
    await at.store.create(MAPS, map('m5'));
    const then = (options: ListOptions = {}): Promise<ListResult<ConfigMap>> => at.store.list<ConfigMap>(MAPS, { namespace: 'lab-a', resourceVersion, ...options });
    expect(await then()).toEqual({ items, resourceVersion });
    const first = await then({ limit: 3 });
    expect([first.items, first.remainingItemCount]).toEqual([items.slice(0, 3), 1]);
    expect((await page(9, first.continue)).items).toEqual(items.slice(3));
    const one = await then({ fields: [{ path: 'metadata.name', operator: '=', value: 'm2' }] });
    expect(one.items).toEqual([items[2]]);
  });

  test('a revision ahead of the newest is FutureVersion; one that is none is Invalid', async () => {
    const { resourceVersion } = await page(0);
    await expectRefusal(at.store.list(MAPS, { resourceVersion: String(BigInt(resourceVersion) + 1_000_000n) }), 'FutureVersion');
    await expectRefusal(at.store.list(MAPS, { resourceVersion: 'soon' }), 'Invalid');
  });

  test('bad tokens and limits are refused', async () => {
    await expectRefusal(page(2, 'rubbish'), 'Invalid');
    await expectRefusal(page(2, Buffer.from('{"v":1,"rv":"1"}').toString('base64url')), 'Invalid');
    await expectRefusal(page(-1), 'Invalid');
    await expectRefusal(page(1.5), 'Invalid');
  });
}
