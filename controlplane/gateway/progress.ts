/**
 * Running reports: the newest per lease is kept, and all that are due are written together. A report that is followed by its `finished`
 * within the delay is never written on its own.
 */
import type { AttemptReport } from '../../crds/agent-link';
import { reportRunning } from '../controllers/task/transition';
import { boundUsage } from '../market/settle';
import type { GatewayContext } from './context';
import type { Lease } from './leases';
import { newer, writeTasks } from './task-writer';

/** So long a first report waits for company, and for the end of its attempt. */
const FIRST_MS = 100;
/** In one transaction. */
const MAX_WRITES = 2000;

export class Progress {
  /** Leases with a report that is not written → since when. */
  private readonly due = new Map<Lease, number>();
  private cancel?: () => void;
  private stopped = false;

  constructor(private readonly context: GatewayContext, private readonly intervalMs: () => number, private readonly firstMs = FIRST_MS) {}

  stop(): void {
    this.stopped = true;
    this.cancel?.();
  }

  /** Only of a lease that is on. */
  report(lease: Lease, report: AttemptReport): void {
    const { clock } = this.context;
    if (report.usage && lease.terms) {
      const wallSeenMs = lease.startedAt === undefined ? clock.wall() - lease.leasedAt : clock.now() - lease.startedAt;
      lease.usage = boundUsage({ reported: report.usage, terms: lease.terms, wallSeenMs, ...(lease.usage ? { previous: lease.usage } : {}) }).usage;
    }
    lease.report = report;
    if (!this.due.has(lease)) this.due.set(lease, clock.now());
    this.arm(this.firstMs);
  }

  private arm(ms: number): void {
    if (this.cancel || this.stopped) return;
    this.cancel = this.context.clock.setTimer(() => {
      this.cancel = undefined;
      void this.flush();
    }, ms);
  }

  private async flush(): Promise<void> {
    const { clock, store, tasks, log } = this.context;
    const now = clock.now();
    const ready: Lease[] = [];
    for (const [lease, since] of this.due) {
      const early = lease.reportedAt === 0 ? now - since < this.firstMs : now - lease.reportedAt < this.intervalMs();
      if (lease.state === 'on' && lease.report && early) continue;
      this.due.delete(lease);
      if (lease.state !== 'on' || !lease.report || !lease.task) continue;
      ready.push(lease);
      if (ready.length >= MAX_WRITES) break;
    }
    const changes = ready.map((lease) => {
      const { progress, message } = lease.report as AttemptReport;
      lease.report = undefined;
      lease.reportedAt = now;
      const report = {
        number: lease.number, epoch: lease.epoch,
        ...(progress === undefined ? {} : { progress }),
        ...(message === undefined ? {} : { message }),
        ...(lease.usage ? { usage: lease.usage } : {}),
      };
      return {
        task: newer(lease.task, tasks.get(lease.namespace, lease.taskName)) as NonNullable<Lease['task']>,
        next: (status: NonNullable<Lease['task']>['status']) => {
          const outcome = reportRunning(status, report, clock.wall());
          return outcome.kind === 'applied' ? outcome.status : undefined;
        },
        done: (task: Lease['task']) => {
          if (task) lease.task = newer(lease.task, task);
        },
      };
    });
    try {
      await writeTasks(store, changes);
    } catch (error) {
      // Nothing is lost that matters: the next report says more.
      log.warn({ err: error, attempts: ready.length }, 'progress could not be written');
    }
    if (this.due.size > 0) this.arm(Math.max(this.firstMs, this.intervalMs() / 4));
  }
}
