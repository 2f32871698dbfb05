/**
 * What to do about the Lease (coordination.k8s.io/v1) that says which replica leads. Pure.
 *
 * Clocks of machines differ, so no time in the Lease is compared with ours: a Lease is over when it did not change for its duration by
 * our own monotonic clock, counted from when we first saw it as it is. The times in it are for people.
 */
export interface Lease {
  apiVersion: 'coordination.k8s.io/v1';
  kind: 'Lease';
  metadata: { name: string; namespace: string; resourceVersion?: string; uid?: string; annotations?: Record<string, string>; [field: string]: unknown };
  spec?: {
    /** '' or absent: given back. */
    holderIdentity?: string;
    leaseDurationSeconds?: number;
    acquireTime?: string;
    renewTime?: string;
    leaseTransitions?: number;
  };
}

/** Where the holder's port is reached by other replicas: `10.0.3.7:7643`. */
export const ADDRESS_ANNOTATION = 'gleaner.dev/address';

export interface Candidate {
  name: string;
  namespace: string;
  /** Of this process, never used again. */
  identity: string;
  address: string;
  durationSeconds: number;
}

export interface Holder {
  identity: string;
  address: string;
}

export type LeaseStep = { step: 'create' | 'take' | 'renew'; lease: Lease } | { step: 'wait' };

export const holderOf = (lease: Lease | undefined): Holder | undefined => {
  const identity = lease?.spec?.holderIdentity;
  return identity ? { identity, address: lease.metadata.annotations?.[ADDRESS_ANNOTATION] ?? '' } : undefined;
};

/**
 * @param unchangedMs for how long the Lease was seen as it is
 * @param wall for people
 */
export function planLease(lease: Lease | undefined, unchangedMs: number, candidate: Candidate, wall: Date): LeaseStep {
  const { name, namespace, identity, address, durationSeconds } = candidate;
  const time = `${wall.toISOString().slice(0, -1)}000Z`;
  const spec = { holderIdentity: identity, leaseDurationSeconds: durationSeconds, renewTime: time };
  const base = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' } as const;
  if (!lease) {
    return { step: 'create', lease: { ...base, metadata: { name, namespace, annotations: { [ADDRESS_ANNOTATION]: address } }, spec: { ...spec, acquireTime: time, leaseTransitions: 0 } } };
  }
  const metadata = { ...lease.metadata, annotations: { ...lease.metadata.annotations, [ADDRESS_ANNOTATION]: address } };
  const holder = holderOf(lease);
  if (holder?.identity === identity) return { step: 'renew', lease: { ...base, metadata, spec: { ...lease.spec, ...spec } } };
  if (holder && unchangedMs < durationMs(lease, durationSeconds)) return { step: 'wait' };
  return { step: 'take', lease: { ...base, metadata, spec: { ...spec, acquireTime: time, leaseTransitions: (lease.spec?.leaseTransitions ?? 0) + 1 } } };
}

/** What its holder counts with; what makes no sense counts as ours. */
export function durationMs(lease: Lease, ours: number): number {
  const seconds = lease.spec?.leaseDurationSeconds;
  return 1000 * (seconds !== undefined && seconds >= 1 && seconds <= 3600 ? seconds : ours);
}

/** The same Lease, given back: who waits need not wait for its end. */
export function givenBack(lease: Lease): Lease {
  const { [ADDRESS_ANNOTATION]: _gone, ...annotations } = lease.metadata.annotations ?? {};
  return { ...lease, metadata: { ...lease.metadata, annotations }, spec: { ...lease.spec, holderIdentity: '', leaseDurationSeconds: 1 } };
}
