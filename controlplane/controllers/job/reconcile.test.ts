import { getCondition } from '../../../crds/conditions';
import { JOBS, RUNTIMES, TASKS } from '../../../crds/meta';
import type { Runtime } from '../../../crds/runtime';
import type { Task } from '../../../crds/task';
import { buildJob, World } from '../../../test/support/controller-world';

let world: World;
beforeEach(async () => { world = await World.open(); });
afterEach(() => world.close());

test('ten indexes to Complete', async () => {
  await world.submit(buildJob('pi'));
  await world.settle();
  expect((await world.job('pi')).status).toMatchObject({ phase: 'Pending', completions: 10, completionsText: '0/10', observedGeneration: 1 });
  expect((await world.tasksOf('pi')).map((each) => each.metadata.name).sort()[0]).toBe('pi-0');
  await world.lease(4);
  await world.settle();
  const running = await world.job('pi');
  expect(running.status).toMatchObject({ phase: 'Running', active: 4, startTime: '2026-01-01T00:00:00Z' });
  expect(getCondition(running.status?.conditions, 'Admitted')).toMatchObject({ status: 'True' });
  await world.progress(0.5);
  await world.settle();
  expect((await world.job('pi')).status).toMatchObject({ progress: 0.2 });

  const { status } = await world.run('pi');
  expect(status).toMatchObject({
    phase: 'Complete', succeeded: 10, failed: 0, active: 0, completionsText: '10/10', completedIndexes: '0-9', failedIndexes: '', progress: 1,
    cost: { charged: '10.00', held: '0.00' }, results: { url: '/results/lab/pi' },
  });
  expect(status?.estimatedFinish).toBeUndefined();
  expect(status?.completionTime).toBeDefined();
  for (const type of ['Complete', 'Finished']) expect(getCondition(status?.conditions, type)?.status).toBe('True');
  expect(await world.tasksOf('pi')).toHaveLength(10);
  expect(world.recorded).toEqual([expect.objectContaining({ object: 'pi', type: 'Normal', reason: 'Complete' })]);
});

test('5,000 indexes go through a window of 1,000 Tasks, each run once', async () => {
  await world.submit(buildJob('big', { completions: 5000 }));
  const { status } = await world.run('big', { slots: 300 });
  expect(status).toMatchObject({ phase: 'Complete', succeeded: 5000, completedIndexes: '0-4999' });
  expect(world.maxTasks).toBe(1000);
  expect(world.runs.size).toBe(5000);
  expect(Math.max(...world.runs.values())).toBe(1);
});

test('parameters become Tasks with values', async () => {
  await world.submit(buildJob('sweep', { parameters: { matrix: { alpha: ['0.1', '0.5'], seed: { from: 1, to: 3 } } } }));
  await world.settle();
  const tasks = await world.tasksOf('sweep');
  expect(tasks).toHaveLength(6);
  expect(tasks.find((each) => each.spec.index === 4)?.spec.parameters).toEqual({ alpha: '0.5', seed: '2' });
});

test('counted failures are tried again, then fail the Job and cancel the rest', async () => {
  await world.submit(buildJob('bad', { parallelism: 3 }));
  const { status, spec } = await world.run('bad', { ms: 10_000, end: (task) => (task.spec.index === 1 ? 'NonZeroExit' : undefined) });
  expect(status).toMatchObject({ phase: 'Failed', failed: 1, failedIndexes: '1' });
  expect(getCondition(status?.conditions, 'Failed')).toMatchObject({ status: 'True', reason: 'FailedIndexes' });
  expect(world.runs.get('bad/1')).toBe(spec.retry.limit + 1);
  await world.settle();
  const open = (await world.tasksOf('bad')).filter((each) => each.status?.phase === 'Running');
  expect(open.map((each) => each.status?.attempts?.at(-1)?.stop)).toEqual(['Cancelled', 'Cancelled']);
  await world.finish();
  await world.settle();
  expect((await world.tasksOf('bad')).map((each) => each.status?.phase).filter((each) => each !== 'Cancelled')).toEqual(['Failed']);
  expect((await world.job('bad')).status).toMatchObject({ phase: 'Failed', active: 0 });
});

test('success.minCompletions: complete as soon as reached, failures allowed up to it', async () => {
  await world.submit(buildJob('some', { success: { minCompletions: 8 }, retry: { limit: 0, backoff: '0s' } }));
  const { status } = await world.run('some', { end: (task) => (task.spec.index < 2 ? 'NonZeroExit' : 'Completed') });
  expect(status).toMatchObject({ phase: 'Complete', succeeded: 8, failed: 2, progress: 1 });
  expect(getCondition(status?.conditions, 'Complete')?.reason).toBe('MinCompletionsReached');

  await world.submit(buildJob('few', { success: { minCompletions: 9 }, retry: { limit: 0, backoff: '0s' } }));
  expect((await world.run('few', { end: (task) => (task.spec.index < 2 ? 'NonZeroExit' : 'Completed') })).status).toMatchObject({ phase: 'Failed', failed: 2 });
});

