/**
 * The agent: offers in, attempts run, reports out. Knows the ports (runtime, elements, journal), not what is behind them.
 *
 * ```
 *  Starting ──adopted what ran──► Working ──drain──► Draining ──reports delivered──► Stopped
 *                                    └───────────────── stop ──────────────────────────▲
 * ```
 * drain: nothing new is taken, what runs is ended (AgentDrained), its reports are delivered. stop: what runs goes on without this process.
 * An attempt is known by lease and epoch; what is repeated or stale changes nothing.
 */
import type { ControlMessage, Finished, Hello, Offer, Start, Stop } from '../crds/agent-link';
import { parseCredits } from '../crds/credits';
import type { Offered } from './config';
import type { Elements } from './elements';
import type { Entry, LeaseJournal } from './journal';
import type { AgentMetrics } from './metrics';
import { type Amounts, amountsOf, decide, neededBy, plus, Reservations } from './offers';
import { type Item, Outbox } from './outbox';
import { Progress } from './progress';
import { attemptKey, type AttemptSpec, type ContainerRuntime } from './runtime/runtime';
import { Session, type LinkState, type SessionLog, type SessionOptions } from './session';
import { TaskRunner, type RunnerHost } from './task-runner';

export interface AgentOptions {
  runtime: ContainerRuntime;
  elements: Elements;
  journal: LeaseJournal;
  /** What former processes of this agent left in the journal. */
  left?: readonly [string, Entry][];
  offered: Offered;
  askCpuHour: string;
  version: string;
  os: string;
  arch: string;
  dial: SessionOptions['dial'];
  log: SessionLog & { error(fields: Record<string, unknown>, message: string): void };
  metrics?: () => AgentMetrics;
  /** Something that `status` shows is different. */
  onChange?: () => void;
  random?: () => number;
  now?: () => number;
}

/** How long reports may take to be delivered when the agent leaves. */
const DELIVERY_MS = 30_000;
/** How long the end of what nobody wants any more may take. */
const KILL_MS = 15_000;
/** What a hello may name. */
const MAX_IMAGES = 1000;
const MAX_RUNNING = 4096;
const IMAGE = /^sha256:[0-9a-f]{64}$/;
const NONE: Offered = { cpu: 0, memoryBytes: 0, scratchBytes: 0, slots: 0 };

export class Agent {
  readonly outbox = new Outbox();
  readonly session: Session;
  readonly runners = new Map<string, TaskRunner>();
  /** Why the control plane refuses this agent for good. */
  refusal: string | undefined;
  draining = false;
  started = false;
  private readonly total: Amounts;
  private readonly askMicro: bigint;
  private readonly reservations: Reservations;
  private readonly progress: Progress;
  private readonly host: RunnerHost;
  private readonly closing = new AbortController();
  private readonly watchers = new Set<() => void>();
  private onRefused: (why: string) => void = () => undefined;
  private stopping: Promise<void> | undefined;

  constructor(private readonly options: AgentOptions) {
    const { runtime, elements, journal, log, random, now } = options;
    this.total = amountsOf(options.offered);
    this.askMicro = parseCredits(options.askCpuHour);
    this.reservations = new Reservations(now);
    this.progress = new Progress((key, report) => this.send({ kind: 'attempt', key, text: JSON.stringify(report) }), () => this.outbox.roomy, now);
    this.host = {
      runtime, elements, journal, progress: this.progress, signal: this.closing.signal,
      send: (item) => this.send(item),
      unacknowledged: (key, kind) => this.outbox.of(key, kind),
      phaseChanged: (runner, finished) => this.phaseChanged(runner, finished),
      warn: (fields, message) => log.warn(fields, message),
    };
    this.session = new Session({
      dial: options.dial, outbox: this.outbox, log, hello: () => this.hello(),
      ...(random ? { random } : {}), ...(now ? { now } : {}),
      events: {
        apply: (messages) => this.apply(messages),
        welcomed: (resumed) => this.welcomed(resumed),
        delivered: (items) => this.delivered(items),
        dropped: (item) => this.dropped(item),
        settings: ({ progressIntervalMs }) => { this.progress.intervalMs = progressIntervalMs; },
        changed: (state) => this.linkChanged(state),
        refused: (why) => this.refused(why),
      },
    });
    runtime.onAvailability(() => {
      this.sayCapacity();
      options.onChange?.();
    });
  }

