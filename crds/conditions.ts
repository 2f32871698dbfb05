/** Conditions in a status: pure functions that return a new list. */
import { extended } from './extended';
import type { Condition } from './meta';

/** RFC 3339, whole seconds, UTC: as Kubernetes writes times. */
export const rfc3339 = (time: Date): string => `${time.toISOString().slice(0, 19)}Z`;

/**
 * The list with `condition` set. Its lastTransitionTime is `now` when the status differs from before, else what it was.
 * The same list comes back when nothing changed, so `before === after` tells whether there is something to write.
 */
export function setCondition(
  conditions: readonly Condition[] | undefined,
  condition: Omit<Condition, 'lastTransitionTime'>,
  now: Date = new Date(),
): Condition[] {
  const list = conditions ?? [];
  const old = getCondition(list, condition.type);
  const next: Condition = extended(condition, { lastTransitionTime: old?.status === condition.status ? old.lastTransitionTime : rfc3339(now) });
  if (!old) return [...list, next];
  const same = old.status === next.status && old.reason === next.reason && old.message === next.message
    && old.observedGeneration === next.observedGeneration;
  return same ? (list as Condition[]) : list.map((each) => (each.type === next.type ? next : each));
}

export const getCondition = (conditions: readonly Condition[] | undefined, type: string): Condition | undefined =>
  conditions?.find((each) => each.type === type);

export const isConditionTrue = (conditions: readonly Condition[] | undefined, type: string): boolean =>
  getCondition(conditions, type)?.status === 'True';

export const isConditionFalse = (conditions: readonly Condition[] | undefined, type: string): boolean =>
  getCondition(conditions, type)?.status === 'False';
