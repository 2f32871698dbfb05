import type { Agent } from './agent';
import type { Job } from './job';
import { API_VERSION, type Condition } from './meta';
import {
  acceptsOffers, activeAttempts, isComplete, isFailed, isFinished, isOfferable, isSuspended, isTerminal, lastAttempt, taskPhase, totalIndexes,
} from './status';
import type { Attempt, AttemptPhase, Task, TaskStatus } from './task';

const condition = (type: string, status: Condition['status']): Condition => ({ type, status, reason: 'R', message: '', lastTransitionTime: '' });
const job = (spec: object, ...conditions: Condition[]): Job =>
  ({ apiVersion: API_VERSION, kind: 'Job', metadata: { name: 'j' }, spec: { completions: 3, suspend: false, ...spec }, status: { conditions } }) as Job;
const task = (status?: TaskStatus, metadata: object = {}): Task =>
  ({ apiVersion: API_VERSION, kind: 'Task', metadata: { name: 't', ...metadata }, spec: { job: 'j', jobUid: 'u', index: 0 }, ...(status ? { status } : {}) });
const attempt = (number: number, phase: AttemptPhase): Attempt => ({ number, epoch: number, agent: 'a', phase, leasedAt: '' });

test('jobs', () => {
  const done = job({}, condition('Finished', 'True'), condition('Complete', 'True'), condition('Failed', 'False'));
  expect([isFinished(done), isComplete(done), isFailed(done), isSuspended(done)]).toEqual([true, true, false, false]);
  expect([isFinished(job({})), isSuspended(job({ suspend: true })), isSuspended(job({}, condition('Suspended', 'True')))]).toEqual([false, true, true]);
  expect([totalIndexes(job({})), totalIndexes(job({ completions: undefined, parameters: { matrix: { A: ['1', '2'], B: { from: 1, to: 4 } } } }))]).toEqual([3, 8]);
});

test('tasks', () => {
  expect(taskPhase(task())).toBe('Pending');
  const phases = ['Pending', 'Running', 'Succeeded', 'Failed', 'Cancelled'] as const;
  expect(phases.map((phase) => isTerminal(task({ phase })))).toEqual([false, false, true, true, true]);
  const busy = task({ attempts: [attempt(1, 'Ended'), attempt(2, 'Running'), attempt(3, 'Leased')] });
  expect(activeAttempts(busy).map(({ number }) => number)).toEqual([2, 3]);
  expect([lastAttempt(busy)?.number, lastAttempt(task())]).toEqual([3, undefined]);
});

test('only a pending task without a lease whose backoff is over is offered', () => {
  const now = new Date('2026-01-01T00:00:10.500Z');
  expect(isOfferable(task(), now)).toBe(true);
  expect(isOfferable(task({ notBefore: '2026-01-01T00:00:10.500Z' }), now)).toBe(true);
  expect(isOfferable(task({ notBefore: '2026-01-01T00:00:10.501Z' }), now)).toBe(false);
  expect(isOfferable(task({ phase: 'Running' }), now)).toBe(false);
  expect(isOfferable(task({ attempts: [attempt(1, 'Leased')] }), now)).toBe(false);
  expect(isOfferable(task({}, { deletionTimestamp: '2026-01-01T00:00:00Z' }), now)).toBe(false);
});

test('agents', () => {
  const agent = (cordoned: boolean, state: string, metadata: object = {}): Agent =>
    ({ apiVersion: API_VERSION, kind: 'Agent', metadata: { name: 'a', ...metadata }, spec: { cordoned }, status: { state } }) as Agent;
  expect(['Ready', 'Busy', 'Draining', 'Cordoned', 'Offline'].map((state) => acceptsOffers(agent(false, state)))).toEqual([true, true, false, false, false]);
  expect(acceptsOffers(agent(true, 'Ready'))).toBe(false);
  expect(acceptsOffers(agent(false, 'Ready', { deletionTimestamp: 'x' }))).toBe(false);
});
