/**
 * The end of attempts: result rows and settlement are durable first, then the Task's status says what follows. All of a frame together.
 *
 * Safe to repeat at any point: the ledger settles a key once, a result row is written once, and the Task's state machine knows an end
 * that it has seen.
 */
import type { Finished } from '../../crds/agent-link';
import type { AttemptReason } from '../../crds/attempt-reasons';
import type { Usage } from '../../crds/task';
import { endAttempt, type EndContext } from '../controllers/task/transition';
import type { SettleOutcome, SettleRequest } from '../ledger/ledger';
import { settlement, type Settlement } from '../market/settle';
import type { GatewayContext } from './context';
import type { Lease } from './leases';
import { taskResult, type NewResult } from './results';
import { sendStop } from './starts';
import { newer, writeTasks, type TaskChange } from './task-writer';

export interface End {
  lease: Lease;
  reason: AttemptReason;
  message?: string;
  exitCode?: number;
  /** As reported; absent: nothing beyond what is known. */
  usage?: Usage;
  /** With Completed only. */
  result?: NonNullable<Finished['result']>;
}

const NO_USAGE: Usage = { cpuMicros: 0, memoryMibSeconds: 0, wallMillis: 0, ioBytes: 0, egressBytes: 0 };

/** Marks the leases as ending at once, and resolves when their end is durable. @throws when it could not be made durable; then they are on again */
export function conclude(context: GatewayContext, reported: readonly End[]): Promise<void> {
  if (reported.length === 0) return Promise.resolve();
  const ends = reported.map((end): End => (end.lease.superseded ? { lease: end.lease, reason: 'Superseded' } : end));
  const settlements = ends.map((end) => begin(context, end));
  const done = finish(context, ends, settlements).catch((error: unknown) => {
    for (const { lease } of ends) {
      lease.state = 'on';
      lease.ended = undefined;
    }
    throw error;
  });
  for (const { lease } of ends) lease.ended = done;
  return done;
}

/** The agent's place is free from here on; what the attempt costs is decided. */
function begin(context: GatewayContext, { lease, reason, usage = NO_USAGE }: End): Settlement {
  const { clock, market } = context;
  lease.state = 'ending';
  lease.report = undefined;
  const wallSeenMs = lease.startedAt === undefined ? clock.wall() - lease.leasedAt : clock.now() - lease.startedAt;
  const settled: Settlement = lease.terms
    ? settlement({
        reported: usage, terms: lease.terms, reason, wallSeenMs, holdMicro: lease.holdMicro,
        ...(lease.usage ? { previous: lease.usage } : {}),
      })
    : { usage, chargeMicro: 0n, ownerMicro: 0n, anomalies: [] };
  if (!lease.freed) {
    lease.freed = true;
    market.ended(lease, Math.max(0, wallSeenMs) * lease.amounts.cpuMillis / 1000);
  }
  return settled;
}

async function finish(context: GatewayContext, ends: readonly End[], settlements: readonly Settlement[]): Promise<void> {
  const { ledger, results, store, leases, logs, metrics } = context;
  const rows = ends.filter((end) => end.result).map(({ lease, result }): NewResult => ({
    jobUid: lease.jobUid, index: lease.index, attempt: lease.number, result: result as NonNullable<Finished['result']>,
  }));
  const [settled] = await Promise.all([
    ledger.settle(ends.map((end, at) => settleRequest(end, settlements[at] as Settlement))),
    ...(rows.length > 0 ? [results.add(rows)] : []),
  ]);
  const changes = ends.map((end, at) => change(context, end, settlements[at] as Settlement, settled[at]));
  await writeTasks(store, changes.filter((each) => each !== undefined));
  for (const { lease, reason } of ends) {
    leases.remove(lease);
    logs.ended({ jobUid: lease.jobUid, index: lease.index, attempt: lease.number });
    metrics.attempt(reason);
    // The cache may not know yet what was written.
    const cached = context.tasks.get(lease.namespace, lease.taskName);
    const task = cached && newer(lease.task, cached);
    if (task?.metadata.uid === lease.taskUid) context.observe(task);
  }
}

const settleRequest = ({ lease, reason }: End, { usage, chargeMicro, ownerMicro }: Settlement): SettleRequest =>
  ({ key: lease.id, reason, usage, chargeMicro, ownerMicro });

function change(context: GatewayContext, end: End, { usage }: Settlement, outcome: SettleOutcome | undefined): TaskChange | undefined {
  const { lease, reason, message, exitCode, result } = end;
  if (!lease.task) return undefined;
  const charged = outcome?.ok ? outcome.chargedMicro : 0n;
  if (outcome?.ok === false) context.log.error({ lease: lease.id }, 'no hold to settle: nothing is charged');
  const ended = result && taskResult(result);
  const change = endChange(context, lease, {
    number: lease.number, epoch: lease.epoch, reason, usage, chargedMicro: charged,
    ...(message === undefined ? {} : { message }),
    ...(exitCode === undefined ? {} : { exitCode }),
    ...(ended ? { result: ended } : {}),
  });
  return {
    task: change.task,
    next: change.next,
    done: (task) => {
      lease.task = newer(lease.task, task);
      change.done(task);
    },
  };
}

/** The write of one end; attempts that it supersedes are stopped. */
export function endChange(
  context: GatewayContext, of: Pick<Lease, 'task' | 'jobUid'>, report: Parameters<typeof endAttempt>[1],
): TaskChange {
  const now = context.clock.wall();
  const ending: EndContext = {
    retry: context.jobs.get(of.jobUid)?.job.spec.retry ?? { limit: 0, backoff: '0s' }, now, random: context.random,
  };
  let superseded: number[] = [];
  return {
    task: of.task as NonNullable<Lease['task']>,
    next: (status) => {
      superseded = [];
      const outcome = endAttempt(status, report, ending);
      if (outcome.kind !== 'applied') return undefined;
      superseded = outcome.superseded.map((attempt) => attempt.number);
      return outcome.status;
    },
    done: (task) => {
      for (const number of task ? superseded : []) supersede(context, `${task?.metadata.uid}/${number}`);
    },
  };
}

/** Another attempt was first: its agent is told, its hold is released when the agent answers or is lost. */
function supersede(context: GatewayContext, leaseId: string): void {
  const lease = context.leases.get(leaseId);
  if (lease && lease.state !== 'ending') sendStop(context, lease, 'Superseded');
}
