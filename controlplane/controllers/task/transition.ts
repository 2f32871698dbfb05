/**
 * The Task's state machine: pure functions from one status and one thing that happened to the next status.
 *
 * ```
 *            leaseAttempt                endAttempt(Completed)
 *  Pending ───────────────► Running ───────────────────────────► Succeeded
 *   ▲  │                     │  │ │   counted failures > limit,
 *   │  │    endAttempt(...)  │  │ └── or lost MAX_LOST_IN_ROW times ► Failed
 *   └──│──── notBefore ◄─────┘  └──── after stop: Cancelled ───────► Cancelled
 *      └──────────────────── cancelTask ───────────────────────────► Cancelled
 *  An attempt ends the Task as Cancelled, or gives it back unharmed as Suspended, only when it was told to stop so.
 *
 *  one attempt:   Leased ──reportRunning──► Running ──endAttempt──► Ended(reason)
 *                    └───────────────endAttempt──────────────────────▲
 *  late success:  Ended(AgentLost) ──endAttempt(Completed)──► Ended(Completed), once, while the Task is not finished
 * ```
 * A Task is Running from the lease on: nobody else may offer it.
 *
 * Invariants
 * - Succeeded, Failed and Cancelled are never left, and hold no open attempt.
 * - Attempts are known by number and epoch; whatever names another epoch, or an attempt that is not there, is `stale`.
 * - An attempt ends once: a second end is a `repeat` (changes nothing), whatever it says. The one exception is the late success.
 * - Usage never decreases, so the order and number of Running reports do not matter.
 * - Every way back to Pending is bounded: by retry.limit, by MAX_LOST_IN_ROW, or by what people do (suspend).
 */
import { formatCredits, parseCredits } from '../../../crds/credits';
import { reasonRule, type AttemptReason } from '../../../crds/attempt-reasons';
import { extended } from '../../../crds/extended';
import type { RetryPolicy } from '../../../crds/job';
import type { Attempt, TaskResult, TaskStatus, Usage } from '../../../crds/task';
import { countedBackoffMs, inBackoff, lostBackoffMs } from './backoff';

/** Attempts kept in a status; older ones are only counted. */
export const MAX_ATTEMPTS_KEPT = 10;
/** After so many attempts in a row that agents or the platform lost, the Task fails: nothing loops for ever. */
export const MAX_LOST_IN_ROW = 20;

/** Of an attempt's message, in its Task's. */
const MAX_MESSAGE_CHARS = 1024;

export interface Lease {
  /** nextAttemptNumber of the status that the offer was made from. */
  number: number;
  /** Alias of the agent. */
  agent: string;
  /** Credits for one core-hour, decimal string. */
  offerRate?: string;
}

export interface RunningReport {
  number: number;
  epoch: number;
  /** 0 … 1 */
  progress?: number;
  message?: string;
  usage?: Usage;
}

export interface EndReport {
  number: number;
  epoch: number;
  reason: AttemptReason;
  message?: string;
  exitCode?: number;
  /** As bounded by the control plane. */
  usage?: Usage;
  /** With Completed only. */
  result?: TaskResult;
  /** What the issuer was charged for this attempt. */
  chargedMicro?: bigint;
}

export interface EndContext {
  retry: RetryPolicy;
  /** Milliseconds since the epoch. */
  now: number;
  /** 0 ≤ x < 1, for the jitter of the backoff. */
  random?: () => number;
}

/** `repeat`: known already; `stale`: of another lease, or too late to matter. Both change nothing and are acknowledged. */
export type Unchanged = { kind: 'repeat' } | { kind: 'stale' };
export type LeaseOutcome = { kind: 'applied'; status: TaskStatus; attempt: Attempt } | Unchanged;
export type ReportOutcome = { kind: 'applied'; status: TaskStatus } | Unchanged;
/** `superseded`: attempts that ended because another one was first; their agents must be told to stop, their holds released. */
export type EndOutcome = { kind: 'applied'; status: TaskStatus; late: boolean; superseded: Attempt[] } | Unchanged;

