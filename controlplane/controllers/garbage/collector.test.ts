import { API_VERSION, JOBS, RUNTIMES, TASKS, type KubeObject, type OwnerReference, type ResourceName } from '../../../crds/meta';
import { ManualClock, turn } from '../../../test/support/controller-world';
import { StoreFolder } from '../../store/sqlite/test-support';
import { Reflector } from '../runtime/reflector';
import { GarbageCollector, MAX_BATCH, OWNERS_PER_TURN } from './collector';

let folder: StoreFolder;
let collector: GarbageCollector;
let caches: Reflector<KubeObject>[] = [];
const errors: unknown[] = [];
const KINDS = [[JOBS, 'Job', true], [TASKS, 'Task', true], [RUNTIMES, 'Runtime', false]] as const;

async function start(): Promise<void> {
  const clock = new ManualClock();
  caches = KINDS.map(([resource]) => new Reflector<KubeObject>({ store: folder.store, resource, clock }));
  for (const cache of caches) await cache.start();
  collector = new GarbageCollector({
    store: folder.store, clock, onError: (error) => errors.push(error),
    resources: KINDS.map(([resource, kind, namespaced], at) => ({ resource, kind, namespaced, apiVersion: API_VERSION, cache: caches[at]! })),
  });
  collector.start();
}
async function stop(): Promise<void> {
  await collector.stop();
  for (const cache of caches) cache.stop();
}

beforeEach(async () => {
  folder = await StoreFolder.open();
  await start();
});
afterEach(async () => {
  await stop();
  await folder.remove();
});

function create(resource: ResourceName, kind: string, name: string, owners: KubeObject[] = [], metadata: Partial<KubeObject['metadata']> = {}): Promise<KubeObject> {
  const ownerReferences: OwnerReference[] = owners.map((owner) => ({ apiVersion: owner.apiVersion, kind: owner.kind, name: owner.metadata.name, uid: owner.metadata.uid! }));
  return folder.store.create<KubeObject>(resource, {
    apiVersion: API_VERSION, kind, metadata: { name, ...(kind !== 'Runtime' && { namespace: 'lab' }), ...metadata, ...(owners.length > 0 && { ownerReferences }) },
  });
}
const names = async (resource: ResourceName): Promise<string[]> => (await folder.store.list(resource)).items.map((each) => each.metadata.name);
const settle = async (turns = 20): Promise<void> => { for (let each = 0; each < turns; each++) await turn(); };

test('dependents go with their owner, grandchildren too; others stay', async () => {
  const job = await create(JOBS, 'Job', 'a');
  const other = await create(JOBS, 'Job', 'b');
  const child = await create(TASKS, 'Task', 'child', [job]);
  await create(TASKS, 'Task', 'grandchild', [child]);
  await create(TASKS, 'Task', 'both', [job, other]);
  await create(TASKS, 'Task', 'none');
  await settle();
  expect(await names(TASKS)).toHaveLength(4);
  await folder.store.delete(JOBS, 'lab', 'a');
  await settle();
  expect(await names(TASKS)).toEqual(['both', 'none']);
  await folder.store.delete(JOBS, 'lab', 'b');
  await settle();
  expect(await names(TASKS)).toEqual(['none']);
  expect(errors).toEqual([]);
});

test('many dependents go in batches', async () => {
  const job = await create(JOBS, 'Job', 'a');
  await Promise.all(Array.from({ length: 2 * MAX_BATCH + 10 }, (_, at) => create(TASKS, 'Task', `t${at}`, [job])));
  const batch = jest.spyOn(folder.store, 'batch');
  await folder.store.delete(JOBS, 'lab', 'a');
  for (let round = 0; round < 50 && (await names(TASKS)).length > 0; round++) await settle();
  expect(await names(TASKS)).toEqual([]);
  expect(Math.max(...batch.mock.calls.map(([operations]) => operations.length))).toBe(MAX_BATCH);
});

test('what was orphaned while nobody looked goes at the start; an owner of the same name is another', async () => {
  const job = await create(JOBS, 'Job', 'a');
  await create(TASKS, 'Task', 'old', [job]);
  await stop();
  await folder.store.delete(JOBS, 'lab', 'a');
  const next = await create(JOBS, 'Job', 'a');
  await create(TASKS, 'Task', 'new', [next]);
  await start();
  await settle();
  expect(await names(TASKS)).toEqual(['new']);
});

test('a dependent that is made after its owner went is collected; owners of unknown kinds are taken to exist', async () => {
  const job = await create(JOBS, 'Job', 'a');
  await folder.store.delete(JOBS, 'lab', 'a');
  await create(TASKS, 'Task', 'late', [job]);
  await create(TASKS, 'Task', 'foreign', [{ ...job, apiVersion: 'apps/v1', kind: 'Deployment' }]);
  const runtime = await create(RUNTIMES, 'Runtime', 'shell');
  await create(TASKS, 'Task', 'of-cluster', [runtime]);
  await settle();
  expect(await names(TASKS)).toEqual(['foreign', 'of-cluster']);
  await folder.store.delete(RUNTIMES, '', 'shell');
  await settle();
  expect(await names(TASKS)).toEqual(['foreign']);
});

