/**
 * Accepted offers become leases: the worst case is held in the ledger, then the attempt is written into the Task, then the agent is told
 * to start. Each step is durable before the next; all of a frame go together.
 */
import type { Accept } from '../../crds/agent-link';
import { nextAttemptNumber, leaseAttempt, endAttempt } from '../controllers/task/transition';
import type { HoldOutcome, HoldRequest } from '../ledger/ledger';
import type { PendingTask } from '../market/job-queue';
import type { GatewayContext } from './context';
import type { JobFacts } from './job-facts';
import { newLease, type Lease } from './leases';
import { sendStarts } from './starts';
import { writeTasks, type TaskChange } from './task-writer';

interface Candidate {
  pending: PendingTask;
  facts: JobFacts;
  lease: Lease;
  /** Tells the agent that it need not keep room for what of this offer is not started. */
  withdraw: () => void;
}

/**
 * Resolves when the leases are durable and `start` is on its way.
 * @returns leases of an agent that is gone meanwhile: they are lost already
 */
export async function assign(context: GatewayContext, agentId: string, accepts: readonly Accept[], withdraw: (offer: string) => void): Promise<Lease[]> {
  const candidates: Candidate[] = [];
  for (const { offer, leases } of accepts) {
    const withdrawOnce = once(() => withdraw(offer));
    const tasks = context.market.accept(agentId, offer, leases);
    if (!tasks || tasks.length < leases.length) withdrawOnce();
    for (const pending of tasks ?? []) {
      const each = candidate(context, agentId, pending, withdrawOnce);
      if (each) candidates.push(each);
    }
  }
  if (candidates.length === 0) return [];
  try {
    return await lease(context, agentId, candidates);
  } catch (error) {
    // Nothing of it, or not all, is durable: what is left over is found by the next accept, or at the next start.
    for (const each of candidates) if (each.lease.state === 'leasing') abandon(context, each, false);
    throw error;
  }
}

function once(act: () => void): () => void {
  let done = false;
  return () => {
    if (!done) act();
    done = true;
  };
}

function candidate(context: GatewayContext, agentId: string, pending: PendingTask, withdraw: () => void): Candidate | undefined {
  const { view } = pending.queue;
  const facts = context.jobs.get(view.uid);
  const task = context.tasks.get(view.namespace, pending.name);
  const ownerId = context.ownerOf(agentId);
  if (!facts?.rates || !view.shape || !task || task.metadata.uid !== pending.uid || ownerId === undefined || facts.view.blocked) {
    withdraw();
    context.market.ended({ taskUid: pending.uid, namespace: view.namespace, agentId, amounts: view.amounts }, 0);
    if (task) context.observe(task);
    return undefined;
  }
  const lease = newLease({
    taskUid: pending.uid, namespace: view.namespace, taskName: pending.name, jobUid: view.uid, index: pending.index, number: pending.attempt,
    agentId, epoch: 0, holdMicro: view.holdMicro, amounts: facts.amounts, state: 'leasing', leasedAt: context.clock.wall(), task,
    terms: {
      namespace: view.namespace, jobUid: view.uid, jobName: view.name, taskUid: pending.uid, index: pending.index, attempt: pending.attempt,
      agentId, ownerId, tier: view.shape.tier, rates: facts.rates, cpu: facts.cpu, memoryBytes: facts.amounts.memoryBytes, timeoutMs: facts.timeoutMs,
    },
  });
  context.leases.add(lease);
  return { pending, facts, lease, withdraw };
}

async function lease(context: GatewayContext, agentId: string, candidates: readonly Candidate[]): Promise<Lease[]> {
  const { ledger, store, results } = context;
  const named = candidates.map(({ facts }) => results.nameJob(facts.view.uid, facts.view.namespace, facts.view.name)).filter((each) => each !== undefined);
  const [outcomes] = await Promise.all([ledger.hold(candidates.map(holdRequest)), ...named]);
  const held: Candidate[] = [];
  const used: Candidate[] = [];
  for (const [at, each] of candidates.entries()) {
    const verdict = take(context, each, outcomes[at] as HoldOutcome);
    if (verdict === 'held') held.push(each);
    else if (verdict === 'used') used.push(each);
  }
  const started: Lease[] = [];
  const lost: Candidate[] = used.filter(({ lease }) => ledger.openHold(lease.id));
  await writeTasks(store, [...held.map((each) => change(context, each, started, lost)), ...used.map((each) => burn(context, each))]);
  if (lost.length > 0) {
    await ledger.settle(lost.map(({ lease }) => ({ key: lease.id, reason: 'Cancelled', usage: NOTHING, chargeMicro: 0n, ownerMicro: 0n })));
    for (const each of lost) abandon(context, each, false);
  }
  if (!context.reachable(agentId)) return started;
  sendStarts(context, started);
  const now = context.clock.now();
  for (const { pending, lease } of held) if (lease.state === 'on') context.metrics.scheduled((now - pending.since) / 1000);
  return [];
}

