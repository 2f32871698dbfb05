/**
 * One attempt in a container of its own.
 *
 * ```
 *  Preparing ─► Created ─► Running ─► Exited ─► Ended
 *      │            │         │ ▲
 *      │            │         ▼ │ engine back
 *      │            │        Blind (the engine is away; the program may go on)
 *      └────────────┴──────────────────────► Ended (stopped, or something failed)
 * ```
 * The way to Running makes no call to the engine but create, attach and start. An adopted attempt begins at Running or at Exited.
 * Whatever happens, at the end the container and the scratch space are gone and the slot is free.
 */
import type Docker from 'dockerode';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Readable } from 'node:stream';
import type { AttemptReason } from '../../../crds/attempt-reasons';
import type { Usage } from '../../../crds/task';
import { attemptKey, NO_USAGE, type AttemptEnd, type AttemptEvents, type AttemptIo, type AttemptSpec, type RunningAttempt } from '../runtime';
import { StatusFile } from '../status-line';
import { containerOptions, type AttemptLabels } from './container-spec';
import { statusOf, reasonOf, type Engine } from './engine';
import { EngineStats } from './engine-stats';
import type { Images } from './images';
import { LogPump, type StreamName } from './logs';
import { Meter } from './meter';
import { outcomeOf, type Outcome } from './outcome';
import { layOut } from './program';
import { collectResults, ResultTooLargeError } from './results';
import type { Owner, Scratch, ScratchPool } from './scratch';
import { remembers } from './memory-of-engine';
import type { Slot, Slots } from './slots';

/** What all attempts of a runtime share. */
export interface AttemptHost {
  engine: Engine;
  images: Images;
  scratch: ScratchPool;
  slots: Slots;
  owner: Owner;
  agent: string;
  boot: string;
  now(): number;
}

/** What adopting found. */
export interface Found {
  container: Docker.Container;
  labels: AttemptLabels;
  startedAtMs: number;
}

/** First looks come soon, for programs that are short. */
const LOOKS_MS = [20, 50, 100] as const;
const LOOK_MS = 250;
const FULL_LOOK_MS = 1000;
const USAGE_MS = 2000;
const OUTPUT_END_MS = 5000;
/** An engine that stays away so long after an attempt's time is over is given up. */
const ENGINE_PATIENCE_MS = 600_000;

/** Ends the attempt with an outcome before the program ran to its end. */
class Ending extends Error {
  constructor(readonly outcome: Outcome) {
    super(outcome.message);
  }
}
const failed = (reason: AttemptReason, error: unknown): Ending => new Ending({ reason, message: reasonOf(error) });

export class DockerAttempt implements RunningAttempt {
  readonly ended: Promise<AttemptEnd>;
  private readonly abort = new AbortController();
  private slot: Slot | undefined;
  private scratch: Scratch | undefined;
  private container: Docker.Container | undefined;
  private logs: LogPump;
  private meter: Meter | undefined;
  private stats: EngineStats | undefined;
  private status: StatusFile | undefined;
  private timer: NodeJS.Timeout | undefined;
  private graceTimer: NodeJS.Timeout | undefined;
  private startedAtMs: number | undefined;
  private looks = 0;
  private nextFullLookMs = 0;
  private nextUsageMs = 0;
  private stopped: { reason: AttemptReason; atMs: number; killAtMs: number } | undefined;
  private isLetGo = false;
  private unseen = false;
  private pidsRefused = false;
  private pidsPeakAtStart = Number.POSITIVE_INFINITY;

  constructor(
    private readonly host: AttemptHost, private readonly spec: AttemptSpec, private readonly io: AttemptIo, private readonly events: AttemptEvents,
    found?: Found,
  ) {
    this.logs = new LogPump(host.engine.streams, (stream, offset, data) => events.log(stream, offset, data), {
      isFull: (stream) => existsSync(this.headNote(stream)),
      full: (stream) => void writeFile(this.headNote(stream), '').catch(() => undefined),
    });
    this.ended = this.live(found);
  }