/** The number that the next attempt will have: the lease's id is `<task uid>/<number>`. */
export const nextAttemptNumber = (status: TaskStatus | undefined): number => (status?.attemptCount ?? 0) + 1;

const isTerminalPhase = (status: TaskStatus | undefined): boolean =>
  status?.phase === 'Succeeded' || status?.phase === 'Failed' || status?.phase === 'Cancelled';
/** Many reports arrive in one millisecond, and writing a time takes longer than all else here. */
let written = { ms: 0, text: '1970-01-01T00:00:00.000Z' };
function iso(ms: number): string {
  if (ms !== written.ms) written = { ms, text: new Date(ms).toISOString() };
  return written.text;
}
const isOpen = (attempt: Attempt): boolean => attempt.phase !== 'Ended';

/**
 * Binds the next attempt to an agent. `stale`: the Task is not Pending, its backoff is not over, or the number is not the next;
 * `repeat`: this very lease is there.
 */
export function leaseAttempt(status: TaskStatus | undefined, lease: Lease, now: number): LeaseOutcome {
  const attempts = status?.attempts ?? [];
  const same = attempts.find((each) => each.number === lease.number);
  if (same && isOpen(same) && same.agent === lease.agent) return { kind: 'repeat' };
  if ((status?.phase ?? 'Pending') !== 'Pending' || attempts.some(isOpen)) return { kind: 'stale' };
  if (lease.number !== nextAttemptNumber(status)) return { kind: 'stale' };
  if (status?.notBefore !== undefined && inBackoff(Date.parse(status.notBefore), now)) return { kind: 'stale' };
  const attempt: Attempt = {
    number: lease.number,
    epoch: (attempts.at(-1)?.epoch ?? 0) + 1,
    agent: lease.agent,
    ...(lease.offerRate !== undefined && { offerRate: lease.offerRate }),
    phase: 'Leased',
    leasedAt: iso(now),
  };
  const { notBefore: _backoff, message: _old, progress: _none, ...rest } = status ?? {};
  return {
    kind: 'applied',
    attempt,
    status: extended(rest, { phase: 'Running', agent: lease.agent, attemptCount: lease.number, attempts: trimmed([...attempts, attempt]) }),
  };
}

/** The attempt runs; progress and usage only grow within it. `repeat` when nothing is new. */
export function reportRunning(status: TaskStatus | undefined, report: RunningReport, now: number): ReportOutcome {
  const attempt = find(status, report);
  if (!status || !attempt) return { kind: 'stale' };
  if (!isOpen(attempt)) return { kind: 'repeat' };
  const usage = grownUsage(attempt.usage, report.usage);
  const progress = Math.max(status.progress ?? 0, Math.min(1, Math.max(0, report.progress ?? 0)));
  const older = attempt.usage !== undefined && report.usage !== undefined && report.usage.wallMillis < attempt.usage.wallMillis;
  const message = older ? status.message : (report.message ?? status.message);
  if (attempt.phase === 'Running' && usage === attempt.usage && progress === (status.progress ?? 0) && message === status.message) {
    return { kind: 'repeat' };
  }
  const next: Attempt = extended(attempt, { phase: 'Running', startedAt: attempt.startedAt ?? iso(now), ...(usage && { usage }) });
  return {
    kind: 'applied',
    status: extended(status, {
      attempts: replaced(status, next),
      ...(progress > 0 && { progress }),
      ...(message !== undefined && { message }),
    }),
  };
}

/**
 * What an end report would be, before anything is charged for it. `current`: the lease is on; `late`: given up as AgentLost, but
 * its result still counts (charge it anew, under its own key); `repeat` and `stale`: nothing follows from it.
 */
export function classifyEnd(
  status: TaskStatus | undefined,
  report: Pick<EndReport, 'number' | 'epoch' | 'reason'>,
): 'current' | 'late' | 'repeat' | 'stale' {
  const attempt = find(status, report);
  if (!attempt) return 'stale';
  if (isOpen(attempt)) return 'current';
  if (attempt.reason === report.reason) return 'repeat';
  if (attempt.reason === 'AgentLost' && reasonRule(report.reason).success) return isTerminalPhase(status) ? 'stale' : 'late';
  return 'repeat';
}

