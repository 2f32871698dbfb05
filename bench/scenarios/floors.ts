/** Runs the floors that need two processes of ours, and gives their figures. */
import { join } from 'node:path';
import type { Context } from '../harness/context';
import { cpuSeconds, memory, startCpuMeter } from '../harness/proc';
import type { Peer } from '../harness/row';
import { startWorker } from '../harness/worker';
import type { BareWsOperations } from '../peers/bare-ws';
import type { RawOperations } from '../peers/raw-sqlite-ws';
import type { LoadOperations } from '../workers/load';

export const LOAD_WORKER = join(__dirname, '..', 'workers', 'load.js');
const PEERS = join(__dirname, '..', 'peers');

export interface LifecycleShape {
  agents: number;
  count: number;
  warmUp: number;
  connections: number;
}

/** Tasks per second of the bare SQLite + WebSocket loop, with the same load generator, warm-up and number of agents as ours. */
export async function rawLoop(context: Context, shape: LifecycleShape, body: string): Promise<Peer> {
  const { children, logDir } = context;
  const file = join(PEERS, 'raw-sqlite-ws.js');
  const server = startWorker<RawOperations>(children, logDir, file);
  const agents = startWorker<RawOperations>(children, logDir, file);
  const load = startWorker<LoadOperations>(children, logDir, LOAD_WORKER);
  try {
    const { port, ca } = await server.call('listen', { file: join(context.dir, 'raw.db') }, 10_000);
    await agents.call('agents', { port, ca, agents: shape.agents }, 60_000);
    const endpoint = { host: '127.0.0.1', port, ca };
    const run = async (first: number, count: number): Promise<void> => {
      const done = agents.call('untilAcked', { count: first + count }, 120_000);
      await load.call('submit', { endpoint, path: '/tasks', body, first, count, connections: shape.connections }, 120_000);
      await done;
    };
    await run(0, shape.warmUp);
    const cpu = cpuSeconds(server.pid);
    const start = performance.now();
    await run(shape.warmUp, shape.count);
    const seconds = (performance.now() - start) / 1000;
    context.note(`raw SQLite + WebSocket loop: ${Math.round(shape.count / seconds)} tasks/s, server ${percent((cpuSeconds(server.pid) - cpu) / seconds)} of one core`);
    return { name: 'raw SQLite + WebSocket loop', value: shape.count / seconds };
  } finally {
    for (const worker of [load, agents, server]) await worker.stop();
  }
}

export interface BeatCost {
  /** 1 is one core. */
  cpuShare: number;
  bytesPerConnection: number;
}

/** What a bare TLS WebSocket server needs for so many connections with one beat each per `beatMs`. */
export async function bareBeats(context: Context, shape: { count: number; beatMs: number; settleMs: number; measureMs: number }): Promise<BeatCost> {
  const { children, logDir } = context;
  const file = join(PEERS, 'bare-ws.js');
  const server = startWorker<BareWsOperations>(children, logDir, file);
  const clients = startWorker<BareWsOperations>(children, logDir, file);
  try {
    const { port, pair } = await server.call('listen', undefined, 10_000);
    const before = memory(server.pid).rssBytes;
    await clients.call('connect', { port, pair, count: shape.count, beatMs: shape.beatMs }, 300_000);
    await sleep(shape.settleMs);
    const meter = startCpuMeter(server.pid);
    await sleep(shape.measureMs);
    const cpu = meter();
    const { connections } = await server.call('beating', undefined, 10_000);
    if (connections !== shape.count) throw new Error(`bare WebSocket server: ${connections} of ${shape.count} connections beat`);
    return { cpuShare: cpu.share, bytesPerConnection: (memory(server.pid).rssBytes - before) / shape.count };
  } finally {
    for (const worker of [clients, server]) await worker.stop();
  }
}

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
export const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
