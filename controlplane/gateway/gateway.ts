/**
 * Everything that faces agents, and the data, results, logs and money routes: puts the parts together.
 *
 * Start order: reflectors are filled by whoever made them; then `start` makes the leases again and only then lets agents in.
 */
import type { Server } from 'node:https';
import type { Registry } from 'prom-client';
import type { WebSocket } from 'ws';
import { join } from 'node:path';
import type { Agent } from '../../crds/agent';
import type { AgentMessage, Hello, LinkSettings } from '../../crds/agent-link';
import type { Job } from '../../crds/job';
import type { RateTier } from '../../crds/rate-tier';
import type { Runtime } from '../../crds/runtime';
import type { Task } from '../../crds/task';
import type { AgentLeases } from '../auth/agent-authorizer';
import type { Authorizer } from '../auth/authorizer';
import type { Authenticator } from '../auth/identity';
import type { Reflector } from '../controllers/runtime/reflector';
import type { Database } from '../db/database';
import type { Ledger } from '../ledger/ledger';
import type { OpenOffer } from '../market/book';
import type { FitSummary } from '../market/fit';
import { Market } from '../market/market';
import { systemClock, type Clock } from '../market/pending';
import type { ObjectStore } from '../store/store';
import { adminRoutes, type UserTokens } from './admin';
import { agentLeases } from './agent-leases';
import { AgentDirectory } from './agents';
import { CachedOn } from './cached-on';
import { conclude } from './conclude';
import type { GatewayContext, GatewayLog } from './context';
import { ElementCatalog } from './elements/catalog';
import type { BlobStore } from './elements/blob-store';
import { elementRoutes } from './elements/routes';
import { ticketGrant } from './elements/ticket-grant';
import { Access } from './http/access';
import { isDecodable, HttpError, sendError, type Handler } from './http/reply';
import { joinRoutes, type AgentCertificates } from './join';
import { JoinTokens } from './join-tokens';
import { Jobs } from './jobs';
import { Leases } from './leases';
import { Complaints } from './link/complaints';
import { LinkServer } from './link/server';
import { Session, type SessionEvents } from './link/session';
import { OUTBOX_LIMITS } from './link/outbox';
import { logSource } from './log-source';
import type { LogStore } from './log-store';
import { Logs } from './logs';
import { GatewayMetrics } from './metrics';
import { Progress } from './progress';
import { reconcile } from './reconcile';
import { recover } from './recover';
import { Reports } from './reports';
import { Results } from './results';
import { Tasks } from './tasks';
import { Aliases, loadGatewayKey, Tickets } from './tickets';

export interface GatewayOptions {
  /** DIR/pki */
  dirs: { pki: string };
  /** Output of attempts. */
  logs: LogStore;
  /** The bytes of data elements. */
  blobs: BlobStore;
  /** Results, elements, join tokens. */
  tables: Database;
  store: ObjectStore;
  ledger: Ledger;
  reflectors: {
    jobs: Reflector<Job>;
    tasks: Reflector<Task>;
    agents: Reflector<Agent>;
    runtimes: Reflector<Runtime>;
    rateTiers: Reflector<RateTier>;
  };
  authenticator: Authenticator;
  authorizer: Authorizer;
  userTokens: UserTokens;
  certificates: AgentCertificates & { readonly caHash: string };
  registry: Registry;
  log: GatewayLog;
  settings: LinkSettings;
  /** Least milliseconds between two writes of what changes all the time; absent: as the parts think best. */
  pace?: { progressMs?: number; firstProgressMs?: number; agentMs: number; agentSeenMs: number };
  maxElementBytes: number;
  maxElementsBytes: number;
  /** What the market knows of a Job changed in a way that its status should show. */
  fitChanged?: (namespace: string, name: string) => void;
  clock?: Clock;
  random?: () => number;
  offerTtlMs?: number;
  coolDownMs?: number;
}

/** Bytes that may wait in one agent's socket. */
const SOCKET_BYTES = 32 * 1024 * 1024;

