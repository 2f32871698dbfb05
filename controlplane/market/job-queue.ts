/** The waiting Tasks of one Job. */
import type { Parked } from './fit';
import type { Amounts, Shape } from './match';

/** What the market needs to know of a Job. A new one replaces the old one. */
export interface JobView {
  uid: string;
  namespace: string;
  name: string;
  /** Milliseconds since the epoch. */
  createdAt: number;
  /** Capped by the tier. */
  priority: number;
  /** At most this many attempts at once; absent: no limit. */
  parallelism?: number;
  /** Suspended, finished or being deleted: nothing new is offered. */
  blocked: boolean;
  /** What one attempt takes. */
  amounts: Amounts;
  /** Absent when its Runtime or RateTier is missing; `unschedulable` says so. */
  shape?: Shape;
  unschedulable?: string;
  /** Micro-credits that one attempt holds. */
  holdMicro: bigint;
  /** The budget, micro-credits. */
  maxJobMicro?: bigint;
}

/**
 * ```
 * waiting (notBefore) ──► ready ◄──► offered ──► leased
 *      └────────────────────┴───────────┴───────────┴──► gone
 * ```
 * gone is final: a Task that is to be tried again comes as a new PendingTask.
 */
export type PendingState = 'waiting' | 'ready' | 'offered' | 'leased' | 'gone';

/** One attempt that is to be placed. */
export class PendingTask {
  state: PendingState = 'waiting';

  constructor(
    readonly queue: JobQueue,
    readonly uid: string,
    readonly name: string,
    readonly index: number,
    /** Number of the attempt that would run. */
    readonly attempt: number,
    /** When it became pending, milliseconds of the monotonic clock. */
    readonly since: number,
  ) {}

  /** The LeaseId that accepting it gives. */
  get lease(): string {
    return `${this.uid}/${this.attempt}`;
  }
}

const COMPACT_AT = 1024;

/**
 * First in, first out; what was given back goes first. Taking and giving back are O(1): what left meanwhile is skipped when it
 * comes up, and the skipped part of the array is cut off once it is the larger half.
 */
export class JobQueue {
  parked?: Parked;
  /** Offered or leased attempts. */
  active = 0;
  /** Its Tasks in state ready. */
  ready = 0;
  /** Something changed that may let it be placed on agents that were tried before. */
  dirty = true;
  private fifo: PendingTask[] = [];
  private head = 0;
  private readonly returned: PendingTask[] = [];

  constructor(public view: JobView) {}

  /** How many may be taken now. */
  available(): number {
    const { view } = this;
    if (view.blocked || this.parked || !view.shape) return 0;
    return view.parallelism === undefined ? this.ready : Math.max(0, Math.min(this.ready, view.parallelism - this.active));
  }

  push(task: PendingTask): void {
    task.state = 'ready';
    this.ready += 1;
    this.fifo.push(task);
  }

  /** Up to `max` of them, which count as active from now on. */
  take(max: number): PendingTask[] {
    const taken: PendingTask[] = [];
    const count = Math.min(max, this.available());
    while (taken.length < count) {
      const task = this.returned.pop() ?? this.fifo[this.head++];
      if (!task) break;
      if (task.state !== 'ready') continue;
      task.state = 'offered';
      taken.push(task);
    }
    if (this.head > COMPACT_AT && this.head * 2 > this.fifo.length) {
      this.fifo = this.fifo.slice(this.head);
      this.head = 0;
    }
    this.ready -= taken.length;
    this.active += taken.length;
    return taken;
  }

  /** An offered one was not accepted. */
  giveBack(task: PendingTask): void {
    if (task.state !== 'offered' && task.state !== 'leased') return;
    this.active -= 1;
    this.ready += 1;
    task.state = 'ready';
    this.returned.push(task);
  }

  /** Takes a Task out, whatever its state. Its slot in the array is skipped later. */
  drop(task: PendingTask): void {
    if (task.state === 'ready') this.ready -= 1;
    if (task.state === 'offered' || task.state === 'leased') this.active -= 1;
    task.state = 'gone';
  }
}
