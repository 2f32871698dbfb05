/** Conditions of definitions. */
import type { CrdCondition, CrdStatus, CustomResourceDefinition } from '../resources/crd';

export type NewCondition = Required<Pick<CrdCondition, 'type' | 'status' | 'reason' | 'message'>>;

export function conditionOf({ status }: Pick<CustomResourceDefinition, 'status'>, type: string): CrdCondition | undefined {
  return status?.conditions?.find((condition) => condition.type === type);
}

export const isTrue = (crd: Pick<CustomResourceDefinition, 'status'>, type: string): boolean => conditionOf(crd, type)?.status === 'True';

/** `status` with the condition; its time changes with its status only. */
export function withCondition(status: CrdStatus, condition: NewCondition, now: string): CrdStatus {
  const conditions = status.conditions ?? [];
  const before = conditions.find(({ type }) => type === condition.type);
  const { type, status: value, reason, message } = condition;
  const next: CrdCondition = { type, status: value, lastTransitionTime: before?.status === value ? before.lastTransitionTime : now, reason, message };
  return { ...status, conditions: before ? conditions.map((each) => (each === before ? next : each)) : [...conditions, next] };
}

/** RFC 3339, whole seconds. */
export const timestamp = (now: number): string => `${new Date(now).toISOString().slice(0, 19)}Z`;

export const TERMINATING: NewCondition = {
  type: 'Terminating',
  status: 'True',
  reason: 'InstanceDeletionPending',
  message: 'CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon',
};
export const IN_PROGRESS: NewCondition = { ...TERMINATING, reason: 'InstanceDeletionInProgress', message: 'CustomResource deletion is in progress' };