  stop(reason: AttemptReason, gracePeriodMs: number): void {
    const atMs = this.host.now();
    const killAtMs = atMs + gracePeriodMs;
    if (this.stopped && this.stopped.killAtMs <= killAtMs) return;
    this.stopped = { atMs, reason, ...this.stopped, killAtMs };
    this.abort.abort();
    if (this.startedAtMs !== undefined) this.signal();
  }

  /** Looks away: the container goes on, `ended` never resolves, and a later runtime may adopt it. */
  letGo(): void {
    this.isLetGo = true;
    this.stopTimers();
    this.logs.abandon();
  }

  private async live(found: Found | undefined): Promise<AttemptEnd> {
    let outcome: Outcome;
    let usage: Usage = NO_USAGE;
    let result: AttemptEnd['result'];
    try {
      if (found) this.resume(found);
      else await this.begin();
      this.running();
      const state = await this.exit();
      if (this.isLetGo) return await new Promise(() => undefined);
      ({ outcome, usage } = await this.judge(state));
      if (outcome.reason === 'Completed') result = await this.collect();
    } catch (error) {
      usage = this.meter?.finish(this.host.now()) ?? usage;
      outcome = error instanceof Ending ? error.outcome : { reason: 'RuntimeError', message: reasonOf(error) };
      // Asked to stop while it was made: that is why something broke.
      if (this.stopped && this.startedAtMs === undefined) outcome = { reason: this.stopped.reason };
    }
    if (this.isLetGo) return new Promise(() => undefined);
    await this.cleanUp();
    return { ...outcome, usage, ...(result ? { result } : {}) };
  }

  private async begin(): Promise<void> {
    const { host, spec } = this;
    const { resources } = spec.program;
    const signal = this.abort.signal;
    this.slot = host.slots.take();
    this.scratch = await host.scratch.take(resources.scratchBytes).catch((error: unknown) => { throw failed('RuntimeError', error); });
    const { scratch, slot } = this;
    await layOut(scratch.folder, spec.program, this.io.fetch, signal).catch((error: unknown) => { throw failed('InputUnavailable', error); });
    const image = await host.images.find(spec.program.image).catch((error: unknown) => { throw failed('ImageUnavailable', error); });
    if (image === undefined) throw failed('ImageUnavailable', new Error(`the engine does not hold the image ${spec.program.image}`));
    slot.cgroup?.reset();
    const before = { cpuNanos: 0, ioBytes: 0, ...slot.cgroup?.counters(), memoryBytes: slot.cgroup?.memoryBytes() ?? 0 };
    const labels: AttemptLabels = {
      agent: host.agent, lease: spec.lease, epoch: spec.epoch, attempt: spec.attempt, slot: slot.number, boot: host.boot,
      scratch: basename(scratch.folder), scratchKind: scratch.kind, ...before,
    };
    const options = containerOptions(spec, {
      folder: scratch.folder, task: scratch.task, owner: host.owner, cgroupParent: slot.cgroup?.parent, image, labels,
    });
    signal.throwIfAborted();
    try {
      this.container = await host.engine.calls.createContainer(options);
      slot.cgroup?.attach(this.container.id);
      this.logs.follow(await host.engine.streams.getContainer(this.container.id).attach({ stream: true, stdout: true, stderr: true }));
      signal.throwIfAborted();
      await this.container.start();
    } catch (error) {
      host.engine.isLost(error);
      const noImage = statusOf(error) === 404 && /image/i.test(reasonOf(error));
      if (noImage) host.images.forget(spec.program.image);
      // What cannot be executed is the program's fault; the engine says so with 400.
      const program = statusOf(error) === 400 && /exec|no such file|permission denied/i.test(reasonOf(error));
      throw program ? new Ending({ reason: 'NonZeroExit', message: reasonOf(error), exitCode: 127 }) : failed(noImage ? 'ImageUnavailable' : 'RuntimeError', error);
    }
    this.startedAtMs = host.now();
    this.makeMeter(before);
    this.pidsPeakAtStart = slot.cgroup?.pidsPeak() ?? Number.POSITIVE_INFINITY;
  }

