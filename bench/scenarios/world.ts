/** A control plane, credits, a Runtime, simulated agents and a load generator: each in a process of its own. */
import { join } from 'node:path';
import type { Context } from '../harness/context';
import { API, JOBS, Server } from '../harness/server';
import { startWorker, type WorkerHandle } from '../harness/worker';
import type { FleetOperations } from '../workers/fleet';
import type { LatencyOperations } from '../workers/latency';
import type { LoadOperations } from '../workers/load';
import { LOAD_WORKER } from './floors';

const WORKERS = join(__dirname, '..', 'workers');
const RUNTIME = 'bench';
/** No real image: simulated agents run none. */
const IMAGE = `sha256:${'b'.repeat(64)}`;
const CREDITS = '1000000.00';

/** A Job for simulated agents; its name is `bench-{n}`. */
export function jobBody(options: { completions: number }): string {
  return JSON.stringify({
    apiVersion: 'gleaner.dev/v1alpha1',
    kind: 'Job',
    metadata: { name: 'bench-{n}' },
    spec: { runtime: RUNTIME, completions: options.completions, template: { program: { script: 'true' }, timeout: '1m' } },
  });
}

export interface World {
  server: Server;
  load: WorkerHandle<LoadOperations>;
  addAgents(count: number): Promise<void>;
  readyAgents(): Promise<number>;
  close(): Promise<void>;
}

async function prepare(server: Server): Promise<string> {
  await server.gleaner('deposit', CREDITS);
  await server.request('POST', `${API}/runtimes`, {
    apiVersion: 'gleaner.dev/v1alpha1', kind: 'Runtime', metadata: { name: RUNTIME },
    spec: { image: IMAGE, archive: IMAGE, entrypoint: ['sh'], platforms: ['linux/amd64', 'linux/arm64'] },
  });
  const made = await server.request<{ token: string }>('POST', '/tokens', { kind: 'agent', uses: 100_000, ttl: '1h' });
  return made.token;
}

export async function openWorld(context: Context, options: { agents: number; heartbeatMs?: number }): Promise<World> {
  const { children, logDir } = context;
  const beat = options.heartbeatMs;
  const server = await Server.start(context, 'server', beat === undefined ? [] : ['--heartbeat', `${beat}ms`, '--lost-after', `${3 * beat}ms`]);
  const token = await prepare(server);
  const fleet = startWorker<FleetOperations>(children, logDir, join(WORKERS, 'fleet.js'));
  const load = startWorker<LoadOperations>(children, logDir, LOAD_WORKER);
  const addAgents = (count: number): Promise<void> => fleet.call('start', { url: server.url, token, count }, 600_000);
  if (options.agents > 0) await addAgents(options.agents);
  return {
    server,
    load,
    addAgents,
    readyAgents: async () => {
      const { items } = await server.request<{ items: { status?: { state?: string } }[] }>('GET', `${API}/agents`);
      return items.filter((agent) => agent.status?.state === 'Ready').length;
    },
    close: async () => {
      await load.stop();
      await fleet.stop();
      await server.stop();
    },
  };
}

/** Milliseconds from submit to `start` at the agent, one Job at a time. */
export async function measureLatency(context: Context, count: number): Promise<number[]> {
  const { children, logDir } = context;
  const server = await Server.start(context, 'server');
  try {
    const token = await prepare(server);
    const worker = startWorker<LatencyOperations>(children, logDir, join(WORKERS, 'latency.js'));
    const args = { endpoint: server.endpoint, token, images: [IMAGE], path: JOBS, body: jobBody({ completions: 1 }), warmUp: Math.ceil(count / 5), count, gapMs: 10 };
    const samples = await worker.call('measure', args, 60_000 + count * 100);
    await worker.stop();
    await server.ledgerHolds();
    return samples;
  } finally {
    await server.stop();
  }
}
