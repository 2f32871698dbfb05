/**
 * The last changes of all resources, in memory, for watches that resume and for pages of a list that other writes overtook.
 * Bounded by count and by the bytes of the objects. At least the newest change stays.
 *
 * Invariant: every change after `floor` is here. What falls out makes rows of the log superfluous: the version before it and, when
 * it was a deletion, the change itself.
 */
import type { KubeObject } from '../../../crds/meta';
import type { Table } from './table';

export interface Change {
  revision: number;
  table: Table;
  key: string;
  /** The version before; absent for a creation. */
  previous: KubeObject | undefined;
  /** The new version, or the last state of a deleted object. */
  object: KubeObject;
  deleted: boolean;
  /** `object` as JSON. */
  bytes: Buffer;
}

export interface HistoryLimits {
  maxChanges: number;
  maxBytes: number;
}

export class History {
  /** Changes start at `head`; what is before it is let go in one piece now and then. */
  private changes: (Change | undefined)[] = [];
  private head = 0;
  private bytes = 0;
  private compacted = 0;
  private readonly encoded = new Map<KubeObject, Buffer>();

  constructor(
    private readonly limits: HistoryLimits,
    /** Revisions up to this one are not (all) here. */
    private oldest: number,
    /** Told of each change that fell out. */
    private readonly evicted: (change: Change) => void,
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
    this.encoded.set(change.object, change.bytes);
    while (this.size > 1 && (this.size > this.limits.maxChanges || this.bytes > this.limits.maxBytes)) this.shift();
  }

  /** The bytes of an object whose change is still here. */
  bytesOf(object: KubeObject): Buffer | undefined {
    return this.encoded.get(object);
  }

  /** Changes after `revision`, oldest first. */
  *after(revision: number): Generator<Change> {
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

  private shift(): void {
    const change = this.changes[this.head];
    this.changes[this.head++] = undefined;
    if (this.head > 1024 && this.head * 2 > this.changes.length) {
      this.changes = this.changes.slice(this.head);
      this.head = 0;
    }
    if (!change) return;
    this.bytes -= change.bytes.length;
    this.encoded.delete(change.object);
    this.oldest = change.revision;
    this.evicted(change);
  }
}
