/**
 * The ObjectStore port: where objects live. Two implementations: SQLite (embedded) and a real Kubernetes API (cluster).
 * One conformance suite (`conformance.ts`) runs over both.
 *
 * Invariants
 * - One global, monotonic revision; an object's `metadata.resourceVersion` is the revision of its last write, as a decimal string.
 * - A promise of a write resolves only when the write is durable; readers and watchers see it only then.
 * - The store owns `uid`, `creationTimestamp`, `resourceVersion`, `generation`, `deletionTimestamp`.
 *   `update` changes everything but `status` (for resources with a status subresource), `updateStatus` changes only `status`, and of
 *   `metadata` only `managedFields`: those that it brings replace those that are there when it names the resourceVersion; a write without
 *   any, or of whatever is there, leaves them. Of a Namespace `updateStatus` that names the resourceVersion changes all of `metadata`.
 *   (A real API keeps managedFields by itself, of the writer that it sees.)
 *   `generation` rises when anything but metadata and status changes, and when deletionTimestamp is set.
 *   A write that changes nothing keeps the resourceVersion and makes no event.
 * - Deleting an object with finalizers sets `deletionTimestamp`; removing the last finalizer deletes it.
 * - Objects that come out are shared: never mutate them.
 */
import type { KubeObject, ResourceName } from '../../crds/meta';

export type { ResourceName } from '../../crds/meta';

/** One clause of a label selector. */
export interface LabelRequirement {
  key: string;
  operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist' | 'GreaterThan' | 'LessThan';
  values: string[];
}

/**
 * One clause of a field selector; `path` is dotted, e.g. `metadata.name`, `status.phase`, or several such, parted by `|`: the first that
 * holds something. Missing fields count as ''.
 */
export interface FieldRequirement {
  path: string;
  operator: '=' | '!=';
  value: string;
}

export interface Selection {
  /** '' or absent: all namespaces (or a cluster-scoped resource). */
  namespace?: string;
  labels?: LabelRequirement[];
  fields?: FieldRequirement[];
}

export interface ListOptions extends Selection {
  /** Page size; absent: everything. */
  limit?: number;
  /** Of the page before. All pages show the objects as they were at the first; when that is no longer known, Expired (`details.continue`). */
  continue?: string;
  /** The objects exactly as they were at this revision; not together with `continue`. Absent: as they are. */
  resourceVersion?: string;
}

export interface ListResult<T extends KubeObject> {
  /** Ordered by namespace, then name (code units); pages of several namespaces in the order that the store reads them. */
  items: T[];
  resourceVersion: string;
  continue?: string;
  remainingItemCount?: number;
}

export type WatchEventType = 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';

export interface WatchEvent<T extends KubeObject = KubeObject> {
  type: WatchEventType;
  /** DELETED carries the last state with the resourceVersion of the deletion; of an object that left the selection, its last state in it, with the resourceVersion of the change. BOOKMARK: only kind, apiVersion, metadata.resourceVersion. */
  object: T;
}

/** On the BOOKMARK that says: everything that was there when the watch began has been sent. */
export const INITIAL_EVENTS_END = 'k8s.io/initial-events-end';

export interface WatchOptions extends Selection {
  /** Events after this revision; absent or '0': first ADDED for everything that is there, then events. Never delivered from within `watch()`. */
  resourceVersion?: string;
  /**
   * true: everything that is there comes first, whatever `resourceVersion` says; it is then the least revision of what is there.
   * false: nothing of it; without `resourceVersion`, or with '0', events from now on.
   */
  initialEvents?: boolean;
  /** A BOOKMARK about once a minute, and one, annotated with INITIAL_EVENTS_END, after everything that is there. */
  bookmarks?: boolean;
}

export interface WatchHandler<T extends KubeObject = KubeObject> {
  /**
   * All events of one commit that match, in order; what was before the watch began comes in batches of any size. Other watches may be handed
   * the same array. Must not throw and must not block.
   */
  events(batch: readonly WatchEvent<T>[]): void;
  /**
   * Resolves when everything it was handed has been passed on: what is still owed from before the watch began waits in the store until then.
   * Asked by one at a time. Must not reject. Absent: at once.
   */
  drained?(): Promise<void> | undefined;
  /** The watch is over and delivers nothing more; with an error, list and watch anew. Not called after `stop()`. */
  end(error?: StoreError): void;
}