test('foreground: the owner goes after its dependents; orphan: it goes without them', async () => {
  const first = await create(JOBS, 'Job', 'first', [], { finalizers: ['foregroundDeletion', 'mine'] });
  await create(TASKS, 'Task', 'held', [first], { finalizers: ['x'] });
  await folder.store.delete(JOBS, 'lab', 'first');
  await settle();
  expect(await names(JOBS)).toEqual(['first']);
  const held = (await folder.store.get<KubeObject>(TASKS, 'lab', 'held'))!;
  expect(held.metadata.deletionTimestamp).toBeDefined();
  await folder.store.update<KubeObject>(TASKS, { ...held, metadata: { ...held.metadata, finalizers: [] } });
  await settle();
  expect((await folder.store.get<KubeObject>(JOBS, 'lab', 'first'))?.metadata.finalizers).toEqual(['mine']);

  const second = await create(JOBS, 'Job', 'second', [], { finalizers: ['orphan'] });
  await create(TASKS, 'Task', 'kept', [second]);
  await folder.store.delete(JOBS, 'lab', 'second');
  await settle();
  expect(await names(JOBS)).toEqual(['first']);
  expect((await folder.store.get<KubeObject>(TASKS, 'lab', 'kept'))?.metadata.ownerReferences ?? []).toEqual([]);
});

/** Makes `dependent` depend on `owner` too. */
async function own(dependent: KubeObject, owner: KubeObject, more: Partial<OwnerReference> = {}): Promise<KubeObject> {
  const resource = dependent.kind === 'Job' ? JOBS : TASKS;
  const { metadata, ...rest } = (await folder.store.get<KubeObject>(resource, 'lab', dependent.metadata.name))!;
  const reference: OwnerReference = { apiVersion: owner.apiVersion, kind: owner.kind, name: owner.metadata.name, uid: owner.metadata.uid!, ...more };
  return folder.store.update<KubeObject>(resource, { ...rest, metadata: { ...metadata, ownerReferences: [...(metadata.ownerReferences ?? []), reference] } } as KubeObject);
}
/** As DELETE with propagationPolicy Foreground does. */
async function deleteForeground(resource: ResourceName, name: string): Promise<void> {
  const object = (await folder.store.get<KubeObject>(resource, 'lab', name))!;
  await folder.store.update(resource, { ...object, metadata: { ...object.metadata, finalizers: [...(object.metadata.finalizers ?? []), 'foregroundDeletion'] } });
  await folder.store.delete(resource, 'lab', name);
  await settle(60);
}

test('dependents that block are waited for; others are not, and go too', async () => {
  const job = await create(JOBS, 'Job', 'a');
  const blocking = await create(TASKS, 'Task', 'blocking', [], { finalizers: ['x'] });
  await own(blocking, job, { blockOwnerDeletion: true });
  const loose = await create(TASKS, 'Task', 'loose', [], { finalizers: ['x'] });
  await own(loose, job);
  await deleteForeground(JOBS, 'a');
  expect(await names(JOBS)).toEqual(['a']);
  for (const name of ['blocking', 'loose']) expect((await folder.store.get(TASKS, 'lab', name))?.metadata.deletionTimestamp).toBeDefined();
  const held = (await folder.store.get<KubeObject>(TASKS, 'lab', 'blocking'))!;
  await folder.store.update<KubeObject>(TASKS, { ...held, metadata: { ...held.metadata, finalizers: [] } });
  await settle();
  expect([await names(JOBS), await names(TASKS)]).toEqual([[], ['loose']]);
});

test('a dependent of one owner that is there and one that waits stays, without the reference to that one', async () => {
  const going = await create(JOBS, 'Job', 'going');
  const staying = await create(JOBS, 'Job', 'staying');
  const both = await create(TASKS, 'Task', 'both');
  await own(both, going, { blockOwnerDeletion: true });
  await own(both, staying);
  await deleteForeground(JOBS, 'going');
  expect([await names(JOBS), await names(TASKS)]).toEqual([['staying'], ['both']]);
  expect((await folder.store.get<KubeObject>(TASKS, 'lab', 'both'))?.metadata.ownerReferences?.map(({ name }) => name)).toEqual(['staying']);
});

test('references to owners that are gone are taken out of what another owner keeps', async () => {
  const gone = await create(JOBS, 'Job', 'gone');
  const staying = await create(JOBS, 'Job', 'staying');
  await create(TASKS, 'Task', 'both', [gone, staying]);
  await folder.store.delete(JOBS, 'lab', 'gone');
  await settle();
  expect((await folder.store.get<KubeObject>(TASKS, 'lab', 'both'))?.metadata.ownerReferences?.map(({ name }) => name)).toEqual(['staying']);
});

test.each([[true], [false]])('a circle of owners is no reason to stay (blocking: %s)', async (blockOwnerDeletion) => {
  const [one, two, three] = [await create(TASKS, 'Task', 'one'), await create(TASKS, 'Task', 'two'), await create(TASKS, 'Task', 'three')];
  await own(one, three, { blockOwnerDeletion });
  await own(two, one, { blockOwnerDeletion });
  await own(three, two, { blockOwnerDeletion });
  await deleteForeground(TASKS, 'one');
  expect(await names(TASKS)).toEqual([]);
  expect(errors).toEqual([]);
});

