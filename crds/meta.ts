/**
 * The parts of Kubernetes' object model that every resource shares.
 * Objects that come out of a store or a cache are shared between readers: treat them as read-only
 * and build a new object to change one.
 */

/** Group and version of Gleaner's own resources. */
export const GROUP = 'gleaner.dev';
export const VERSION = 'v1alpha1';
export const API_VERSION = `${GROUP}/${VERSION}`;

export interface OwnerReference {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller?: boolean;
  blockOwnerDeletion?: boolean;
}

export interface ObjectMeta {
  name: string;
  namespace?: string;
  generateName?: string;
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  /** RFC 3339, whole seconds, UTC. */
  creationTimestamp?: string;
  deletionTimestamp?: string;
  deletionGracePeriodSeconds?: number;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  finalizers?: string[];
  ownerReferences?: OwnerReference[];
  /** Kept by the API server; whoever writes past it leaves them as they are. */
  managedFields?: ManagedFieldsEntry[];
}

/** What one manager owns of an object, by the way and the version that it wrote in. */
export interface ManagedFieldsEntry {
  manager?: string;
  operation: 'Apply' | 'Update';
  apiVersion: string;
  /** RFC 3339, whole seconds, UTC. */
  time?: string;
  fieldsType: 'FieldsV1';
  /** The owned fields as a tree: `{"f:spec": {"f:completions": {}}}`. */
  fieldsV1: object;
  /** Written through it; absent: the object itself. */
  subresource?: string;
}

/** Any Kubernetes object. Fields beyond metadata differ per kind. */
export interface KubeObject {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
}

export type ConditionStatus = 'True' | 'False' | 'Unknown';

export interface Condition {
  type: string;
  status: ConditionStatus;
  /** CamelCase, machine-readable. */
  reason: string;
  /** For people: says the numbers and the way out. */
  message: string;
  lastTransitionTime: string;
  observedGeneration?: number;
}

/**
 * A resource's full name as in `kubectl get jobs.gleaner.dev`: `<plural>.<group>`, or just `<plural>` in the core group.
 */
export type ResourceName = string;

export const JOBS: ResourceName = `jobs.${GROUP}`;
export const TASKS: ResourceName = `tasks.${GROUP}`;
export const AGENTS: ResourceName = `agents.${GROUP}`;
export const RATE_TIERS: ResourceName = `ratetiers.${GROUP}`;
export const RUNTIMES: ResourceName = `runtimes.${GROUP}`;
export const ACCOUNTS: ResourceName = `accounts.${GROUP}`;
export const EVENTS: ResourceName = 'events';
export const NAMESPACES: ResourceName = 'namespaces';
