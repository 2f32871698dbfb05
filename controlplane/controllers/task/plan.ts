/** What a Task needs that nobody else saw to. Pure; cheap enough to be asked at every change. */
import { parseDuration } from '../../../crds/duration';
import type { Job, TaskTemplate } from '../../../crds/job';
import { isDeleting, isEnded, isTerminal, taskPhase } from '../../../crds/status';
import type { Task, TaskStatus } from '../../../crds/task';
import { convergeTask, endAttempt, stopAttempts } from './transition';

/** The agent ends an attempt itself when its timeout is over; so long after that it is told to. */
export const LATE_MS = 30_000;
/** So much more may pass before an attempt starts: its image may have to be fetched. */
export const START_MS = 10 * 60_000;
/** So long after that an attempt that does not end is given up. */
export const UNANSWERED_MS = 120_000;

export type TaskNeed =
  | { need: 'nothing' }
  | { need: 'later'; at: number }
  | { need: 'write'; status: TaskStatus };

const nothing: TaskNeed = { need: 'nothing' };
const limits = new WeakMap<TaskTemplate, number>();

/** Timeout and grace period together, milliseconds; worked out once per template object. */
function limitMs(template: TaskTemplate): number {
  let limit = limits.get(template);
  if (limit === undefined) {
    limit = parseDuration(template.timeout) + parseDuration(template.gracePeriod);
    limits.set(template, limit);
  }
  return limit;
}

/** @param job undefined: there is no such Job any more. */
export function planTask(task: Task, job: Job | undefined, now: number, random?: () => number): TaskNeed {
  if (isTerminal(task)) return nothing;
  const attempt = task.status?.attempts?.find((each) => !isEnded(each));
  if (!attempt) {
    if (taskPhase(task) !== 'Running' || !job) return nothing;
    return need(convergeTask(task.status, { retry: job.spec.retry, now, ...(random && { random }) }));
  }
  if (!job || isDeleting(job) || isDeleting(task)) return need(stopAttempts(task.status, 'Cancelled'));
  const start = attempt.startedAt === undefined ? Date.parse(attempt.leasedAt) + START_MS : Date.parse(attempt.startedAt);
  const stopAt = start + limitMs(task.spec.template ?? job.spec.template) + LATE_MS;
  const giveUpAt = stopAt + UNANSWERED_MS;
  if (now >= giveUpAt) {
    const { number, epoch, stop = 'TimedOut' } = attempt;
    const message = 'the agent did not report its end';
    return need(endAttempt(task.status, { number, epoch, reason: stop, message }, { retry: job.spec.retry, now, ...(random && { random }) }));
  }
  if (now >= stopAt && attempt.stop === undefined) return need(stopAttempts(task.status, 'TimedOut'));
  return { need: 'later', at: now < stopAt && attempt.stop === undefined ? stopAt : giveUpAt };
}

const need = (outcome: { kind: 'applied'; status: TaskStatus } | { kind: 'repeat' } | { kind: 'stale' }): TaskNeed =>
  (outcome.kind === 'applied' ? { need: 'write', status: outcome.status } : nothing);
