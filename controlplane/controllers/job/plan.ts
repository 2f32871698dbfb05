/**
 * What a Job needs next. Pure: from what is known to a status and steps.
 *
 * ```
 *              first Task leased                success rule met
 *  Pending ───────────────────────► Running ─────────────────────► Complete ─┐
 *     │  ▲                           │  ▲ │  rule cannot hold,              ├─ ttlAfterFinished ─► deleted
 *     │  │ resumed (nothing ran yet) │  │ └─ deadline over ────────► Failed ─┘
 *     ▼  │                           ▼  │ resumed
 *   Suspended (suspend: true, or maxCost reached) ── deadline over ► Failed
 * ```
 * Complete and Failed are never left. Order of judgement: success, deadline, failure; an end wins over a suspension. What is left
 * over is cancelled only once the end is durable.
 */
import { formatCredits, parseCredits } from '../../../crds/credits';
import { getCondition, isConditionTrue, rfc3339, setCondition } from '../../../crds/conditions';
import { humanDuration, parseDuration } from '../../../crds/duration';
import { extended } from '../../../crds/extended';
import type { Job, JobCost, JobPhase, JobStatus } from '../../../crds/job';
import type { Condition } from '../../../crds/meta';
import { isDeleting } from '../../../crds/status';
import type { Task } from '../../../crds/task';
import { admission, type AdmissionFacts } from './admission';
import type { LiveTask, Tally } from './tally';
import { refill, windowOf } from './window';

export interface JobFacts extends Omit<AdmissionFacts, 'running'> {
  tally: Tally;
  chargedMicro: bigint;
  heldMicro: bigint;
  /** Milliseconds since the epoch. */
  now: number;
  /** When the remaining Tasks will be done, milliseconds since the epoch. */
  finishAt?: number;
}

export type JobStep =
  /** Makes Tasks of the next `count` indexes. */
  | { step: 'create'; count: number }
  /** Deletes finished Tasks that a durable status counts, and Cancelled ones of a Job that goes on: they are made again. */
  | { step: 'remove'; tasks: Task[] }
  /** Their open attempts are to end, and the Tasks become Pending again. */
  | { step: 'stop'; tasks: Task[] }
  /** Not needed any more: Cancelled, or about to be. */
  | { step: 'cancel'; tasks: Task[] }
  | { step: 'deleteJob' };

export interface JobPlan {
  status: JobStatus;
  /** The status says more than other numbers, or room depends on it: to be written without delay. */
  urgent: boolean;
  /** There is more to do as soon as this status is durable. */
  again: boolean;
  steps: JobStep[];
  requeueAfterMs?: number;
}

/** Characters of completedIndexes and failedIndexes together: an object must stay below the store's bound. */
export const MAX_INDEXES_TEXT = 1_000_000;

/** Tasks that one reconcile stops or cancels; the rest follows in the next. */
export const MAX_STOPS = 500;

type Verdict = { type: 'Complete' | 'Failed'; reason: string; message: string } | undefined;

export function planJob(facts: JobFacts): JobPlan {
  const { job, tally, now } = facts;
  const before = job.status ?? {};
  const finished = isConditionTrue(before.conditions, 'Finished');
  const verdict = finished ? undefined : judge(facts);
  const over = finished || verdict !== undefined;
  const held = over ? undefined : suspension(facts);
  const conditions = nextConditions(facts, verdict, over, held);
  const phase = nextPhase(facts, verdict, finished, held !== undefined);
  const status = nextStatus(facts, phase, conditions, over, verdict !== undefined);
  const steps: JobStep[] = [];
  let foldFirst = false;
  if (finished) {
    push(steps, 'cancel', openTasks(tally, (each) => each.phase === 'Pending' || each.open?.stop !== 'Cancelled'));
    if (ttlLeftMs(job, now) <= 0 && !isDeleting(job)) steps.push({ step: 'deleteJob' });
  } else if (held) {
    if (held.stopRunning) push(steps, 'stop', openTasks(tally, (each) => each.open !== undefined && each.open.stop === undefined));
  } else if (!verdict) {
    push(steps, 'stop', surplus(job, tally));
    const admittedReason = getCondition(conditions, 'Admitted')?.reason;
    if (admittedReason !== 'UnknownRuntime' && admittedReason !== 'UnknownRateTier') {
      const room = refill({
        window: windowOf(job), live: tally.live.size, open: tally.open, folded: tally.folded.size, unfolded: tally.unfolded.size,
        expected: tally.expected.size, unmade: tally.unmade,
      });
      push(steps, 'remove', [...foldedTasks(tally, room.remove), ...cancelledTasks(tally)]);
      if (room.create > 0) steps.push({ step: 'create', count: room.create });
      foldFirst = room.foldFirst;
    }
  }
  const plan: JobPlan = {
    status,
    steps,
    urgent: foldFirst || phaseIsNews(before.phase, phase) || conditions !== before.conditions || before.observedGeneration !== status.observedGeneration,
    again: foldFirst || (verdict !== undefined && (tally.open > 0 || job.spec.ttlAfterFinished !== undefined)),
  };
  const wait = over ? ttlLeftMs(job, now) : deadlineLeftMs(job, now);
  if (Number.isFinite(wait)) plan.requeueAfterMs = Math.max(1, wait);
  return plan;
}

