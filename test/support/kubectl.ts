/** Runs the real kubectl: of the PATH, of KUBECTL, or the one that is named. */
import { execFile, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

export interface Ran {
  code: number;
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  input?: string;
  env?: Record<string, string>;
}

export interface Kubectl {
  /** Runs to the end, whatever the exit code. */
  run(args: readonly string[], options?: RunOptions): Promise<Ran>;
  /** Runs and gives stdout. @throws Error with both outputs when it fails */
  ok(args: readonly string[], options?: RunOptions): Promise<string>;
  /** Runs, expects failure and gives stderr. @throws Error when it succeeds */
  fails(args: readonly string[], options?: RunOptions): Promise<string>;
  /** Starts one that goes on; `lines` fills as it prints. */
  start(args: readonly string[]): { child: ChildProcess; lines: string[] };
}

const TIMEOUT_MS = 30_000;

/** @throws Error when there is no kubectl */
export function kubectl(kubeconfig: string, dir: string, binary: string = process.env.KUBECTL ?? 'kubectl'): Kubectl {
  const found = spawnSync(binary, ['version', '--client'], { encoding: 'utf8', timeout: TIMEOUT_MS });
  if (found.status !== 0) {
    throw new Error(`these tests run the real kubectl, and "${binary}" cannot be run: install kubectl 1.27 or newer, or set KUBECTL to its path`);
  }
  const home = join(dir, 'kubectl-home');
  mkdirSync(home, { recursive: true });
  const environment = { PATH: process.env.PATH ?? '', HOME: home, TMPDIR: home, KUBECONFIG: kubeconfig };
  const all = (args: readonly string[]): string[] => [`--cache-dir=${join(dir, 'kubectl-cache')}`, ...args];
  const run = (args: readonly string[], { input, env = {} }: RunOptions = {}): Promise<Ran> =>
    new Promise((resolve) => {
      const child = execFile(
        binary,
        all(args),
        { env: { ...environment, ...env }, timeout: TIMEOUT_MS, maxBuffer: 16 * 1024 * 1024 },
        (error, stdout, stderr) => resolve({ code: error ? (typeof error.code === 'number' ? error.code : 1) : 0, stdout, stderr }),
      );
      // One that reads nothing may have ended before.
      child.stdin?.on('error', () => undefined);
      child.stdin?.end(input ?? '');
    });
  const describe = (args: readonly string[], { code, stdout, stderr }: Ran): string =>
    `kubectl ${args.join(' ')} exited with ${code}\n--- stdout\n${stdout}\n--- stderr\n${stderr}`;
  return {
    run,
    ok: async (args, options) => {
      const ran = await run(args, options);
      if (ran.code !== 0) throw new Error(describe(args, ran));
      return ran.stdout;
    },
    fails: async (args, options) => {
      const ran = await run(args, options);
      if (ran.code === 0) throw new Error(describe(args, ran));
      return ran.stderr;
    },
    start: (args) => {
      const child = spawn(binary, all(args), { env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
      const lines: string[] = [];
      let rest = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        const parts = (rest + text).split('\n');
        rest = parts.pop() ?? '';
        lines.push(...parts);
      });
      return { child, lines };
    },
  };
}

/** Waits until `condition` holds. @throws Error with `what` after ten seconds */
export async function eventually(what: () => string, condition: () => boolean | Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 500; attempt++) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`did not come about in 10 s: ${what()}`);
}
