/**
 * The Job controller: makes Tasks in a window, counts finished ones into the status, and says how the Job is doing.
 *
 * One reconcile is one batch: the status (which counts Tasks that ended), new Tasks, and the deletion of Tasks that an *earlier*,
 * durable status counts. A Task is therefore never gone before it is counted, wherever the process is killed; and an index is
 * counted once, because indexes are sets.
 *
 * The first reconcile of a Job in a process reads the Job from the store after the cache of Tasks is complete: a Task that is not
 * in the cache was either never made or is counted in that status. Numbers that change all the time are written at most every
 * `statusIntervalMs`; phases, conditions, and what makes room for new Tasks at once. At most one write per Job is in flight.
 */
import { isDeepStrictEqual } from 'node:util';
import { getCondition } from '../../../crds/conditions';
import { JOBS } from '../../../crds/meta';
import type { Job, JobStatus } from '../../../crds/job';
import type { RateTier } from '../../../crds/rate-tier';
import type { Runtime } from '../../../crds/runtime';
import { isDeleting, isFinished, totalIndexes } from '../../../crds/status';
import type { Task } from '../../../crds/task';
import type { JobTotals, Ledger } from '../../ledger/ledger';
import type { FitSummary } from '../../market/fit';
import type { ObjectStore } from '../../store/store';
import type { EventRecorder } from '../events';
import { systemClock, type Clock } from '../runtime/clock';
import { Controller, type ControllerMetrics, type ReconcileResult } from '../runtime/controller';
import { keyOf, splitKey, type Reflector } from '../runtime/reflector';
import { entriesOf, settleBatch, undo } from './batch';
import { Estimator } from './estimate';
import { needed, planJob, type JobPlan } from './plan';
import { recordTransitions } from './job-events';
import { Tally } from './tally';

/** Name of the index over Tasks, by spec.jobUid, that the reflector of Tasks must have. */
export const BY_JOB = 'jobUid';

export interface JobControllerOptions {
  store: ObjectStore;
  jobs: Reflector<Job>;
  /** With the index BY_JOB. */
  tasks: Reflector<Task>;
  runtimes: Reflector<Runtime>;
  rateTiers: Reflector<RateTier>;
  ledger: Pick<Ledger, 'jobTotals' | 'onCredit'>;
  /** What the market knows of a Job; undefined when it has not looked at it. */
  fit: (job: Job) => FitSummary | undefined;
  events: Pick<EventRecorder, 'record'>;
  metrics?: ControllerMetrics;
  clock?: Clock;
  random?: () => number;
  concurrency?: number;
  statusIntervalMs?: number;
  onError?: (error: unknown, key: string) => void;
}

/** A Job that does not run is looked at with the market's eyes after so long, and again so often while nothing runs. */
const FIT_GRACE_MS = 1000;
const FIT_REFRESH_MS = 30_000;
const BLOCKED_RETRY_MS = 1000;
const CONFLICT_RETRY_MS = 2;

/** What is kept of a Job that is not over yet. */
interface Model {
  tally: Tally;
  /** As it was last written or read by us; may be newer than the cache. */
  job: Job;
  stale: boolean;
  estimator: Estimator;
  writtenAt: number;
  since: number;
  fitHinted: boolean;
}

export class JobController {
  private readonly controller: Controller;
  private readonly models = new Map<string, Model>();
  /** Namespace → names of Jobs that are not admitted for want of credit. */
  private readonly waiting = new Map<string, Set<string>>();
  private readonly clock: Clock;
  private readonly statusIntervalMs: number;
  private readonly unsubscribe: (() => void)[] = [];

  constructor(private readonly options: JobControllerOptions) {
    this.clock = options.clock ?? systemClock;
    this.statusIntervalMs = options.statusIntervalMs ?? 100;
    this.controller = new Controller({
      name: 'job',
      reconcile: (key) => this.reconcile(key),
      concurrency: options.concurrency ?? 256,
      keys: () => options.jobs.keys(),
      clock: this.clock,
      ...(options.random && { queue: { random: options.random } }),
      ...(options.metrics && { metrics: options.metrics }),
      ...(options.onError && { onError: options.onError }),
    });
  }

