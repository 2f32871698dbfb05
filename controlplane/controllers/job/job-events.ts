/** Which events a change of a Job's status is worth. The normal way of Tasks is none: it would be too many. */
import { getCondition } from '../../../crds/conditions';
import type { Job } from '../../../crds/job';
import type { EventRecorder } from '../events';

export function recordTransitions(events: Pick<EventRecorder, 'record'>, before: Job, after: Job): void {
  const status = after.status ?? {};
  const changed = (type: string): { status: string; reason: string; message: string } | undefined => {
    const now = getCondition(status.conditions, type);
    const was = getCondition(before.status?.conditions, type);
    return now && (now.status !== was?.status || now.reason !== was.reason) ? now : undefined;
  };
  const ended = changed('Finished');
  if (ended) {
    const complete = status.phase === 'Complete';
    events.record(after, complete ? 'Normal' : 'Warning', ended.reason, `${ended.message} (${status.completionsText} in ${status.duration ?? '0s'})`);
    return;
  }
  const admitted = changed('Admitted');
  if (admitted?.status === 'False') events.record(after, 'Warning', admitted.reason, admitted.message);
  else if (admitted && getCondition(before.status?.conditions, 'Admitted')) events.record(after, 'Normal', admitted.reason, admitted.message);
  const suspended = changed('Suspended');
  if (suspended) events.record(after, suspended.reason === 'BudgetExhausted' ? 'Warning' : 'Normal', suspended.reason, suspended.message);
}