test('suspend stops attempts and loses nothing; resume goes on', async () => {
  await world.submit(buildJob('nap'));
  await world.settle();
  await world.lease(5);
  await world.finish((task) => (task.spec.index < 2 ? 'Completed' : undefined));
  await world.edit('nap', { suspend: true });
  await world.settle();
  const suspended = await world.job('nap');
  expect(suspended.status).toMatchObject({ phase: 'Suspended', succeeded: 2, active: 3 });
  expect(getCondition(suspended.status?.conditions, 'Suspended')).toMatchObject({ status: 'True', reason: 'SuspendRequested' });
  await world.finish();
  await world.settle();
  expect((await world.job('nap')).status).toMatchObject({ phase: 'Suspended', active: 0 });
  expect((await world.tasksOf('nap')).filter((each) => each.status?.phase === 'Pending').every((each) => each.status?.countedFailures === undefined)).toBe(true);
  expect(await world.lease()).toBe(0);
  await world.edit('nap', { suspend: false });
  const { status } = await world.run('nap');
  expect(status).toMatchObject({ phase: 'Complete', succeeded: 10 });
  expect(getCondition(status?.conditions, 'Suspended')).toMatchObject({ status: 'False', reason: 'Resumed' });
  expect(world.recorded.map((each) => each.reason)).toEqual(['SuspendRequested', 'Resumed', 'Complete']);
});

test('lower parallelism stops the newest; 0 stops all; higher goes on', async () => {
  await world.submit(buildJob('par', { parallelism: 4 }));
  await world.settle();
  await world.lease(2);
  world.clock.advance(1000);
  await world.settle();
  await world.lease();
  await world.edit('par', { parallelism: 2 });
  await world.settle();
  const stopped = (await world.tasksOf('par')).filter((each) => each.status?.attempts?.at(-1)?.stop === 'Suspended');
  expect(stopped.map((each) => each.spec.index).sort()).toEqual([2, 3]);
  await world.edit('par', { parallelism: 0 });
  await world.settle();
  await world.finish(() => undefined);
  await world.settle();
  expect((await world.job('par')).status).toMatchObject({ phase: 'Running', active: 0, succeeded: 0 });
  await world.edit('par', { parallelism: 10 });
  expect((await world.run('par')).status).toMatchObject({ phase: 'Complete' });
});

const parked = (reason: 'InsufficientCredit' | 'BudgetExhausted') => ({
  agents: 1, fitting: 1, suitable: 1, excluded: [], message: '',
  parked: reason === 'InsufficientCredit' ? { reason, missingMicro: 250_000n, availableMicro: 10_000n } : { reason, missingMicro: 500_000n },
});

test('maxCost: suspended when the next task does not fit and nothing runs; raising it resumes', async () => {
  await world.submit(buildJob('dear', { maxCost: '3.50' }));
  await world.settle();
  await world.lease(3);
  world.fits.set('dear', parked('BudgetExhausted'));
  world.controller.fitChanged('lab', 'dear');
  await world.settle();
  expect((await world.job('dear')).status?.phase).toBe('Running');
  await world.finish();
  await world.settle();
  world.controller.fitChanged('lab', 'dear');
  await world.settle();
  const held = await world.job('dear');
  expect(held.spec).toMatchObject({ suspend: false, maxCost: '3.50' });
  expect(held.status).toMatchObject({ phase: 'Suspended', succeeded: 3 });
  expect(getCondition(held.status?.conditions, 'Suspended')).toMatchObject({ status: 'True', reason: 'BudgetExhausted' });
  expect(getCondition(held.status?.conditions, 'Suspended')?.message).toContain('3.00 of maxCost 3.50 credits are used; the next task needs 0.50 more');

  world.fits.delete('dear');
  await world.restart(true);
  await world.settle();
  expect((await world.job('dear')).status?.phase).toBe('Suspended');
  await world.edit('dear', { maxCost: '20.00' });
  expect((await world.run('dear')).status).toMatchObject({ phase: 'Complete', cost: { charged: '10.00', held: '0.00' } });
});