  /** The reflectors must have synced, Tasks not after Jobs. */
  start(): void {
    const { jobs, tasks, runtimes, rateTiers, ledger } = this.options;
    const notRunning = (): void => {
      for (const job of jobs.values()) if (!isFinished(job)) this.controller.queue.add(keyOf(job));
    };
    this.unsubscribe.push(
      jobs.onChange((changes) => {
        for (const { object, old, type } of changes) {
          if (type === 'DELETED') {
            this.models.delete(object.metadata.uid!);
            this.setWaiting(object, false);
          }
          // Only this controller writes the status: what changes nothing else is its own doing.
          if (type !== 'MODIFIED' || specChanged(old, object)) this.controller.queue.add(keyOf(object));
        }
      }),
      tasks.onChange((changes) => {
        for (const { object, type } of changes) {
          const tally = this.models.get(object.spec.jobUid)?.tally;
          if (type === 'DELETED') tally?.remove(object);
          else tally?.put(object);
          this.controller.queue.add(`${object.metadata.namespace}/${object.spec.job}`);
        }
      }),
      runtimes.onChange((changes) => { if (changes.some((each) => each.type !== 'MODIFIED')) notRunning(); }),
      rateTiers.onChange((changes) => { if (changes.some((each) => each.type !== 'MODIFIED')) notRunning(); }),
    );
    // Called with every release: only those that wait for it are looked at.
    ledger.onCredit((namespace) => {
      for (const name of this.waiting.get(namespace) ?? []) this.fitChanged(namespace, name);
    });
    this.controller.start();
  }

  async stop(): Promise<void> {
    for (const unsubscribe of this.unsubscribe.splice(0)) unsubscribe();
    await this.controller.stop();
    this.models.clear();
  }

  /** What the market knows of the Job has changed. */
  fitChanged(namespace: string, name: string): void {
    const uid = this.options.jobs.get(namespace, name)?.metadata.uid;
    const model = uid === undefined ? undefined : this.models.get(uid);
    if (model) model.fitHinted = true;
    this.controller.queue.add(`${namespace}/${name}`);
  }

  private async reconcile(key: string): Promise<ReconcileResult | void> {
    const model = await this.modelOf(key);
    if (!model || isDeleting(model.job)) return;
    const { job, tally } = model;
    const totals = this.options.ledger.jobTotals(tally.jobUid);
    const spent = totals instanceof Promise ? await totals : totals;
    const now = this.clock.now();
    const expiry = tally.expire(now);
    const { plan, fitDueMs } = this.plan(model, spent, now);
    const changed = !sameButTimes(plan.status, job.status);
    const restMs = plan.urgent ? 0 : model.writtenAt + this.statusIntervalMs - now;
    const writes = changed && restMs <= 0;
    const entries = entriesOf(job, tally, plan.steps, writes ? plan.status : undefined, now);
    const waits = [plan.requeueAfterMs, fitDueMs, expiry === undefined ? undefined : expiry - now, changed && !writes ? restMs : undefined];
    if (entries.length > 0) {
      const outcomes = await this.options.store.batch(entries.map((each) => each.operation)).catch((error: unknown) => {
        undo(entries, tally);
        throw error;
      });
      const { written, conflict, blocked, refused } = settleBatch(entries, outcomes, tally, (task) => this.options.tasks.getByKey(keyOf(task))?.spec.jobUid);
      if (written) {
        model.job = written;
        model.writtenAt = now;
        recordTransitions(this.options.events, job, written);
        this.setWaiting(written, waitsForCredit(written));
        if (plan.again) this.controller.queue.add(key);
        else if (isFinished(written)) this.models.delete(tally.jobUid);
      }
      if (conflict) {
        model.stale = true;
        waits.push(CONFLICT_RETRY_MS);
      }
      if (refused) throw refused;
      if (blocked > 0) waits.push(BLOCKED_RETRY_MS);
    } else if (isFinished(job) && tally.open === 0 && !changed) {
      this.models.delete(tally.jobUid);
    }
    const soonest = Math.min(...waits.filter((each) => each !== undefined));
    return Number.isFinite(soonest) ? { requeueAfterMs: Math.max(1, soonest) } : undefined;
  }

