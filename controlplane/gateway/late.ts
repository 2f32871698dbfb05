/**
 * Reports about leases that are not on: of an agent that was given up and comes back, doubled, or made up.
 *
 * A good result of an attempt that was lost still counts while its Task is not finished: it is held and settled anew under
 * `<lease>/late`, the Task succeeds, and whatever else of it runs is stopped. Everything else changes nothing.
 */
import type { Finished } from '../../crds/agent-link';
import { TASKS } from '../../crds/meta';
import type { Task } from '../../crds/task';
import { classifyEnd } from '../controllers/task/transition';
import type { HoldTerms } from '../ledger/ledger';
import { settlement } from '../market/settle';
import { endChange } from './conclude';
import type { GatewayContext } from './context';
import { splitLease } from './leases';
import { ProtocolError } from './link/protocol-error';
import { taskResult } from './results';
import { writeTasks } from './task-writer';

/**
 * The Task that the report is about, when it may still change something.
 * @throws ProtocolError when the attempt is another agent's
 */
export function checkUnknown(context: GatewayContext, agentId: string, report: Pick<Finished, 'lease' | 'epoch'>, task: Task | undefined): Task | undefined {
  const { number } = splitLease(report.lease);
  const attempt = task?.status?.attempts?.find((each) => each.number === number);
  if (!task || !attempt) return undefined;
  if (attempt.agent !== context.aliases.agent(agentId, task.spec.jobUid)) {
    throw new ProtocolError('ForeignLease', `lease: ${report.lease} was never this agent's`);
  }
  return task;
}

/** Resolves when what follows from it is durable. One at a time per Task, so that no two attempts of it are paid as its result. */
export async function late(context: GatewayContext, agentId: string, report: Finished, task: Task): Promise<void> {
  const uid = task.metadata.uid as string;
  const { lateByTask, leases } = context;
  for (let before = lateByTask.get(uid); before; before = lateByTask.get(uid)) await before.catch(() => undefined);
  const done = (async () => {
    const other = leases.ofTask(uid);
    if (other?.state === 'ending') await other.ended?.catch(() => undefined);
    const current = await context.store.get<Task>(TASKS, task.metadata.namespace ?? '', task.metadata.name);
    if (!current || current.metadata.uid !== uid) return;
    const running = leases.ofTask(uid);
    if (running) running.superseded = true;
    const counted = await pay(context, agentId, report, current).catch((error: unknown) => {
      if (running) running.superseded = false;
      throw error;
    });
    if (!counted && running) running.superseded = false;
  })();
  lateByTask.set(uid, done);
  try {
    await done;
  } finally {
    lateByTask.delete(uid);
  }
}

/** @returns whether the result counts now */
async function pay(context: GatewayContext, agentId: string, report: Finished, task: Task): Promise<boolean> {
  const { number } = splitLease(report.lease);
  const { ledger, results, store, jobs, clock, metrics } = context;
  if (classifyEnd(task.status, { number, epoch: report.epoch, reason: report.reason }) !== 'late') return false;
  const facts = jobs.get(task.spec.jobUid);
  const ownerId = context.ownerOf(agentId);
  const attempt = task.status?.attempts?.find((each) => each.number === number);
  if (!facts?.rates || !facts.view.shape || ownerId === undefined || !attempt) return false;
  const { view } = facts;
  const terms: HoldTerms = {
    namespace: view.namespace, jobUid: view.uid, jobName: view.name, taskUid: task.metadata.uid as string, index: task.spec.index, attempt: number,
    agentId, ownerId, tier: view.shape?.tier ?? '', rates: facts.rates, cpu: facts.cpu, memoryBytes: facts.amounts.memoryBytes, timeoutMs: facts.timeoutMs,
  };
  const key = `${report.lease}/late`;
  const [held] = await ledger.hold([{ key, amountMicro: view.holdMicro, ...(view.maxJobMicro === undefined ? {} : { maxJobMicro: view.maxJobMicro }), terms }]);
  const settledBefore = held?.ok === false && held.reason === 'Closed';
  // No credit for it any more: the result is dropped, and the Task runs again when there is.
  if (!held?.ok && !settledBefore) return false;
  const result = report.result ?? { files: [] };
  const { usage, chargeMicro, ownerMicro } = settlement({
    reported: report.usage, terms, reason: report.reason, holdMicro: view.holdMicro,
    wallSeenMs: clock.wall() - Date.parse(attempt.startedAt ?? attempt.leasedAt),
    ...(attempt.usage ? { previous: attempt.usage } : {}),
  });
  const [settled] = await Promise.all([
    ledger.settle([{ key, reason: report.reason, usage, chargeMicro, ownerMicro }]),
    results.add([{ jobUid: view.uid, index: task.spec.index, attempt: number, result }]),
  ]);
  const [outcome] = settled;
  await writeTasks(store, [endChange(context, { task, jobUid: view.uid }, {
    number, epoch: report.epoch, reason: report.reason, usage, result: taskResult(result),
    chargedMicro: outcome?.ok ? outcome.chargedMicro : 0n,
    ...(report.message === undefined ? {} : { message: report.message }),
    ...(report.exitCode === undefined ? {} : { exitCode: report.exitCode }),
  })]);
  metrics.attempt(report.reason);
  return true;
}
