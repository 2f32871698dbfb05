/**
 * The Task controller: a backstop. The gateway applies what agents report; this one sees to what nobody reported: attempts far
 * beyond their timeout, attempts of Jobs that are gone, Tasks whose phase does not follow from their attempts. (What follows from
 * a Job's end, suspension or parallelism is the Job controller's, which knows all its Tasks.)
 *
 * A change of a Task costs one look, and a key only when something is to be done; an attempt that runs has one entry in a heap of
 * deadlines, which goes when it ends.
 */
import { JOBS, TASKS } from '../../../crds/meta';
import type { Job } from '../../../crds/job';
import { isDeleting } from '../../../crds/status';
import type { Task } from '../../../crds/task';
import { StoreError, type ObjectStore } from '../../store/store';
import { systemClock, type Clock } from '../runtime/clock';
import { Controller, type ControllerMetrics, type ReconcileResult } from '../runtime/controller';
import { keyOf, splitKey, type Reflector } from '../runtime/reflector';
import { planTask } from './plan';

export interface TaskControllerOptions {
  store: ObjectStore;
  jobs: Reflector<Job>;
  tasks: Reflector<Task>;
  /** Name of the index of `tasks` by spec.jobUid. */
  byJob: string;
  metrics?: ControllerMetrics;
  clock?: Clock;
  random?: () => number;
  onError?: (error: unknown, key: string) => void;
}

export class TaskController {
  private readonly controller: Controller;
  private readonly clock: Clock;
  private readonly unsubscribe: (() => void)[] = [];

  constructor(private readonly options: TaskControllerOptions) {
    this.clock = options.clock ?? systemClock;
    this.controller = new Controller({
      name: 'task',
      reconcile: (key) => this.reconcile(key),
      keys: () => options.tasks.keys(),
      clock: this.clock,
      ...(options.metrics && { metrics: options.metrics }),
      ...(options.onError && { onError: options.onError }),
    });
  }

  /** The reflectors must have synced. */
  start(): void {
    const { jobs, tasks, byJob } = this.options;
    this.unsubscribe.push(
      tasks.onChange((changes) => {
        for (const { type, object } of changes) this.look(object, type === 'DELETED');
      }),
      jobs.onChange((changes) => {
        for (const { type, object } of changes) {
          if (type !== 'DELETED' && !isDeleting(object)) continue;
          for (const task of tasks.by(byJob, object.metadata.uid!).values()) this.look(task, false);
        }
      }),
    );
    this.controller.start();
  }

  async stop(): Promise<void> {
    for (const unsubscribe of this.unsubscribe.splice(0)) unsubscribe();
    await this.controller.stop();
  }

  private look(task: Task, gone: boolean): void {
    const { queue } = this.controller;
    const key = keyOf(task);
    const now = this.clock.now();
    const need = gone ? undefined : planTask(task, this.jobOf(task), now, this.options.random);
    if (need?.need === 'write') {
      queue.add(key);
      return;
    }
    queue.cancelLater(key);
    if (need?.need === 'later') queue.addAfter(key, need.at - now);
  }

  private async reconcile(key: string): Promise<ReconcileResult | void> {
    const task = this.options.tasks.getByKey(key);
    if (!task) return;
    const now = this.clock.now();
    const { namespace } = splitKey(key);
    // A Job that the cache does not have may only not have arrived yet: nothing is stopped before the store says so too.
    const cached = this.jobOf(task);
    const stored = cached ?? await this.options.store.get<Job>(JOBS, namespace, task.spec.job);
    const job = stored?.metadata.uid === task.spec.jobUid ? stored : undefined;
    const need = planTask(task, job, now, this.options.random);
    if (need.need === 'nothing') return;
    if (need.need === 'later') return { requeueAfterMs: need.at - now };
    try {
      await this.options.store.updateStatus<Task>(TASKS, { ...task, status: need.status });
    } catch (error) {
      // Somebody was faster: the cache will tell, and the change will be looked at.
      if (!(error instanceof StoreError && (error.reason === 'Conflict' || error.reason === 'NotFound'))) throw error;
    }
  }

  private jobOf(task: Task): Job | undefined {
    const job = this.options.jobs.get(task.metadata.namespace ?? '', task.spec.job);
    return job?.metadata.uid === task.spec.jobUid ? job : undefined;
  }
}