export const NOTHING = { cpuMicros: 0, memoryMibSeconds: 0, wallMillis: 0, ioBytes: 0, egressBytes: 0 };

const holdRequest = ({ lease, facts }: Candidate): HoldRequest => ({
  key: lease.id,
  amountMicro: facts.view.holdMicro,
  ...(facts.view.maxJobMicro === undefined ? {} : { maxJobMicro: facts.view.maxJobMicro }),
  terms: lease.terms as NonNullable<Lease['terms']>,
});

/**
 * held: the hold is there. parked: the Job cannot pay, and waits. used: the number was held before without a lease in the Task (a crash
 * between the two), for another agent or closed already; the next attempt needs a number of its own.
 */
function take(context: GatewayContext, each: Candidate, outcome: HoldOutcome): 'held' | 'parked' | 'used' {
  const { lease, pending } = each;
  if (outcome.ok) return context.ledger.openHold(lease.id)?.terms.agentId === lease.agentId ? 'held' : 'used';
  switch (outcome.reason) {
    case 'InsufficientCredit': {
      const { reason, missingMicro, availableMicro } = outcome;
      context.market.park(pending.queue, { reason, missingMicro, availableMicro });
      abandon(context, each, true);
      return 'parked';
    }
    case 'BudgetExhausted':
      context.market.park(pending.queue, { reason: outcome.reason, missingMicro: outcome.missingMicro });
      abandon(context, each, true);
      return 'parked';
    case 'Closed':
      return 'used';
    default:
      return outcome satisfies never;
  }
}

/**
 * Gives up before anything of the lease is durable; the Task waits again, or is looked at anew. The agent is told first: otherwise it
 * would keep the room, and decline what is offered next.
 */
function abandon(context: GatewayContext, { pending, lease, withdraw }: Candidate, again: boolean): void {
  context.leases.remove(lease);
  withdraw();
  if (again) {
    context.market.giveBack(lease.agentId, [pending]);
    return;
  }
  lease.freed = true;
  context.market.ended(lease, 0);
  const task = context.tasks.get(lease.namespace, lease.taskName);
  if (task) context.observe(task);
}

function change(context: GatewayContext, each: Candidate, started: Lease[], lost: Candidate[]): TaskChange {
  const { lease, facts } = each;
  const agent = context.aliases.agent(lease.agentId, lease.jobUid);
  const now = context.clock.wall();
  let epoch: number | undefined;
  return {
    task: lease.task as NonNullable<Lease['task']>,
    next: (status) => {
      epoch = undefined;
      const outcome = leaseAttempt(status, { number: lease.number, agent, ...(facts.offerRate === undefined ? {} : { offerRate: facts.offerRate }) }, now);
      if (outcome.kind === 'applied') epoch = outcome.attempt.epoch;
      else if (outcome.kind === 'repeat') epoch = status?.attempts?.find((attempt) => attempt.number === lease.number)?.epoch;
      return outcome.kind === 'applied' ? outcome.status : undefined;
    },
    done: (task) => {
      if (!task || epoch === undefined) {
        lost.push(each);
        return;
      }
      lease.epoch = epoch;
      lease.task = task;
      lease.leasedAt = now;
      lease.state = 'on';
      started.push(lease);
    },
  };
}

/** An attempt that never was: it uses the number up. */
function burn(context: GatewayContext, each: Candidate): TaskChange {
  const { lease, facts } = each;
  const now = context.clock.wall();
  return {
    task: lease.task as NonNullable<Lease['task']>,
    next: (status) => {
      if (nextAttemptNumber(status) !== lease.number) return undefined;
      const leased = leaseAttempt(status, { number: lease.number, agent: context.aliases.agent(lease.agentId, lease.jobUid) }, now);
      if (leased.kind !== 'applied') return undefined;
      const { number, epoch } = leased.attempt;
      const ended = endAttempt(
        leased.status, { number, epoch, reason: 'AgentLost', message: 'the control plane stopped before the attempt was started' },
        { retry: facts.job.spec.retry, now, random: context.random });
      return ended.kind === 'applied' ? ended.status : undefined;
    },
    done: () => abandon(context, each, false),
  };
}