export interface Watch {
  stop(): void;
  /** Hands out a BOOKMARK of now, if bookmarks were asked for. Absent where the store cannot know of one. */
  bookmark?(): void;
}

export interface Preconditions {
  uid?: string;
  resourceVersion?: string;
}

export interface DeleteResult<T extends KubeObject> {
  /** As it was, or (finalizers left) as it now is with deletionTimestamp. */
  object: T;
  /** false while finalizers hold it. */
  gone: boolean;
}

/** `resourceVersion` in the object, when set, must match (Conflict otherwise); absent: unconditional. */
export type Operation<T extends KubeObject = KubeObject> =
  | { verb: 'create'; resource: ResourceName; object: T }
  | { verb: 'update'; resource: ResourceName; object: T }
  | { verb: 'updateStatus'; resource: ResourceName; object: T }
  | {
      verb: 'delete'; resource: ResourceName; namespace: string; name: string; preconditions?: Preconditions;
      /** Only if the operation before it, which must be of the same object, succeeded: otherwise it fails for the same reason. */
      follows?: true;
    };

export type Outcome<T extends KubeObject = KubeObject> = { ok: true; object: T } | { ok: false; error: StoreError };

export interface ObjectStore {
  get<T extends KubeObject>(resource: ResourceName, namespace: string, name: string): Promise<T | undefined>;
  /** @throws StoreError Invalid, Expired when the revision that is wanted is compacted, FutureVersion when it is ahead */
  list<T extends KubeObject>(resource: ResourceName, options?: ListOptions): Promise<ListResult<T>>;
  /**
   * A revision that is compacted (Expired), ahead of the newest (FutureVersion) or none (Invalid) is refused: by a StoreError thrown here,
   * or by the handler's `end` where only the far side knows.
   */
  watch<T extends KubeObject>(resource: ResourceName, options: WatchOptions, handler: WatchHandler<T>): Watch;
  /**
   * `metadata.name` or `generateName` must be set, `resourceVersion` must not. With a status subresource the status is dropped:
   * `updateStatus` sets it. @throws StoreError AlreadyExists, Invalid
   */
  create<T extends KubeObject>(resource: ResourceName, object: T): Promise<T>;
  /** @throws StoreError NotFound, Conflict */
  update<T extends KubeObject>(resource: ResourceName, object: T): Promise<T>;
  /** @throws StoreError NotFound, Conflict */
  updateStatus<T extends KubeObject>(resource: ResourceName, object: T): Promise<T>;
  /** @throws StoreError NotFound, Conflict (preconditions) */
  delete<T extends KubeObject>(resource: ResourceName, namespace: string, name: string, preconditions?: Preconditions): Promise<DeleteResult<T>>;
  /**
   * Several writes at once: each succeeds or fails for itself, those of one object in order; what succeeds is durable when it resolves
   * (SQLite: in one transaction; cluster: each for itself, so that some may be Unavailable while others are done). Rejects only when
   * nothing could be made durable. The outcome of a deletion may hold only kind and names.
   */
  batch(operations: Operation[]): Promise<Outcome[]>;
}

export type StoreErrorReason = 'NotFound' | 'AlreadyExists' | 'Conflict' | 'Invalid' | 'Expired' | 'FutureVersion' | 'Unavailable';

export class StoreError extends Error {
  constructor(
    readonly reason: StoreErrorReason,
    message: string,
    /** `continue`, of Expired: a token that goes on where the list stopped, over the objects as they are now. */
    readonly details: { resource?: ResourceName; name?: string; currentResourceVersion?: string; wantedResourceVersion?: string; continue?: string } = {},
    /** Of Unavailable: what failed beneath the store. Then `message` may name what is the operator's only, such as a path. */
    cause?: unknown,
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'StoreError';
  }
  /** Whether the same call may succeed later. */
  get retryable(): boolean {
    return this.reason === 'Unavailable' || this.reason === 'FutureVersion';
  }
}
