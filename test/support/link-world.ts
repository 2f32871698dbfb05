/** A control plane without controllers: real database, store, ledger, CA and TLS server with the gateway. Peers talk to it: see link-peer. */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Registry } from 'prom-client';
import type { Agent } from '../../crds/agent';
import type { Job, JobSpec } from '../../crds/job';
import { AGENTS, API_VERSION, JOBS, NAMESPACES, RATE_TIERS, RUNTIMES, TASKS } from '../../crds/meta';
import type { RateTier } from '../../crds/rate-tier';
import type { Runtime } from '../../crds/runtime';
import type { Task } from '../../crds/task';
import { MASTERS, mastersOnly } from '../../controlplane/auth/authorizer';
import { TokenStore } from '../../controlplane/auth/token-store';
import { taskFor } from '../../controlplane/controllers/job/task-object';
import { Reflector } from '../../controlplane/controllers/runtime/reflector';
import { openDatabase, type OpenedDatabase } from '../../controlplane/db/open';
import { Gateway } from '../../controlplane/gateway/gateway';
import { UPGRADES } from '../../controlplane/gateway/link/upgrade';
import { LogFiles } from '../../controlplane/gateway/log-files';
import { DiskBlobStore } from '../../controlplane/gateway/elements/disk';
import { BookLedger } from '../../controlplane/ledger/book-ledger';
import { DEFAULT_TIERS } from '../../controlplane/market/default-tiers';
import { SqliteObjectStore } from '../../controlplane/store/sqlite/sqlite-store';
import { CertificateAuthority } from '../../controlplane/tls/ca';
import { exchange, type WholeAnswer } from './https';
import { eventually, IMAGE, Peer, PeerIdentity } from './link-peer';

export type Answer = WholeAnswer<Record<string, unknown>>;

export interface WorldOptions {
  dir?: string;
  lostAfterMs?: number;
  maxElementBytes?: number;
  maxElementsBytes?: number;
  coolDownMs?: number;
  offerTtlMs?: number;
}

export const ARCHIVE = `sha256:${'2'.repeat(64)}`;
export const digestOf = (data: string | Buffer): string => `sha256:${createHash('sha256').update(data).digest('hex')}`;

export class LinkWorld {
  readonly warnings: { fields: Record<string, unknown>; message: string }[] = [];
  private constructor(
    readonly dir: string, readonly database: OpenedDatabase, readonly store: SqliteObjectStore, readonly ledger: BookLedger,
    readonly gateway: Gateway, readonly server: Server, readonly registry: Registry, readonly ca: CertificateAuthority, readonly token: string,
    private readonly reflectors: { stop(): void }[], warnings: LinkWorld['warnings'],
  ) {
    this.warnings = warnings;
  }

