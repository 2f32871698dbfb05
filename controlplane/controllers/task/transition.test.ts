import fc from 'fast-check';
import { ATTEMPT_REASONS, type AttemptReason } from '../../../crds/attempt-reasons';
import type { TaskStatus, Usage } from '../../../crds/task';
import { LONGEST_BACKOFF_MS } from './backoff';
import {
  cancelTask, classifyEnd, convergeTask, endAttempt, leaseAttempt, MAX_ATTEMPTS_KEPT, MAX_LOST_IN_ROW, nextAttemptNumber, reportRunning, stopAttempts,
  type EndReport, type RunningReport,
} from './transition';

const NOW = Date.UTC(2026, 0, 1);
const retry = { limit: 2, backoff: '5s' };
const context = { retry, now: NOW, random: () => 0.5 };
const usage = (wallMillis: number): Usage => ({ cpuMicros: wallMillis * 1000, memoryMibSeconds: 1, wallMillis, ioBytes: 0, egressBytes: 0 });

function leased(status?: TaskStatus, now = NOW): TaskStatus {
  const outcome = leaseAttempt(status, { number: nextAttemptNumber(status), agent: 'a-1' }, now);
  if (outcome.kind !== 'applied') throw new Error(outcome.kind);
  return outcome.status;
}

function ended(status: TaskStatus, reason: AttemptReason, report: Partial<EndReport> = {}, now = NOW): TaskStatus {
  const { number, epoch } = status.attempts!.at(-1)!;
  const outcome = endAttempt(status, { number, epoch, reason, ...report }, { ...context, now });
  if (outcome.kind !== 'applied') throw new Error(outcome.kind);
  return outcome.status;
}

test('a lease makes the Task Running and is repeatable', () => {
  const status = leased();
  expect(status).toMatchObject({ phase: 'Running', agent: 'a-1', attemptCount: 1, attempts: [{ number: 1, epoch: 1, phase: 'Leased' }] });
  expect(leaseAttempt(status, { number: 1, agent: 'a-1' }, NOW)).toEqual({ kind: 'repeat' });
  expect(leaseAttempt(status, { number: 1, agent: 'a-2' }, NOW)).toEqual({ kind: 'stale' });
  expect(leaseAttempt(status, { number: 2, agent: 'a-2' }, NOW)).toEqual({ kind: 'stale' });
});

test('no lease before the backoff is over, none with an old number', () => {
  const failed = ended(leased(), 'NonZeroExit');
  expect(failed).toMatchObject({ phase: 'Pending', notBefore: '2026-01-01T00:00:05.000Z', countedFailures: 1 });
  expect(leaseAttempt(failed, { number: 2, agent: 'a-1' }, NOW + 4999)).toEqual({ kind: 'stale' });
  expect(leaseAttempt(failed, { number: 1, agent: 'a-1' }, NOW + 5000)).toEqual({ kind: 'stale' });
  expect(leased(failed, NOW + 5000)).toMatchObject({ phase: 'Running', attempts: [{ number: 1, epoch: 1 }, { number: 2, epoch: 2 }] });
});

test('a backoff that ends further away than any lasts comes of a clock that was set back: the lease is given', () => {
  const failed = ended(leased(), 'NonZeroExit');
  const end = Date.parse(failed.notBefore!);
  expect(leaseAttempt(failed, { number: 2, agent: 'a-1' }, end - LONGEST_BACKOFF_MS)).toEqual({ kind: 'stale' });
  expect(leased(failed, end - LONGEST_BACKOFF_MS - 1)).toMatchObject({ phase: 'Running', attemptCount: 2 });
  const longest = endedWith({ limit: 1, backoff: '1h' }, leased(), 'NonZeroExit', NOW, () => 0.999999);
  expect(leaseAttempt(longest, { number: 2, agent: 'a-1' }, NOW)).toEqual({ kind: 'stale' });
});