/** That a Job began to run can wait a moment: a short one is over by then, and one write is saved. */
const phaseIsNews = (before: JobPhase | undefined, phase: JobPhase): boolean =>
  before !== phase && !(before === 'Pending' && phase === 'Running');

/** Whether the Job is over, and how. */
function judge({ job, tally, now }: JobFacts): Verdict {
  const { total, succeeded, failed } = tally;
  const need = needed(job, total);
  if (succeeded.count >= need) {
    return need < total
      ? { type: 'Complete', reason: 'MinCompletionsReached', message: `${succeeded.count} of ${total} indexes succeeded, success.minCompletions is ${need}` }
      : { type: 'Complete', reason: 'AllIndexesSucceeded', message: `all ${total} indexes succeeded` };
  }
  if (deadlineLeftMs(job, now) <= 0) {
    return { type: 'Failed', reason: 'DeadlineExceeded', message: `not done ${job.spec.deadline} after its creation: ${succeeded.count} of ${total} indexes succeeded; give a longer deadline to a new Job` };
  }
  if (total - failed.count < need) {
    return {
      type: 'Failed',
      reason: 'FailedIndexes',
      message: `${failed.count} of ${total} indexes failed (${shortened(tally.failedIndexes)}), so ${need} can no longer succeed; `
        + `see kubectl get gt -n ${job.metadata.namespace} and gleaner logs`,
    };
  }
  if (tally.completedIndexes.length + tally.failedIndexes.length > MAX_INDEXES_TEXT) {
    return {
      type: 'Failed',
      reason: 'FailedIndexes',
      message: `${failed.count} of ${total} indexes failed, so scattered that a status cannot list them; cut the Job into smaller ones`,
    };
  }
  return undefined;
}

interface Suspension {
  reason: 'SuspendRequested' | 'BudgetExhausted';
  message: string;
  /** Attempts that run are stopped; within a budget they are paid for, so they may end. */
  stopRunning: boolean;
}

function suspension({ job, tally, chargedMicro, fit }: JobFacts): Suspension | undefined {
  if (job.spec.suspend) return { reason: 'SuspendRequested', message: 'spec.suspend is true; nothing is lost, set it to false to go on', stopRunning: true };
  if (job.spec.maxCost === undefined || tally.running > 0) return undefined;
  const budget = parseCredits(job.spec.maxCost);
  const before = getCondition(job.status?.conditions, 'Suspended');
  const known = before?.status === 'True' && before.reason === 'BudgetExhausted' && before.observedGeneration === job.metadata.generation;
  if (!known && fit?.parked?.reason !== 'BudgetExhausted' && chargedMicro < budget) return undefined;
  const lacking = fit?.parked?.reason === 'BudgetExhausted' ? `; the next task needs ${formatCredits(fit.parked.missingMicro)} more` : '';
  return {
    reason: 'BudgetExhausted',
    message: known && !lacking ? before.message : `${formatCredits(chargedMicro)} of maxCost ${job.spec.maxCost} credits are used${lacking}; raise spec.maxCost to go on`,
    stopRunning: false,
  };
}

function nextConditions(facts: JobFacts, verdict: Verdict, over: boolean, held: Suspension | undefined): Condition[] | undefined {
  const { job, tally, now } = facts;
  const { generation: observedGeneration } = job.metadata;
  let list = job.status?.conditions;
  const set = (condition: Omit<Condition, 'lastTransitionTime' | 'observedGeneration'>): void => {
    list = setCondition(list, observedGeneration === undefined ? condition : extended(condition, { observedGeneration }), new Date(now));
  };
  if (verdict) {
    if (isConditionTrue(list, 'Suspended')) set({ type: 'Suspended', status: 'False', reason: verdict.reason, message: verdict.message });
    set({ type: verdict.type, status: 'True', reason: verdict.reason, message: verdict.message });
    set({ type: 'Finished', status: 'True', reason: verdict.type, message: verdict.message });
  }
  if (over) {
    // Of a Job that was changed after its end all still holds: `kubectl wait` believes no condition about an older generation.
    if (!verdict) for (const { type, status, reason, message } of list ?? []) set({ type, status, reason, message });
    return list;
  }
  set({ type: 'Admitted', ...admission({ ...facts, running: tally.running }, getCondition(list, 'Admitted')) });
  if (held) set({ type: 'Suspended', status: 'True', reason: held.reason, message: held.message });
  else if (isConditionTrue(list, 'Suspended')) set({ type: 'Suspended', status: 'False', reason: 'Resumed', message: 'the Job goes on' });
  return list;
}

function nextPhase({ job, tally }: JobFacts, verdict: Verdict, finished: boolean, suspended: boolean): JobPhase {
  if (finished) return job.status?.phase ?? 'Complete';
  if (verdict) return verdict.type;
  if (suspended) return 'Suspended';
  const started = job.status?.startTime !== undefined || tally.firstLeasedAt !== undefined;
  return started ? 'Running' : 'Pending';
}

