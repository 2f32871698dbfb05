/**
 * After a restart: leases are made again from the active attempts of Tasks and the open holds.
 *
 * | Task's attempt | open hold | then |
 * |---|---|---|
 * | active | yes | the lease is on; its agent has lostAfter to come back |
 * | active | no  | it was settled, and the Task was not written: the result row says whether it succeeded |
 * | –      | yes, Task is there | the hold was made and the lease was not: released |
 * | –      | yes, Task is gone  | its agent may still run it: kept until the agent says so, or is lost |
 */
import type { Task } from '../../crds/task';
import { activeAttempts } from '../../crds/status';
import type { OpenHold } from '../ledger/ledger';
import type { Amounts } from '../market/match';
import { NOTHING } from './assign';
import { conclude, type End } from './conclude';
import type { GatewayContext } from './context';
import { newLease, type Lease } from './leases';

/** Call once the reflectors are filled, before any agent is let in. Resolves when what was left half done is durable. */
export async function recover(context: GatewayContext): Promise<void> {
  const { ledger, tasks, leases, market } = context;
  const uids = new Set<string>();
  const ends: End[] = [];
  for (const task of tasks.values()) {
    uids.add(task.metadata.uid as string);
    for (const attempt of activeAttempts(task)) {
      const id = `${task.metadata.uid}/${attempt.number}`;
      const hold = ledger.openHold(id);
      const lease = ofTask(context, task, attempt.number, attempt.epoch, Date.parse(attempt.leasedAt), hold);
      if (attempt.usage) lease.usage = attempt.usage;
      leases.add(lease);
      market.adopt(
        lease.agentId || undefined,
        { uid: lease.taskUid, name: lease.taskName, index: lease.index, jobUid: lease.jobUid, attempt: lease.number },
        lease.amounts,
      );
      if (!hold) ends.push(await halfEnded(context, lease));
    }
  }
  const releases: OpenHold[] = [];
  for (const hold of ledger.openHolds()) {
    if (leases.get(hold.key)) continue;
    if (hold.key.endsWith('/late') || uids.has(hold.terms.taskUid)) releases.push(hold);
    else {
      const lease = ofHold(hold);
      leases.add(lease);
      market.adopt(lease.agentId, { uid: lease.taskUid, name: '', index: lease.index, jobUid: lease.jobUid, attempt: lease.number }, lease.amounts);
    }
  }
  for (let at = 0; at < releases.length; at += PART) {
    await ledger.settle(releases.slice(at, at + PART).map(({ key }) => ({ key, reason: 'Cancelled', usage: NOTHING, chargeMicro: 0n, ownerMicro: 0n })));
  }
  for (let at = 0; at < ends.length; at += PART) await conclude(context, ends.slice(at, at + PART));
}

/** In one transaction. */
const PART = 5000;

function ofTask(context: GatewayContext, task: Task, number: number, epoch: number, leasedAt: number, hold: OpenHold | undefined): Lease {
  const facts = context.jobs.get(task.spec.jobUid);
  return newLease({
    taskUid: task.metadata.uid as string, namespace: task.metadata.namespace as string, taskName: task.metadata.name, jobUid: task.spec.jobUid,
    index: task.spec.index, number, agentId: hold?.terms.agentId ?? '', epoch, holdMicro: hold?.amountMicro ?? 0n,
    amounts: facts?.amounts ?? (hold ? amountsOf(hold) : { cpuMillis: 0, memoryBytes: 0, scratchBytes: 0, slots: 1 }),
    state: 'on', leasedAt, task, ...(hold ? { terms: hold.terms } : {}),
  });
}

/** Its epoch is not known any more: 0 matches no report, the agent is told to stop, and the hold is released. */
const ofHold = (hold: OpenHold): Lease => newLease({
  taskUid: hold.terms.taskUid, namespace: hold.terms.namespace, taskName: '', jobUid: hold.terms.jobUid, index: hold.terms.index,
  number: hold.terms.attempt, agentId: hold.terms.agentId, epoch: 0, holdMicro: hold.amountMicro, amounts: amountsOf(hold), state: 'on',
  leasedAt: hold.createdAt, terms: hold.terms,
});

const amountsOf = ({ terms }: OpenHold): Amounts => ({ cpuMillis: Math.round(terms.cpu * 1000), memoryBytes: terms.memoryBytes, scratchBytes: 0, slots: 1 });

async function halfEnded(context: GatewayContext, lease: Lease): Promise<End> {
  const stored = await context.results.get(lease.jobUid, lease.index);
  return stored?.attempt === lease.number
    ? { lease, reason: 'Completed', result: stored.result }
    : { lease, reason: 'AgentLost', message: 'the control plane stopped while the end of this attempt was written' };
}
