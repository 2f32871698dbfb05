/**
 * The ContainerRuntime that runs nothing: an attempt does what its program's text says (see directives.ts), in this process. For
 * simulation, tests and the benchmark; it holds the same caps as Docker does. Nothing outlives the process, so nothing is adopted.
 */
import { readFile } from 'node:fs/promises';
import { MAX_INLINE_RESULT_BYTES } from '../../../crds/agent-link';
import type { AttemptReason } from '../../../crds/attempt-reasons';
import type { Usage } from '../../../crds/task';
import { HeadTail } from '../head-tail';
import { NO_USAGE, type AttemptEnd, type AttemptEvents, type AttemptIo, type AttemptSpec, type ContainerRuntime, type RunningAttempt } from '../runtime';
import { parseDirectives, type Directives } from './directives';

const MIB = 2 ** 20;
const MAX_TIMER_MS = 2 ** 31 - 1;
const DONE = Promise.resolve();

class ScriptedAttempt implements RunningAttempt {
  readonly ended: Promise<AttemptEnd>;
  private resolve: (end: AttemptEnd) => void = () => undefined;
  private readonly timers: NodeJS.Timeout[] = [];
  private readonly startedMs: number;

  constructor(private readonly spec: AttemptSpec, private readonly directives: Directives, private readonly events: AttemptEvents, private readonly now: () => number) {
    this.ended = new Promise((resolve) => { this.resolve = resolve; });
    this.startedMs = now();
    this.play();
  }

  private play(): void {
    const { directives, events, spec } = this;
    events.started();
    this.speak('stdout', directives.stdout);
    this.speak('stderr', directives.stderr);
    const overrun = this.overrun();
    if (overrun) return this.end(overrun, undefined, 137);
    const { sleepMs, progress } = directives;
    const { timeoutMs } = spec.program;
    progress.forEach((value, i) => this.after((sleepMs * (i + 1)) / (progress.length + 1), () => events.progress({ progress: value, usage: this.usage() })));
    if (sleepMs > timeoutMs) this.after(timeoutMs, () => this.end('TimedOut', `it was still running after timeout (${timeoutMs / 1000} s)`, 137));
    else if (sleepMs > 0) this.after(sleepMs, () => this.finish());
    else this.finish();
    return undefined;
  }

  stop(reason: AttemptReason, _gracePeriodMs: number): void {
    this.end(reason, undefined, 143);
  }

  private overrun(): AttemptReason | undefined {
    const { resources } = this.spec.program;
    if (this.directives.memoryBytes > resources.memoryBytes) return 'OutOfMemory';
    return this.directives.scratchBytes > resources.scratchBytes ? 'ScratchExceeded' : undefined;
  }

  private speak(stream: 'stdout' | 'stderr', text: string | undefined): void {
    if (text === undefined) return;
    const bound = new HeadTail((offset, data) => this.events.log(stream, offset, data));
    bound.write(Buffer.from(text));
    bound.end();
  }

  private after(ms: number, act: () => void): void {
    this.timers.push(setTimeout(act, Math.min(ms, MAX_TIMER_MS)));
  }

  private finish(): void {
    const { exit, reason, result } = this.directives;
    if (reason && reason !== 'Completed') return this.end(reason);
    if (exit !== 0) return this.end('NonZeroExit', `the program ended with exit code ${exit}`, exit);
    const inline = JSON.stringify(result);
    // There is no folder of files here that a larger one could stay in.
    if (inline.length * 3 > MAX_INLINE_RESULT_BYTES && Buffer.byteLength(inline) > MAX_INLINE_RESULT_BYTES) {
      return this.end('ResultTooLarge', `the result has more than ${MAX_INLINE_RESULT_BYTES} bytes`);
    }
    return this.settle({ reason: 'Completed', exitCode: 0, usage: this.usage(), result: { inline, files: [] } });
  }

  private end(reason: AttemptReason, message?: string, exitCode?: number): void {
    this.settle({ reason, usage: this.usage(), ...(message === undefined ? {} : { message }), ...(exitCode === undefined ? {} : { exitCode }) });
  }

  private settle(end: AttemptEnd): void {
    for (const timer of this.timers.splice(0)) clearTimeout(timer);
    this.resolve(end);
  }

  /** No more CPU than the caps let a real program have in that time. */
  private usage(): Usage {
    const { program } = this.spec;
    const wallMillis = Math.min(this.now() - this.startedMs, program.timeoutMs);
    const allowed = program.resources.cpu * Math.max(wallMillis, this.directives.sleepMs === 0 ? this.directives.cpuMs : 0);
    return {
      ...NO_USAGE,
      wallMillis,
      cpuMicros: Math.round(Math.min(this.directives.cpuMs, allowed) * 1000),
      memoryMibSeconds: Math.round(((this.directives.memoryBytes / MIB) * wallMillis) / 1000),
    };
  }
}

/** An attempt whose program could not be read. */
const unavailable = (message: string): AttemptEnd => ({ reason: 'InputUnavailable', message, usage: NO_USAGE });

export class ScriptedRuntime implements ContainerRuntime {
  readonly name = 'scripted';
  readonly available = true;

  constructor(private readonly now: () => number = Date.now) {}

  onAvailability(): void {
    // It never changes.
  }

  async start(): Promise<void> {
    // Nothing to connect to.
  }

  async close(): Promise<void> {
    // Attempts end with the process.
  }

  async images(): Promise<string[]> {
    return [];
  }

  /** Any image will do. */
  ensureImage(): Promise<void> {
    return DONE;
  }

  run(spec: AttemptSpec, io: AttemptIo, events: AttemptEvents): RunningAttempt {
    const { program } = spec;
    if (program.element === undefined && program.archive === undefined && program.inputs.length === 0) return this.begin(spec, program.script ?? '', events);
    const abort = new AbortController();
    let running: RunningAttempt | undefined;
    let stopped: AttemptReason | undefined;
    const ended = this.read(spec, io, abort.signal).then(
      (text) => {
        if (stopped) return { reason: stopped, usage: NO_USAGE };
        running = this.begin(spec, text, events);
        return running.ended;
      },
      (error: unknown) => (stopped ? { reason: stopped, usage: NO_USAGE } : unavailable(error instanceof Error ? error.message : String(error))),
    );
    return {
      ended,
      stop: (reason, gracePeriodMs) => {
        stopped ??= reason;
        abort.abort();
        running?.stop(reason, gracePeriodMs);
      },
    };
  }

  async adopt(): Promise<undefined> {
    return undefined;
  }

  private begin(spec: AttemptSpec, text: string, events: AttemptEvents): RunningAttempt {
    const env: Record<string, string> = {};
    if (text.includes('$')) {
      for (const { name, value } of spec.program.env) env[name] = value;
      Object.assign(env, spec.env, {
        GLEANER_INDEX: String(spec.index), GLEANER_COMPLETIONS: String(spec.completions), GLEANER_ATTEMPT: String(spec.attempt),
        GLEANER_JOB: spec.job, JOB_COMPLETION_INDEX: String(spec.index),
      });
    }
    return new ScriptedAttempt(spec, parseDirectives(text, env, spec.index), events, this.now);
  }

  /** The program's text; inputs are fetched as on a real agent. An archive is a program that says nothing. */
  private async read(spec: AttemptSpec, io: AttemptIo, signal: AbortSignal): Promise<string> {
    const { program } = spec;
    for (const { element } of program.inputs) await io.fetch(element, signal);
    if (program.archive !== undefined) await io.fetch(program.archive, signal);
    return program.element === undefined ? (program.script ?? '') : readFile(await io.fetch(program.element, signal), 'utf8');
  }
}
