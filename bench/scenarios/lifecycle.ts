/** Full lifecycle of tasks that are submitted one by one. */
import type { Context, Scenario } from '../harness/context';
import { absoluteRow, besideRow, type Row } from '../harness/row';
import { JOBS } from '../harness/server';
import { gnuParallel } from '../peers/gnu-parallel';
import { type LifecycleShape, percent, rawLoop } from './floors';
import { jobBody, openWorld } from './world';

const AGENTS = 100;
const CONNECTIONS = 256;

async function ours(context: Context, shape: LifecycleShape): Promise<{ rate: number; exact: boolean }> {
  const world = await openWorld(context, { agents: shape.agents });
  const { server, load } = world;
  try {
    const run = (first: number, count: number) =>
      load.call('submit', { endpoint: server.endpoint, path: JOBS, body: jobBody({ completions: 1 }), first, count, connections: shape.connections, finished: first + count }, 300_000);
    await run(0, shape.warmUp);
    const cpu = server.cpuSeconds();
    const result = await run(shape.warmUp, shape.count);
    const share = (server.cpuSeconds() - cpu) / result.seconds;
    const rate = shape.count / result.seconds;
    const mib = Math.round(server.memory().peakBytes / 1024 ** 2);
    context.note(`ours: ${Math.round(rate)} tasks/s (submits acknowledged at ${Math.round(shape.count / result.submitSeconds)}/s), server ${percent(share)} of one core, peak ${mib} MiB`);
    if (result.failed > 0) context.note(`${result.failed} Jobs did not end Complete: the figure is void`);
    const exact = (await server.ledgerHolds()) && result.failed === 0;
    return { rate, exact };
  } finally {
    await world.close();
  }
}

export const lifecycle: Scenario = {
  name: 'lifecycle',
  about: 'full lifecycle, tasks submitted one by one over HTTPS, 100 simulated agents, every write synced, ledger exact',
  run: async (context): Promise<Row[]> => {
    const shape: LifecycleShape = context.quick
      ? { agents: 10, count: 2000, warmUp: 500, connections: 64 }
      : { agents: AGENTS, count: 30_000, warmUp: 3000, connections: CONNECTIONS };
    const floor = await rawLoop(context, shape, jobBody({ completions: 1 }));
    const parallel = await gnuParallel(context);
    const { rate, exact } = await ours(context, shape);
    const name = 'lifecycle, one by one';
    const row = { name, unit: 'tasks/s', ours: exact ? rate : null, failed: !exact };
    return [
      absoluteRow({ ...row, bound: { atLeast: 3000 } }),
      besideRow({ ...row, beside: floor, bound: { atLeast: 0.3 } }),
      besideRow({ ...row, beside: parallel, bound: { atLeast: 8 } }),
    ];
  },
};