export class Gateway {
  readonly market: Market;
  readonly elements: ElementCatalog;
  /** What each agent may read of the API. */
  readonly agentLeases: AgentLeases;
  /** What attempts wrote, for whoever shows it. */
  readonly attemptLogs: { find: ReturnType<typeof logSource>; read: Logs['read'] };
  private readonly context: GatewayContext;
  private readonly clock: Clock;
  private readonly agents: AgentDirectory;
  private readonly jobs: Jobs;
  private readonly tasks: Tasks;
  private readonly progress: Progress;
  private readonly reports: Reports;
  private readonly link: LinkServer;
  private readonly cachedOn: CachedOn;
  private readonly metrics: GatewayMetrics;
  private readonly complaints: Complaints;
  private readonly leases = new Leases();
  private readonly access: Access;
  private readonly handlers: Record<string, Handler>;

  constructor(private readonly options: GatewayOptions) {
    const { reflectors, ledger, store, tables, blobs, dirs, log } = options;
    this.clock = options.clock ?? systemClock;
    const key = loadGatewayKey(dirs.pki);
    const tickets = new Tickets(key, () => this.clock.wall());
    this.complaints = new Complaints((fields, message) => log.warn(fields, message), () => this.clock.now());
    this.market = new Market({
      offer: (offers) => this.sendOffers(offers),
      withdraw: (agentId, offer) => this.withdraw(agentId, offer),
      budgetLeft: ({ uid, maxJobMicro }) => {
        if (maxJobMicro === undefined) return undefined;
        const totals = ledger.jobTotals(uid);
        // Not read yet: offered all the same, because the hold asks again before anything is leased.
        if (totals instanceof Promise) return void totals.catch(() => undefined);
        return maxJobMicro - totals.chargedMicro - totals.heldMicro;
      },
      available: (namespace) => ledger.available(namespace),
      counted: (outcome, attempts) => this.metrics.offers(outcome, attempts),
      clock: this.clock,
      ...(options.fitChanged ? { fitChanged: options.fitChanged } : {}),
      ...(options.offerTtlMs === undefined ? {} : { offerTtlMs: options.offerTtlMs }),
      ...(options.coolDownMs === undefined ? {} : { coolDownMs: options.coolDownMs }),
    });
    ledger.onCredit((namespace) => this.market.creditRose(namespace));
    this.elements = new ElementCatalog({
      tables, blobs, maxElementBytes: options.maxElementBytes, maxTotalBytes: options.maxElementsBytes,
    });
    const results = new Results(tables);
    const logs = new Logs(options.logs);
    this.jobs = new Jobs({
      ...reflectors, market: this.market,
      removed: (uid) => void logs.remove(uid).catch((error: unknown) => log.warn({ err: error }, 'logs of a deleted job could not be removed')),
      onError: (error) => log.error({ err: error }, 'a job cannot be scheduled'),
    });
    this.metrics = new GatewayMetrics(options.registry, {
      pendingTasks: () => this.market.pending.size,
      leases: () => this.leases.size,
      elementBytes: () => this.elements.totalBytes,
      connections: () => this.link.connections,
      agents: () => this.agents.states(),
    });
    this.context = {
      store, ledger, tasks: reflectors.tasks, agents: reflectors.agents, market: this.market, jobs: this.jobs, leases: this.leases, results, logs, tickets,
      aliases: new Aliases(key), lateByTask: new Map(), metrics: this.metrics, clock: this.clock, random: options.random ?? Math.random, log,
      send: (agentId, message) => this.agents.get(agentId)?.session?.send(message),
      reachable: (agentId) => this.agents.get(agentId)?.session?.ended === false,
      ownerOf: (agentId) => reflectors.agents.get('', agentId)?.status?.owner,
      observe: (task) => this.tasks.observe(task),
      abandonUnstarted: (lease, reason) => void conclude(this.context, [{ lease, reason }]).catch((error: unknown) => {
        log.error({ err: error, lease: lease.id }, 'the end of an attempt could not be written; it is tried again at the next hello');
      }),
    };
    this.agentLeases = agentLeases(this.leases, this.jobs);
    this.attemptLogs = { find: logSource(this.context), read: (...which) => logs.read(...which) };
    this.tasks = new Tasks(this.context);
    this.progress = new Progress(this.context, () => options.pace?.progressMs ?? options.settings.progressIntervalMs, options.pace?.firstProgressMs);
    this.reports = new Reports({
      context: this.context, progress: this.progress,
      taskByUid: (uid) => this.tasks.byUid(uid),
      elementSizes: (digests) => this.elements.sizes(digests),
      holdsImage: (agentId, jobUid) => {
        const image = this.jobs.get(jobUid)?.view.shape?.image;
        if (image !== undefined) this.agents.holdsImage(agentId, image);
      },
      withdraw: (agentId, offer) => this.withdraw(agentId, offer),
    });
    this.cachedOn = new CachedOn({ store, runtimes: reflectors.runtimes, clock: this.clock, log, holders: (image) => this.agents.holders(image) });
    this.agents = new AgentDirectory({
      store, agents: reflectors.agents, market: this.market, clock: this.clock, log, lostAfterMs: options.settings.lostAfterMs,
      ...(options.pace && { statusMs: options.pace.agentMs, lastSeenMs: options.pace.agentSeenMs }),
      running: (agentId) => this.leases.count(agentId),
      lost: (agentId) => this.reports.lost(agentId),
      imagesChanged: () => this.cachedOn.changed(),
    });
    this.leases.onChange = (agentId) => this.agents.touched(agentId);
    this.link = new LinkServer({
      known: (agentId) => this.agents.get(agentId) !== undefined,
      open: (agentId, hello, socket) => this.open(agentId, hello, socket),
      heartbeat: (session) => {
        this.metrics.heartbeat();
        this.heard(session);
      },
      frame: (session) => {
        this.metrics.frameReceived();
        this.heard(session);
      },
      refused: (code) => this.metrics.refusal(code),
      complaints: this.complaints,
    });
    const access = new Access(options.authenticator, options.authorizer);
    this.access = access;
    const joinTokens = new JoinTokens(tables, () => this.clock.wall());
    const admin = adminRoutes({
      store, ledger, access, joinTokens, userTokens: options.userTokens, caHash: options.certificates.caHash,
      explain: (jobUid) => this.market.explain(jobUid),
    });
    this.handlers = {
      join: joinRoutes({ store, tokens: joinTokens, certificates: options.certificates, complaints: this.complaints, access }),
      elements: elementRoutes({ catalog: this.elements, blobs, access, grant: ticketGrant(this.context, this.complaints) }),
      results: results.routes(access, (namespace, name) => reflectors.jobs.get(namespace, name)?.metadata.uid),
      logs: logs.routes(access, this.attemptLogs.find),
      ledger: admin, explain: admin, tokens: admin, drain: admin,
    };
  }

