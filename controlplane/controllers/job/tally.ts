/**
 * What is known of one Job's Tasks, kept up to date change by change, so that a reconcile of a big Job costs what changed and
 * not what there is. In memory only; built anew from the Job's status and its Tasks after a restart.
 *
 * An index is in one of four places:
 * ```
 *              expect                Task seen                 Task finished           status durable        Task gone
 *  (not made) ───────► expected ───────────────► live, open ───────────────► unfolded ───────────────► folded ───────► (counted)
 *       ▲                  │ not created             │ deleted by somebody
 *       └──────────────────┴─────────────────────────┘ (a hole: made again)
 * ```
 * Invariant: `succeeded` and `failed` only grow, share no index, and hold every index of the last durable status; an index enters
 * one of them once, however often its Task is told as finished. Only a `folded` Task may be deleted.
 */
import { IndexRanges } from '../../../crds/index-ranges';
import type { JobStatus } from '../../../crds/job';
import { isEnded, taskPhase } from '../../../crds/status';
import type { Attempt, Task, TaskPhase } from '../../../crds/task';

/** Progress is summed up in whole millionths: adding and subtracting floats would drift. */
const PROGRESS_UNITS = 1_000_000;

/** After so long a Task that was created and never seen may be created again. */
export const EXPECTATION_MS = 30_000;

export interface LiveTask {
  task: Task;
  phase: TaskPhase;
  progress: number;
  /** The attempt that is on. */
  open: Attempt | undefined;
}

export class Tally {
  readonly succeeded: IndexRanges;
  readonly failed: IndexRanges;
  /** Task objects by index. */
  readonly live = new Map<number, LiveTask>();
  /** Finished Tasks whose index is not in a durable status yet; those whose index is. */
  readonly unfolded = new Set<number>();
  readonly folded = new Set<number>();
  /** Indexes whose Task was created (or is being created) and not seen yet → when to give up waiting. */
  readonly expected = new Map<number, number>();
  /** Running, Pending and Cancelled Tasks. */
  running = 0;
  pending = 0;
  cancelled = 0;
  /** Earliest lease of any Task seen, RFC 3339. */
  firstLeasedAt: string | undefined;
  private progressSum = 0;
  private readonly holes = new Set<number>();
  private cursor = 0;
  private texts = { succeeded: { count: -1, text: '' }, failed: { count: -1, text: '' } };

  constructor(readonly jobUid: string, readonly total: number, status: JobStatus | undefined, tasks: Iterable<Task>) {
    this.succeeded = IndexRanges.parse(status?.completedIndexes);
    this.failed = IndexRanges.parse(status?.failedIndexes);
    const durable = [this.succeeded.clone(), this.failed.clone()];
    for (const task of tasks) this.put(task);
    this.fold([...this.unfolded].filter((index) => durable.some((set) => set.has(index))));
  }

  /** Tasks that exist and are not finished. */
  get open(): number {
    return this.running + this.pending;
  }

  /** Sum of the progress of running Tasks, in Tasks. */
  get runningProgress(): number {
    return this.progressSum / PROGRESS_UNITS;
  }

  /** Indexes whose Task was never made, or is gone without an end. */
  get unmade(): number {
    return Math.max(0, this.total - this.succeeded.count - this.failed.count - this.open - this.cancelled - this.expected.size);
  }

  get completedIndexes(): string {
    return this.text('succeeded');
  }

  get failedIndexes(): string {
    return this.text('failed');
  }

  /** A Task as it now is. */
  put(task: Task): void {
    const { index } = task.spec;
    this.forget(index);
    this.expected.delete(index);
    this.holes.delete(index);
    const phase = taskPhase(task);
    const progress = phase === 'Running' ? Math.round((task.status?.progress ?? 0) * PROGRESS_UNITS) : 0;
    this.live.set(index, { task, phase, progress, open: task.status?.attempts?.find((each) => !isEnded(each)) });
    this.count(phase, 1);
    this.progressSum += progress;
    const leasedAt = task.status?.attempts?.[0]?.leasedAt;
    if (leasedAt && (!this.firstLeasedAt || leasedAt < this.firstLeasedAt)) this.firstLeasedAt = leasedAt;
    this.countFinished(index, phase);
    if (phase === 'Succeeded' || phase === 'Failed') if (!this.folded.has(index)) this.unfolded.add(index);
  }

  /** A Task is gone; what its last state says of its end still counts. */
  remove(task: Task): void {
    const { index } = task.spec;
    const known = this.live.get(index);
    if (known && known.task.metadata.uid !== task.metadata.uid) return;
    this.forget(index);
    this.unfolded.delete(index);
    this.folded.delete(index);
    const phase = taskPhase(task);
    this.countFinished(index, phase);
    if (!this.isCounted(index)) this.holes.add(index);
  }

  /** A status with these indexes is durable. */
  fold(indexes: Iterable<number>): void {
    for (const index of indexes) if (this.unfolded.delete(index)) this.folded.add(index);
  }

  isCounted(index: number): boolean {
    return this.succeeded.has(index) || this.failed.has(index);
  }

  /** The next `count` indexes to make Tasks of, lowest first as they were never made. They count as expected from now. */
  expect(count: number, now: number): number[] {
    const indexes: number[] = [];
    for (const index of this.holes) {
      if (indexes.length >= count) break;
      this.holes.delete(index);
      if (!this.isCounted(index) && !this.live.has(index)) indexes.push(index);
    }
    while (indexes.length < count && this.cursor < this.total) {
      const next = this.failed.nextMissing(this.succeeded.nextMissing(this.cursor));
      if (next >= this.total) {
        this.cursor = this.total;
        break;
      }
      this.cursor = this.isCounted(next) ? next : next + 1;
      if (!this.isCounted(next) && !this.live.has(next) && !this.expected.has(next)) indexes.push(next);
    }
    for (const index of indexes) this.expected.set(index, now + EXPECTATION_MS);
    return indexes;
  }

  /** The Task of an expected index was not created: it is to be made again. */
  unexpect(index: number): void {
    if (this.expected.delete(index)) this.holes.add(index);
  }

  /** Gives up waiting for Tasks that were created and never seen. Returns when the next one is to be given up. */
  expire(now: number): number | undefined {
    for (const [index, until] of this.expected) {
      if (until > now) return until;
      this.unexpect(index);
    }
    return undefined;
  }

  private countFinished(index: number, phase: TaskPhase): void {
    if (index >= this.total || this.isCounted(index)) return;
    if (phase === 'Succeeded') this.succeeded.add(index);
    else if (phase === 'Failed') this.failed.add(index);
  }

  private forget(index: number): void {
    const known = this.live.get(index);
    if (!known) return;
    this.live.delete(index);
    this.count(known.phase, -1);
    this.progressSum -= known.progress;
  }

  private count(phase: TaskPhase, by: 1 | -1): void {
    if (phase === 'Running') this.running += by;
    else if (phase === 'Pending') this.pending += by;
    else if (phase === 'Cancelled') this.cancelled += by;
  }

  private text(which: 'succeeded' | 'failed'): string {
    const cached = this.texts[which];
    const set = this[which];
    if (cached.count !== set.count) {
      cached.count = set.count;
      cached.text = set.toString();
    }
    return cached.text;
  }
}
