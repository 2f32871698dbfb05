import { JOBS, TASKS } from '../../../crds/meta';
import type { Task } from '../../../crds/task';
import { buildJob, World } from '../../../test/support/controller-world';
import { BY_JOB } from '../job/reconcile';
import { LATE_MS, START_MS, UNANSWERED_MS } from './plan';
import { TaskController } from './reconcile';

let world: World;
let controller: TaskController;
beforeEach(async () => {
  world = await World.open();
  controller = new TaskController({
    store: world.store, jobs: world.jobs, tasks: world.tasks, byJob: BY_JOB, clock: world.clock, random: () => 0.5, onError: (error) => { world.errors.push(error); },
  });
  controller.start();
});
afterEach(async () => {
  await controller.stop();
  await world.close();
});

const task = async (name: string): Promise<Task> => (await world.store.get<Task>(TASKS, 'lab', name))!;
const LIMIT_MS = 610_000;

async function leaseOne(): Promise<void> {
  await world.submit(buildJob('job', { completions: 1 }));
  await world.settle();
  await world.lease();
}

test('an attempt far beyond its timeout is stopped, and given up when nobody answers', async () => {
  await leaseOne();
  await world.progress(0.1);
  const started = world.clock.now();
  await world.settle();
  world.clock.advance(started + LIMIT_MS + LATE_MS - 1 - world.clock.now());
  await world.settle(0);
  expect((await task('job-0')).status?.attempts?.[0]?.stop).toBeUndefined();
  world.clock.advance(1);
  await world.settle(0);
  expect((await task('job-0')).status).toMatchObject({ phase: 'Running', attempts: [{ stop: 'TimedOut' }] });
  world.clock.advance(UNANSWERED_MS);
  await world.settle(0);
  expect((await task('job-0')).status).toMatchObject({ phase: 'Pending', countedFailures: 1, attempts: [{ phase: 'Ended', reason: 'TimedOut' }] });
});

test('an attempt that never starts has time for its image', async () => {
  await leaseOne();
  await world.settle();
  world.clock.advance(LIMIT_MS + LATE_MS + START_MS - 1000);
  await world.settle(0);
  expect((await task('job-0')).status?.attempts?.[0]?.stop).toBeUndefined();
  world.clock.advance(1000);
  await world.settle(0);
  expect((await task('job-0')).status?.attempts?.[0]?.stop).toBe('TimedOut');
});

test('attempts of a deleted Job are stopped', async () => {
  await leaseOne();
  await world.store.delete(JOBS, 'lab', 'job');
  await world.settle();
  expect((await task('job-0')).status?.attempts?.[0]?.stop).toBe('Cancelled');
});

test('a phase that does not follow from the attempts is put right', async () => {
  await leaseOne();
  await world.finish(() => 'AgentLost');
  const lost = await task('job-0');
  await world.store.updateStatus<Task>(TASKS, { ...lost, status: { ...lost.status, phase: 'Running' } });
  await world.settle();
  expect((await task('job-0')).status?.phase).toBe('Pending');
});

test('an ended attempt leaves no deadline behind', async () => {
  await leaseOne();
  await world.run('job');
  const before = (await task('job-0')).metadata.resourceVersion;
  world.clock.advance(24 * 3_600_000);
  await world.settle();
  expect((await task('job-0')).metadata.resourceVersion).toBe(before);
});
