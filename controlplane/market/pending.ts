/**
 * All Tasks that wait to be placed, grouped per Job, and the Jobs in the order in which they are served.
 *
 * Invariant: a Task has at most one entry; a Job is listed while it has ready Tasks. Backoff (`notBefore`) is one heap and one timer.
 */
import { backoffLeftMs } from '../controllers/task/backoff';
import { JobQueue, PendingTask, type JobView } from './job-queue';
import { MinHeap } from './min-heap';
import { compareAge } from './rank';

export interface Clock {
  /** Milliseconds, monotonic. */
  now(): number;
  /** Milliseconds since the epoch. */
  wall(): number;
  setTimer(run: () => void, ms: number): () => void;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  setTimer: (run, ms) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

export interface TaskView {
  uid: string;
  name: string;
  index: number;
  jobUid: string;
  /** Number of the next attempt. */
  attempt: number;
  /** Milliseconds since the epoch; absent: at once. */
  notBefore?: number;
}

/** Timers longer than this are set again when they fire (setTimeout's limit is 2^31 − 1). */
const MAX_TIMER_MS = 3_600_000;

export class PendingTasks {
  private readonly queues = new Map<string, JobQueue>();
  private readonly tasks = new Map<string, PendingTask>();
  /** Tasks whose Job is not known yet. */
  private readonly orphans = new Map<string, Map<string, TaskView>>();
  /** Priority → namespace → queues by age. */
  private readonly levels = new Map<number, Map<string, JobQueue[]>>();
  private readonly delayed = new MinHeap<PendingTask>();
  private cancelTimer?: () => void;
  private timerAt = Infinity;

  /** @param changed called when a Task became ready or a Job may be placed again */
  constructor(private readonly clock: Clock, private readonly changed: (queue: JobQueue) => void) {}

  stop(): void {
    this.cancelTimer?.();
  }

  /** Tasks that wait, ready or in backoff. */
  get size(): number {
    let count = 0;
    for (const queue of this.queues.values()) count += queue.ready;
    return count + this.delayed.size;
  }

  job(uid: string): JobQueue | undefined {
    return this.queues.get(uid);
  }

  jobs(): Iterable<JobQueue> {
    return this.queues.values();
  }

  task(uid: string): PendingTask | undefined {
    return this.tasks.get(uid);
  }

  setJob(view: JobView): JobQueue {
    let queue = this.queues.get(view.uid);
    if (!queue) {
      queue = new JobQueue(view);
      this.queues.set(view.uid, queue);
      const waiting = this.orphans.get(view.uid);
      this.orphans.delete(view.uid);
      for (const task of waiting?.values() ?? []) this.setTask(task);
      return queue;
    }
    this.unlist(queue);
    queue.view = view;
    if (queue.ready > 0) this.list(queue);
    this.wake(queue);
    return queue;
  }

  /** Tasks of it that wait are dropped; leased ones end in their own way. */
  removeJob(uid: string): void {
    this.orphans.delete(uid);
    const queue = this.queues.get(uid);
    if (!queue) return;
    this.queues.delete(uid);
    this.unlist(queue);
    queue.view = { ...queue.view, blocked: true };
  }

  /** A Task is Pending: it waits unless it does already. */
  setTask(view: TaskView): void {
    const known = this.tasks.get(view.uid);
    if (known) {
      if (known.state === 'offered' || known.state === 'leased' || known.attempt === view.attempt) return;
      this.removeTask(view.uid);
    }
    const queue = this.queues.get(view.jobUid);
    if (!queue) {
      const waiting = this.orphans.get(view.jobUid) ?? new Map<string, TaskView>();
      this.orphans.set(view.jobUid, waiting.set(view.uid, view));
      return;
    }
    const task = new PendingTask(queue, view.uid, view.name, view.index, view.attempt, this.clock.now());
    this.tasks.set(view.uid, task);
    const delay = view.notBefore === undefined ? 0 : backoffLeftMs(view.notBefore, this.clock.wall());
    if (delay === 0) {
      this.makeReady(task);
      return;
    }
    this.delayed.push(this.clock.now() + delay, task);
    this.arm();
  }

