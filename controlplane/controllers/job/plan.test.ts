import fc from 'fast-check';
import { getCondition, isConditionTrue } from '../../../crds/conditions';
import type { Job, JobSpec, JobStatus } from '../../../crds/job';
import type { TaskPhase } from '../../../crds/task';
import { buildJob } from '../../../test/support/controller-world';
import { Estimator } from './estimate';
import { planJob, type JobFacts, type JobPlan } from './plan';
import { Tally } from './tally';
import { taskFor } from './task-object';

const CREATED = Date.UTC(2026, 0, 1);
const all = { has: () => true, names: () => ['shell'] };

function jobWith(spec: Partial<JobSpec> = {}, status?: JobStatus): Job {
  const job = buildJob('j', spec);
  return { ...job, metadata: { ...job.metadata, uid: 'u', generation: 1, creationTimestamp: '2026-01-01T00:00:00Z' }, ...(status && { status }) };
}

/** One letter a Task: P(ending), R(unning), S(ucceeded), F(ailed), C(ancelled), '-' not made. */
function tallyOf(job: Job, letters: string): Tally {
  const phases: Record<string, TaskPhase> = { P: 'Pending', R: 'Running', S: 'Succeeded', F: 'Failed', C: 'Cancelled' };
  const tasks = [...letters].flatMap((letter, index) => {
    const phase = phases[letter];
    if (!phase) return [];
    const task = taskFor(job, index);
    const leasedAt = new Date(CREATED + 1000 * index).toISOString();
    const attempts = phase === 'Running' ? [{ number: 1, epoch: 1, agent: 'a', phase: 'Running' as const, leasedAt }] : undefined;
    return [{ ...task, metadata: { ...task.metadata, uid: `t${index}` }, status: { phase, ...(attempts && { attempts, progress: 0.5 }) } }];
  });
  return new Tally('u', job.spec.completions ?? 0, job.status, tasks);
}

function planOf(spec: Partial<JobSpec>, letters: string, facts: Partial<JobFacts> & { status?: JobStatus } = {}): JobPlan {
  const { status, ...rest } = facts;
  const job = jobWith({ completions: letters.length, ...spec }, status);
  return planJob({ job, tally: tallyOf(job, letters), runtimes: all, rateTiers: all, fit: undefined, chargedMicro: 0n, heldMicro: 0n, now: CREATED + 60_000, ...rest });
}

const steps = (plan: JobPlan): string[] =>
  plan.steps.map((each) => (each.step === 'create' ? `create ${each.count}` : each.step === 'deleteJob' ? each.step : `${each.step} ${each.tasks.map((task) => task.spec.index)}`));
const finished = (phase: 'Complete' | 'Failed'): JobStatus => ({
  phase, completionTime: '2026-01-01T00:00:30Z', conditions: [{ type: 'Finished', status: 'True', reason: phase, message: '', lastTransitionTime: '' }],
});

describe('what follows', () => {
  const table: [string, Partial<JobSpec>, string, Partial<JobFacts> & { status?: JobStatus }, { phase: string; steps: string[]; reason?: string }][] = [
    ['a new Job makes its Tasks', {}, '----', {}, { phase: 'Pending', steps: ['create 4'] }],
    ['running', {}, 'SRP', {}, { phase: 'Running', steps: [] }],
    ['all succeeded', {}, 'SSS', {}, { phase: 'Complete', steps: [], reason: 'AllIndexesSucceeded' }],
    ['enough succeeded; the rest goes once that is durable', { success: { minCompletions: 2 } }, 'SSRP', {}, { phase: 'Complete', steps: [], reason: 'MinCompletionsReached' }],
    ['one failed of all needed', {}, 'SFRP', {}, { phase: 'Failed', steps: [], reason: 'FailedIndexes' }],
    ['one may fail', { success: { minCompletions: 3 } }, 'SFRP', {}, { phase: 'Running', steps: [] }],
    ['two may not', { success: { minCompletions: 3 } }, 'FFRP', {}, { phase: 'Failed', steps: [], reason: 'FailedIndexes' }],
    ['deadline over', { deadline: '1m' }, 'SSR', {}, { phase: 'Failed', steps: [], reason: 'DeadlineExceeded' }],
    ['success wins over the deadline', { deadline: '1m' }, 'SSS', {}, { phase: 'Complete', steps: [], reason: 'AllIndexesSucceeded' }],
    ['suspended: attempts stop, nothing is made', { suspend: true }, 'SRP-', {}, { phase: 'Suspended', steps: ['stop 1'], reason: 'SuspendRequested' }],
    ['an end wins over a suspension', { suspend: true }, 'SSS', {}, { phase: 'Complete', steps: [], reason: 'AllIndexesSucceeded' }],
    ['parallelism 1 of 3 running: the newest stop', { parallelism: 1 }, 'RRR', {}, { phase: 'Running', steps: ['stop 2,1'] }],
    ['parallelism 0', { parallelism: 0 }, 'RP', {}, { phase: 'Running', steps: ['stop 0'] }],
    ['budget used up', { maxCost: '1.00' }, 'SP', { chargedMicro: 1_000_000n }, { phase: 'Suspended', steps: [], reason: 'BudgetExhausted' }],
    ['budget used up, but an attempt that is paid for runs', { maxCost: '1.00' }, 'SRP', { chargedMicro: 1_000_000n }, { phase: 'Running', steps: [] }],
    ['unknown Runtime: nothing is made', {}, '--', { runtimes: { has: () => false, names: () => [] } }, { phase: 'Pending', steps: [], reason: 'UnknownRuntime' }],
    ['unknown RateTier', {}, '--', { rateTiers: { has: () => false, names: () => ['b', 'a'] } }, { phase: 'Pending', steps: [], reason: 'UnknownRateTier' }],
    ['over, durably: what is open is cancelled', {}, 'SSRP', { status: finished('Complete') }, { phase: 'Complete', steps: ['cancel 2,3'] }],
    ['over, ttl over', { ttlAfterFinished: '30s' }, 'SS', { status: finished('Complete') }, { phase: 'Complete', steps: ['deleteJob'] }],
    ['a Cancelled Task of a Job that goes on is made again', {}, 'SC', {}, { phase: 'Pending', steps: ['remove 1'] }],
  ];
  test.each(table)('%s', (_name, spec, letters, facts, expected) => {
    const plan = planOf(spec, letters, facts);
    const reasons = plan.status.conditions?.map((each) => each.reason) ?? [];
    expect({ phase: plan.status.phase, steps: steps(plan) }).toEqual({ phase: expected.phase, steps: expected.steps });
    expect(reasons).toEqual(expect.arrayContaining(expected.reason ? [expected.reason] : []));
  });
});