/** The attempt is over: what follows for the Task (see the module's drawing), in one step. */
export function endAttempt(status: TaskStatus | undefined, report: EndReport, context: EndContext): EndOutcome {
  const kind = classifyEnd(status, report);
  if (kind === 'repeat' || kind === 'stale') return { kind };
  const before = status as TaskStatus;
  const attempt = find(before, report) as Attempt;
  const finishedAt = iso(context.now);
  const usage = grownUsage(attempt.usage, report.usage);
  const ended: Attempt = extended(attempt, {
    phase: 'Ended',
    reason: report.reason,
    startedAt: attempt.startedAt ?? iso(Math.max(Date.parse(attempt.leasedAt), context.now - (usage?.wallMillis ?? 0))),
    finishedAt,
    ...(report.message !== undefined && { message: report.message }),
    ...(report.exitCode !== undefined && { exitCode: report.exitCode }),
    ...(usage && { usage }),
  });
  const base: TaskStatus = extended(before, { attempts: replaced(before, ended), ...charged(before, report.chargedMicro) });
  if (isTerminalPhase(before)) return { kind: 'applied', status: base, late: false, superseded: [] };
  if (!reasonRule(report.reason).success) {
    return { kind: 'applied', status: afterFailure(base, ended, context), late: false, superseded: [] };
  }
  const superseded = (base.attempts ?? []).filter(isOpen)
    .map((each): Attempt => ({ ...each, phase: 'Ended', reason: 'Superseded', finishedAt }));
  const { notBefore: _backoff, message: _message, lostInRow: _lost, ...rest } = base;
  return {
    kind: 'applied',
    late: kind === 'late',
    superseded,
    status: extended(rest, {
      phase: 'Succeeded',
      agent: ended.agent,
      progress: 1,
      attempts: superseded.reduce((list, each) => withAttempt(list, each), base.attempts ?? []),
      ...(report.message !== undefined && { message: report.message }),
      ...(report.result && { result: report.result }),
    }),
  };
}

/** Not needed any more. Open attempts get `stop: Cancelled`; without one, the Task is Cancelled at once. */
export function cancelTask(status: TaskStatus | undefined, message: string): ReportOutcome {
  if (isTerminalPhase(status)) return { kind: 'repeat' };
  if (status?.attempts?.some(isOpen)) return stopAttempts(status, 'Cancelled');
  const { notBefore: _backoff, ...rest } = status ?? {};
  return { kind: 'applied', status: { ...rest, phase: 'Cancelled', message } };
}

/** Asks for the end of every open attempt; the gateway tells the agent. Cancelled wins over any other reason. */
export function stopAttempts(status: TaskStatus | undefined, reason: AttemptReason): ReportOutcome {
  const wanted = (each: Attempt): boolean =>
    isOpen(each) && (each.stop === undefined || (reason === 'Cancelled' && each.stop !== 'Cancelled'));
  if (!status?.attempts?.some(wanted)) return { kind: 'repeat' };
  return { kind: 'applied', status: { ...status, attempts: status.attempts.map((each) => (wanted(each) ? { ...each, stop: reason } : each)) } };
}

/**
 * A Running Task without an open attempt (a write that only half follows this machine): what its last attempt's end should have
 * led to. `repeat` when the status is consistent.
 */
export function convergeTask(status: TaskStatus | undefined, context: EndContext): ReportOutcome {
  if (status?.phase !== 'Running' || status.attempts?.some(isOpen)) return { kind: 'repeat' };
  const last = status.attempts?.at(-1);
  if (last && reasonRule(last.reason as AttemptReason).success) return { kind: 'applied', status: { ...status, phase: 'Succeeded', progress: 1 } };
  if (!last) return { kind: 'applied', status: { ...status, phase: 'Pending' } };
  return { kind: 'applied', status: afterFailure(status, last, context) };
}