  /** Takes over a container that is there already. */
  private resume({ container, labels, startedAtMs }: Found): void {
    const { host } = this;
    this.slot = host.slots.claim(labels.slot);
    this.scratch = host.scratch.reopen(labels.scratch, this.spec.program.resources.scratchBytes, labels.scratchKind);
    this.logs.resume();
    this.container = container;
    this.slot.cgroup?.attach(container.id);
    this.startedAtMs = startedAtMs;
    this.unseen = true;
    this.pidsPeakAtStart = 0;
    this.makeMeter(labels);
    if (labels.boot !== host.boot) throw new Ending({ reason: 'RuntimeError', message: 'the machine was started anew while the program ran' });
  }

  /** Beside the scratch space: gone with it. */
  private headNote(stream: StreamName): string {
    return join(this.scratch?.folder ?? '', `${stream}-head-is-full`);
  }

  private makeMeter(before: { cpuNanos: number; ioBytes: number; memoryBytes: number }): void {
    const atMs = this.startedAtMs ?? this.host.now();
    // A slot whose counters cannot be read now never had any: begin() noted zeros for it.
    if (this.slot?.cgroup?.counters()) {
      this.meter = new Meter(this.slot.cgroup, { ...before, atMs });
    } else if (this.container) {
      this.stats = new EngineStats(this.container);
      this.meter = new Meter(this.stats, { cpuNanos: 0, ioBytes: 0, memoryBytes: 0, atMs }, true);
    }
  }

  private running(): void {
    if (this.scratch) this.status = new StatusFile(join(this.scratch.task, 'status'));
    this.events.started();
    this.look();
    if (this.stopped) this.signal();
  }

  /** Meters, the status line, the caps that are looked at and not enforced by the kernel, the timeout. */
  private look(): void {
    if (this.isLetGo) return;
    const now = this.host.now();
    const leftMs = (this.startedAtMs ?? now) + this.spec.program.timeoutMs - now;
    if (leftMs <= 0) this.stop('TimedOut', this.spec.program.gracePeriodMs);
    this.stats?.refresh();
    this.meter?.sample(now);
    this.pidsRefused ||= this.slot?.cgroup?.forkRefused() ?? false;
    void this.report(now);
    if (now >= this.nextFullLookMs) {
      this.nextFullLookMs = now + FULL_LOOK_MS;
      void this.lookForOverrun();
    }
    const pauseMs = LOOKS_MS[this.looks++] ?? LOOK_MS;
    this.timer = setTimeout(() => this.look(), leftMs > 0 ? Math.min(pauseMs, leftMs) : pauseMs);
  }

  private async report(now: number): Promise<void> {
    const line = await this.status?.poll();
    if (!this.meter || (!line && now < this.nextUsageMs)) return;
    this.nextUsageMs = now + USAGE_MS;
    this.events.progress({ ...line, usage: this.meter.usage() });
  }

  /** A folder has no cap of its own: its program is stopped here. (A file system is full by itself, and its program sees that.) */
  private async lookForOverrun(): Promise<void> {
    if (this.scratch?.kind !== 'directory') return;
    if (await this.scratch.isFull().catch(() => false)) this.stop('ScratchExceeded', 0);
  }

  /** SIGTERM now, SIGKILL when the grace period is over. A signal that an absent engine did not get is sent when it is back. */
  private signal(): void {
    const { container, stopped } = this;
    if (!container || !stopped) return;
    clearTimeout(this.graceTimer);
    const leftMs = stopped.killAtMs - this.host.now();
    const kill = (signal: string): void => {
      container.kill({ signal }).catch((error: unknown) => this.host.engine.isLost(error));
    };
    if (leftMs <= 0) return kill('SIGKILL');
    kill('SIGTERM');
    this.graceTimer = setTimeout(() => kill('SIGKILL'), leftMs);
  }

