import { Registry } from 'prom-client';
import { EVENTS } from '../../crds/meta';
import { buildJob, ManualClock, turn } from '../../test/support/controller-world';
import { StoreFolder } from '../store/sqlite/test-support';
import { EventRecorder, type EventRecorderOptions, type KubeEvent } from './events';
import { Reflector } from './runtime/reflector';

let folder: StoreFolder;
let clock: ManualClock;
let cache: Reflector<KubeEvent>;
let recorder: EventRecorder;
let registry: Registry;
const errors: unknown[] = [];

async function start(options: Partial<EventRecorderOptions> = {}): Promise<void> {
  registry = new Registry();
  cache = new Reflector<KubeEvent>({ store: folder.store, resource: EVENTS, clock });
  await cache.start();
  recorder = new EventRecorder({ store: folder.store, events: cache, clock, registry, onError: (error) => errors.push(error), ...options });
}

beforeEach(async () => {
  folder = await StoreFolder.open();
  clock = new ManualClock();
});
afterEach(async () => {
  await recorder.stop();
  cache.stop();
  await folder.remove();
});

const job = (name: string) => ({ ...buildJob(name), metadata: { name, namespace: 'lab', uid: `uid-${name}` } });
const events = async (): Promise<KubeEvent[]> => (await folder.store.list<KubeEvent>(EVENTS)).items;
const settle = async (): Promise<void> => { for (let each = 0; each < 6; each++) await turn(); };

test('an event names its object; one that repeats is counted up, also over a restart', async () => {
  await start();
  recorder.record(job('a'), 'Warning', 'NoAgentFits', '3 agents: 3 too small');
  recorder.record(job('a'), 'Warning', 'NoAgentFits', '3 agents: 3 too small');
  recorder.record(job('a'), 'Normal', 'Admitted', 'ok');
  await settle();
  clock.advance(5000);
  await recorder.stop();
  cache.stop();
  await start();
  recorder.record(job('a'), 'Warning', 'NoAgentFits', '3 agents: 3 too small');
  await settle();
  const list = await events();
  expect(list).toHaveLength(2);
  expect(list.find((each) => each.reason === 'NoAgentFits')).toMatchObject({
    apiVersion: 'v1', kind: 'Event', type: 'Warning', count: 3, message: '3 agents: 3 too small', metadata: { namespace: 'lab' },
    firstTimestamp: '2026-01-01T00:00:00Z', lastTimestamp: '2026-01-01T00:00:05Z', involvedObject: { kind: 'Job', name: 'a', uid: 'uid-a' },
  });
  expect(errors).toEqual([]);
});

test('an object has a burst, then one a while; what is over is dropped and counted', async () => {
  await start({ burst: 3, refillMs: 1000 });
  for (let each = 0; each < 10; each++) recorder.record(job('a'), 'Normal', 'Reason', `${each}`);
  recorder.record(job('b'), 'Normal', 'Reason', 'other');
  await settle();
  expect((await events()).map((each) => each.message).sort()).toEqual(['0', '1', '2', 'other']);
  clock.advance(1000);
  recorder.record(job('a'), 'Normal', 'Reason', 'later');
  await settle();
  expect(await events()).toHaveLength(5);
  expect(await registry.metrics()).toContain('gleaner_events_dropped_total 7');
});

test('a namespace holds so many, and they go after their time', async () => {
  await start({ maxPerNamespace: 5, keepMs: 60_000 });
  for (let each = 0; each < 9; each++) recorder.record(job(`j${each}`), 'Normal', 'Reason', 'x');
  await settle();
  expect(await events()).toHaveLength(5);
  clock.advance(30_000);
  recorder.record(job('j0'), 'Normal', 'Reason', 'x');
  await settle();
  clock.advance(31_000);
  await settle();
  expect((await events()).map((each) => [each.involvedObject.name, each.count])).toEqual([['j0', 2]]);
  clock.advance(60_000);
  await settle();
  expect(await events()).toEqual([]);
  expect(errors).toEqual([]);
});

test('an event that tells of long ago is kept as long as any other', async () => {
  await start({ keepMs: 60_000 });
  await folder.store.create(EVENTS, { apiVersion: 'v1', kind: 'Event', metadata: { name: 'old', namespace: 'lab' }, involvedObject: {}, lastTimestamp: '2020-01-01T00:00:00Z' } as KubeEvent);
  await settle();
  clock.advance(59_000);
  await settle();
  expect(await events()).toHaveLength(1);
  clock.advance(2_000);
  await settle();
  expect(await events()).toEqual([]);
});
