/** A control plane and agents as real processes of the real command, in a temporary folder. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, isAbsolute, join, relative } from 'node:path';

const ROOT = join(__dirname, '..', '..');
export const GLEANER = join(ROOT, 'bin', 'gleaner');
const READY_MS = 60_000;

export interface CommandResult {
  code: number;
  stdout: string;
  stderr: string;
}

export function runCommand(file: string, args: string[], options: { env?: NodeJS.ProcessEnv; input?: string; timeoutMs?: number } = {}): Promise<CommandResult> {
  return new Promise((resolve) => {
    const child = execFile(
      file,
      args,
      { env: options.env ?? process.env, timeout: options.timeoutMs ?? 120_000, maxBuffer: 64 * 1024 * 1024 },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
        resolve({ code, stdout, stderr: error !== null && code === -1 ? `${stderr}\n${error.message}` : stderr });
      },
    );
    child.stdin?.end(options.input ?? '');
  });
}

/** Waits until `probe` gives something; fails with the last state. */
export async function eventually<T>(what: string, probe: () => Promise<T | undefined> | T | undefined, timeoutMs = 60_000): Promise<T> {
  const end = Date.now() + timeoutMs;
  for (;;) {
    const value = await probe();
    if (value !== undefined) return value;
    if (Date.now() > end) throw new Error(`${what}: not within ${timeoutMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

export class TestCluster {
  readonly dir = mkdtempSync(join(tmpdir(), 'gleaner-e2e-'));
  readonly dataDir = join(this.dir, 'data');
  protected readonly processes = new Map<string, ChildProcess>();
  /** What each process said when it was ready. */
  protected readonly said = new Map<string, string>();
  private port = 0;

  get kubeconfig(): string {
    return join(this.dataDir, 'kubeconfig');
  }

  /** With the kubectl that KUBECTL names first on the PATH: scripts that call `kubectl` use the same one as the tests. */
  get env(): NodeJS.ProcessEnv {
    const { KUBECTL, PATH = '' } = process.env;
    const path = KUBECTL !== undefined && isAbsolute(KUBECTL) ? `${dirname(KUBECTL)}${delimiter}${PATH}` : PATH;
    return { ...process.env, PATH: path, KUBECONFIG: this.kubeconfig, HOME: this.dir };
  }

  /** Starts `gleaner <args>` and resolves when a line of its output begins with `ready:`. */
  async start(name: string, args: string[], env: NodeJS.ProcessEnv = {}): Promise<ChildProcess> {
    if (!existsSync(join(ROOT, 'build', 'js', 'cli', 'main.js'))) throw new Error('build/js is missing: run "make build" first');
    const child = spawn(GLEANER, args, { env: { ...this.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    this.processes.set(name, child);
    const log = createWriteStream(join(this.dir, `${name}.log`), { flags: 'a' });
    child.stderr?.pipe(log, { end: false });
    let out = '';
    const ready = new Promise<void>((resolve, reject) => {
      child.stdout?.on('data', (chunk: Buffer) => {
        out = (out + chunk.toString()).slice(-8192);
        const line = /^ready: (.*)$/m.exec(out)?.[1];
        if (line === undefined) return;
        this.said.set(name, line);
        resolve();
      });
      child.once('exit', (code, signal) => reject(new Error(`${name} ended (${code ?? signal}) before it was ready:\n${this.log(name)}`)));
      setTimeout(() => reject(new Error(`${name} was not ready after ${READY_MS} ms:\n${this.log(name)}`)), READY_MS).unref();
    });
    await ready;
    return child;
  }

  log(name: string): string {
    const file = join(this.dir, `${name}.log`);
    return existsSync(file) ? readFileSync(file, 'utf8').slice(-4000) : '';
  }

  /** The port stays the same over restarts, so that agents find the server again. */
  async startServer(extra: string[] = []): Promise<void> {
    await this.start('server', ['server', '--data', this.dataDir, '--port', String(this.port), ...extra]);
    this.port = Number(new URL(this.serverUrl()).port);
  }

  serverUrl(): string {
    const match = /server: (https:\S+)/.exec(readFileSync(this.kubeconfig, 'utf8'));
    if (match === null) throw new Error(`${this.kubeconfig} names no server`);
    return match[1]!;
  }

  /** Resolves with the Agent's name. The agent keeps to the address that it joined at. */
  async joinAgent(name: string, url = this.serverUrl()): Promise<string> {
    const token = (await this.gleaner(['token', 'create', '--owner', 'owner-of-' + name])).stdout.trim();
    const joined = await this.gleaner(['agent', 'join', url, '-', '--data', join(this.dir, name)], token);
    if (joined.code !== 0) throw new Error(`agent join: ${joined.stderr}`);
    return joined.stdout.trim().replace('joined as ', '');
  }

  async startAgent(name: string, extra: string[] = [], env: NodeJS.ProcessEnv = {}): Promise<void> {
    await this.start(name, ['agent', 'run', '--data', join(this.dir, name), ...extra], env);
  }

  /** Joins and starts the agent `agent-1`, and gives the namespace default `credits` for it to earn. */
  async startAgentAndDeposit(credits: string): Promise<void> {
    await this.joinAgent('agent-1');
    await this.startAgent('agent-1');
    await this.ok(['deposit', credits]);
  }

  /** What `gleaner results -o` writes for a Job, by the paths below the folder. */
  async resultFiles(job: string): Promise<Readonly<Record<string, string>>> {
    const dir = mkdtempSync(join(this.dir, 'results-'));
    await this.ok(['results', `job/${job}`, '-o', dir]);
    const files = readdirSync(dir, { recursive: true, withFileTypes: true }).filter((each) => each.isFile()).map((each) => join(each.parentPath, each.name));
    return Object.fromEntries(files.map((file) => [relative(dir, file), readFileSync(file, 'utf8')]));
  }

  /** Ends a process this cluster started, and waits until it is gone. */
  async kill(name: string, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const child = this.processes.get(name);
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill(signal);
    await gone;
  }

  gleaner(args: string[], input?: string): Promise<CommandResult> {
    return runCommand(GLEANER, args, { env: this.env, ...(input === undefined ? {} : { input }) });
  }

  kubectl(args: string[], input?: string, timeoutMs?: number): Promise<CommandResult> {
    return runCommand(process.env.KUBECTL ?? 'kubectl', ['--cache-dir', join(this.dir, 'kube-cache'), ...args], {
      env: this.env,
      ...(input === undefined ? {} : { input }),
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
    });
  }

  /** `gleaner` must succeed; returns its output. */
  async ok(args: string[], input?: string): Promise<string> {
    const result = await this.gleaner(args, input);
    if (result.code !== 0) throw new Error(`gleaner ${args.join(' ')}: exit code ${result.code}\n${result.stderr}\n${this.log('server')}`);
    return result.stdout;
  }

  async kubectlOk(args: string[], input?: string, timeoutMs?: number): Promise<string> {
    const result = await this.kubectl(args, input, timeoutMs);
    if (result.code !== 0) throw new Error(`kubectl ${args.join(' ')}: exit code ${result.code}\n${result.stderr}\n${this.log('server')}`);
    return result.stdout;
  }

  async getJson<T>(resource: string, name?: string): Promise<T> {
    return JSON.parse(await this.kubectlOk(['get', resource, ...(name === undefined ? [] : [name]), '-o', 'json'])) as T;
  }

  /** Ends every process and removes the folder. */
  async close(): Promise<void> {
    for (const name of [...this.processes.keys()].filter((n) => n !== 'server')) await this.kill(name, 'SIGTERM');
    await this.kill('server', 'SIGTERM');
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** A Job manifest as JSON, for `kubectl apply -f -`. */
export function jobManifest(name: string, spec: Record<string, unknown>): string {
  return JSON.stringify({ apiVersion: 'gleaner.dev/v1alpha1', kind: 'Job', metadata: { name }, spec });
}

/** What `gleaner bill --job` says. */
export interface JobBill {
  held: string;
  lines: { line: string; attempts: number }[];
}

/** The bill of a Job that is over, once nothing is held for it: a copy that another one made superfluous is settled when its agent answers. */
export function settledBill(cluster: TestCluster, job: string): Promise<JobBill> {
  return eventually(`nothing is held for ${job}`, async () => {
    const bill = JSON.parse(await cluster.ok(['bill', '--job', job, '-o', 'json'])) as JobBill;
    return bill.held === '0.00' ? bill : undefined;
  });
}

/** Attempts that were paid for as a result. */
export const paidAttempts = ({ lines }: JobBill): number => lines.filter(({ line }) => line === 'work').reduce((sum, { attempts }) => sum + attempts, 0);
