/**
 * The loop of a controller: takes keys from its queue and calls `reconcile` with each, never twice at once with the same key.
 *
 * Keys that are added during one turn of the event loop are taken after it, so a burst of changes of one object is one reconcile.
 * An error puts the key back, rate-limited; a TerminalError does not: only a change of the object can help.
 */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { systemClock, type Clock } from './clock';
import { WorkQueue, type WorkQueueOptions } from './work-queue';

/** Trying again cannot help; the object has to change. */
export class TerminalError extends Error {
  override readonly name = 'TerminalError';
}

/** When to look at the key again though nothing changed; nothing: when something changes. */
export interface ReconcileResult {
  requeueAfterMs?: number;
}

export interface ControllerOptions {
  /** Label of the metrics. */
  name: string;
  reconcile: (key: string) => Promise<ReconcileResult | void>;
  /** Reconciles at once; they mostly wait for the store, and share its commits. */
  concurrency?: number;
  queue?: Omit<WorkQueueOptions, 'clock'>;
  /** Every key there is: added at the start, and again after the queue overflowed. */
  keys?: () => Iterable<string>;
  metrics?: ControllerMetrics;
  clock?: Clock;
  onError?: (error: unknown, key: string) => void;
}

export type ReconcileOutcome = 'done' | 'requeued' | 'error' | 'terminal';

/** Shared by all controllers of a process. */
export interface ControllerMetrics {
  reconciled(controller: string, outcome: ReconcileOutcome, seconds: number): void;
  depthOf(controller: string, depth: () => number): void;
}

export function controllerMetrics(registry: Registry): ControllerMetrics {
  const depths = new Map<string, () => number>();
  const total = new Counter({
    name: 'gleaner_reconcile_total',
    help: 'Reconciles by controller and outcome (done, requeued, error, terminal)',
    labelNames: ['controller', 'outcome'],
    registers: [registry],
  });
  const seconds = new Histogram({
    name: 'gleaner_reconcile_seconds',
    help: 'Duration of a reconcile, waiting for the store included',
    labelNames: ['controller'],
    buckets: [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10],
    registers: [registry],
  });
  void new Gauge({
    name: 'gleaner_work_queue_depth',
    help: 'Keys that wait to be reconciled',
    labelNames: ['controller'],
    registers: [registry],
    collect() {
      for (const [controller, depth] of depths) this.set({ controller }, depth());
    },
  });
  return {
    reconciled(controller, outcome, duration) {
      total.inc({ controller, outcome });
      seconds.observe({ controller }, duration);
    },
    depthOf: (controller, depth) => void depths.set(controller, depth),
  };
}

export class Controller {
  readonly queue: WorkQueue;
  private readonly running = new Set<Promise<void>>();
  private readonly clock: Clock;
  private readonly concurrency: number;
  private started = false;
  private scheduled = false;
  /** What is left of the list of all keys. */
  private backlog: Iterator<string> | undefined;

  constructor(private readonly options: ControllerOptions) {
    this.clock = options.clock ?? systemClock;
    this.concurrency = options.concurrency ?? 64;
    this.queue = new WorkQueue(() => this.schedule(), { clock: this.clock, ...options.queue });
    options.metrics?.depthOf(options.name, () => this.queue.depth);
  }

  /** Keys that were added before are worked on from now. */
  start(): void {
    this.started = true;
    this.backlog = this.options.keys?.()[Symbol.iterator]();
    this.schedule();
  }

  /** Starts nothing new; resolves when what runs has ended. */
  async stop(): Promise<void> {
    this.started = false;
    this.queue.stop();
    await Promise.all(this.running);
  }

  private schedule(): void {
    if (!this.started || this.scheduled || this.running.size >= this.concurrency) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      this.dispatch();
    });
  }

  private dispatch(): void {
    while (this.started && this.running.size < this.concurrency) {
      const key = this.queue.take();
      if (key === undefined) break;
      const run: Promise<void> = this.run(key).finally(() => {
        this.running.delete(run);
        this.queue.done(key);
        if (this.queue.depth > 0) this.schedule();
      });
      this.running.add(run);
    }
    if (this.started) this.fill();
  }

  /** Adds keys of the list of all as long as there is room, and starts that list again when some were refused. */
  private fill(): void {
    while (this.queue.hasRoom) {
      if (!this.backlog && this.queue.takeOverflow()) this.backlog = this.options.keys?.()[Symbol.iterator]();
      if (!this.backlog) return;
      const { value, done } = this.backlog.next();
      if (done) this.backlog = undefined;
      else this.queue.add(value);
    }
  }

  private async run(key: string): Promise<void> {
    const { name, reconcile, metrics, onError } = this.options;
    const start = process.hrtime.bigint();
    const ended = (outcome: ReconcileOutcome): void =>
      metrics?.reconciled(name, outcome, Number(process.hrtime.bigint() - start) / 1e9);
    try {
      const result = await reconcile(key);
      this.queue.forget(key);
      if (result?.requeueAfterMs !== undefined) this.queue.addAfter(key, result.requeueAfterMs);
      ended(result?.requeueAfterMs === undefined ? 'done' : 'requeued');
    } catch (error) {
      const terminal = error instanceof TerminalError;
      if (terminal) this.queue.forget(key);
      else this.queue.addRateLimited(key);
      onError?.(error, key);
      ended(terminal ? 'terminal' : 'error');
    }
  }
}