test('success carries result, cost and full progress', () => {
  const status = ended(leased(), 'Completed', { chargedMicro: 12_300n, exitCode: 0, usage: usage(2000), result: { digest: 'sha256:x', bytes: 2 } });
  expect(status).toMatchObject({ phase: 'Succeeded', progress: 1, cost: '0.0123', result: { bytes: 2 }, attempts: [{ phase: 'Ended', reason: 'Completed', exitCode: 0 }] });
});

test('counted failures: doubling backoff up to five minutes, then Failed beyond the limit', () => {
  let status: TaskStatus | undefined;
  const waits: number[] = [];
  let now = NOW;
  for (;;) {
    status = endedWith({ limit: 8, backoff: '5s' }, leased(status, now), 'OutOfMemory', now);
    if (status.phase !== 'Pending') break;
    waits.push((Date.parse(status.notBefore!) - now) / 1000);
    now = Date.parse(status.notBefore!);
  }
  expect(waits).toEqual([5, 10, 20, 40, 80, 160, 300, 300]);
  expect(status).toMatchObject({ phase: 'Failed', countedFailures: 9, attemptCount: 9 });
  expect(status.message).toContain('OutOfMemory');
});

function endedWith(policy: typeof retry, status: TaskStatus, reason: AttemptReason, now: number, random = (): number => 0.5): TaskStatus {
  const { number, epoch } = status.attempts!.at(-1)!;
  const outcome = endAttempt(status, { number, epoch, reason }, { retry: policy, now, random });
  if (outcome.kind !== 'applied') throw new Error(outcome.kind);
  return outcome.status;
}

test('lost attempts are not counted, but bounded; attempts kept are the newest', () => {
  let status: TaskStatus | undefined;
  let now = NOW;
  for (let lost = 1; lost <= MAX_LOST_IN_ROW; lost++) {
    status = ended(leased(status, now), lost % 2 ? 'AgentLost' : 'RuntimeError', {}, now);
    expect(status.lostInRow).toBe(lost);
    expect(status.phase).toBe(lost < MAX_LOST_IN_ROW ? 'Pending' : 'Failed');
    now = Date.parse(status.notBefore ?? '') || now;
    expect(status.countedFailures).toBeUndefined();
  }
  expect(status?.message).toContain('20 attempts in a row were lost');
  expect(status?.attempts).toHaveLength(MAX_ATTEMPTS_KEPT);
  expect(status?.attempts?.map((each) => each.number)).toEqual([11, 12, 13, 14, 15, 16, 17, 18, 19, 20]);
});

test('suspended and cancelled only when told so; otherwise bounded like a lost attempt', () => {
  const told = (reason: AttemptReason): TaskStatus => {
    const outcome = stopAttempts(leased(), reason);
    if (outcome.kind !== 'applied') throw new Error(outcome.kind);
    return outcome.status;
  };
  expect(ended(told('Suspended'), 'Suspended')).toMatchObject({ phase: 'Pending' });
  expect(ended(told('Suspended'), 'Suspended').lostInRow).toBeUndefined();
  expect(ended(told('Cancelled'), 'Cancelled').phase).toBe('Cancelled');
  expect(ended(told('Cancelled'), 'AgentLost').phase).toBe('Cancelled');
  expect(ended(told('Cancelled'), 'Completed').phase).toBe('Succeeded');
  expect(ended(leased(), 'Suspended')).toMatchObject({ phase: 'Pending', lostInRow: 1 });
  expect(ended(leased(), 'Cancelled')).toMatchObject({ phase: 'Pending', lostInRow: 1 });
});

