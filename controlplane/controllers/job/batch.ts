/** A Job's steps as operations of one batch of the store, and what their outcomes mean. */
import { extended } from '../../../crds/extended';
import { JOBS, TASKS } from '../../../crds/meta';
import type { Job, JobStatus } from '../../../crds/job';
import type { Task, TaskStatus } from '../../../crds/task';
import type { Operation, Outcome, StoreError } from '../../store/store';
import { cancelTask, stopAttempts, type ReportOutcome } from '../task/transition';
import type { JobStep } from './plan';
import type { Tally } from './tally';
import { taskFor } from './task-object';

export type Entry =
  | { kind: 'status'; operation: Operation<Job>; folding: number[] }
  | { kind: 'create'; operation: Operation<Task>; index: number }
  | { kind: 'other'; operation: Operation };

/** @param status what to write; undefined: not now. */
export function entriesOf(job: Job, tally: Tally, steps: readonly JobStep[], status: JobStatus | undefined, now: number): Entry[] {
  const entries: Entry[] = [];
  if (status) entries.push({ kind: 'status', operation: { verb: 'updateStatus', resource: JOBS, object: extended(job, { status }) }, folding: [...tally.unfolded] });
  for (const step of steps) {
    switch (step.step) {
      case 'create':
        for (const index of tally.expect(step.count, now)) {
          entries.push({ kind: 'create', index, operation: { verb: 'create', resource: TASKS, object: taskFor(job, index) } });
        }
        break;
      case 'remove':
        for (const task of step.tasks) entries.push({ kind: 'other', operation: deletion(TASKS, task) });
        break;
      case 'stop':
        for (const task of step.tasks) pushStatus(entries, task, stopAttempts(task.status, 'Suspended'));
        break;
      case 'cancel':
        for (const task of step.tasks) pushStatus(entries, task, cancelTask(task.status, `the Job is over: ${job.status?.phase ?? 'finished'}`));
        break;
      case 'deleteJob':
        entries.push({ kind: 'other', operation: deletion(JOBS, job) });
        break;
      default:
        step satisfies never;
    }
  }
  return entries;
}

/** What is unknown after a batch that did not become durable at all: its creations are not expected any more. */
export function undo(entries: readonly Entry[], tally: Tally): void {
  for (const entry of entries) if (entry.kind === 'create') tally.unexpect(entry.index);
}

export interface BatchResult {
  /** The Job as it is after the status was written. */
  written?: Job;
  /** Somebody else changed the Job, or it is gone: read it again. */
  conflict: boolean;
  /** What the store refuses for another reason than that things have changed. */
  refused?: StoreError;
  /** Objects of these names are there and belong to another Job (one of the same name, being deleted). */
  blocked: number;
}

/** Outcomes of a race with somebody else: the cache will tell. */
const EXPECTED = new Set(['AlreadyExists', 'Conflict', 'NotFound']);

/** @param ownerUid jobUid of the Task that has the name already; undefined when it is not in the cache yet. */
export function settleBatch(entries: readonly Entry[], outcomes: readonly Outcome[], tally: Tally, ownerUid: (task: Task) => string | undefined): BatchResult {
  const result: BatchResult = { conflict: false, blocked: 0 };
  entries.forEach((entry, at) => {
    const outcome = outcomes[at]!;
    if (!outcome.ok && !EXPECTED.has(outcome.error.reason)) result.refused = outcome.error;
    if (entry.kind === 'status') {
      if (outcome.ok) {
        tally.fold(entry.folding);
        result.written = outcome.object as Job;
      } else {
        result.conflict = true;
      }
    } else if (entry.kind === 'create' && !outcome.ok) {
      const existing = outcome.error.reason === 'AlreadyExists' && entry.operation.verb === 'create' ? ownerUid(entry.operation.object) : undefined;
      if (outcome.error.reason === 'AlreadyExists' && (existing === undefined || existing === tally.jobUid)) return;
      tally.unexpect(entry.index);
      result.blocked += 1;
    }
  });
  return result;
}

function pushStatus(entries: Entry[], task: Task, outcome: ReportOutcome): void {
  if (outcome.kind === 'applied') entries.push({ kind: 'other', operation: taskStatus(task, outcome.status) });
}

const taskStatus = (task: Task, status: TaskStatus): Operation<Task> => ({ verb: 'updateStatus', resource: TASKS, object: { ...task, status } });

const deletion = (resource: string, { metadata: { namespace = '', name, uid } }: Job | Task): Operation => (
  { verb: 'delete', resource, namespace, name, ...(uid && { preconditions: { uid } }) });
