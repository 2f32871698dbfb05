/** A small world for tests of controllers: a real store, a clock that is moved by hand, and a market that leases and ends attempts. */
import { API_VERSION, JOBS, RATE_TIERS, RUNTIMES, TASKS } from '../../crds/meta';
import type { AttemptReason } from '../../crds/attempt-reasons';
import type { Job, JobSpec } from '../../crds/job';
import type { RateTier } from '../../crds/rate-tier';
import type { Runtime } from '../../crds/runtime';
import { isFinished, isOfferable, isSuspended } from '../../crds/status';
import type { Attempt, Task } from '../../crds/task';
import type { FitSummary } from '../../controlplane/market/fit';
import { StoreFolder } from '../../controlplane/store/sqlite/test-support';
import type { Operation } from '../../controlplane/store/store';
import { BY_JOB, JobController } from '../../controlplane/controllers/job/reconcile';
import type { Clock } from '../../controlplane/controllers/runtime/clock';
import { Reflector } from '../../controlplane/controllers/runtime/reflector';
import { endAttempt, leaseAttempt, nextAttemptNumber, reportRunning } from '../../controlplane/controllers/task/transition';

/** Moves only when it is told to. */
export class ManualClock implements Clock {
  private readonly timers = new Set<{ due: number; callback: () => void }>();
  constructor(private time = Date.UTC(2026, 0, 1)) {}

  now = (): number => this.time;

  after(ms: number, callback: () => void): () => void {
    const timer = { due: this.time + ms, callback };
    this.timers.add(timer);
    return () => this.timers.delete(timer);
  }

  advance(ms: number): void {
    const end = this.time + ms;
    for (;;) {
      const next = [...this.timers].filter((each) => each.due <= end).sort((a, b) => a.due - b.due)[0];
      if (!next) break;
      this.timers.delete(next);
      this.time = Math.max(this.time, next.due);
      next.callback();
    }
    this.time = end;
  }
}

export const turn = (): Promise<void> => new Promise((resolve) => { setImmediate(resolve); });

export function buildJob(name: string, spec: Partial<JobSpec> = {}): Job {
  return {
    apiVersion: API_VERSION,
    kind: 'Job',
    metadata: { name, namespace: 'lab' },
    spec: {
      runtime: 'shell',
      template: {
        program: { script: 'true' },
        resources: { cpu: '1', memory: '64Mi', scratch: '1Gi', pids: 64 },
        timeout: '10m',
        gracePeriod: '10s',
      },
      rateTier: 'standard',
      priority: 0,
      retry: { limit: 1, backoff: '5s' },
      suspend: false,
      ...(spec.parameters ? {} : { completions: 10 }),
      ...spec,
    },
  };
}

export type EndOf = (task: Task, attempt: Attempt) => AttemptReason | undefined;

/** One credit a Task that ran; what a Job was charged. */
export class SimulatedLedger {
  readonly charged = new Map<string, bigint>();
  private readonly listeners: ((namespace: string) => void)[] = [];
  jobTotals(jobUid: string): { chargedMicro: bigint; heldMicro: bigint } {
    return { chargedMicro: this.charged.get(jobUid) ?? 0n, heldMicro: 0n };
  }
  onCredit(listener: (namespace: string) => void): void {
    this.listeners.push(listener);
  }
  deposit(namespace: string): void {
    for (const listener of this.listeners) listener(namespace);
  }
}

export class World {
  readonly clock = new ManualClock();
  readonly ledger = new SimulatedLedger();
  readonly fits = new Map<string, FitSummary>();
  readonly recorded: { object: string; type: string; reason: string; message: string }[] = [];
  readonly errors: unknown[] = [];
  /** Leases in all, and how often each index was run. */
  readonly runs = new Map<string, number>();
  /** The greatest number of Task objects at a time. */
  maxTasks = 0;
  jobs!: Reflector<Job>;
  tasks!: Reflector<Task>;
  runtimes!: Reflector<Runtime>;
  rateTiers!: Reflector<RateTier>;
  controller!: JobController;