test('late success: counts once, ends the other attempt as superseded', () => {
  const lost = ended(leased(), 'AgentLost');
  const second = leased(lost, NOW + 1000);
  const report: EndReport = { number: 1, epoch: 1, reason: 'Completed', chargedMicro: 5n };
  expect(classifyEnd(second, report)).toBe('late');
  const outcome = endAttempt(second, report, context);
  expect(outcome).toMatchObject({
    kind: 'applied', late: true, superseded: [{ number: 2 }],
    status: { phase: 'Succeeded', cost: '0.000005', attempts: [{ reason: 'Completed' }, { phase: 'Ended', reason: 'Superseded' }] },
  });
  const { status } = outcome as { status: TaskStatus };
  expect(endAttempt(status, report, context)).toEqual({ kind: 'repeat' });
  expect(endAttempt(status, { number: 2, epoch: 2, reason: 'Completed' }, context)).toEqual({ kind: 'repeat' });
  expect(classifyEnd(ended(leased(lost, NOW + 1000), 'Completed'), report)).toBe('stale');
  expect(classifyEnd(second, { ...report, reason: 'NonZeroExit' })).toBe('repeat');
});

test('cancel: at once without an attempt, by a stop with one', () => {
  expect(cancelTask(undefined, 'over')).toEqual({ kind: 'applied', status: { phase: 'Cancelled', message: 'over' } });
  const open = cancelTask(leased(), 'over');
  expect(open).toMatchObject({ kind: 'applied', status: { phase: 'Running', attempts: [{ stop: 'Cancelled' }] } });
  expect(cancelTask((open as { status: TaskStatus }).status, 'over')).toEqual({ kind: 'repeat' });
  expect(cancelTask({ phase: 'Succeeded' }, 'over')).toEqual({ kind: 'repeat' });
});

test('convergeTask puts right a phase that does not follow from the attempts', () => {
  const failed = ended(leased(), 'NonZeroExit');
  expect(convergeTask({ ...failed, phase: 'Running', countedFailures: undefined }, context)).toMatchObject({ status: { phase: 'Pending', countedFailures: 1 } });
  expect(convergeTask({ ...ended(leased(), 'Completed'), phase: 'Running' }, context)).toMatchObject({ status: { phase: 'Succeeded' } });
  expect(convergeTask({ phase: 'Running' }, context)).toMatchObject({ status: { phase: 'Pending' } });
  expect(convergeTask(leased(), context)).toEqual({ kind: 'repeat' });
});

// ------------------------------------------------------------------------------------------------ properties

type Step =
  | { kind: 'lease' }
  | { kind: 'running'; report: RunningReport }
  | { kind: 'end'; report: EndReport }
  | { kind: 'stop'; reason: AttemptReason }
  | { kind: 'cancel' };

const reasons = Object.keys(ATTEMPT_REASONS) as AttemptReason[];
const numbers = { number: fc.integer({ min: 1, max: 6 }), epoch: fc.integer({ min: 1, max: 7 }) };
const steps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.constant<Step>({ kind: 'lease' }) },
  fc.record({ ...numbers, progress: fc.double({ min: 0, max: 1, noNaN: true }), wall: fc.nat(10_000) })
    .map(({ wall, ...report }): Step => ({ kind: 'running', report: { ...report, usage: usage(wall) } })),
  { weight: 3, arbitrary: fc.record({ ...numbers, reason: fc.constantFrom(...reasons), wall: fc.nat(10_000), charged: fc.nat(1000) })
    .map(({ wall, charged, ...report }): Step => ({ kind: 'end', report: { ...report, usage: usage(wall), chargedMicro: BigInt(charged) } })) },
  fc.constantFrom<AttemptReason>('Suspended', 'Cancelled', 'TimedOut').map((reason): Step => ({ kind: 'stop', reason })),
  fc.constant<Step>({ kind: 'cancel' }),
);

function apply(status: TaskStatus | undefined, step: Step, now: number): TaskStatus | undefined {
  const outcome = step.kind === 'lease' ? leaseAttempt(status, { number: nextAttemptNumber(status), agent: 'a' }, now)
    : step.kind === 'running' ? reportRunning(status, step.report, now)
    : step.kind === 'end' ? endAttempt(status, step.report, { ...context, now })
    : step.kind === 'stop' ? stopAttempts(status, step.reason)
    : cancelTask(status, 'over');
  return outcome.kind === 'applied' ? outcome.status : status;
}

