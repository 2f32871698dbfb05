/** Every question that is asked of a status, in one place. All are pure; an absent status is that of a new object. */
import { isConditionTrue } from './conditions';
import type { Agent } from './agent';
import type { Job } from './job';
import { countCombinations } from './parameters';
import type { KubeObject } from './meta';
import type { Attempt, Task, TaskPhase } from './task';

/** Ended in any way, for good. */
export const isFinished = (job: Job): boolean => isConditionTrue(job.status?.conditions, 'Finished');
export const isComplete = (job: Job): boolean => isConditionTrue(job.status?.conditions, 'Complete');
export const isFailed = (job: Job): boolean => isConditionTrue(job.status?.conditions, 'Failed');
/** Holds back new Tasks: by its issuer, or because its budget is used up. */
export const isSuspended = (job: Job): boolean => job.spec.suspend || isConditionTrue(job.status?.conditions, 'Suspended');

/** Number of indexes of a Job, from `completions` or `parameters`. */
export const totalIndexes = (job: Job): number =>
  job.spec.parameters ? countCombinations(job.spec.parameters) : (job.spec.completions ?? 0);

export const taskPhase = (task: Task): TaskPhase => task.status?.phase ?? 'Pending';

/** Succeeded, Failed or Cancelled: never changes again. */
export function isTerminal(task: Task): boolean {
  const phase = taskPhase(task);
  switch (phase) {
    case 'Succeeded':
    case 'Failed':
    case 'Cancelled':
      return true;
    case 'Pending':
    case 'Running':
      return false;
    default:
      return phase satisfies never;
  }
}

export const isEnded = (attempt: Attempt): boolean => attempt.phase === 'Ended';
/** Attempts that hold a lease: Leased or Running. */
export const activeAttempts = (task: Task): Attempt[] => (task.status?.attempts ?? []).filter((each) => !isEnded(each));
export const lastAttempt = (task: Task): Attempt | undefined => task.status?.attempts?.at(-1);

/** Pending, without a lease, and its backoff is over: may be offered. */
export const isOfferable = (task: Task, now: Date = new Date()): boolean =>
  taskPhase(task) === 'Pending'
  && activeAttempts(task).length === 0
  && !isDeleting(task)
  && (task.status?.notBefore === undefined || Date.parse(task.status.notBefore) <= now.getTime());

/** Connected, not cordoned, not draining: may get offers. */
export const acceptsOffers = (agent: Agent): boolean =>
  !agent.spec.cordoned && !isDeleting(agent) && (agent.status?.state === 'Ready' || agent.status?.state === 'Busy');

/** Deletion was asked for; finalizers may still hold the object. */
export const isDeleting = (object: KubeObject): boolean => object.metadata.deletionTimestamp !== undefined;
