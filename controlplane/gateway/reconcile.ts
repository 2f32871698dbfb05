/** After a hello that opens a new session: what the agent runs is compared with what it should run. */
import type { Hello } from '../../crds/agent-link';
import { activeAttempts } from '../../crds/status';
import type { GatewayContext } from './context';
import type { Lease } from './leases';
import type { Progress } from './progress';
import { sendStarts, sendStop, stopUnknown } from './starts';

/**
 * Unknown or of another epoch → stop. On here, but not there → start again (the frame was lost). Running there, and the Task does not say
 * so yet → noted. What ends right now needs nothing.
 */
export function reconcile(context: GatewayContext, agentId: string, hello: Hello, progress: Progress): void {
  const running = new Map(hello.running.map(({ lease, epoch }) => [lease, epoch]));
  for (const [id, epoch] of running) {
    const lease = context.leases.get(id);
    if (!lease || lease.agentId !== agentId || (lease.epoch !== 0 && lease.epoch !== epoch)) stopUnknown(context, agentId, id, epoch);
  }
  const again: Lease[] = [];
  for (const lease of context.leases.ofAgent(agentId)) {
    if (lease.state !== 'on') continue;
    const epoch = running.get(lease.id);
    const wanted = lease.stopSent ?? stopOf(lease);
    lease.stopSent = undefined;
    if (epoch !== undefined) {
      if (lease.epoch === 0) lease.epoch = epoch;
      if (wanted) sendStop(context, lease, wanted);
      else if (lease.task && activeAttempts(lease.task).some((attempt) => attempt.phase === 'Leased')) {
        progress.report(lease, { type: 'attempt', lease: lease.id, epoch, phase: 'Running' });
      }
    } else if (wanted || !lease.task) context.abandonUnstarted(lease, wanted ?? 'Cancelled');
    else again.push(lease);
  }
  sendStarts(context, again);
}

/** What its Task says; a Task that is gone needs no attempt. */
function stopOf(lease: Lease): Lease['stopSent'] {
  if (!lease.task) return 'Cancelled';
  return lease.task.status?.attempts?.find((attempt) => attempt.number === lease.number)?.stop;
}