test('a status that is not news is not urgent; timers are set for deadline and ttl', () => {
  const first = planOf({ deadline: '1h' }, 'SRP');
  expect(first.urgent).toBe(true);
  expect(first.requeueAfterMs).toBe(3_540_000);
  expect(planOf({ deadline: '1h' }, 'SSR', { status: first.status }).urgent).toBe(false);
  expect(planOf({ ttlAfterFinished: '1h' }, 'SS', { status: finished('Complete') }).requeueAfterMs).toBe(3_570_000);
});

test('a Job that is changed after its end keeps its conditions, now about its newest generation', () => {
  const { status } = planOf({}, 'SS');
  const { metadata, ...job } = jobWith({ completions: 2, parallelism: 1 }, status);
  const plan = planOf({}, 'SS', { job: { ...job, metadata: { ...metadata, generation: 2 } } });
  expect(plan.status.conditions).toEqual(status.conditions?.map((each) => ({ ...each, observedGeneration: 2 })));
  expect(plan.status).toMatchObject({ phase: 'Complete', observedGeneration: 2 });
});

test('unknown names are listed', () => {
  const plan = planOf({}, '-', { rateTiers: { has: () => false, names: () => ['standard', 'economy'] } });
  expect(getCondition(plan.status.conditions, 'Admitted')?.message).toBe(
    'spec.rateTier: there is no RateTier "standard"; there are: economy, standard (kubectl get ratetiers.gleaner.dev)');
});

test('from any Tasks: the counts agree, one end at most, an end is kept, and planning again changes nothing', () => {
  const letters = fc.array(fc.constantFrom('P', 'R', 'S', 'F', '-'), { minLength: 1, maxLength: 12 }).map((list) => list.join(''));
  const specs = fc.record({ suspend: fc.boolean(), success: fc.option(fc.record({ minCompletions: fc.integer({ min: 1, max: 12 }) }), { nil: undefined }),
    parallelism: fc.option(fc.nat(5), { nil: undefined }), maxCost: fc.option(fc.constantFrom('0.50', '5.00'), { nil: undefined }) });
  fc.assert(fc.property(letters, specs, fc.nat(1_000_000), (list, { success, parallelism, maxCost, suspend }, charged) => {
    const spec: Partial<JobSpec> = { suspend, ...(success && { success }), ...(parallelism !== undefined && { parallelism }), ...(maxCost && { maxCost }) };
    const facts = { chargedMicro: BigInt(charged) };
    const plan = planOf(spec, list, facts);
    const count = (letter: string): number => [...list].filter((each) => each === letter).length;
    expect(plan.status).toMatchObject({ succeeded: count('S'), failed: count('F'), active: count('R'), completionsText: `${count('S')}/${list.length}` });
    const conditions = plan.status.conditions;
    expect(isConditionTrue(conditions, 'Finished')).toBe(isConditionTrue(conditions, 'Complete') !== isConditionTrue(conditions, 'Failed'));
    expect(isConditionTrue(conditions, 'Finished')).toBe(plan.status.completionTime !== undefined);
    expect(plan.status.progress).toBeGreaterThanOrEqual(0);
    expect(plan.status.progress).toBeLessThanOrEqual(1);
    const again = planOf(spec, list, { ...facts, status: plan.status, now: CREATED + 61_000 });
    expect({ ...again.status, duration: plan.status.duration }).toEqual({ ...plan.status, duration: plan.status.duration });
    expect(again.urgent).toBe(false);
  }), { numRuns: 500 });
});

test('indexes that are too scattered to list fail the Job instead of growing its status without bound', () => {
  const total = 400_000;
  const every = (from: number): string => Array.from({ length: total / 4 }, (_, at) => from + 4 * at).join(',');
  const plan = planOf({ completions: total, success: { minCompletions: total / 2 } }, '', { status: { completedIndexes: every(0), failedIndexes: every(2) } });
  expect(plan.status.phase).toBe('Failed');
  expect(getCondition(plan.status.conditions, 'Failed')?.message).toContain('cut the Job into smaller ones');
});

test('the estimate follows the rate, and says nothing before there is one', () => {
  const estimator = new Estimator();
  expect(estimator.finishAt(0, 0, 10)).toBeUndefined();
  for (let second = 0; second <= 10; second++) estimator.observe(second * 1000, second * 2);
  expect(estimator.finishAt(10_000, 20, 40)).toBe(30_000);
  for (let second = 11; second <= 200; second++) estimator.observe(second * 1000, 20 + (second - 10) * 4);
  expect(estimator.finishAt(200_000, 780, 40)).toBe(210_000);
  estimator.reset();
  expect(estimator.finishAt(200_000, 780, 40)).toBeUndefined();
});