  /** Path prefixes that `handle` serves. */
  static readonly PREFIXES = ['join', 'elements', 'results', 'logs', 'ledger', 'explain', 'tokens', 'drain'] as const;

  /** Opens the folders, makes leases again. The reflectors are filled by now. */
  async start(): Promise<void> {
    await this.options.blobs.start();
    await this.elements.start();
    this.agents.start();
    this.jobs.start();
    await recover(this.context);
    this.tasks.start();
    this.agents.watchAll();
    this.cachedOn.changed();
  }

  /** Lets agents in, on this server. */
  attach(server: Server): void {
    this.link.attach(server);
  }

  /** Cuts every connection; what runs goes on running on the agents. */
  stop(): void {
    this.agents.stop();
    this.link.stop();
    this.progress.stop();
    this.cachedOn.stop();
    this.tasks.stop();
    this.jobs.stop();
    this.market.stop();
  }

  /** One request below one of PREFIXES. Never rejects. */
  readonly handle: Handler = async (req, res) => {
    const prefix = /^\/([a-z]+)/.exec(req.url ?? '')?.[1] ?? '';
    try {
      const handler = Object.hasOwn(this.handlers, prefix) ? this.handlers[prefix] : undefined;
      if (!handler) throw new HttpError(404, 'NotFound', 'there is nothing at this path');
      // Every route refuses it, and most only then look at who asks.
      if (!isDecodable(req)) await this.access.require(req);
      await handler(req, res);
    } catch (error) {
      sendError(res, error, (cause) => this.options.log.error({ err: cause, path: `/${prefix}` }, 'request failed'));
    }
  };

