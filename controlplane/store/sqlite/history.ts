/**
 * The last changes of all resources, for watches that resume and for pages of a list that other writes overtook. Bounded by count and by the
 * bytes of the objects. At least the newest change stays.
 *
 * Only the newest of them are held in memory with their objects, as that is what is asked for most; of the others the objects are read from
 * the log when somebody asks. It has them: invariant, every change after `floor` is here, and only what falls out makes rows of the log
 * superfluous: the version before it and, when it was a deletion, the change itself.
 */
import type { KubeObject } from '../../../crds/meta';
import type { Table } from './table';

export interface Occurrence {
  readonly revision: number;
  readonly table: Table;
  readonly key: string;
  readonly deleted: boolean;
  /** The version before; absent for a creation. May have to be read, each time it is asked for, and may throw then. */
  readonly previous: KubeObject | undefined;
  /** The new version, or the last state of a deleted object. May have to be read as well. */
  readonly object: KubeObject;
}

export interface Change extends Occurrence {
  /** `object` as JSON. */
  bytes: Buffer;
}

/** The log, as far as the history needs it. */
export interface Versions {
  /** The version that was written as this revision. @throws Error when it cannot be read */
  read(revision: number): KubeObject;
}

export interface HistoryLimits {
  maxChanges: number;
  maxBytes: number;
  /** Of those, how many are held with their objects at most. */
  maxHeldChanges: number;
  maxHeldBytes: number;
}

/** A change without its objects. */
export class Past implements Occurrence {
  constructor(
    readonly revision: number,
    readonly table: Table,
    readonly key: string,
    readonly deleted: boolean,
    readonly previousRevision: number | undefined,
    readonly size: number,
    private readonly versions: Versions,
  ) {}

  get previous(): KubeObject | undefined {
    return this.previousRevision === undefined ? undefined : this.versions.read(this.previousRevision);
  }

  get object(): KubeObject {
    const current = this.table.committed.get(this.key);
    return current !== undefined && revisionOf(current) === this.revision ? current : this.versions.read(this.revision);
  }
}

/** Whether there is no version before; reads nothing. */
export const isCreation = (change: Occurrence): boolean => (change instanceof Past ? change.previousRevision : change.previous) === undefined;

const revisionOf = (object: KubeObject): number => Number(object.metadata.resourceVersion);
const revisionBefore = (change: Change | Past): number | undefined => (change instanceof Past ? change.previousRevision : change.previous && revisionOf(change.previous));
const sizeOf = (change: Change | Past): number => (change instanceof Past ? change.size : change.bytes.length);

/** A change that has to be read from the log counts as at least so many bytes: reading takes its time for a small one, too. */
const READ_BYTES = 640;
/** What it costs to go through this change, in bytes of its object. */
export const weightOf = (change: Change | Past): number => (change instanceof Past ? Math.max(change.size, READ_BYTES) : change.bytes.length);

/** What fell out: revisions of rows of the log that nobody needs any more. */
export type Evicted = (superfluous: readonly number[]) => void;

export class History {
  /** Changes start at `head`; what is before it is let go in one piece now and then. From `held` on they are held with their objects. */
  private changes: (Change | Past | undefined)[] = [];
  private head = 0;
  private held = 0;
  private bytes = 0;
  private compacted = 0;
  private heldBytes = 0;
  private readonly encoded = new Map<KubeObject, Buffer>();

  constructor(
    private readonly limits: HistoryLimits,
    /** Revisions up to this one are not (all) here. */
    private oldest: number,
    private readonly versions: Versions,
    private readonly evicted: Evicted,
  ) {}

  get floor(): number {
    return this.oldest;
  }

  /** The oldest revision that lists show. */
  get listed(): number {
    return Math.max(this.oldest, this.compacted);
  }

  /** From now on lists show nothing before `revision`. */
  compact(revision: number): void {
    this.compacted = Math.max(this.compacted, revision);
  }

  get size(): number {
    return this.changes.length - this.head;
  }

  push(change: Change): void {
    this.changes.push(change);
    this.bytes += change.bytes.length;
    this.heldBytes += change.bytes.length;
    this.encoded.set(change.object, change.bytes);
    const { maxHeldChanges, maxHeldBytes } = this.limits;
    while (this.held < this.changes.length - 1 && (this.changes.length - this.held > maxHeldChanges || this.heldBytes > maxHeldBytes)) this.release();
    while (this.size > 1 && (this.size > this.limits.maxChanges || this.bytes > this.limits.maxBytes)) this.shift();
  }

  /** The bytes of an object whose change is still held. */
  bytesOf(object: KubeObject): Buffer | undefined {
    return this.encoded.get(object);
  }

  /** Changes after `revision`, oldest first. */
  *after(revision: number): Generator<Change | Past> {
    for (let i = this.firstAfter(revision); i < this.changes.length; i++) {
      const change = this.changes[i];
      if (change) yield change;
    }
  }

  private firstAfter(revision: number): number {
    let low = this.head;
    let high = this.changes.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.changes[middle]?.revision ?? 0) <= revision) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Lets the objects of the oldest change go that is held with them. */
  private release(): void {
    const at = this.held++;
    const change = this.changes[at];
    if (!change || change instanceof Past) return;
    this.forget(change);
    this.changes[at] = new Past(change.revision, change.table, change.key, change.deleted, revisionBefore(change), change.bytes.length, this.versions);
  }

  private forget(change: Change): void {
    this.heldBytes -= change.bytes.length;
    this.encoded.delete(change.object);
  }

  private shift(): void {
    const change = this.changes[this.head];
    this.changes[this.head++] = undefined;
    this.held = Math.max(this.held, this.head);
    if (this.head > 1024 && this.head * 2 > this.changes.length) {
      this.changes = this.changes.slice(this.head);
      this.held -= this.head;
      this.head = 0;
    }
    if (!change) return;
    this.bytes -= sizeOf(change);
    if (!(change instanceof Past)) this.forget(change);
    this.oldest = change.revision;
    const before = revisionBefore(change);
    this.evicted([...(before === undefined ? [] : [before]), ...(change.deleted ? [change.revision] : [])]);
  }
}