  static async start(options: WorldOptions = {}): Promise<LinkWorld> {
    const dir = options.dir ?? mkdtempSync(join(tmpdir(), 'gleaner-link-'));
    const database = await openDatabase(join(dir, 'gleaner.db'));
    const store = new SqliteObjectStore(database);
    const ledger = await BookLedger.open({ database: database.tables });
    const ca = await CertificateAuthority.open(join(dir, 'pki'));
    const tokens = await TokenStore.open(database.tables);
    const { token } = await tokens.create({ subject: 'admin', groups: [MASTERS] });
    const reflectors = {
      jobs: new Reflector<Job>({ store, resource: JOBS }),
      tasks: new Reflector<Task>({ store, resource: TASKS }),
      agents: new Reflector<Agent>({ store, resource: AGENTS }),
      runtimes: new Reflector<Runtime>({ store, resource: RUNTIMES }),
      rateTiers: new Reflector<RateTier>({ store, resource: RATE_TIERS }),
    };
    await Promise.all(Object.values(reflectors).map((each) => each.start()));
    const warnings: LinkWorld['warnings'] = [];
    const note = (fields: Record<string, unknown>, message: string): void => void warnings.push({ fields, message });
    const registry = new Registry();
    const gateway = new Gateway({
      dirs: { pki: join(dir, 'pki') }, logs: new LogFiles(join(dir, 'logs')), blobs: new DiskBlobStore(join(dir, 'elements')),
      tables: database.tables, store, ledger, reflectors, authenticator: tokens, authorizer: mastersOnly, userTokens: tokens,
      certificates: ca, registry, log: { info: () => undefined, warn: note, error: note },
      settings: { heartbeatMs: 1000, lostAfterMs: options.lostAfterMs ?? 60_000, progressIntervalMs: 200 },
      maxElementBytes: options.maxElementBytes ?? 1024 * 1024, maxElementsBytes: options.maxElementsBytes ?? 4 * 1024 * 1024,
      coolDownMs: options.coolDownMs ?? 200, ...(options.offerTtlMs === undefined ? {} : { offerTtlMs: options.offerTtlMs }),
    });
    await gateway.start();
    const pair = await ca.serverKeyPair();
    const server = createServer(
      { key: pair.key, cert: pair.certificate, ca: ca.caCertificate, requestCert: true, rejectUnauthorized: false, ...UPGRADES },
      (req, res) => void gateway.handle(req, res));
    gateway.attach(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const world = new LinkWorld(dir, database, store, ledger, gateway, server, registry, ca, token, Object.values(reflectors), warnings);
    if (options.dir === undefined) await world.furnish();
    return world;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Ends this process' part; the folder stays. */
  async halt(): Promise<void> {
    this.gateway.stop();
    for (const each of this.reflectors) each.stop();
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
    this.store.close();
    await this.database.close();
  }

  async stop(): Promise<void> {
    await this.halt();
    rmSync(this.dir, { recursive: true, force: true });
  }

  private async furnish(): Promise<void> {
    for (const tier of DEFAULT_TIERS) await this.store.create(RATE_TIERS, tier);
    await this.store.create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'lab' } });
    await this.store.create<Runtime>(RUNTIMES, {
      apiVersion: API_VERSION, kind: 'Runtime', metadata: { name: 'shell' },
      spec: { image: IMAGE, archive: ARCHIVE, entrypoint: ['/bin/sh'], platforms: ['linux/amd64'] },
    });
    await this.ledger.deposit({ key: 'start', namespace: 'lab', amountMicro: 1_000_000_000n });
  }

  /** A Job with its Tasks, as the Job controller would make them. */
  async job(name: string, completions: number, spec: Partial<JobSpec> = {}): Promise<Job> {
    const job = await this.store.create<Job>(JOBS, {
      apiVersion: API_VERSION, kind: 'Job', metadata: { name, namespace: 'lab' },
      spec: {
        runtime: 'shell', completions, rateTier: 'standard', priority: 0, suspend: false, retry: { limit: 3, backoff: '1ms' },
        template: {
          program: { script: 'true' }, timeout: '60s', gracePeriod: '1s',
          resources: { cpu: '1', memory: '64Mi', scratch: '64Ki', pids: 16 },
        },
        ...spec,
      },
    });
    await this.store.batch(Array.from({ length: completions }, (_, index) => ({ verb: 'create' as const, resource: TASKS, object: taskFor(job, index) })));
    return job;
  }

  async task(name: string): Promise<Task> {
    const task = await this.store.get<Task>(TASKS, 'lab', name);
    if (!task) throw new Error(`there is no task ${name}`);
    return task;
  }

  /** The Task once `condition` holds. */
  async until(name: string, condition: (task: Task) => boolean): Promise<Task> {
    return eventually(async () => {
      const task = await this.task(name);
      return condition(task) ? task : undefined;
    }, `task ${name}`);
  }

  async request(method: string, path: string, options: { body?: unknown; headers?: Record<string, string>; token?: string; tls?: object } = {}): Promise<Answer> {
    const { body, headers = {}, token = this.token } = options;
    // As it is: a URL would take `..` out of it.
    return exchange(`https://127.0.0.1:${this.port}`, {
      path, method, ca: this.ca.caCertificate, agent: false, ...options.tls,
      headers: { ...(token === '' ? {} : { authorization: `Bearer ${token}` }), ...headers },
    }, body);
  }

  async joinToken(options: Record<string, unknown> = {}): Promise<string> {
    const { code, json } = await this.request('POST', '/tokens', { body: { kind: 'agent', owner: 'ann', ...options } });
    if (code !== 201) throw new Error(`no token: ${code} ${String(json.message)}`);
    return json.token as string;
  }

  /** A registered agent, not connected. */
  async agent(): Promise<PeerIdentity> {
    const identity = await PeerIdentity.make();
    const { code, json } = await this.request('POST', '/join', { token: '', body: { csr: identity.csr, token: await this.joinToken() } });
    if (code !== 201) throw new Error(`join: ${code} ${String(json.message)}`);
    identity.certificate = json.certificate as string;
    await eventually(async () => (this.gateway.market.pool.get(identity.id) ? true : undefined), 'the agent is known');
    return identity;
  }

  /** A connected agent that offers `slots` slots. */
  async peer(slots = 4, identity?: PeerIdentity): Promise<Peer> {
    const peer = new Peer(this, identity ?? (await this.agent()));
    await peer.connect();
    peer.capacity(slots);
    return peer;
  }
}
