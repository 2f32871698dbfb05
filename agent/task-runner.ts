/**
 * One attempt, from `start` until its report is acknowledged.
 *
 * ```
 *  Fetching ──image is there──► Running ──ended──► Reporting ──acknowledged──► Done
 *     │ stop                       │ stop: SIGTERM, grace     ▲
 *     └────────────────────────────┴──────────────────────────┘
 * ```
 * Reporting: the report is made durable, result files are uploaded, then the report is sent. Its capacity is free from then on. Inputs
 * are fetched by the runtime, timeouts are kept by the runtime. Once the agent's process stops nothing is reported: what runs goes on, and
 * is adopted by the next process.
 */
import { MAX_LOG_BYTES, type AttemptReport, type Finished, type LogChunk } from '../crds/agent-link';
import type { AttemptReason } from '../crds/attempt-reasons';
import { resolveElement } from '../crds/element-ref';
import type { Usage } from '../crds/task';
import type { ElementHandle, Elements } from './elements';
import type { Entry, LeaseJournal } from './journal';
import type { Item } from './outbox';
import type { Progress } from './progress';
import { attemptKey, NO_USAGE, type AttemptEnd, type AttemptEvents, type AttemptSpec, type ContainerRuntime, type RunningAttempt } from './runtime/runtime';

export type RunnerPhase = 'Fetching' | 'Running' | 'Reporting' | 'Done';

/** What all runners share. */
export interface RunnerHost {
  runtime: ContainerRuntime;
  elements: Elements;
  journal: LeaseJournal;
  progress: Progress;
  send(item: Item): void;
  /** Messages of the attempt that are not acknowledged. */
  unacknowledged(key: string, kind: Item['kind']): Item[];
  phaseChanged(runner: TaskRunner, finished?: Finished): void;
  warn(fields: Record<string, unknown>, message: string): void;
  /** Over when the agent stops. */
  signal: AbortSignal;
}

const MAX_TEXT = 4096;
/** Of one message; base64 makes it a third more. */
const LOG_CHUNK_BYTES = 192 * 1024;
const IMAGE_TRIES = 3;

export class TaskRunner {
  readonly key: string;
  phase: RunnerPhase = 'Fetching';
  /** Of the phase, milliseconds since 1970. */
  since = Date.now();
  private readonly handle: ElementHandle;
  private readonly aborting = new AbortController();
  private running: RunningAttempt | undefined;
  private stopping: { reason: AttemptReason; gracePeriodMs: number } | undefined;
  private usage: Usage = NO_USAGE;
  private files: Finished['result'];

  constructor(private readonly host: RunnerHost, readonly spec: AttemptSpec, private readonly ticket: string) {
    this.key = attemptKey(spec);
    this.handle = host.elements.open(ticket);
  }

  /** A `start` of the control plane. */
  begin(): void {
    void this.execute().then((end) => this.end(end));
  }

  /** What a former process left. @returns false: nothing is left of it, and nothing is reported */
  async adopt(): Promise<boolean> {
    const adopted = await this.host.runtime.adopt(this.spec, this.handle.io, this.events());
    if (!adopted) {
      this.handle.release();
      return false;
    }
    this.attach(adopted);
    void adopted.ended.then((end) => this.end(end));
    return true;
  }

  /** It ended in a former process: its report goes out again. */
  report({ finished, logs }: NonNullable<Entry['ended']>): void {
    this.files = finished.result;
    this.become('Reporting');
    for (const chunk of logs) this.host.send({ kind: 'log', key: this.key, text: JSON.stringify(chunk) });
    void this.deliver(finished);
  }

  /** In every phase. The first reason counts, and the shortest grace period. */
  stop(reason: AttemptReason, gracePeriodMs: number): void {
    if (this.phase === 'Reporting' || this.phase === 'Done') return;
    this.stopping ??= { reason, gracePeriodMs };
    this.aborting.abort();
    this.running?.stop(reason, gracePeriodMs);
  }

  /** The report is acknowledged. */
  acknowledged(): void {
    if (this.phase !== 'Reporting') return;
    this.host.journal.done(this.key);
    this.host.elements.forget([...new Set(this.files?.files.map(({ element }) => element))]);
    this.become('Done');
  }

  private async execute(): Promise<AttemptEnd> {
    const { runtime } = this.host;
    const program = this.resolved();
    if (!('image' in program)) return program;
    if (!runtime.available) return failure('RuntimeError', 'the container engine does not answer');
    const problem = await this.image();
    if (this.stopping) return failure(this.stopping.reason);
    if (problem) return problem;
    try {
      const running = runtime.run({ ...this.spec, program }, this.handle.io, this.events());
      this.attach(running);
      return await running.ended;
    } catch (error) {
      return failure('RuntimeError', (error as Error).message);
    }
  }

  private attach(running: RunningAttempt): void {
    this.running = running;
    if (this.stopping) running.stop(this.stopping.reason, this.stopping.gracePeriodMs);
  }

