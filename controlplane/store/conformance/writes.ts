import type { Operation } from '../store';
import { expectRefusal, job, JOBS, map, MAPS, useStore, withMeta, type ConfigMap, type Job, type OpenStore } from './support';

export function describeWrites(open: OpenStore): void {
  describe('create', () => createTests(open));
  describe('update', () => updateTests(open));
  describe('status', () => statusTests(open));
  describe('delete', () => deleteTests(open));
  describe('batch', () => batchTests(open));
}

function createTests(open: OpenStore): void {
  const at = useStore(open);

  test('gives uid, creationTimestamp, resourceVersion and generation', async () => {
    const made = await at.store.create(JOBS, job('a'));
    expect(made.metadata.uid).toMatch(/^[0-9a-f-]{36}$/);
    expect(made.metadata.creationTimestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    expect(made.metadata.resourceVersion).toMatch(/^[1-9]\d*$/);
    expect(made.metadata.generation).toBe(1);
    expect(await at.store.get(JOBS, 'lab-a', 'a')).toEqual(made);
  });

  test('a taken name is AlreadyExists; the same name in another namespace or resource is not', async () => {
    await at.store.create(MAPS, map('a'));
    await expectRefusal(at.store.create(MAPS, map('a')), 'AlreadyExists');
    await at.store.create(MAPS, map('a', {}, { namespace: 'lab-b' }));
    await at.store.create(JOBS, job('a'));
    expect((await at.store.list(MAPS)).items.filter((item) => item.metadata.name === 'a')).toHaveLength(2);
  });

  test('two creates of one name in one turn: one wins', async () => {
    const results = await Promise.allSettled([at.store.create(MAPS, map('a', { by: '1' })), at.store.create(MAPS, map('a', { by: '2' }))]);
    expect(results.map((result) => result.status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  test('generateName adds five characters', async () => {
    const made = await Promise.all([1, 2, 3].map(() => at.store.create(MAPS, map('', {}, { generateName: 'run-' }))));
    for (const { metadata } of made) expect(metadata.name).toMatch(/^run-[a-z0-9]{5}$/);
    expect(new Set(made.map((item) => item.metadata.name)).size).toBe(3);
  });

  test('no name, or a resourceVersion, is refused', async () => {
    await expectRefusal(at.store.create(MAPS, map('')), 'Invalid');
    await expectRefusal(at.store.create(MAPS, map('a', {}, { resourceVersion: '1' })), 'Invalid');
    expect(await at.store.get(MAPS, 'lab-a', 'a')).toBeUndefined();
  });

  test('what the caller does with the object afterwards does not reach the store', async () => {
    const mine = map('a', { key: 'before' });
    await at.store.create(MAPS, mine);
    if (mine.data) mine.data['key'] = 'after';
    expect((await at.store.get<ConfigMap>(MAPS, 'lab-a', 'a'))?.data).toEqual({ key: 'before' });
  });
}

function updateTests(open: OpenStore): void {
  const at = useStore(open);

  test('needs the object, its uid and its resourceVersion, if given', async () => {
    await expectRefusal(at.store.update(MAPS, map('a')), 'NotFound');
    const first = await at.store.create(MAPS, map('a'));
    const second = await at.store.update(MAPS, { ...first, data: { n: '2' } });
    expect(BigInt(second.metadata.resourceVersion ?? 0)).toBeGreaterThan(BigInt(first.metadata.resourceVersion ?? 0));
    await expectRefusal(at.store.update(MAPS, { ...first, data: { n: '3' } }), 'Conflict');
    await expectRefusal(at.store.update(MAPS, withMeta(map('a'), { uid: '00000000-0000-0000-0000-000000000000' })), 'Conflict');
    const third = await at.store.update(MAPS, map('a', { n: '4' }));
    expect(third.metadata.uid).toBe(first.metadata.uid);
    expect((await at.store.get<ConfigMap>(MAPS, 'lab-a', 'a'))?.data).toEqual({ n: '4' });
  });

  test('two updates of one resourceVersion in one turn: one Conflict', async () => {
    const first = await at.store.create(MAPS, map('a'));
    const results = await Promise.allSettled(['1', '2', '3'].map((n) => at.store.update(MAPS, { ...first, data: { n } })));
    const won = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    expect(won).toHaveLength(1);
    for (const result of results) if (result.status === 'rejected') expect(result.reason).toMatchObject({ reason: 'Conflict' });
    expect(await at.store.get(MAPS, 'lab-a', 'a')).toEqual(won[0]);
  });

  test('a write that changes nothing keeps the resourceVersion and makes no event', async () => {
    const first = await at.store.create(JOBS, job('a'));
    expect(await at.store.update(JOBS, first)).toEqual(first);
    expect(await at.store.update(JOBS, job('a'))).toEqual(first);
    const after = await at.store.update(JOBS, job('a', 2));
    expect(after.metadata.generation).toBe(2);
  });

  test('generation rises with the spec, not with metadata; what the store owns cannot be written', async () => {
    const first = await at.store.create(JOBS, job('a'));
    const labelled = await at.store.update(JOBS, withMeta(first, { labels: { team: 'x' } }));
    expect(labelled.metadata).toMatchObject({ generation: 1, labels: { team: 'x' } });
    const forged = { generation: 40, creationTimestamp: '2001-01-01T00:00:00Z', deletionTimestamp: '2001-01-01T00:00:00Z' };
    const next = await at.store.update(JOBS, { ...withMeta(labelled, forged), spec: { ...first.spec, parallelism: 9 } });
    expect(next.metadata).toMatchObject({ generation: 2, creationTimestamp: first.metadata.creationTimestamp });
    expect(next.metadata.deletionTimestamp).toBeUndefined();
  });
}

function statusTests(open: OpenStore): void {
  const at = useStore(open);

  test('update leaves the status, updateStatus everything else; generation stays', async () => {
    const first = await at.store.create(JOBS, { ...job('a'), status: { phase: 'Running' } });
    expect(first.status).toBeUndefined();
    const asked = { ...withMeta(first, { labels: { no: 'no' } }), spec: { ...first.spec, parallelism: 7 }, status: { phase: 'Running', succeeded: 1 } };
    const second = await at.store.updateStatus(JOBS, asked);
    expect(second).toMatchObject({ spec: first.spec, status: { phase: 'Running', succeeded: 1 }, metadata: { generation: 1 } });
    expect(second.metadata.labels).toBeUndefined();
    const third = await at.store.update<Job>(JOBS, { ...second, spec: { ...first.spec, parallelism: 7 }, status: { phase: 'Pending' } });
    expect(third).toMatchObject({ spec: { parallelism: 7 }, status: { phase: 'Running' }, metadata: { generation: 2 } });
  });

  test('who owns which field outlives a write of the status that does not know about it', async () => {
    const owned = { manager: 'someone', operation: 'Update' as const, apiVersion: 'gleaner.dev/v1alpha1', fieldsType: 'FieldsV1' as const, fieldsV1: { 'f:spec': { 'f:runtime': {} } } };
    const first = await at.store.create(JOBS, job('a', 1, { managedFields: [owned] }));
    const known = first.metadata.managedFields ?? [];
    expect(known).not.toHaveLength(0);
    const second = await at.store.updateStatus<Job>(JOBS, { ...job('a'), status: { phase: 'Running' } });
    expect(second.metadata.managedFields).toEqual(expect.arrayContaining(known));
  });

  test('the same status again changes nothing; a stale one is Conflict; an absent object NotFound', async () => {
    const first = await at.store.create(JOBS, job('a'));
    const second = await at.store.updateStatus<Job>(JOBS, { ...first, status: { phase: 'Running' } });
    expect(await at.store.updateStatus<Job>(JOBS, { ...second, status: { phase: 'Running' } })).toEqual(second);
    await expectRefusal(at.store.updateStatus<Job>(JOBS, { ...first, status: { phase: 'Pending' } }), 'Conflict');
    await expectRefusal(at.store.updateStatus(JOBS, job('b')), 'NotFound');
  });
}

function deleteTests(open: OpenStore): void {
  const at = useStore(open);

  test('takes the object away, once, if the preconditions hold', async () => {
    const first = await at.store.create(MAPS, map('a'));
    await expectRefusal(at.store.delete(MAPS, 'lab-a', 'a', { uid: 'other' }), 'Conflict');
    await expectRefusal(at.store.delete(MAPS, 'lab-a', 'a', { resourceVersion: '999999' }), 'Conflict');
    const { uid, resourceVersion } = first.metadata;
    expect(await at.store.delete(MAPS, 'lab-a', 'a', { uid, resourceVersion })).toEqual({ object: first, gone: true });
    expect(await at.store.get(MAPS, 'lab-a', 'a')).toBeUndefined();
    await expectRefusal(at.store.delete(MAPS, 'lab-a', 'a'), 'NotFound');
  });

  test('with finalizers it is marked, and goes with the last of them', async () => {
    await at.store.create(JOBS, job('a', 1, { finalizers: ['x/one', 'x/two'] }));
    const marked = await at.store.delete<Job>(JOBS, 'lab-a', 'a');
    expect(marked.gone).toBe(false);
    expect(marked.object.metadata).toMatchObject({ generation: 2, deletionTimestamp: expect.stringMatching(/Z$/), deletionGracePeriodSeconds: 0 });
    expect(await at.store.delete(JOBS, 'lab-a', 'a')).toEqual(marked);
    await expectRefusal(at.store.update(JOBS, withMeta(marked.object, { finalizers: ['x/one', 'x/two', 'x/three'] })), 'Invalid');
    const half = await at.store.update(JOBS, withMeta(marked.object, { finalizers: ['x/two'] }));
    expect(half.metadata.deletionTimestamp).toBe(marked.object.metadata.deletionTimestamp);
    await at.store.update(JOBS, withMeta(half, { finalizers: [] }));
    expect(await at.store.get(JOBS, 'lab-a', 'a')).toBeUndefined();
  });

  test('a name can be used again, with a new uid', async () => {
    const first = await at.store.create(MAPS, map('a'));
    await at.store.delete(MAPS, 'lab-a', 'a');
    const second = await at.store.create(MAPS, map('a'));
    expect(second.metadata.uid).not.toBe(first.metadata.uid);
    expect(second.metadata.generation).toBe(first.metadata.generation);
  });
}

function batchTests(open: OpenStore): void {
  const at = useStore(open);

  test('each operation succeeds or fails for itself, in order', async () => {
    await at.store.create(MAPS, map('old'));
    const operations: Operation[] = [
      { verb: 'create', resource: MAPS, object: map('a') },
      { verb: 'create', resource: MAPS, object: map('a') },
      { verb: 'update', resource: MAPS, object: map('a', { n: '1' }) },
      { verb: 'update', resource: MAPS, object: map('missing') },
      { verb: 'delete', resource: MAPS, namespace: 'lab-a', name: 'old' },
      { verb: 'delete', resource: MAPS, namespace: 'lab-a', name: 'old' },
      { verb: 'create', resource: MAPS, object: map('old', { n: '2' }) },
    ];
    const outcomes = await at.store.batch(operations);
    expect(outcomes.map((outcome) => (outcome.ok ? 'ok' : outcome.error.reason))).toEqual(['ok', 'AlreadyExists', 'ok', 'NotFound', 'ok', 'NotFound', 'ok']);
    expect((await at.store.get<ConfigMap>(MAPS, 'lab-a', 'a'))?.data).toEqual({ n: '1' });
    expect((await at.store.get<ConfigMap>(MAPS, 'lab-a', 'old'))?.data).toEqual({ n: '2' });
  });

  test('a deletion that follows is done if what is before it was', async () => {
    const old = await at.store.create(MAPS, map('marked'));
    const newer = await at.store.update(MAPS, map('marked', { n: '1' }));
    const marked = (resourceVersion: string | undefined): Operation[] => [
      { verb: 'update', resource: MAPS, object: { ...map('marked', { n: '2' }), metadata: { ...newer.metadata, finalizers: ['gleaner.dev/test'], resourceVersion } } },
      { verb: 'delete', resource: MAPS, namespace: 'lab-a', name: 'marked', preconditions: { uid: old.metadata.uid }, follows: true },
    ];
    const reasons = async (resourceVersion: string | undefined): Promise<string[]> => (await at.store.batch(marked(resourceVersion))).map((outcome) => (outcome.ok ? 'ok' : outcome.error.reason));
    expect(await reasons(old.metadata.resourceVersion)).toEqual(['Conflict', 'Conflict']);
    expect((await at.store.get<ConfigMap>(MAPS, 'lab-a', 'marked'))?.data).toEqual({ n: '1' });
    expect(await reasons(newer.metadata.resourceVersion)).toEqual(['ok', 'ok']);
    const held = await at.store.get<ConfigMap>(MAPS, 'lab-a', 'marked');
    expect([held?.data, typeof held?.metadata.deletionTimestamp]).toEqual([{ n: '2' }, 'string']);
    await at.store.update(MAPS, { ...held!, metadata: { ...held!.metadata, finalizers: [] } });
  });

  test('an empty batch is nothing', async () => {
    expect(await at.store.batch([])).toEqual([]);
  });
}
