/** Tells agents to start and to stop attempts. */
import type { StartTask, Stop } from '../../crds/agent-link';
import type { AttemptReason } from '../../crds/attempt-reasons';
import type { GatewayContext } from './context';
import type { JobFacts } from './job-facts';
import type { Lease } from './leases';

/** A ticket outlives its attempt, so that an agent that was cut off can still deliver results. */
const TICKET_GRACE_MS = 24 * 3_600_000;
/** Attempts in one message. */
const MAX_TASKS = 500;

/** Leases that are durable: one message per agent and Job, the program once in it. */
export function sendStarts(context: GatewayContext, leases: readonly Lease[]): void {
  const groups = new Map<string, { facts: JobFacts; agentId: string; leases: Lease[] }>();
  for (const lease of leases) {
    const facts = context.jobs.get(lease.jobUid);
    if (!facts?.programText) {
      sendStop(context, lease, 'Cancelled');
      continue;
    }
    const key = `${lease.agentId} ${lease.jobUid}`;
    const group = groups.get(key);
    if (group && group.leases.length < MAX_TASKS) group.leases.push(lease);
    else {
      if (group) flush(context, group);
      groups.set(key, { facts, agentId: lease.agentId, leases: [lease] });
    }
  }
  for (const group of groups.values()) flush(context, group);
}

function flush(context: GatewayContext, { facts, agentId, leases }: { facts: JobFacts; agentId: string; leases: Lease[] }): void {
  const expiresAt = context.clock.wall() + facts.timeoutMs + facts.gracePeriodMs + TICKET_GRACE_MS;
  const now = context.clock.now();
  const tasks = leases.map((lease): StartTask => {
    lease.startedAt ??= now;
    const env = lease.task?.spec.parameters;
    return {
      lease: lease.id, epoch: lease.epoch, attempt: lease.number, index: lease.index,
      ...(env ? { env } : {}),
      ticket: context.tickets.issue(lease.id, expiresAt),
    };
  });
  const job = context.aliases.job(facts.view.uid);
  context.send(agentId, `{"type":"start","job":"${job}","completions":${facts.completions},${facts.programText},"tasks":${JSON.stringify(tasks)}}`);
}

/** Once per lease and reason. */
export function sendStop(context: GatewayContext, lease: Lease, reason: AttemptReason): void {
  if (lease.stopSent === reason) return;
  lease.stopSent = reason;
  const gracePeriodMs = context.jobs.get(lease.jobUid)?.gracePeriodMs ?? 0;
  send(context, lease.agentId, { type: 'stop', lease: lease.id, epoch: lease.epoch, reason, gracePeriodMs });
}

/** For an attempt that nobody knows here: it is killed. */
export function stopUnknown(context: GatewayContext, agentId: string, lease: string, epoch: number): void {
  send(context, agentId, { type: 'stop', lease, epoch, reason: 'Superseded', gracePeriodMs: 0 });
}

const send = (context: GatewayContext, agentId: string, stop: Stop): void => context.send(agentId, JSON.stringify(stop));