  /** Adopts what runs, and connects. Resolves before there is a connection. */
  async start(onRefused: (why: string) => void = () => undefined): Promise<void> {
    this.onRefused = onRefused;
    const { runtime, left = [] } = this.options;
    await runtime.start(new Set(left.filter(([, { ended }]) => !ended).map(([key]) => key)));
    const adopting = left.map(async ([key, entry]) => {
      const runner = new TaskRunner(this.host, entry.spec, entry.ticket);
      this.runners.set(key, runner);
      if (entry.ended) runner.report(entry.ended);
      else if (!(await runner.adopt())) this.gone(runner);
    });
    // Without its engine nobody knows what runs: all of it is claimed until it is back.
    const adopted = Promise.all(adopting);
    if (runtime.available) await adopted;
    this.started = true;
    this.session.start();
  }

  /** Takes nothing new, ends what runs, delivers, stops. */
  async drain(): Promise<void> {
    if (!this.draining) {
      this.draining = true;
      this.sayCapacity();
      this.options.onChange?.();
      for (const runner of this.runners.values()) runner.stop('AgentDrained', runner.spec.program.gracePeriodMs);
    }
    const graceMs = Math.max(0, ...[...this.runners.values()].filter(({ phase }) => phase !== 'Reporting').map(({ spec }) => spec.program.gracePeriodMs));
    await this.until(() => this.runners.size === 0 || this.isRefused, graceMs + DELIVERY_MS);
    if (this.runners.size > 0) this.options.log.warn({ attempts: this.runners.size }, 'not everything could be delivered; it is at the next start');
    await this.stop();
  }

  /** Leaves; containers run on, and are adopted at the next start. */
  stop(): Promise<void> {
    this.stopping ??= (async () => {
      this.closing.abort(new Error('the agent stops'));
      this.progress.stop();
      await this.session.stop();
      await this.options.runtime.close();
    })();
    return this.stopping;
  }

  /** Of attempts that run, and of accepted offers. */
  get used(): Amounts {
    let sum = this.reservations.used;
    for (const { phase, spec } of this.runners.values()) {
      if (phase === 'Fetching' || phase === 'Running') sum = plus(sum, neededBy(spec.program.resources));
    }
    return sum;
  }

  get isRefused(): boolean {
    return this.refusal !== undefined;
  }

  private get available(): boolean {
    return this.options.runtime.available && this.options.journal.healthy;
  }

  private async hello(): Promise<Omit<Hello, 'type' | 'session' | 'lastSeq'>> {
    const { runtime, version, os, arch } = this.options;
    const images = (await runtime.images()).filter((image) => IMAGE.test(image)).slice(0, MAX_IMAGES);
    const running = [...this.runners.values()].slice(0, MAX_RUNNING).map(({ spec: { lease, epoch } }) => ({ lease, epoch }));
    return { version, os, arch, total: this.offered, images, running };
  }

  /** Nothing, while nothing can be started. */
  private get offered(): Offered {
    return this.available ? this.options.offered : NONE;
  }

  /** What is offered in all may be different now. */
  sayCapacity(): void {
    const { askCpuHour } = this.options;
    this.session.sendUnreliable(JSON.stringify({ type: 'capacity', total: this.offered, ask: { cpuHour: askCpuHour }, draining: this.draining }));
  }

  private welcomed(resumed: boolean): void {
    this.options.metrics?.().connected();
    // Offers do not outlive their session.
    if (!resumed) this.reservations.clear();
    this.sayCapacity();
  }

  private apply(messages: readonly ControlMessage[]): void | Promise<void> {
    const offers: Offer[] = [];
    const durable: Promise<void>[] = [];
    for (const message of messages) {
      switch (message.type) {
        case 'offers':
          offers.push(...message.offers);
          break;
        case 'withdraw':
          this.reservations.withdrawn(message.offer);
          break;
        case 'start':
          durable.push(...this.begin(message));
          break;
        case 'stop':
          this.halt(message);
          break;
        default:
          // Newer control planes may say more.
          break;
      }
    }
    if (offers.length > 0) this.answer(offers);
    return durable.length === 0 ? undefined : Promise.all(durable).then(() => undefined);
  }

