/** One program that a test starts: its output goes to a file, it ends with the test process, `stop` waits for its end. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';

export interface Program {
  readonly pid: number;
  /** The last lines of its output. */
  end(): string;
  /** undefined while it runs. */
  exit(): string | undefined;
  /** SIGTERM, and SIGKILL when it does not end within five seconds. */
  stop(): Promise<void>;
  /** At once, as a crash. */
  kill(): Promise<void>;
}

const STOP_MS = 5000;
/** Ends the child when this process dies, however it dies; part of util-linux. */
const hasSetpriv = spawnSync('setpriv', ['--pdeathsig', 'KILL', 'true']).status === 0;

export function startProgram(binary: string, args: readonly string[], log: string, env: Record<string, string> = {}): Program {
  const out = openSync(log, 'a', 0o600);
  const [command, all] = hasSetpriv ? ['setpriv', ['--pdeathsig', 'KILL', binary, ...args]] : [binary, args];
  const child: ChildProcess = spawn(command, all, { stdio: ['ignore', out, out], env: { PATH: process.env.PATH ?? '', HOME: '/nonexistent', ...env } });
  closeSync(out);
  let exit: string | undefined;
  const ended = new Promise<void>((resolve) => {
    child.once('error', (error) => {
      exit = error.message;
      resolve();
    });
    child.once('exit', (code, signal) => {
      exit = signal ?? `code ${code}`;
      resolve();
    });
  });
  return {
    get pid() {
      return child.pid ?? 0;
    },
    end: () => readFileSync(log, 'utf8').split('\n').slice(-25).join('\n'),
    exit: () => exit,
    stop: async () => {
      if (exit !== undefined) return;
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
      await ended;
      clearTimeout(timer);
    },
    kill: async () => {
      if (exit === undefined) child.kill('SIGKILL');
      await ended;
    },
  };
}