test('Admitted says what is missing and how to get on', async () => {
  const admitted = async (name: string) => getCondition((await world.job(name)).status?.conditions, 'Admitted');
  await world.submit(buildJob('rt', { runtime: 'perl' }));
  await world.submit(buildJob('tier', { rateTier: 'gold' }));
  await world.submit(buildJob('poor'));
  await world.submit(buildJob('huge'));
  world.fits.set('poor', parked('InsufficientCredit'));
  world.fits.set('huge', { agents: 3, fitting: 0, suitable: 0, excluded: [{ reason: 'Memory', agents: 3, text: '3 too small for memory 64Gi' }], message: '3 agents: 3 too small for memory 64Gi' });
  await world.settle(1500);
  expect(await admitted('rt')).toMatchObject({ status: 'False', reason: 'UnknownRuntime', message: expect.stringContaining('there is no Runtime "perl"; there are: shell') });
  expect(await admitted('tier')).toMatchObject({ status: 'False', reason: 'UnknownRateTier' });
  expect(await admitted('poor')).toMatchObject({ status: 'False', reason: 'InsufficientCredit', message: expect.stringContaining('gleaner deposit -n lab 0.25') });
  expect(await admitted('huge')).toMatchObject({ status: 'False', reason: 'NoAgentFits', message: '3 agents: 3 too small for memory 64Gi' });
  expect(await world.tasksOf('rt')).toEqual([]);

  const shell = (await world.store.get<Runtime>(RUNTIMES, '', 'shell'))!;
  await world.store.create<Runtime>(RUNTIMES, { ...shell, metadata: { name: 'perl' } });
  world.fits.clear();
  world.ledger.deposit('lab');
  await world.settle();
  expect(await admitted('rt')).toMatchObject({ status: 'True' });
  for (const name of ['rt', 'poor', 'huge']) expect((await world.run(name)).status?.phase).toBe('Complete');
});

test('a deadline fails the Job and cancels its Tasks', async () => {
  await world.submit(buildJob('late', { deadline: '1h' }));
  await world.settle();
  await world.lease(1);
  world.clock.advance(3_599_000);
  await world.settle(0);
  expect((await world.job('late')).status?.phase).toBe('Running');
  world.clock.advance(2000);
  await world.settle();
  const { status } = await world.job('late');
  expect(status?.phase).toBe('Failed');
  expect(getCondition(status?.conditions, 'Failed')).toMatchObject({ reason: 'DeadlineExceeded' });
  await world.finish();
  await world.settle();
  expect((await world.tasksOf('late')).every((each) => each.status?.phase === 'Cancelled')).toBe(true);
});

test('ttlAfterFinished deletes the Job', async () => {
  await world.submit(buildJob('brief', { ttlAfterFinished: '1h' }));
  await world.run('brief');
  await world.restart(true);
  await world.settle();
  expect(await world.job('brief')).toBeDefined();
  world.clock.advance(3_700_000);
  await world.settle();
  expect(await world.store.get(JOBS, 'lab', 'brief')).toBeUndefined();
});

test('a Task that somebody deletes is made again, but not when it had ended', async () => {
  await world.submit(buildJob('holes'));
  await world.settle();
  await world.lease(2);
  await world.finish((task) => (task.spec.index === 0 ? 'Completed' : undefined));
  await world.store.batch([0, 1].map((index) => ({ verb: 'delete' as const, resource: TASKS, namespace: 'lab', name: `holes-${index}` })));
  await world.settle();
  expect((await world.tasksOf('holes')).map((each) => each.spec.index).sort()).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect((await world.run('holes')).status).toMatchObject({ succeeded: 10 });
  expect(world.runs.get('holes/0')).toBe(1);
});

test('a Job of the same name does not take over the old one\'s Tasks', async () => {
  const first = await world.submit(buildJob('twin', { completions: 2 }));
  await world.run('twin');
  await world.store.delete(JOBS, 'lab', 'twin');
  await world.submit(buildJob('twin', { completions: 2 }));
  await world.settle();
  expect((await world.job('twin')).status).toMatchObject({ succeeded: 0 });
  for (const task of await world.tasksOf('twin')) expect(task.spec.jobUid).toBe(first.metadata.uid);
  await world.store.batch([0, 1].map((index) => ({ verb: 'delete' as const, resource: TASKS, namespace: 'lab', name: `twin-${index}` })));
  expect((await world.run('twin')).status).toMatchObject({ phase: 'Complete', succeeded: 2 });
});

test('a deleted Job makes no Tasks any more', async () => {
  await world.submit(buildJob('gone', { completions: 3000 }));
  await world.settle();
  await world.store.delete(JOBS, 'lab', 'gone');
  const before = (await world.store.list<Task>(TASKS)).items.length;
  await world.settle();
  expect((await world.store.list<Task>(TASKS)).items).toHaveLength(before);
});

test('restarts at any point: each index is counted once and the cost is exact', async () => {
  let seed = 7;
  const random = (): number => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
  await world.submit(buildJob('tough', { completions: 2600, retry: { limit: 50, backoff: '0s' } }));
  for (let round = 0; round < 120 && (await world.job('tough')).status?.phase !== 'Complete'; round++) {
    await world.settle(1000, 1 + Math.floor(random() * 6));
    await world.lease(400);
    if (random() < 0.4) await world.restart(random() < 0.5);
    await world.finish(() => (random() < 0.1 ? 'AgentLost' : random() < 0.1 ? 'NonZeroExit' : 'Completed'), 350);
    if (random() < 0.3) await world.restart(random() < 0.5);
  }
  await world.settle();
  expect((await world.job('tough')).status).toMatchObject({
    phase: 'Complete', succeeded: 2600, failed: 0, completedIndexes: '0-2599', cost: { charged: '2600.00', held: '0.00' },
  });
  expect(world.maxTasks).toBeLessThanOrEqual(1000);
});