  private answer(offers: readonly Offer[]): void {
    const byId = new Map(offers.map((offer) => [offer.offer, offer]));
    const { total, askMicro, draining, available } = this;
    for (const answer of decide(offers, { total, used: this.used, askMicro, draining, available })) {
      const offer = byId.get(answer.offer);
      if (answer.type === 'accept' && offer) this.reservations.add(offer, answer.leases);
      this.options.metrics?.().offered(answer.type === 'accept' ? 'Accepted' : answer.reason, answer.leases.length);
      this.send({ kind: 'answer', key: answer.offer, text: JSON.stringify(answer) });
    }
  }

  private begin({ job, completions, program, tasks }: Start): Promise<void>[] {
    const durable: Promise<void>[] = [];
    for (const { lease, epoch, attempt, index, env = {}, ticket } of tasks) {
      this.reservations.started(lease);
      const spec: AttemptSpec = { lease, epoch, attempt, index, job, completions, env, program };
      if (this.runners.has(attemptKey(spec))) continue;
      this.supersede(spec);
      // The note and the start go side by side: a start without a note is swept at the next start of the agent, and asked for again.
      durable.push(this.options.journal.leased(spec, ticket));
      const runner = new TaskRunner(this.host, spec, ticket);
      this.runners.set(runner.key, runner);
      if (this.draining) runner.stop('AgentDrained', 0);
      runner.begin();
    }
    if (durable.length > 0) this.options.onChange?.();
    return durable;
  }

  /** A newer epoch of a lease means that the older one is void. */
  private supersede({ lease, epoch }: AttemptSpec): void {
    for (const runner of this.runners.values()) if (runner.spec.lease === lease && runner.spec.epoch < epoch) runner.stop('Superseded', 0);
  }

  private halt({ lease, epoch, reason, gracePeriodMs }: Stop): void {
    this.runners.get(attemptKey({ lease, epoch }))?.stop(reason, gracePeriodMs);
  }

  private delivered(items: readonly Item[]): void {
    for (const { kind, key } of items) if (kind === 'finished') this.runners.get(key)?.acknowledged();
  }

  private dropped(item: Item): void {
    this.options.log.error({ kind: item.kind, key: item.key, message: item.text.slice(0, 500) }, 'the control plane refuses a message again and again; it is given up');
    this.delivered([item]);
  }

  private send(item: Item): void {
    this.outbox.push(item);
    this.session.wake();
  }

  private phaseChanged(runner: TaskRunner, finished?: Finished): void {
    if (finished) this.options.metrics?.().finished(finished);
    if (runner.phase === 'Done') this.drop(runner);
    else this.look();
    this.options.onChange?.();
  }

  /** Nothing is left of it: forgotten, so that the control plane has it started again if it is still wanted. */
  private gone(runner: TaskRunner): void {
    if (this.started) runner.report({ finished: lostReport(runner.spec), logs: [] });
    else {
      this.options.journal.done(runner.key);
      this.drop(runner);
    }
  }

  private drop(runner: TaskRunner): void {
    this.runners.delete(runner.key);
    this.look();
  }

  /** Something that somebody may wait for has changed. */
  private look(): void {
    for (const watch of this.watchers) watch();
  }

  private async until(condition: () => boolean, atMostMs: number): Promise<void> {
    if (condition()) return;
    await new Promise<void>((resolve) => {
      const over = (): void => {
        clearTimeout(timer);
        this.watchers.delete(watch);
        resolve();
      };
      const watch = (): void => {
        if (condition()) over();
      };
      const timer = setTimeout(over, atMostMs);
      this.watchers.add(watch);
    });
  }

  private linkChanged(state: LinkState): void {
    if (state === 'online') this.refusal = undefined;
    this.options.onChange?.();
  }

  /** Nobody wants what runs here any more. */
  private refused(why: string): void {
    this.refusal = why;
    for (const runner of this.runners.values()) runner.stop('AgentLost', 0);
    this.look();
    void this.until(() => [...this.runners.values()].every(({ phase }) => phase === 'Reporting'), KILL_MS).then(() => this.onRefused(why));
  }
}

const lostReport = ({ lease, epoch }: AttemptSpec): Finished => ({
  type: 'finished', lease, epoch, reason: 'RuntimeError', message: 'nothing was left of the attempt when the container engine came back',
  usage: { cpuMicros: 0, memoryMibSeconds: 0, wallMillis: 0, ioBytes: 0, egressBytes: 0 },
});
