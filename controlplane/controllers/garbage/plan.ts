/**
 * What becomes of an object that has owners: the rules of Kubernetes' garbage collector. Pure.
 *
 * | owners | it |
 * |---|---|
 * | one that is there | stays, without the references to those that are gone or wait for it |
 * | none there, one waits for its dependents | goes; in the foreground too when it has dependents of its own |
 * | all gone | goes |
 * | one that nothing is known of | stays as it is |
 */
import type { KubeObject, OwnerReference } from '../../../crds/meta';

export const FOREGROUND = 'foregroundDeletion';
export const ORPHAN = 'orphan';

/** Waiting: it is held until its dependents are gone. Unknown: of a kind that is not collected, or of a place that cannot be meant. */
export type OwnerState = 'solid' | 'waiting' | 'dangling' | 'unknown';

export type Fate =
  | { kind: 'keep' }
  /** Without its references to owners with these uids. */
  | { kind: 'unlink'; owners: readonly string[] }
  /** `unblock`: its owners need not wait for it, for one of its dependents is itself on its way out. */
  | { kind: 'delete'; foreground: boolean; unblock: boolean };

/** @param stateOf of each owner */
export function fateOf(
  { metadata: { ownerReferences = [] } }: KubeObject,
  stateOf: (owner: OwnerReference) => OwnerState,
  dependents: { any: boolean; waiting: boolean },
): Fate {
  const states = ownerReferences.map((owner) => ({ uid: owner.uid, state: stateOf(owner) }));
  if (states.length === 0 || states.some(({ state }) => state === 'unknown')) return { kind: 'keep' };
  const gone = states.filter(({ state }) => state !== 'solid').map(({ uid }) => uid);
  if (gone.length < states.length) return gone.length === 0 ? { kind: 'keep' } : { kind: 'unlink', owners: gone };
  const foreground = dependents.any && states.some(({ state }) => state === 'waiting');
  return { kind: 'delete', foreground, unblock: foreground && dependents.waiting };
}

/** Whether it is held until its dependents are gone. */
export const isWaiting = ({ metadata }: KubeObject): boolean => metadata.deletionTimestamp !== undefined && (metadata.finalizers ?? []).includes(FOREGROUND);

/** Whether its owner with this uid has to wait for it. */
export const blocks = ({ metadata }: KubeObject, owner: string): boolean => (metadata.ownerReferences ?? []).some(({ uid, blockOwnerDeletion }) => uid === owner && blockOwnerDeletion === true);

export function withoutOwners(object: KubeObject, owners: readonly string[]): KubeObject {
  const { ownerReferences = [], ...metadata } = object.metadata;
  const gone = new Set(owners);
  const left = ownerReferences.filter(({ uid }) => !gone.has(uid));
  return { ...object, metadata: { ...metadata, ...(left.length > 0 && { ownerReferences: left }) } };
}

/** As an object that goes in the foreground is written before it is deleted. */
export function inForeground(object: KubeObject, unblock: boolean): KubeObject {
  const { finalizers = [], ownerReferences = [] } = object.metadata;
  return {
    ...object,
    metadata: {
      ...object.metadata,
      finalizers: finalizers.includes(FOREGROUND) ? finalizers : [...finalizers, FOREGROUND],
      ownerReferences: unblock ? ownerReferences.map((owner) => ({ ...owner, blockOwnerDeletion: false })) : ownerReferences,
    },
  };
}
