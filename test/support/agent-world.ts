/** A whole control plane and agents in this process: real SQLite, TLS, WebSocket and Docker; each part can be ended and started again. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { type AgentConfig, defaultAgentConfig } from '../../agent/config';
import { joinAgent, type RunningAgent, startAgent } from '../../agent/main';
import { Client, findTarget } from '../../cli/client';
import { type ControlPlaneConfig, defaultConfig } from '../../controlplane/config';
import { type ControlPlane, startControlPlane } from '../../controlplane/main';
import type { Agent } from '../../crds/agent';
import type { Job } from '../../crds/job';
import type { Task } from '../../crds/task';
import { eventually } from './gleaner';

export const IMAGES_DIR = process.env.GLEANER_IMAGES_DIR ?? join(__dirname, '../../build/images');
const GROUP = '/apis/gleaner.dev/v1alpha1';
const MIB = 2 ** 20;

export class AgentWorld {
  readonly dir = mkdtempSync(join(tmpdir(), 'gleaner-agent-'));
  readonly agents = new Map<string, RunningAgent>();
  plane: ControlPlane | undefined;
  private api: Client | undefined;
  private port = 0;

  constructor(private readonly options: Partial<ControlPlaneConfig> = {}) {}

  get client(): Client {
    if (!this.api) throw new Error('the control plane is not started');
    return this.api;
  }

  get url(): string {
    return `https://127.0.0.1:${this.port}`;
  }

  /** The port stays the same over restarts. */
  async startPlane(): Promise<void> {
    const config = { ...defaultConfig(join(this.dir, 'plane')), port: this.port, imagesDir: IMAGES_DIR, ...this.options };
    this.plane = await startControlPlane(config, pino({ level: process.env.TEST_LOG ?? 'silent' }, pino.destination(2)));
    this.port = Number(new URL(this.plane.url).port);
    this.api = new Client(findTarget({ data: join(this.dir, 'plane') }));
  }

  async stopPlane(): Promise<void> {
    this.api?.close();
    await this.plane?.stop();
    this.plane = undefined;
  }

  async deposit(credits: string): Promise<void> {
    await this.client.json('POST', '/ledger/deposits', { namespace: 'default', amount: credits, key: `test-${credits}` });
  }

  async joinToken(): Promise<string> {
    return (await this.client.json<{ token: string }>('POST', '/tokens', { kind: 'agent', owner: 'ann', uses: 1, ttl: '5m' })).token;
  }

  agentDir(name: string): string {
    return join(this.dir, name);
  }

  async join(name: string): Promise<string> {
    return (await joinAgent({ url: this.url, token: await this.joinToken(), dataDir: this.agentDir(name) })).id;
  }

  async startAgent(name: string, config: Partial<AgentConfig> = {}): Promise<RunningAgent> {
    const dataDir = this.agentDir(name);
    const offered = { cpu: 4, memoryBytes: 1024 * MIB, scratchBytes: 1024 * MIB, slots: 8 };
    const agent = await startAgent(
      { ...defaultAgentConfig(dataDir), offered, cacheBytes: 2048 * MIB, ...config },
      pino({ level: process.env.TEST_LOG ?? 'silent' }, pino.destination(2)));
    this.agents.set(name, agent);
    return agent;
  }

  async stopAgent(name: string): Promise<void> {
    await this.agents.get(name)?.stop();
    this.agents.delete(name);
  }

  async apply(name: string, script: string, completions: number, more: { spec?: object; template?: object } = {}): Promise<void> {
    const template = { program: { script }, timeout: '60s', resources: { cpu: '100m', memory: '32Mi', scratch: '4Mi', pids: 16 }, ...more.template };
    await this.client.json('POST', `${GROUP}/namespaces/default/jobs`, {
      apiVersion: 'gleaner.dev/v1alpha1', kind: 'Job', metadata: { name }, spec: { runtime: 'shell', completions, template, ...more.spec },
    });
  }

  job(name: string): Promise<Job> {
    return this.client.json('GET', `${GROUP}/namespaces/default/jobs/${name}`);
  }

  task(name: string): Promise<Task> {
    return this.client.json('GET', `${GROUP}/namespaces/default/tasks/${name}`);
  }

  agent(id: string): Promise<Agent> {
    return this.client.json('GET', `${GROUP}/agents/${id}`);
  }

  untilJob(name: string, what: string, condition: (job: Job) => boolean): Promise<Job> {
    return eventually(`job ${name} ${what}`, async () => {
      const job = await this.job(name).catch(() => undefined);
      return job && condition(job) ? job : undefined;
    });
  }

  untilFinished(name: string): Promise<Job> {
    return this.untilJob(name, 'finished', ({ status }) => status?.phase === 'Complete' || status?.phase === 'Failed');
  }

  /** Every index's result, by index. */
  async results(name: string): Promise<unknown[]> {
    const lines: { index: number; inline?: string }[] = [];
    await this.client.lines<{ index: number; inline?: string }>(`/results/default/${name}`, (line) => { lines.push(line); });
    return lines.sort((a, b) => a.index - b.index).map(({ inline }) => (inline === undefined ? undefined : JSON.parse(inline)));
  }

  async text(path: string): Promise<string> {
    const chunks: Buffer[] = [];
    for await (const chunk of (await this.client.open('GET', path)).stream) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks).toString();
  }

  verify(): Promise<{ ok: boolean; openHolds?: number }> {
    return this.client.json('GET', '/ledger/verify');
  }

  async close(): Promise<void> {
    for (const agent of this.agents.values()) await agent.drain();
    await this.stopPlane();
    const table = readFileSync('/proc/self/mountinfo', 'utf8').split('\n').map((line) => line.split(' ')[4] ?? '');
    for (const mount of table.filter((path) => path.startsWith(`${this.dir}/`))) execFileSync('umount', ['-l', mount]);
    rmSync(this.dir, { recursive: true, force: true });
  }
}
