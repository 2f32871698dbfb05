/** The agent's process: the only place that chooses and wires concrete parts. */
import { arch, platform } from 'node:os';
import { join } from 'node:path';
import pino, { type Logger } from 'pino';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { WebSocket } from 'ws';
import { LINK_PATH, MAX_FRAME_BYTES } from '../crds/agent-link';
import { VERSION_OF_PACKAGE } from '../crds/package-info';
import { Agent } from './agent';
import type { AgentConfig } from './config';
import { ElementStore } from './elements';
import { type Identity, loadIdentity } from './identity';
import { Journal } from './journal';
import { lockFolder } from './lock';
import { agentMetrics, serveMetrics } from './metrics';
import { Renewal } from './renewal';
import { DockerRuntime } from './runtime/docker/docker-runtime';
import type { ContainerRuntime } from './runtime/runtime';
import { ScriptedRuntime } from './runtime/scripted/scripted-runtime';
import { type AgentStatusFile, StatusWriter } from './status-file';
import { Transfer } from './transfer';

export { type AgentConfig, defaultAgentConfig } from './config';
export { joinAgent, type JoinRequest } from './join';
export { type AgentStatusFile, readStatus } from './status-file';

export interface RunningAgent {
  id: string;
  /** Port of /metrics, when it is served. */
  metricsPort?: number;
  /** Resolves when the agent has stopped, for whatever reason; rejects when the control plane refuses it for good. */
  stopped: Promise<void>;
  /** Ends what runs, delivers, stops. */
  drain(): Promise<void>;
  /** Stops; what runs goes on, and is adopted at the next start. */
  stop(): Promise<void>;
  status(): AgentStatusFile;
}

/** As Docker and the Runtime resources name architectures. */
const ARCHITECTURES: Record<string, string> = { x64: 'amd64', arm64: 'arm64', arm: 'arm', ia32: '386' };

const MAX_SLOTS = 4096;

/**
 * Resolves when what ran is adopted and connecting has begun; a control plane that is away is waited for.
 * @throws Error when the folder is not joined, or in use
 */
