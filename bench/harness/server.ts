/** Our control plane as a child process, as people start it: `gleaner server`, with a data folder of its own and any free port. */
import { execFile } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findTarget } from '../../cli/client';
import type { Child } from './children';
import type { Context } from './context';
import { type Endpoint, HttpConnection } from './http-connection';
import { cpuSeconds, memory } from './proc';
import { readProfile, type SelfTime, selfTimes, timesByCaller } from './profile';

export const ROOT = join(__dirname, '..', '..', '..', '..');
const GLEANER = join(ROOT, 'bin', 'gleaner');
export const API = '/apis/gleaner.dev/v1alpha1';
export const JOBS = `${API}/namespaces/default/jobs`;
const run = promisify(execFile);

export class Server {
  private constructor(
    private readonly context: Context,
    private readonly child: Child,
    readonly dataDir: string,
    readonly endpoint: Endpoint,
    private readonly profileDir: string | undefined,
  ) {}

  /** @param args further flags @param command what to run instead of `gleaner server` */
  static async start(context: Context, name: string, args: string[] = [], command: string[] = ['server']): Promise<Server> {
    const dataDir = join(context.dir, name);
    const profileDir = context.profile ? join(context.dir, `${name}-profile`) : undefined;
    if (profileDir !== undefined) mkdirSync(profileDir);
    const child = await context.children.start({
      name,
      command: profileDir === undefined ? GLEANER : process.execPath,
      args: [
        ...(profileDir === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileDir}`, '--cpu-prof-interval=500', GLEANER]),
        ...command, '--data', dataDir, '--port', '0', ...args,
      ],
      ready: /^ready:.*$/m,
      readyTimeoutMs: 60_000,
      graceMs: 30_000,
    });
    const target = findTarget({ data: dataDir });
    const url = new URL(target.server);
    const endpoint = { host: url.hostname, port: Number(url.port), ca: target.ca ?? '', ...(target.token === undefined ? {} : { token: target.token }) };
    return new Server(context, child, dataDir, endpoint, profileDir);
  }

  get pid(): number {
    return this.child.pid;
  }

  get url(): string {
    return `https://${this.endpoint.host}:${this.endpoint.port}`;
  }

  cpuSeconds(): number {
    return cpuSeconds(this.pid);
  }

  memory(): { rssBytes: number; peakBytes: number } {
    return memory(this.pid);
  }

  /** @throws Error when the answer is an error */
  async request<T>(method: string, path: string, body?: unknown): Promise<T> {
    return JSON.parse(await this.text(path, method, body)) as T;
  }

  /** The body as it comes. @throws Error when the answer is an error */
  async text(path: string, method = 'GET', body?: unknown): Promise<string> {
    const connection = await HttpConnection.open(this.endpoint);
    try {
      const reply = await connection.request(method, path, body === undefined ? '' : JSON.stringify(body));
      if (reply.status >= 400) throw new Error(`${method} ${path}: ${reply.status} ${reply.body.slice(0, 500)}`);
      return reply.body;
    } finally {
      connection.close();
    }
  }

  /** What of the memory is JavaScript's own, from the server's metrics. */
  async heapFigures(): Promise<string> {
    const page = await this.text('/metrics');
    const figure = (name: string): string => {
      const value = new RegExp(`^${name} ([0-9.e+]+)`, 'm').exec(page)?.[1];
      return value === undefined ? 'unknown' : `${Math.round(Number(value) / 1024 ** 2)} MiB`;
    };
    return `JavaScript heap ${figure('nodejs_heap_size_used_bytes')} of ${figure('nodejs_heap_size_total_bytes')}, external ${figure('nodejs_external_memory_bytes')}`;
  }

  /** Runs `gleaner …` against this server. @throws Error with its output when it fails */
  async gleaner(...args: string[]): Promise<string> {
    const { stdout } = await run(GLEANER, [...args, '--data', this.dataDir], { timeout: 120_000, maxBuffer: 16 * 1024 * 1024 });
    return stdout.trim();
  }

  /** `gleaner ledger verify`: whether every invariant holds. What it printed is noted. */
  async ledgerHolds(): Promise<boolean> {
    try {
      this.context.note(await this.gleaner('ledger', 'verify'));
      return true;
    } catch (error) {
      const { stdout, stderr } = error as { stdout?: string; stderr?: string };
      this.context.note(`ledger verify FAILED: ${stdout ?? ''} ${stderr ?? String(error)}`);
      return false;
    }
  }

  /** Stops it; with --profile, says where its time went. */
  async stop(): Promise<void> {
    await this.child.stop();
    if (this.profileDir === undefined) return;
    const profile = readProfile(this.profileDir);
    this.report('where the server\'s time went, by file of ours (libraries counted for their caller):', timesByCaller(profile, 30));
    this.report('by function, time in itself:', selfTimes(profile, 20));
  }

  private report(title: string, times: SelfTime[]): void {
    this.context.note(title);
    for (const { share, ms, where } of times) this.context.note(`  ${(share * 100).toFixed(1).padStart(5)} %  ${ms.toFixed(0).padStart(6)} ms  ${where}`);
  }
}