  /** Why the Job is (not) placed; undefined: the market does not know it. */
  fit(job: Job): FitSummary | undefined {
    return this.market.explain(job.metadata.uid ?? '');
  }

  // ------------------------------------------------------------------ the link

  private readonly events: SessionEvents = {
    apply: (session, messages) => this.apply(session, messages),
    failed: (session, error) => {
      this.options.log.error({ err: error, agent: session.agentId }, 'what an agent reported could not be written; it will send it again');
      session.detach(1011, 'the control plane could not write; connect again');
    },
    detached: (session) => this.agents.disconnected(session),
    congested: (session, congested) => {
      if (this.market.pool.get(session.agentId)) this.market.setAgent(session.agentId, { reachable: !congested });
    },
    frameSent: () => this.metrics.frameSent(),
  };

  private heard(session: Session): void {
    const record = this.agents.get(session.agentId);
    if (record) this.agents.heard(record);
  }

  private open(agentId: string, hello: Hello, socket: WebSocket): Session {
    const record = this.agents.get(agentId);
    if (!record) throw new Error('the agent was removed meanwhile');
    const old = record.session;
    const resumed = old !== undefined && !old.ended && old.id === hello.session;
    const session = resumed ? old : new Session(agentId, this.clock.now(), this.events, { ...OUTBOX_LIMITS, socketBytes: SOCKET_BYTES });
    if (!resumed) old?.end(4003, 'a new session of this agent took over');
    const welcome = JSON.stringify({ type: 'welcome', session: session.id, resumed, lastSeq: session.durableSeq, settings: this.options.settings });
    session.attach(socket, welcome, resumed ? hello.lastSeq : 0);
    this.agents.connected(record, session, hello);
    this.market.setAgent(agentId, { reachable: true });
    if (!resumed) reconcile(this.context, agentId, hello, this.progress);
    return session;
  }

  private apply(session: Session, messages: AgentMessage[]): void | Promise<void> {
    for (const message of messages) if (message.type === 'capacity') this.agents.capacity(session.agentId, message);
    return this.reports.apply(session.agentId, messages);
  }

  private sendOffers(offers: readonly OpenOffer[]): void {
    const byAgent = new Map<string, string[]>();
    for (const { id, agentId, queue, tasks } of offers) {
      const text = this.jobs.get(queue.view.uid)?.offerText ?? '';
      const offer = `{"offer":"${id}","leases":${JSON.stringify([...tasks.keys()])},${text},"ttlMs":${this.market.offerTtlMs}}`;
      const ofAgent = byAgent.get(agentId);
      if (ofAgent) ofAgent.push(offer);
      else byAgent.set(agentId, [offer]);
    }
    for (const [agentId, texts] of byAgent) {
      const session = this.agents.get(agentId)?.session;
      session?.sendUnreliable(`{"type":"offers","offers":[${texts.join(',')}]}`);
      session?.flush();
    }
  }

  private withdraw(agentId: string, offer: string): void {
    this.agents.get(agentId)?.session?.sendUnreliable(JSON.stringify({ type: 'withdraw', offer }));
  }
}

/** Where a data folder keeps what the gateway needs. */
export const gatewayDirs = (dataDir: string): { pki: string; elements: string; logs: string } => ({
  pki: join(dataDir, 'pki'), elements: join(dataDir, 'elements'), logs: join(dataDir, 'logs'),
});
