/** What many idle agents cost. */
import type { Context, Scenario } from '../harness/context';
import { startCpuMeter } from '../harness/proc';
import { absoluteRow, besideRow, type Row } from '../harness/row';
import { bareBeats, type BeatCost, percent, sleep } from './floors';
import { openWorld } from './world';

const BEAT_MS = 10_000;

interface Shape {
  count: number;
  beatMs: number;
  /** Before measuring: the garbage of the handshakes is collected. */
  settleMs: number;
  measureMs: number;
}

async function ours(context: Context, shape: Shape): Promise<BeatCost> {
  const world = await openWorld(context, { agents: 0, heartbeatMs: shape.beatMs });
  const { server } = world;
  try {
    const before = server.memory().rssBytes;
    const start = performance.now();
    await world.addAgents(shape.count);
    context.note(`${shape.count} agents joined and connected in ${((performance.now() - start) / 1000).toFixed(0)} s`);
    await sleep(shape.settleMs);
    const meter = startCpuMeter(server.pid);
    await sleep(shape.measureMs);
    const cpu = meter();
    context.note(`ours, in all: resident ${mib(server.memory().rssBytes)} MiB (${mib(before)} MiB before the agents); ${await server.heapFigures()}`);
    const ready = await world.readyAgents();
    if (ready !== shape.count) throw new Error(`${ready} of ${shape.count} agents are Ready after ${cpu.seconds.toFixed(0)} s of beats`);
    return { cpuShare: cpu.share, bytesPerConnection: (server.memory().rssBytes - before) / shape.count };
  } finally {
    await world.close();
  }
}

const mib = (bytes: number): number => Math.round(bytes / 1024 ** 2);

export const heartbeats: Scenario = {
  name: 'heartbeats',
  about: '10,000 simulated agents at one beat per 10 s',
  run: async (context): Promise<Row[]> => {
    const shape: Shape = context.quick
      ? { count: 500, beatMs: BEAT_MS, settleMs: 3000, measureMs: 10_000 }
      : { count: 10_000, beatMs: BEAT_MS, settleMs: 30_000, measureMs: 30_000 };
    const floor = await bareBeats(context, shape);
    const cost = await ours(context, shape);
    const kib = (bytes: number): number => bytes / 1024;
    context.note(`CPU: ours ${percent(cost.cpuShare)}, bare WebSocket ${percent(floor.cpuShare)} of one core`);
    const cpu = { name: `${shape.count.toLocaleString('en-US')} agents, one beat per 10 s: CPU`, unit: '% of a core', ours: cost.cpuShare * 100 };
    const memory = { name: `${shape.count.toLocaleString('en-US')} agents: memory of the server for each`, unit: 'KiB', ours: kib(cost.bytesPerConnection) };
    return [
      absoluteRow({ ...cpu, bound: { atMost: 10 } }),
      besideRow({ ...cpu, beside: { name: 'bare WebSocket server, mutual TLS, the same beats', value: floor.cpuShare * 100 }, bound: { atMost: 10 } }),
      absoluteRow({ ...memory, bound: { atMost: 25 } }),
      besideRow({ ...memory, beside: { name: 'bare WebSocket server, mutual TLS', value: kib(floor.bytesPerConnection) } }),
    ];
  },
};
