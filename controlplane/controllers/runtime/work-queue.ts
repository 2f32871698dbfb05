/**
 * Keys to be worked on, each at most once in the queue and never by two workers at once.
 *
 * ```
 *            add                take              done
 *  (nothing) ───► waiting ────────────► in work ─────────► (nothing)
 *      │             ▲                    │ add: again        │
 *      └─ addAfter ──┘ (when due)         └──────► waiting ◄──┘ (when it was added meanwhile)
 * ```
 * A key that is added while it waits, or while it is in work, is worked on once more, however often it was added.
 *
 * Bound: `maxKeys` keys wait; one more is not kept, `add` returns false, and `overflowed` says that something was missed, so that
 * the owner lists everything again when there is room. Keys that are due later are bounded in the same way.
 */
import { systemClock, type Clock } from './clock';
import { DueHeap } from './due-heap';

export interface WorkQueueOptions {
  clock?: Clock;
  random?: () => number;
  maxKeys?: number;
  /** First wait of addRateLimited for a key; doubled each time. */
  baseDelayMs?: number;
  maxDelayMs?: number;
  /** Over all keys: so many rate-limited additions a second, after a burst of `burst`. */
  overallPerSecond?: number;
  burst?: number;
}

export class WorkQueue {
  private readonly waiting = new Set<string>();
  private readonly inWork = new Set<string>();
  private readonly again = new Set<string>();
  private readonly later = new DueHeap();
  private readonly failures = new Map<string, number>();
  private readonly clock: Clock;
  private readonly random: () => number;
  private readonly options: Required<Omit<WorkQueueOptions, 'clock' | 'random'>>;
  private tokens: number;
  private tokensAt: number;
  private cancelTimer: (() => void) | undefined;
  private timerDue = Number.POSITIVE_INFINITY;
  private missed = false;
  private stopped = false;

  /** @param onReady called synchronously whenever a key starts to wait; must be cheap. */
  constructor(
    private readonly onReady: () => void,
    { clock = systemClock, random = Math.random, ...limits }: WorkQueueOptions = {},
  ) {
    this.clock = clock;
    this.random = random;
    this.options = { maxKeys: 1_000_000, baseDelayMs: 5, maxDelayMs: 60_000, overallPerSecond: 100, burst: 1000, ...limits };
    this.tokens = this.options.burst;
    this.tokensAt = clock.now();
  }

  /** Keys that wait to be taken now. */
  get depth(): number {
    return this.waiting.size;
  }

  /** Half of maxKeys is free. */
  get hasRoom(): boolean {
    return !this.stopped && this.waiting.size <= this.options.maxKeys / 2 && this.later.size <= this.options.maxKeys / 2;
  }

  /** True once after keys were refused for want of room, when there is room again. */
  takeOverflow(): boolean {
    if (!this.missed || !this.hasRoom) return false;
    this.missed = false;
    return true;
  }

  /** False when there is no room for it. */
  add(key: string): boolean {
    if (this.stopped) return false;
    this.later.delete(key);
    if (this.waiting.has(key)) return true;
    if (this.inWork.has(key)) {
      this.again.add(key);
      return true;
    }
    if (this.waiting.size >= this.options.maxKeys) {
      this.missed = true;
      return false;
    }
    this.waiting.add(key);
    this.onReady();
    return true;
  }

  /** Adds the key `ms` from now; when it is to be added earlier already, nothing changes. */
  addAfter(key: string, ms: number): boolean {
    if (ms <= 0) return this.add(key);
    if (this.stopped || this.waiting.has(key)) return !this.stopped;
    const due = this.clock.now() + ms;
    const known = this.later.dueOf(key);
    if (known !== undefined && known <= due) return true;
    if (known === undefined && this.later.size >= this.options.maxKeys) {
      this.missed = true;
      return false;
    }
    this.later.set(key, due);
    this.armTimer();
    return true;
  }

  /** Takes back an addAfter. */
  cancelLater(key: string): void {
    this.later.delete(key);
  }

  /** Adds the key after a wait that doubles with every call since `forget`, and is longer when many keys fail. */
  addRateLimited(key: string): void {
    const { baseDelayMs, maxDelayMs } = this.options;
    const failures = this.failures.get(key) ?? 0;
    if (failures > 0 || this.failures.size < this.options.maxKeys) this.failures.set(key, failures + 1);
    const own = Math.min(baseDelayMs * 2 ** Math.min(failures, 40), maxDelayMs) * (0.9 + 0.2 * this.random());
    this.addAfter(key, Math.max(own, this.overallDelayMs()));
  }

  /** The key did well: its next addRateLimited starts from the shortest wait again. */
  forget(key: string): void {
    this.failures.delete(key);
  }

  /** How often addRateLimited was called for the key since `forget`. */
  failuresOf(key: string): number {
    return this.failures.get(key) ?? 0;
  }

  /** The key that waits longest; whoever takes it calls `done`. */
  take(): string | undefined {
    for (const key of this.waiting) {
      this.waiting.delete(key);
      this.inWork.add(key);
      return key;
    }
    return undefined;
  }

  done(key: string): void {
    this.inWork.delete(key);
    if (this.again.delete(key)) this.add(key);
  }

  /** Forgets every key and takes no more. */
  stop(): void {
    this.stopped = true;
    this.cancelTimer?.();
    this.cancelTimer = undefined;
    this.waiting.clear();
    this.again.clear();
    this.later.clear();
    this.failures.clear();
  }

  private overallDelayMs(): number {
    const { overallPerSecond, burst } = this.options;
    const now = this.clock.now();
    this.tokens = Math.min(burst, this.tokens + ((now - this.tokensAt) / 1000) * overallPerSecond) - 1;
    this.tokensAt = now;
    return this.tokens >= 0 ? 0 : (-this.tokens / overallPerSecond) * 1000;
  }

  private armTimer(): void {
    const due = this.later.nextDue;
    if (due === undefined || (this.cancelTimer && this.timerDue <= due)) return;
    this.cancelTimer?.();
    this.timerDue = due;
    this.cancelTimer = this.clock.after(due - this.clock.now(), () => {
      this.cancelTimer = undefined;
      this.timerDue = Number.POSITIVE_INFINITY;
      const now = this.clock.now();
      for (let key = this.later.takeDue(now); key !== undefined; key = this.later.takeDue(now)) this.add(key);
      this.armTimer();
    });
  }
}
