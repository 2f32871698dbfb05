import { API_VERSION, TASKS } from '../../../crds/meta';
import type { Task } from '../../../crds/task';
import { ManualClock, turn } from '../../../test/support/controller-world';
import { StoreFolder } from '../../store/sqlite/test-support';
import { StoreError, type ObjectStore, type WatchHandler } from '../../store/store';
import { Reflector } from './reflector';

let folder: StoreFolder;
beforeEach(async () => { folder = await StoreFolder.open(); });
afterEach(() => folder.remove());

const task = (name: string, jobUid: string, index = 0): Task => (
  { apiVersion: API_VERSION, kind: 'Task', metadata: { name, namespace: 'lab' }, spec: { job: 'j', jobUid, index } });

/** The real store, whose watches can be cut and whose next calls can be made to fail. */
function cuttable(store: ObjectStore): { store: ObjectStore; cut: (error?: StoreError) => void; failLists: (count: number) => void } {
  const handlers = new Set<{ handler: WatchHandler<Task>; stop: () => void }>();
  let failing = 0;
  const wrapped = Object.create(store) as ObjectStore;
  wrapped.list = (resource, options) => (failing-- > 0 ? Promise.reject(new StoreError('Unavailable', 'no')) : store.list(resource, options));
  wrapped.watch = (resource, options, handler) => {
    const watch = store.watch(resource, options, handler);
    const entry = { handler: handler as unknown as WatchHandler<Task>, stop: () => watch.stop() };
    handlers.add(entry);
    return { stop: () => { handlers.delete(entry); watch.stop(); } };
  };
  return {
    store: wrapped,
    failLists: (count) => { failing = count; },
    cut: (error) => {
      for (const entry of handlers) {
        entry.stop();
        handlers.delete(entry);
        entry.handler.end(error);
      }
    },
  };
}

test('follows the store, with indexes, and tells old and new', async () => {
  const clock = new ManualClock();
  const told: string[] = [];
  await folder.store.create(TASKS, task('a', 'u1'));
  const tasks = new Reflector<Task>({ store: folder.store, resource: TASKS, clock, indexes: { job: (each) => each.spec.jobUid } });
  await tasks.start();
  expect(tasks.get('lab', 'a')?.spec.jobUid).toBe('u1');
  tasks.onChange((changes) => {
    for (const { type, object, old } of changes) told.push(`${type} ${object.metadata.name} ${old?.status?.phase ?? '-'}>${object.status?.phase ?? '-'} ${tasks.by('job', 'u1').size}`);
  });
  const b = await folder.store.create<Task>(TASKS, task('b', 'u1'));
  await folder.store.updateStatus<Task>(TASKS, { ...b, status: { phase: 'Running' } });
  await folder.store.delete(TASKS, 'lab', 'a');
  await turn();
  expect(told).toEqual(['ADDED b ->- 2', 'MODIFIED b ->Running 2', 'DELETED a ->- 1']);
  expect([...tasks.by('job', 'u1').keys()]).toEqual(['lab/b']);
  expect([...tasks.by('job', 'u2').keys()]).toEqual([]);
  tasks.stop();
  await folder.store.delete(TASKS, 'lab', 'b');
  expect(tasks.size).toBe(1);
});

test('after any error it lists anew and tells the difference', async () => {
  const clock = new ManualClock();
  const errors: unknown[] = [];
  const { store, cut, failLists } = cuttable(folder.store);
  const tasks = new Reflector<Task>({ store, resource: TASKS, clock, random: () => 0.5, onError: (error) => errors.push(error) });
  failLists(2);
  let synced = false;
  const starting = tasks.start().then(() => (synced = true));
  await turn();
  clock.advance(50);
  await turn();
  expect(synced).toBe(false);
  clock.advance(100);
  await starting;
  for (const name of ['stays', 'goes', 'changes']) await folder.store.create(TASKS, task(name, 'u1'));
  await turn();
  expect(tasks.size).toBe(3);
  const told: string[] = [];
  tasks.onChange((changes) => told.push(changes.map(({ type, object }) => `${type} ${object.metadata.name}`).sort().join(', ')));
  for (const error of [new StoreError('Expired', 'compacted'), new StoreError('Unavailable', 'gone'), undefined]) {
    cut(error);
    await folder.store.delete(TASKS, 'lab', 'goes');
    await folder.store.create(TASKS, task('comes', 'u1'));
    await folder.store.updateStatus<Task>(TASKS, { ...task('changes', 'u1'), status: { progress: Math.random() } });
    expect(told).toEqual([]);
    clock.advance(60_000);
    for (let each = 0; each < 5; each++) await turn();
    expect(told.splice(0)).toEqual(['ADDED comes, DELETED goes, MODIFIED changes']);
    await folder.store.delete(TASKS, 'lab', 'comes');
    await folder.store.create(TASKS, task('goes', 'u1'));
    await turn();
    told.splice(0);
  }
  expect(errors.map((each) => (each as StoreError).reason)).toEqual(['Unavailable', 'Unavailable', 'Unavailable']);
  tasks.stop();
});

test('what is there may come by the watch too, at first and after an error', async () => {
  const clock = new ManualClock();
  const { store, cut } = cuttable(folder.store);
  store.list = () => Promise.reject(new Error('nothing is listed'));
  await folder.store.create(TASKS, task('a', 'u1'));
  await folder.store.create(TASKS, task('b', 'u1'));
  const tasks = new Reflector<Task>({ store, resource: TASKS, clock, stream: true, random: () => 0.5 });
  await tasks.start();
  expect([...tasks.keys()]).toEqual(['lab/a', 'lab/b']);
  const told: string[] = [];
  tasks.onChange((changes) => told.push(changes.map(({ type, object }) => `${type} ${object.metadata.name}`).join(', ')));
  await folder.store.create(TASKS, task('c', 'u1'));
  await turn();
  cut(new StoreError('Expired', 'compacted'));
  await folder.store.delete(TASKS, 'lab', 'a');
  await folder.store.create(TASKS, task('d', 'u1'));
  clock.advance(60_000);
  for (let each = 0; each < 5; each++) await turn();
  expect(told).toEqual(['ADDED c', 'ADDED d, DELETED a']);
  tasks.stop();
});

test('a handler that throws does not keep others from hearing', async () => {
  const errors: unknown[] = [];
  const tasks = new Reflector<Task>({ store: folder.store, resource: TASKS, onError: (error) => errors.push(error) });
  await tasks.start();
  let heard = 0;
  tasks.onChange(() => { throw new Error('mine'); });
  tasks.onChange((changes) => { heard += changes.length; });
  await folder.store.create(TASKS, task('a', 'u1'));
  await turn();
  expect(heard).toBe(1);
  expect(errors).toHaveLength(1);
  tasks.stop();
});