function nextStatus(facts: JobFacts, phase: JobPhase, conditions: Condition[] | undefined, over: boolean, ends: boolean): JobStatus {
  const { job, tally, now, finishAt } = facts;
  const { metadata } = job;
  const before = job.status ?? {};
  const startTime = before.startTime ?? (tally.firstLeasedAt && rfc3339(new Date(tally.firstLeasedAt)));
  const status: JobStatus = over && !ends ? { ...before } : {
    succeeded: tally.succeeded.count,
    failed: tally.failed.count,
    completionsText: `${tally.succeeded.count}/${tally.total}`,
    completedIndexes: tally.completedIndexes,
    failedIndexes: tally.failedIndexes,
    progress: phase === 'Complete' ? 1 : progress(job, tally),
  };
  status.phase = phase;
  status.completions = tally.total;
  status.active = tally.running;
  status.cost = cost(facts);
  if (conditions) status.conditions = conditions;
  if (startTime) {
    status.startTime = startTime;
    if (!over || ends) status.duration = humanDuration(now - Date.parse(startTime));
  }
  if (metadata.generation !== undefined) status.observedGeneration = metadata.generation;
  if (ends) {
    status.completionTime = rfc3339(new Date(now));
    status.results = { url: `/results/${metadata.namespace}/${metadata.name}` };
  } else if (phase === 'Running' && finishAt !== undefined) {
    status.estimatedFinish = rfc3339(new Date(Math.min(finishAt, MAX_TIME)));
  }
  return status;
}

/** 0 … 1: what succeeded and what runs, of what is needed; four places, so that it does not change all the time. */
function progress(job: Job, tally: Tally): number {
  const done = (tally.succeeded.count + tally.runningProgress) / Math.max(1, needed(job, tally.total));
  return Math.round(Math.min(1, done) * 10_000) / 10_000;
}

const NO_COST = { charged: formatCredits(0n), held: formatCredits(0n) };

const cost = ({ chargedMicro, heldMicro }: JobFacts): JobCost => (
  chargedMicro === 0n && heldMicro === 0n ? NO_COST : { charged: formatCredits(chargedMicro), held: formatCredits(heldMicro) });

/** Year 9999: the last that RFC 3339 can write. */
const MAX_TIME = Date.UTC(9999, 11, 31);

/** Successes that make the Job complete. */
export const needed = (job: Job, total: number): number => Math.min(total, job.spec.success?.minCompletions ?? total);

function deadlineLeftMs({ spec, metadata }: Job, now: number): number {
  if (spec.deadline === undefined || metadata.creationTimestamp === undefined) return Number.POSITIVE_INFINITY;
  return Date.parse(metadata.creationTimestamp) + parseDuration(spec.deadline) - now;
}

function ttlLeftMs({ spec, status }: Job, now: number): number {
  if (spec.ttlAfterFinished === undefined || status?.completionTime === undefined) return Number.POSITIVE_INFINITY;
  return Date.parse(status.completionTime) + parseDuration(spec.ttlAfterFinished) - now;
}

/** Attempts beyond `parallelism` that were not told to stop: those leased last. */
function surplus({ spec: { parallelism } }: Job, tally: Tally): Task[] {
  if (parallelism === undefined || tally.running <= parallelism) return [];
  const going = [...tally.live.values()].filter((each) => each.open && each.open.stop === undefined);
  const count = Math.min(going.length - parallelism, MAX_STOPS);
  if (count <= 0) return [];
  const newestFirst = going.sort((a, b) => (a.open!.leasedAt < b.open!.leasedAt ? 1 : a.open!.leasedAt > b.open!.leasedAt ? -1 : b.task.spec.index - a.task.spec.index));
  return newestFirst.slice(0, count).map((each) => each.task);
}

function openTasks(tally: Tally, wanted: (each: LiveTask) => boolean): Task[] {
  const tasks: Task[] = [];
  if (tally.open === 0) return tasks;
  for (const each of tally.live.values()) {
    if (tasks.length >= MAX_STOPS) break;
    if ((each.phase === 'Pending' || each.phase === 'Running') && wanted(each)) tasks.push(each.task);
  }
  return tasks;
}

function foldedTasks(tally: Tally, count: number): Task[] {
  const tasks: Task[] = [];
  for (const index of tally.folded) {
    if (tasks.length >= count) break;
    const known = tally.live.get(index);
    if (known) tasks.push(known.task);
  }
  return tasks;
}

function cancelledTasks(tally: Tally): Task[] {
  if (tally.cancelled === 0) return [];
  return [...tally.live.values()].filter((each) => each.phase === 'Cancelled').slice(0, MAX_STOPS).map((each) => each.task);
}

function push(steps: JobStep[], step: 'remove' | 'stop' | 'cancel', tasks: Task[]): void {
  if (tasks.length > 0) steps.push({ step, tasks });
}

const shortened = (ranges: string): string => (ranges.length <= 100 ? ranges : `${ranges.slice(0, 99)}…`);