  /** An attempt that is on already: leased, counted in its Job. Undefined: its Job is not known. */
  adopt(view: TaskView): PendingTask | undefined {
    const queue = this.queues.get(view.jobUid);
    if (!queue || this.tasks.has(view.uid)) return undefined;
    const task = new PendingTask(queue, view.uid, view.name, view.index, view.attempt, this.clock.now());
    task.state = 'leased';
    queue.active += 1;
    this.tasks.set(view.uid, task);
    return task;
  }

  /** A Task is gone, finished, or its attempt ended. */
  removeTask(uid: string, jobUid?: string): void {
    if (jobUid !== undefined) this.orphans.get(jobUid)?.delete(uid);
    const task = this.tasks.get(uid);
    if (!task) return;
    this.tasks.delete(uid);
    const wasActive = task.state === 'offered' || task.state === 'leased';
    task.queue.drop(task);
    if (task.queue.ready === 0) this.unlist(task.queue);
    // A place under `parallelism` became free.
    else if (wasActive && task.queue.view.parallelism !== undefined) this.wake(task.queue);
  }

  /** Offered, but not accepted. */
  giveBack(task: PendingTask): void {
    if (task.state === 'gone') return;
    const { queue } = task;
    queue.giveBack(task);
    this.list(queue);
    this.wake(queue);
  }

  /** After `queue.take`: an empty queue leaves the order. */
  taken(queue: JobQueue): void {
    if (queue.ready === 0) this.unlist(queue);
  }

  wake(queue: JobQueue): void {
    queue.dirty = true;
    if (queue.ready > 0) this.changed(queue);
  }

  get empty(): boolean {
    return this.levels.size === 0;
  }

  /** Highest priority first; per namespace the queues by age, as they are now. */
  *byPriority(): Iterable<ReadonlyMap<string, readonly JobQueue[]>> {
    for (const priority of [...this.levels.keys()].sort((a, b) => b - a)) {
      const level = this.levels.get(priority);
      if (level) yield level;
    }
  }

  private makeReady(task: PendingTask): void {
    const { queue } = task;
    const wasEmpty = queue.ready === 0;
    queue.push(task);
    if (!wasEmpty) return;
    this.list(queue);
    this.wake(queue);
  }

  private list(queue: JobQueue): void {
    const { priority, namespace } = queue.view;
    let level = this.levels.get(priority);
    if (!level) this.levels.set(priority, (level = new Map()));
    let queues = level.get(namespace);
    if (!queues) level.set(namespace, (queues = []));
    const at = position(queues, queue);
    if (queues[at] !== queue) queues.splice(at, 0, queue);
  }

  private unlist(queue: JobQueue): void {
    const { priority, namespace } = queue.view;
    const level = this.levels.get(priority);
    const queues = level?.get(namespace);
    if (!level || !queues) return;
    const at = position(queues, queue);
    if (queues[at] !== queue) return;
    queues.splice(at, 1);
    if (queues.length > 0) return;
    level.delete(namespace);
    if (level.size === 0) this.levels.delete(priority);
  }

  private arm(): void {
    const first = this.delayed.peekKey();
    if (first === undefined || first >= this.timerAt) return;
    this.cancelTimer?.();
    this.timerAt = first;
    const ms = Math.min(MAX_TIMER_MS, Math.max(1, Math.ceil(first - this.clock.now())));
    this.cancelTimer = this.clock.setTimer(() => this.due(), ms);
  }

  private due(): void {
    this.timerAt = Infinity;
    const now = this.clock.now();
    for (let first = this.delayed.peekKey(); first !== undefined && first <= now; first = this.delayed.peekKey()) {
      const task = this.delayed.pop() as PendingTask;
      if (task.state === 'waiting') this.makeReady(task);
    }
    this.arm();
  }
}

/** Where the queue is, or would be, in a list ordered by age. */
function position(queues: readonly JobQueue[], queue: JobQueue): number {
  let low = 0;
  let high = queues.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compareAge((queues[middle] as JobQueue).view, queue.view) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
