/** Watches Tasks: what waits goes to the market, what is to be stopped goes to its agent. */
import type { Task } from '../../crds/task';
import { activeAttempts, isDeleting, taskPhase } from '../../crds/status';
import { nextAttemptNumber } from '../controllers/task/transition';
import type { GatewayContext } from './context';
import { sendStop } from './starts';
import { newer } from './task-writer';

export class Tasks {
  /** uid → key in the reflector. */
  private readonly keys = new Map<string, { namespace: string; name: string }>();
  private unsubscribe?: () => void;

  constructor(private readonly context: GatewayContext) {}

  /** The reflector is filled, and leases are made again. */
  start(): void {
    const { tasks } = this.context;
    for (const task of tasks.values()) this.changed(task);
    this.unsubscribe = tasks.onChange((changes) => {
      for (const { type, object, old } of changes) {
        if (type === 'DELETED') this.gone(object);
        else {
          if (old && old.metadata.uid !== object.metadata.uid) this.gone(old);
          this.changed(object);
        }
      }
    });
  }

  stop(): void {
    this.unsubscribe?.();
  }

  byUid(uid: string): Task | undefined {
    const key = this.keys.get(uid);
    return key && this.context.tasks.get(key.namespace, key.name);
  }

  /** Looks at a Task without a lease: it waits, or it does not. */
  observe(task: Task): void {
    const uid = task.metadata.uid as string;
    const { market, leases } = this.context;
    if (leases.ofTask(uid)) return;
    if (taskPhase(task) !== 'Pending' || isDeleting(task) || activeAttempts(task).length > 0) {
      market.removeTask(uid, task.spec.jobUid);
      return;
    }
    const notBefore = task.status?.notBefore;
    market.setTask({
      uid, name: task.metadata.name, index: task.spec.index, jobUid: task.spec.jobUid, attempt: nextAttemptNumber(task.status),
      ...(notBefore === undefined ? {} : { notBefore: Date.parse(notBefore) }),
    });
  }

  private changed(task: Task): void {
    const uid = task.metadata.uid as string;
    if (!this.keys.has(uid)) this.keys.set(uid, { namespace: task.metadata.namespace as string, name: task.metadata.name });
    const lease = this.context.leases.ofTask(uid);
    if (!lease) {
      this.observe(task);
      return;
    }
    lease.task = newer(lease.task, task);
    const attempt = task.status?.attempts?.find((each) => each.number === lease.number);
    if (attempt?.stop && lease.state === 'on') sendStop(this.context, lease, attempt.stop);
    else if (isDeleting(task) && lease.state === 'on') sendStop(this.context, lease, 'Cancelled');
  }

  private gone(task: Task): void {
    const uid = task.metadata.uid as string;
    this.keys.delete(uid);
    this.context.market.removeTask(uid, task.spec.jobUid);
    const lease = this.context.leases.ofTask(uid);
    if (lease && lease.state === 'on') sendStop(this.context, lease, 'Cancelled');
  }
}