const terminal = (status: TaskStatus | undefined): boolean => ['Succeeded', 'Failed', 'Cancelled'].includes(status?.phase ?? '');

test('whatever happens: terminal stays, ends stay, at most one open attempt, numbers and usage rise', () => {
  fc.assert(fc.property(fc.array(steps, { maxLength: 60 }), (list) => {
    let status: TaskStatus | undefined;
    let now = NOW;
    for (const step of list) {
      now += 400_000;
      const next = apply(status, step, now);
      expect(!terminal(status) || next?.phase === status?.phase).toBe(true);
      for (const before of status?.attempts ?? []) {
        const after = next?.attempts?.find((each) => each.number === before.number);
        if (!after) continue;
        expect(after.usage?.cpuMicros ?? 0).toBeGreaterThanOrEqual(before.usage?.cpuMicros ?? 0);
        expect(after.epoch).toBe(before.epoch);
        const mayChange = before.phase !== 'Ended' || (before.reason === 'AgentLost' && after.reason === 'Completed');
        expect(mayChange ? before : after).toEqual(before);
      }
      const open = (next?.attempts ?? []).filter((each) => each.phase !== 'Ended');
      expect(open.length).toBeLessThanOrEqual(1);
      expect(open.length === 1).toBe(next?.phase === 'Running');
      expect(next?.attempts?.length ?? 0).toBeLessThanOrEqual(MAX_ATTEMPTS_KEPT);
      expect(next?.attemptCount ?? 0).toBeGreaterThanOrEqual(status?.attemptCount ?? 0);
      status = next;
    }
  }), { numRuns: 2000 });
});

test('a stale epoch changes nothing', () => {
  fc.assert(fc.property(fc.array(steps, { maxLength: 20 }), fc.constantFrom(...reasons), (list, reason) => {
    const status = list.reduce((each: TaskStatus | undefined, step, at) => apply(each, step, NOW + at * 400_000), undefined);
    for (const attempt of status?.attempts ?? []) {
      const wrong = { number: attempt.number, epoch: attempt.epoch + 1 };
      expect(endAttempt(status, { ...wrong, reason }, context)).toEqual({ kind: 'stale' });
      expect(reportRunning(status, { ...wrong, progress: 1 }, NOW)).toEqual({ kind: 'stale' });
    }
  }));
});

test('reports of one attempt in any order and number end in the same status', () => {
  const reports = fc.array(fc.record({ progress: fc.double({ min: 0, max: 1, noNaN: true }), wall: fc.nat(10_000) }), { maxLength: 5 });
  fc.assert(fc.property(reports, fc.constantFrom(...reasons), fc.array(fc.nat(20), { minLength: 8, maxLength: 20 }), (running, reason, order) => {
    const all: Step[] = [
      { kind: 'end', report: { number: 1, epoch: 1, reason, usage: usage(10_000), chargedMicro: 7n } },
      ...running.map(({ progress, wall }): Step => ({ kind: 'running', report: { number: 1, epoch: 1, progress, usage: usage(wall) } })),
    ];
    const timeless = (status: TaskStatus | undefined): unknown => ({
      ...status, attempts: status?.attempts?.map(({ startedAt: _started, ...rest }) => rest),
    });
    const straight = [...all.slice(1), all[0]!].reduce((each: TaskStatus | undefined, step) => apply(each, step, NOW), leased());
    const shuffled = [...order.map((at) => all[at % all.length]!), all[0]!].reduce((each: TaskStatus | undefined, step) => apply(each, step, NOW), leased());
    expect(timeless(shuffled)).toEqual(timeless(straight));
  }));
});