  /** Waits until the container ended, whatever becomes of the engine meanwhile. */
  private async exit(): Promise<Docker.ContainerInspectInfo['State']> {
    const { container } = this;
    if (!container) throw new Error('there is no container');
    const { engine } = this.host;
    let reread = this.unseen;
    for (;;) {
      try {
        const stream = engine.streams.getContainer(container.id);
        if (reread) {
          const { State } = await container.inspect();
          const shown = { stdout: true, stderr: true } as const;
          // Following the log of an ended container may never end.
          this.logs.followSoon(State.Running ? stream.logs({ ...shown, follow: true }) : stream.logs(shown).then((all) => Readable.from([all])));
          if (this.stopped) this.signal();
          // Running: its end will be seen. Otherwise only the engine knows how it was.
          this.unseen = State.Running ? false : !(await remembers(engine, container.id, 'die'));
        }
        await engine.untilLost(stream.wait());
        await this.logs.finish(OUTPUT_END_MS);
        return (await container.inspect()).State;
      } catch (error) {
        if (!engine.isLost(error)) {
          throw new Ending({ reason: 'RuntimeError', message: statusOf(error) === 404 ? 'the container was removed from outside' : reasonOf(error) });
        }
        reread = true;
        await this.engineBack();
      }
    }
  }

  private async engineBack(): Promise<void> {
    const overMs = (this.startedAtMs ?? 0) + this.spec.program.timeoutMs + ENGINE_PATIENCE_MS - this.host.now();
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Ending({ reason: 'RuntimeError', message: 'the container engine stayed away' })), Math.min(Math.max(overMs, ENGINE_PATIENCE_MS), 2 ** 31 - 1));
      timer.unref();
    });
    await Promise.race([this.host.engine.whenUp(), patience]).finally(() => clearTimeout(timer));
    if (!this.host.engine.available) throw new Ending({ reason: 'RuntimeError', message: 'the agent was stopped while the container engine was away' });
  }

  private async judge(state: Docker.ContainerInspectInfo['State']): Promise<{ outcome: Outcome; usage: Usage }> {
    clearTimeout(this.timer);
    const { resources, timeoutMs } = this.spec.program;
    const finishedMs = Date.parse(state.FinishedAt);
    const usage = this.meter?.finish(finishedMs > (this.startedAtMs ?? 0) ? finishedMs : this.host.now()) ?? NO_USAGE;
    // An end that was not seen at once may have come before the wish for it.
    const stopped = this.stopped && !(finishedMs < this.stopped.atMs) ? this.stopped.reason : undefined;
    const pidsPeak = this.slot?.cgroup?.pidsPeak() ?? 0;
    const outcome = outcomeOf({
      exitCode: state.ExitCode,
      oomKilled: state.OOMKilled,
      stopped,
      timeoutMs,
      unseen: this.unseen,
      killedFromOutside: state.ExitCode === 137 && !stopped && (await remembers(this.host.engine, this.container?.id ?? '', 'kill')),
      scratchFull: (await this.scratch?.isFull().catch(() => false)) ?? false,
      scratchBytes: resources.scratchBytes,
      memoryBytes: resources.memoryBytes,
      memoryPeakBytes: this.slot?.cgroup?.memoryPeakBytes(),
      pids: resources.pids,
      // The engine's own helpers count too while it starts a container: a peak that was there at the start says nothing.
      pidsFull: this.pidsRefused || (pidsPeak > resources.pids && this.pidsPeakAtStart <= resources.pids),
    });
    return { outcome, usage };
  }

  private async collect(): Promise<AttemptEnd['result']> {
    if (!this.scratch) return undefined;
    try {
      return await collectResults(join(this.scratch.task, 'out'), this.scratch.bytes, this.io.put, new AbortController().signal);
    } catch (error) {
      throw failed(error instanceof ResultTooLargeError ? 'ResultTooLarge' : 'RuntimeError', error);
    }
  }

  private stopTimers(): void {
    clearTimeout(this.timer);
    clearTimeout(this.graceTimer);
  }

  /** Never throws: what cannot be removed now is swept when the engine is back. */
  private async cleanUp(): Promise<void> {
    this.stopTimers();
    await this.logs.finish(0);
    await this.container?.remove({ force: true, v: true }).catch((error: unknown) => this.host.engine.isLost(error));
    await this.scratch?.dispose().catch(() => undefined);
    if (this.slot) this.host.slots.release(this.slot);
    if (this.scratch) this.host.scratch.prepare(this.scratch.bytes);
  }

  get key(): string {
    return attemptKey(this.spec);
  }
}