export async function startAgent(config: AgentConfig, logger: Logger = pino({ level: config.logLevel }, pino.destination(2))): Promise<RunningAgent> {
  const { dataDir } = config;
  check(config);
  const identity = await loadIdentity(dataDir);
  if (config.url !== undefined) identity.url = config.url;
  const log = logger.child({ agent: identity.id.slice(0, 12) });
  const closers: (() => Promise<unknown> | unknown)[] = [lockFolder(dataDir)];
  const close = async (): Promise<void> => {
    for (let next = closers.pop(); next; next = closers.pop()) await next();
  };
  try {
    let capacityChanged: () => void = () => undefined;
    const journal = await Journal.open(join(dataDir, 'journal'), {
      onError: (error) => {
        log.error({ err: error }, 'the journal cannot be written; nothing new is taken until it can');
        capacityChanged();
      },
      onRecovery: () => capacityChanged(),
    });
    closers.push(() => journal.close());
    const transfer = new Transfer({ url: identity.url, ca: identity.ca });
    closers.push(() => transfer.close());
    const elements = new ElementStore({ dir: join(dataDir, 'elements'), maxBytes: config.cacheBytes, transfer });
    const left = journal.entries();
    await elements.start(left.flatMap(([, { ended }]) => [...new Set(ended?.finished.result?.files.map(({ element }) => element))]));
    const runtime = runtimeOf(config, identity);
    const registry = new Registry();
    collectDefaultMetrics({ register: registry });

    let stopped = false;
    const agent = new Agent({
      runtime, elements, journal, left, log,
      offered: config.offered, askCpuHour: config.askCpuHour, version: VERSION_OF_PACKAGE, os: platform(), arch: ARCHITECTURES[arch()] ?? arch(),
      dial: () => dial(identity),
      metrics: () => metrics,
      onChange: () => writer.changed(),
    });
    capacityChanged = () => agent.sayCapacity();
    const metrics = agentMetrics(registry, {
      running: () => [...agent.runners.values()].filter(({ phase }) => phase !== 'Reporting').length,
      connected: () => agent.session.state === 'online',
      unacknowledged: () => agent.outbox.size,
      cacheBytes: () => elements.cacheBytes,
      engineAvailable: () => runtime.available,
    });
    const status = (): AgentStatusFile => statusOf(agent, config, identity, runtime, stopped);
    const writer = new StatusWriter(dataDir, status, (error) => log.warn({ err: error }, 'status.json cannot be written'));
    closers.push(() => writer.stop());
    const served = config.metricsPort === undefined ? undefined : await serveMetrics(registry, config.metricsPort);
    if (served) closers.push(() => served.server.close());
    const renewal = new Renewal({ dataDir, identity, log, renewed: () => agent.session.reconnect() });
    closers.push(() => renewal.stop());
    closers.push(() => agent.stop());

    let end: (error?: Error) => void = () => undefined;
    const over = new Promise<void>((resolve, reject) => { end = (error) => (error ? reject(error) : resolve()); });
    // Whoever does not look at it is told by the log.
    over.catch(() => undefined);
    const finish = async (error?: Error): Promise<void> => {
      stopped = true;
      await close();
      end(error);
    };
    await agent.start((why) => {
      const message = `the control plane refuses this agent: ${why}; remove ${dataDir} and join again with a new token`;
      log.error({}, message);
      void finish(new Error(message));
    });
    renewal.start();
    writer.start();
    log.info({ url: identity.url, runtime: runtime.name, available: runtime.available, offered: config.offered, attempts: agent.runners.size }, 'agent started');
    return {
      id: identity.id, stopped: over, status, ...(served ? { metricsPort: served.port } : {}),
      drain: async () => {
        await agent.drain();
        await finish();
      },
      stop: () => finish(),
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** What the link cannot say. */
function check({ offered: { cpu, memoryBytes, scratchBytes, slots } }: AgentConfig): void {
  if (!(slots >= 1 && slots <= MAX_SLOTS)) throw new Error(`slots ${slots}: has to be from 1 to ${MAX_SLOTS}`);
  if (!(cpu > 0 && cpu <= 65_536)) throw new Error(`cpu ${cpu}: has to be more than 0 and at most 65536 cores`);
  if (!(memoryBytes > 0 && scratchBytes > 0)) throw new Error('memory and scratch: have to be more than 0');
}

function runtimeOf(config: AgentConfig, { id }: Identity): ContainerRuntime {
  if (config.runtime === 'scripted') return new ScriptedRuntime();
  return new DockerRuntime({ agent: id, folder: join(config.dataDir, 'scratch'), socket: config.dockerSocket });
}

function dial({ url, ca, key, certificate }: Identity): WebSocket {
  return new WebSocket(`${url.replace(/^https:/, 'wss:')}${LINK_PATH}`, {
    ca, key, cert: certificate, maxPayload: MAX_FRAME_BYTES, handshakeTimeout: 15_000,
    perMessageDeflate: { threshold: 64 * 1024, clientNoContextTakeover: true, serverNoContextTakeover: true, zlibDeflateOptions: { level: 1 } },
  });
}

function statusOf(agent: Agent, config: AgentConfig, { id, url }: Identity, runtime: ContainerRuntime, stopped: boolean): AgentStatusFile {
  const { used, session, draining, refusal } = agent;
  const isBusy = used.slots > 0;
  const state = stopped ? (refusal === undefined ? 'Stopped' : 'Refused')
    : !agent.started ? 'Starting' : draining ? 'Draining' : !runtime.available ? 'NoEngine' : isBusy ? 'Busy' : 'Ready';
  return {
    id, url, pid: process.pid, version: VERSION_OF_PACKAGE, state, connection: session.state, ...(refusal === undefined ? {} : { message: refusal }),
    runtime: { name: runtime.name, available: runtime.available },
    offered: config.offered,
    used: { cpu: used.cpuMillis / 1000, memoryBytes: used.memoryBytes, scratchBytes: used.scratchBytes, slots: used.slots },
    attempts: [...agent.runners.values()].map(({ spec: { lease, epoch }, phase, since }) => ({ lease, epoch, state: phase, since: new Date(since).toISOString() })),
    at: new Date().toISOString(),
  };
}