/** Failed, Cancelled, or Pending again after a backoff. */
function afterFailure(status: TaskStatus, ended: Attempt, { retry, now, random = Math.random }: EndContext): TaskStatus {
  const reason = ended.reason as AttemptReason;
  const { progress: _none, notBefore: _old, message: _message, ...rest } = status;
  const text = `attempt ${ended.number}: ${reason}: ${(ended.message ?? reasonRule(reason).text).slice(0, MAX_MESSAGE_CHARS)}`;
  if (ended.stop === 'Cancelled') return { ...rest, phase: 'Cancelled', message: text };
  if (rest.attempts?.some(isOpen)) return { ...rest, phase: 'Running' };
  if (reasonRule(reason).counts) {
    const failures = (status.countedFailures ?? 0) + 1;
    const { lostInRow: _lost, ...counted } = rest;
    const next: TaskStatus = { ...counted, countedFailures: failures, message: text };
    if (failures > retry.limit) return { ...next, phase: 'Failed', message: `${text} (${failures} counted failures, retry.limit is ${retry.limit})` };
    return pendingAfter(next, now, countedBackoffMs(retry, failures, random));
  }
  if (reason === 'Suspended' && ended.stop === 'Suspended') return { ...rest, phase: 'Pending' };
  const lost = (status.lostInRow ?? 0) + 1;
  const next: TaskStatus = { ...rest, lostInRow: lost, message: text };
  if (lost < MAX_LOST_IN_ROW) return pendingAfter(next, now, lostBackoffMs(lost, random));
  return {
    ...next,
    phase: 'Failed',
    message: `${lost} attempts in a row were lost to agents or the platform, the last one so: ${text}; `
      + 'the operator can look at kubectl get agents.gleaner.dev and at the agents\' logs',
  };
}

function pendingAfter(status: TaskStatus, now: number, delayMs: number): TaskStatus {
  return { ...status, phase: 'Pending', ...(delayMs > 0 && { notBefore: iso(now + delayMs) }) };
}

const find = (status: TaskStatus | undefined, { number, epoch }: { number: number; epoch: number }): Attempt | undefined =>
  status?.attempts?.find((each) => each.number === number && each.epoch === epoch);

const withAttempt = (attempts: readonly Attempt[], next: Attempt): Attempt[] =>
  attempts.map((each) => (each.number === next.number ? next : each));
const replaced = (status: TaskStatus, next: Attempt): Attempt[] => withAttempt(status.attempts ?? [], next);

function trimmed(attempts: Attempt[]): Attempt[] {
  return attempts.length <= MAX_ATTEMPTS_KEPT ? attempts : attempts.slice(-MAX_ATTEMPTS_KEPT);
}

function charged(status: TaskStatus, chargedMicro: bigint | undefined): { cost?: string } {
  if (chargedMicro === undefined) return {};
  return { cost: formatCredits(parseCredits(status.cost ?? '0') + chargedMicro) };
}

/** The greater of both, counter by counter; `known` itself when nothing grew. */
function grownUsage(known: Usage | undefined, reported: Usage | undefined): Usage | undefined {
  if (!known || !reported) return known ?? reported;
  const grown: Usage = {
    cpuMicros: Math.max(known.cpuMicros, reported.cpuMicros),
    memoryMibSeconds: Math.max(known.memoryMibSeconds, reported.memoryMibSeconds),
    wallMillis: Math.max(known.wallMillis, reported.wallMillis),
    ioBytes: Math.max(known.ioBytes, reported.ioBytes),
    egressBytes: Math.max(known.egressBytes, reported.egressBytes),
    ...((known.estimated || reported.estimated) && { estimated: true }),
  };
  const same = grown.cpuMicros === known.cpuMicros && grown.memoryMibSeconds === known.memoryMibSeconds
    && grown.wallMillis === known.wallMillis && grown.ioBytes === known.ioBytes && grown.egressBytes === known.egressBytes
    && grown.estimated === known.estimated;
  return same ? known : grown;
}
