/**
 * Every process that the benchmark starts. All are children of this one and are ended with it: on success, on error, on SIGINT and
 * SIGTERM. A process gets SIGTERM first and SIGKILL after `graceMs`.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface ChildOptions {
  name: string;
  command: string;
  args: string[];
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  /** Resolve only once a line of stdout or stderr matches. */
  ready?: RegExp;
  readyTimeoutMs?: number;
  graceMs?: number;
}

export interface Child {
  readonly pid: number;
  readonly process: ChildProcess;
  /** What `ready` matched. */
  readonly match: RegExpExecArray | null;
  /** Its stdout and stderr. */
  readonly logFile: string;
  stop(): Promise<void>;
}

const TAIL_BYTES = 2000;

export class Children {
  private readonly running = new Set<() => Promise<void>>();
  private count = 0;

  constructor(private readonly logDir: string) {}

  async start(options: ChildOptions): Promise<Child> {
    this.count += 1;
    const logFile = join(this.logDir, `${this.count}-${options.name}.log`);
    const log = createWriteStream(logFile, { mode: 0o600 });
    const child = spawn(options.command, options.args, { stdio: ['ignore', 'pipe', 'pipe'], env: options.env ?? process.env, cwd: options.cwd });
    child.stdout.pipe(log, { end: false });
    child.stderr.pipe(log, { end: false });
    const stop = this.track(child, options.graceMs ?? 5000, () => log.end());
    const match = await this.untilReady(child, options, logFile).catch(async (error: unknown) => {
      await stop();
      throw error;
    });
    return { pid: child.pid!, process: child, match, logFile, stop };
  }

  /** Ends the process with everything else, and when the returned function is called. */
  track(child: ChildProcess, graceMs: number, ended: () => void = () => undefined): () => Promise<void> {
    let closed = false;
    const exit = new Promise<void>((resolve) => {
      child.once('close', () => {
        closed = true;
        this.running.delete(stop);
        ended();
        resolve();
      });
      child.once('error', () => resolve());
    });
    const stop = async (): Promise<void> => {
      if (closed || child.pid === undefined) return;
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
      await exit;
      clearTimeout(timer);
    };
    this.running.add(stop);
    return stop;
  }

  /** Newest first: what was started last depends on what was started before. */
  async stopAll(): Promise<void> {
    const stops = [...this.running];
    for (let i = stops.length - 1; i >= 0; i -= 1) await stops[i]!();
  }

  private untilReady(child: ChildProcess, options: ChildOptions, logFile: string): Promise<RegExpExecArray | null> {
    const { ready } = options;
    const timeoutMs = options.readyTimeoutMs ?? 30_000;
    return new Promise((resolve, reject) => {
      let seen = '';
      const fail = (why: string): void => reject(new Error(`${options.name}: ${why}; its output: ${tail(logFile, seen)}`));
      const timer = ready === undefined ? undefined : setTimeout(() => fail(`not ready after ${timeoutMs} ms`), timeoutMs);
      const done = (match: RegExpExecArray | null): void => {
        clearTimeout(timer);
        resolve(match);
      };
      child.once('error', (error) => fail(error.message));
      child.once('exit', (code, signal) => {
        clearTimeout(timer);
        fail(`ended with ${signal ?? `code ${code}`}`);
      });
      if (ready === undefined) {
        child.once('spawn', () => done(null));
        return;
      }
      const look = (chunk: Buffer): void => {
        seen = (seen + chunk.toString('utf8')).slice(-65_536);
        const match = ready.exec(seen);
        if (match === null) return;
        child.stdout?.off('data', look);
        child.stderr?.off('data', look);
        done(match);
      };
      child.stdout?.on('data', look);
      child.stderr?.on('data', look);
    });
  }
}

function tail(file: string, seen: string): string {
  try {
    return readFileSync(file, 'utf8').slice(-TAIL_BYTES);
  } catch {
    return seen.slice(-TAIL_BYTES);
  }
}