test('what is owned across namespaces has no such owner; what has no namespace cannot be owned from one, and stays', async () => {
  const job = await create(JOBS, 'Job', 'a');
  await create(TASKS, 'Task', 'elsewhere', [job], { namespace: 'other' });
  await create(RUNTIMES, 'Runtime', 'wide', [job]);
  await settle();
  expect([await names(TASKS), await names(RUNTIMES)]).toEqual([[], ['wide']]);
});

describe('an object with thousands of owners', () => {
  const MANY = 3_000;
  const gone: OwnerReference[] = Array.from({ length: MANY }, (_, at) => ({ apiVersion: API_VERSION, kind: 'Job', name: `j${at}`, uid: `u${at}` }));
  const make = (more: OwnerReference[]): Promise<KubeObject> => folder.store.create<KubeObject>(TASKS, { apiVersion: API_VERSION, kind: 'Task', metadata: { name: 'a', namespace: 'lab', ownerReferences: [...gone, ...more] } });
  const referenceTo = ({ apiVersion, kind, metadata: { name, uid = '' } }: KubeObject): OwnerReference => ({ apiVersion, kind, name, uid });

  /** How many owners are asked for in the store, in all and at most in one turn of the event loop. */
  async function asked(until: () => Promise<boolean>): Promise<{ all: number; most: number }> {
    let [all, now, most] = [0, 0, 0];
    const { get } = folder.store;
    const spy = jest.spyOn(folder.store, 'get').mockImplementation((resource, namespace, name) => {
      if (resource === JOBS) [all, now] = [all + 1, now + 1];
      return get.call(folder.store, resource, namespace, name) as never;
    });
    for (let quiet = 0; quiet < 5 || !(await until()); ) {
      [quiet, now] = [now === 0 ? quiet + 1 : 0, 0];
      await new Promise((resolve) => void setImmediate(resolve));
      most = Math.max(most, now);
    }
    spy.mockRestore();
    return { all, most };
  }

  test.each<[string, () => Promise<void>]>([
    ['all gone', async () => void (await make([]))],
    ['all gone but one', async () => void (await make([referenceTo(await create(JOBS, 'Job', 'there'))]))],
  ])('%s: they are asked for in several turns', async (what, set) => {
    await set();
    const left = async (): Promise<number> => (await folder.store.get<KubeObject>(TASKS, 'lab', 'a'))?.metadata.ownerReferences?.length ?? 0;
    const { all, most } = await asked(async () => (await left()) <= 1);
    expect(await left()).toBe(what === 'all gone' ? 0 : 1);
    expect(all).toBeGreaterThanOrEqual(MANY);
    expect(most).toBeLessThanOrEqual(4 * OWNERS_PER_TURN + 4);
  });

  test('one of which nothing is known: the others are not asked for again for each of them', async () => {
    await make([{ apiVersion: 'x/v1', kind: 'X', name: 'x', uid: 'x' }]);
    const { all, most } = await asked(() => Promise.resolve(true));
    expect(await names(TASKS)).toEqual(['a']);
    expect(all).toBeGreaterThanOrEqual(MANY);
    expect(all).toBeLessThanOrEqual(8 * MANY);
    expect(most).toBeLessThanOrEqual(4 * OWNERS_PER_TURN + 4);
  });

  test('one that comes while the others are asked for keeps it', async () => {
    const made = await make([]);
    const there = await create(JOBS, 'Job', 'there');
    const { get } = folder.store;
    let first = true;
    const spy = jest.spyOn(folder.store, 'get').mockImplementation((resource, namespace, name) => {
      if (first && resource === JOBS) {
        first = false;
        void folder.store.update<KubeObject>(TASKS, { ...made, metadata: { ...made.metadata, ownerReferences: [...gone, referenceTo(there)] } });
      }
      return get.call(folder.store, resource, namespace, name) as never;
    });
    await settle(200);
    spy.mockRestore();
    expect(first).toBe(false);
    expect((await folder.store.get<KubeObject>(TASKS, 'lab', 'a'))?.metadata.ownerReferences?.map(({ name }) => name)).toEqual(['there']);
  });
});

test('one whose owner is taken out between the judgement and the deletion stays', async () => {
  const job = await create(JOBS, 'Job', 'a');
  const kept = await create(TASKS, 'Task', 'kept', [job]);
  await create(TASKS, 'Task', 'other', [job]);
  await settle();
  const batch = folder.store.batch.bind(folder.store);
  jest.spyOn(folder.store, 'batch').mockImplementationOnce(async (operations) => {
    await folder.store.update(TASKS, { ...kept, metadata: { ...kept.metadata, ownerReferences: [] } });
    return batch(operations);
  });
  errors.length = 0;
  await folder.store.delete(JOBS, 'lab', 'a');
  await settle();
  expect(await names(TASKS)).toEqual(['kept']);
  expect(errors).toEqual([]);
});