  /** Inputs that differ per index get this index's digests. */
  private resolved(): AttemptSpec['program'] | AttemptEnd {
    const { program, env } = this.spec;
    const inputs: AttemptSpec['program']['inputs'] = [];
    for (const { name, element } of program.inputs) {
      const digest = resolveElement(element, env);
      if (digest === undefined) return failure('InputUnavailable', `the input ${name}: ${element} gives no digest for this index`);
      inputs.push({ name, element: digest });
    }
    return { ...program, inputs };
  }

  /** Attempts share one load of an image: it goes on when the one that began it is stopped, and the next one tries when it failed. */
  private async image(): Promise<AttemptEnd | undefined> {
    const { image, imageArchive } = this.spec.program;
    for (let tries = 1; ; tries += 1) {
      try {
        await orStopped(this.host.runtime.ensureImage(image, imageArchive, this.handle.io.fetch, this.host.signal), this.aborting.signal);
        return undefined;
      } catch (error) {
        if (this.aborting.signal.aborted) return undefined;
        if (tries >= IMAGE_TRIES || this.host.signal.aborted) return failure('ImageUnavailable', (error as Error).message);
      }
    }
  }

  private events(): AttemptEvents {
    const { lease, epoch } = this.spec;
    return {
      started: () => {
        this.become('Running');
        this.progress({});
      },
      progress: ({ progress, message, usage }) => {
        this.usage = atLeast(this.usage, usage);
        this.progress({
          ...(progress === undefined ? {} : { progress: Math.min(1, Math.max(0, progress)) }),
          ...(message === undefined ? {} : { message: message.slice(0, MAX_TEXT) }),
          usage: this.usage,
        });
      },
      log: (stream, offset, data) => {
        for (let at = 0; at < data.length && offset + at < MAX_LOG_BYTES; at += LOG_CHUNK_BYTES) {
          const part = data.subarray(at, Math.min(at + LOG_CHUNK_BYTES, MAX_LOG_BYTES - offset));
          const chunk: LogChunk = { type: 'log', lease, epoch, stream, offset: offset + at, data: part.toString('base64') };
          this.host.send({ kind: 'log', key: this.key, text: JSON.stringify(chunk) });
        }
      },
    };
  }

  private progress(update: Pick<AttemptReport, 'progress' | 'message' | 'usage'>): void {
    const { lease, epoch } = this.spec;
    if (this.phase === 'Running') this.host.progress.report(this.key, { type: 'attempt', lease, epoch, phase: 'Running', ...update });
  }

  private async end({ reason, message, exitCode, usage, result }: AttemptEnd): Promise<void> {
    const { host, key } = this;
    // The process is leaving: an end that this caused is none.
    if (host.signal.aborted) return;
    const { lease, epoch } = this.spec;
    const finished: Finished = {
      type: 'finished', lease, epoch, reason, usage: atLeast(this.usage, usage),
      ...(message === undefined ? {} : { message: message.slice(0, MAX_TEXT) }),
      ...(exitCode === undefined ? {} : { exitCode }),
      ...(reason === 'Completed' ? { result: result ?? { files: [] } } : {}),
    };
    this.files = finished.result;
    this.handle.release(new Set(this.files?.files.map(({ element }) => element)));
    host.progress.forget(key);
    this.become('Reporting', finished);
    await host.journal.ended(key, finished, host.unacknowledged(key, 'log').map(({ text }) => JSON.parse(text) as LogChunk));
    await this.deliver(finished);
  }

  private async deliver(finished: Finished): Promise<void> {
    const { host, key } = this;
    const files = finished.result?.files ?? [];
    try {
      if (files.length > 0) await host.elements.deliver(files, this.ticket, host.signal);
    } catch (error) {
      if (host.signal.aborted) return;
      // The report is sent all the same: the control plane says what becomes of an attempt without its files.
      host.warn({ lease: finished.lease, why: (error as Error).message }, 'a result file could not be delivered');
    }
    host.send({ kind: 'finished', key, text: JSON.stringify(finished) });
  }

  private become(phase: RunnerPhase, finished?: Finished): void {
    this.phase = phase;
    this.since = Date.now();
    this.host.phaseChanged(this, finished);
  }
}

const failure = (reason: AttemptReason, message?: string): AttemptEnd => ({ reason, ...(message === undefined ? {} : { message }), usage: NO_USAGE });

/** Counters never go back, whoever reads them. */
export function atLeast(before: Usage, now: Usage): Usage {
  return {
    cpuMicros: Math.max(before.cpuMicros, now.cpuMicros),
    memoryMibSeconds: Math.max(before.memoryMibSeconds, now.memoryMibSeconds),
    wallMillis: Math.max(before.wallMillis, now.wallMillis),
    ioBytes: Math.max(before.ioBytes, now.ioBytes),
    egressBytes: Math.max(before.egressBytes, now.egressBytes),
    ...(before.estimated || now.estimated ? { estimated: true } : {}),
  };
}

function orStopped<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(new Error('stopped'));
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}