  private constructor(readonly folder: StoreFolder) {}

  static async open(): Promise<World> {
    const folder = await StoreFolder.open();
    const world = new World(folder);
    await world.restart(false);
    await world.store.create<Runtime>(RUNTIMES, {
      apiVersion: API_VERSION, kind: 'Runtime', metadata: { name: 'shell' },
      spec: { image: `sha256:${'0'.repeat(64)}`, archive: `sha256:${'1'.repeat(64)}`, entrypoint: ['sh'], platforms: ['linux/amd64'] },
    });
    await world.store.create<RateTier>(RATE_TIERS, {
      apiVersion: API_VERSION, kind: 'RateTier', metadata: { name: 'standard' },
      spec: { rates: { cpuHour: '0.1', memoryGiBHour: '0.01', egressGiB: '0', start: '0' }, ownerShare: '0.8', priorityCeiling: 0 },
    });
    return world;
  }

  get store(): StoreFolder['store'] {
    return this.folder.store;
  }

  /** As after a kill: the controller and its caches are gone; with `reopen` the database is read anew. */
  async restart(reopen: boolean): Promise<void> {
    this.stopCaches();
    const old = this.controller?.stop();
    if (reopen) await this.folder.reopen({ now: this.clock.now });
    else if (!this.controller) await this.folder.reopen({ now: this.clock.now });
    await old;
    const { store, clock } = this;
    const cache = { store, clock, random: () => 0.5 };
    this.jobs = new Reflector<Job>({ ...cache, resource: JOBS });
    this.tasks = new Reflector<Task>({ ...cache, resource: TASKS, indexes: { [BY_JOB]: (task) => task.spec.jobUid } });
    this.runtimes = new Reflector<Runtime>({ ...cache, resource: RUNTIMES });
    this.rateTiers = new Reflector<RateTier>({ ...cache, resource: RATE_TIERS });
    for (const reflector of [this.jobs, this.tasks, this.runtimes, this.rateTiers]) await reflector.start();
    this.controller = new JobController({
      store, clock, jobs: this.jobs, tasks: this.tasks, runtimes: this.runtimes, rateTiers: this.rateTiers, ledger: this.ledger,
      fit: (job) => this.fits.get(job.metadata.name),
      events: { record: (object, type, reason, message) => { this.recorded.push({ object: object.metadata.name, type, reason, message }); } },
      onError: (error) => { this.errors.push(error); },
    });
    this.controller.start();
  }

  /** @throws Error when a reconcile failed */
  async close(): Promise<void> {
    this.stopCaches();
    await this.controller.stop();
    await this.folder.remove();
    if (this.errors.length > 0) throw new AggregateError(this.errors, `a reconcile failed: ${String(this.errors[0])}`);
  }

  async submit(job: Job): Promise<Job> {
    return this.store.create<Job>(JOBS, job);
  }

  async job(name: string): Promise<Job> {
    return (await this.store.get<Job>(JOBS, 'lab', name))!;
  }

  async edit(name: string, spec: Partial<JobSpec>): Promise<void> {
    const job = await this.job(name);
    await this.store.update<Job>(JOBS, { ...job, metadata: { ...job.metadata, resourceVersion: undefined }, spec: { ...job.spec, ...spec } });
  }

  async tasksOf(name: string): Promise<Task[]> {
    return (await this.store.list<Task>(TASKS, { namespace: 'lab' })).items.filter((each) => each.spec.job === name);
  }

  /** Some turns of the event loop, and as much time as the controller may put off a status. */
  async settle(ms = 200, turns = 12): Promise<void> {
    for (let each = 0; each < turns; each++) {
      this.clock.advance(ms / turns);
      await turn();
      this.maxTasks = Math.max(this.maxTasks, this.tasks.size);
    }
  }