  private plan(model: Model, { chargedMicro, heldMicro }: JobTotals, now: number): { plan: JobPlan; fitDueMs?: number } {
    const { job, tally, estimator } = model;
    const { runtimes, rateTiers, fit } = this.options;
    const idle = tally.running === 0 && tally.pending > 0 && !isFinished(job);
    const graceMs = model.since + FIT_GRACE_MS - now;
    const asks = idle && (model.fitHinted || graceMs <= 0);
    const work = tally.succeeded.count + tally.runningProgress;
    if (tally.running > 0) estimator.observe(now, work);
    else estimator.reset();
    const plan = planJob({
      job, tally, chargedMicro, heldMicro, now,
      runtimes: namesIn(runtimes),
      rateTiers: namesIn(rateTiers),
      fit: asks ? fit(job) : undefined,
      finishAt: estimator.finishAt(now, work, needed(job, tally.total) - work),
    });
    return { plan, ...(idle && { fitDueMs: asks ? FIT_REFRESH_MS : Math.max(1, graceMs) }) };
  }

  private async modelOf(key: string): Promise<Model | undefined> {
    const { namespace, name } = splitKey(key);
    const cached = this.options.jobs.getByKey(key);
    if (!cached) return undefined;
    const known = this.models.get(cached.metadata.uid!);
    if (known) {
      if (known.stale) {
        const job = await this.options.store.get<Job>(JOBS, namespace, name);
        if (job?.metadata.uid !== known.tally.jobUid) return undefined;
        known.job = job;
        known.stale = false;
      } else if (version(cached) > version(known.job)) {
        known.job = cached;
      }
      return known;
    }
    const tasksOf = (): ReadonlyMap<string, Task> => this.options.tasks.by(BY_JOB, cached.metadata.uid!);
    const seen = new Map(tasksOf());
    const job = await this.options.store.get<Job>(JOBS, namespace, name);
    if (!job || job.metadata.uid !== cached.metadata.uid) return undefined;
    const tally = new Tally(job.metadata.uid!, totalIndexes(job), job.status, seen.values());
    for (const task of tasksOf().values()) tally.put(task);
    for (const [taskKey, task] of seen) if (!tasksOf().has(taskKey)) tally.remove(task);
    const now = this.clock.now();
    const model: Model = {
      tally, job, stale: false, estimator: new Estimator(), writtenAt: 0, since: now, fitHinted: false,
    };
    this.models.set(job.metadata.uid!, model);
    if (waitsForCredit(job)) this.setWaiting(job, true);
    return model;
  }

  private setWaiting({ metadata: { namespace = '', name } }: Job, waits: boolean): void {
    const names = this.waiting.get(namespace);
    if (waits) this.waiting.set(namespace, (names ?? new Set()).add(name));
    else if (names?.delete(name) && names.size === 0) this.waiting.delete(namespace);
  }
}

const waitsForCredit = ({ status }: Job): boolean => {
  const admitted = getCondition(status?.conditions, 'Admitted');
  return admitted?.status === 'False' && admitted.reason === 'InsufficientCredit';
};

const version = (job: Job): number => Number(job.metadata.resourceVersion);

const specChanged = (old: Job | undefined, job: Job): boolean =>
  old?.metadata.generation !== job.metadata.generation || old?.metadata.deletionTimestamp !== job.metadata.deletionTimestamp
  || old?.metadata.uid !== job.metadata.uid;

const namesIn = (reflector: Reflector<Runtime> | Reflector<RateTier>): { has(name: string): boolean; names(): string[] } => ({
  has: (name) => reflector.get('', name) !== undefined,
  names: () => [...reflector.keys()],
});

/** An estimate or a duration that moves is not worth a write of its own; that there is one is. */
function sameButTimes(next: JobStatus, before: JobStatus = {}): boolean {
  const keys = Object.keys(next) as (keyof JobStatus)[];
  return keys.length === Object.keys(before).length
    && keys.every((key) => next[key] === before[key] || key === 'estimatedFinish' || key === 'duration' || isDeepStrictEqual(next[key], before[key]));
}