  /** Leases up to `slots` offerable Tasks of Jobs that may run, within parallelism. */
  async lease(slots = 1_000_000): Promise<number> {
    const operations: Operation[] = [];
    const running = new Map<string, number>();
    for (const task of this.tasks.values()) if (task.status?.phase === 'Running') running.set(task.spec.jobUid, (running.get(task.spec.jobUid) ?? 0) + 1);
    for (const task of [...this.tasks.values()].sort((a, b) => a.spec.index - b.spec.index)) {
      const job = this.jobs.get('lab', task.spec.job);
      const count = running.get(task.spec.jobUid) ?? 0;
      if (operations.length >= slots || !job || isSuspended(job) || isFinished(job) || count >= (job.spec.parallelism ?? slots)) continue;
      if (!isOfferable(task, new Date(this.clock.now()))) continue;
      const outcome = leaseAttempt(task.status, { number: nextAttemptNumber(task.status), agent: 'a-1' }, this.clock.now());
      if (outcome.kind !== 'applied') throw new Error(`lease of ${task.metadata.name}: ${outcome.kind}`);
      running.set(task.spec.jobUid, count + 1);
      const run = `${task.spec.job}/${task.spec.index}`;
      this.runs.set(run, (this.runs.get(run) ?? 0) + 1);
      operations.push({ verb: 'updateStatus', resource: TASKS, object: { ...task, status: outcome.status } as Task });
    }
    if (operations.length > 0) await this.store.batch(operations);
    return operations.length;
  }

  async progress(value: number): Promise<void> {
    for (const { task, attempt } of this.open()) {
      const outcome = reportRunning(task.status, { number: attempt.number, epoch: attempt.epoch, progress: value }, this.clock.now());
      if (outcome.kind === 'applied') await this.store.updateStatus<Task>(TASKS, { ...task, status: outcome.status });
    }
  }

  /** Ends open attempts: as they were told to stop, or as `end` says (undefined: goes on). */
  async finish(end: EndOf = () => 'Completed', max = 1_000_000): Promise<number> {
    const operations: Operation[] = [];
    for (const { task, attempt } of this.open()) {
      if (operations.length >= max) break;
      const reason = attempt.stop ?? end(task, attempt);
      const job = this.jobs.get('lab', task.spec.job);
      if (!reason || !job) continue;
      const outcome = endAttempt(task.status, { number: attempt.number, epoch: attempt.epoch, reason, chargedMicro: reason === 'Completed' ? 1_000_000n : 0n },
        { retry: job.spec.retry, now: this.clock.now(), random: () => 0.5 });
      if (outcome.kind !== 'applied') continue;
      if (reason === 'Completed') this.ledger.charged.set(task.spec.jobUid, (this.ledger.charged.get(task.spec.jobUid) ?? 0n) + 1_000_000n);
      operations.push({ verb: 'updateStatus', resource: TASKS, object: { ...task, status: outcome.status } as Task });
    }
    if (operations.length > 0) await this.store.batch(operations);
    return operations.length;
  }

  /** Lets market and controller work until the Job is over; throws after `rounds`. */
  async run(name: string, { slots, end, rounds = 200, ms }: { slots?: number; end?: EndOf; rounds?: number; ms?: number } = {}): Promise<Job> {
    for (let round = 0; round < rounds; round++) {
      await this.settle(ms);
      const job = await this.job(name);
      if (isFinished(job)) return job;
      await this.lease(slots);
      await turn();
      await this.finish(end);
    }
    throw new Error(`${name} is not over after ${rounds} rounds: ${JSON.stringify((await this.job(name)).status)} ${String(this.errors)}`);
  }

  private open(): { task: Task; attempt: Attempt }[] {
    return [...this.tasks.values()].flatMap((task) =>
      (task.status?.attempts ?? []).filter((each) => each.phase !== 'Ended').map((attempt) => ({ task, attempt })));
  }

  private stopCaches(): void {
    for (const reflector of [this.jobs, this.tasks, this.runtimes, this.rateTiers]) reflector?.stop();
  }
}
