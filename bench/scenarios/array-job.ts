/** One Job of many indexes. */
import type { Context, Scenario } from '../harness/context';
import { absoluteRow, besideRow, type Peer, type Row } from '../harness/row';
import { JOBS, type Server } from '../harness/server';
import { bullmq } from '../peers/bullmq';
import { Slurm, type SlurmMode } from '../peers/slurm';
import { percent, sleep } from './floors';
import { jobBody, openWorld } from './world';

const POLL_MS = 50;

interface JobObject {
  status?: { phase?: string; succeeded?: number };
}

/** Submits one Job and waits for its end. @returns seconds */
async function runJob(server: Server, n: number, completions: number): Promise<number> {
  const start = performance.now();
  await server.request('POST', JOBS, JSON.parse(jobBody({ completions }).replaceAll('{n}', String(n))));
  for (;;) {
    const { status } = await server.request<JobObject>('GET', `${JOBS}/bench-${n}`);
    if (status?.phase === 'Complete' && status.succeeded === completions) return (performance.now() - start) / 1000;
    if (status?.phase === 'Failed' || status?.phase === 'Complete') throw new Error(`Job ended ${status.phase} with ${status.succeeded ?? 0} of ${completions} succeeded`);
    if (performance.now() - start > 300_000) throw new Error(`Job has ${status?.succeeded ?? 0} of ${completions} after 300 s`);
    await sleep(POLL_MS);
  }
}

async function ours(context: Context, agents: number, completions: number): Promise<{ rate: number; exact: boolean }> {
  const world = await openWorld(context, { agents });
  const { server } = world;
  try {
    await runJob(server, 0, Math.min(5000, completions));
    const cpu = server.cpuSeconds();
    const seconds = await runJob(server, 1, completions);
    const mib = Math.round(server.memory().peakBytes / 1024 ** 2);
    context.note(`ours: ${Math.round(completions / seconds)} tasks/s, server ${percent((server.cpuSeconds() - cpu) / seconds)} of one core, peak ${mib} MiB`);
    return { rate: completions / seconds, exact: await server.ledgerHolds() };
  } finally {
    await world.close();
  }
}

async function slurmRate(context: Context, mode: SlurmMode): Promise<Peer> {
  const count = context.quick ? 200 : 2000;
  const name = `Slurm array of \`true\` (${mode}, ${count} tasks)`;
  const missing = Slurm.missing();
  if (missing.length > 0) return { name, missing: `${missing.join(', ')} not installed` };
  let slurm: Slurm | undefined;
  try {
    slurm = await Slurm.start(context, mode);
    const rate = await slurm.arrayRate(count);
    context.note(`Slurm, ${mode}: ${rate.toFixed(1)} tasks/s`);
    return { name, value: rate };
  } catch (error) {
    context.note(`Slurm, ${mode}: ${error instanceof Error ? error.message : String(error)}`);
    return { name, missing: 'could not be measured here, see details.json' };
  } finally {
    await slurm?.stop();
  }
}

export const arrayJob: Scenario = {
  name: 'array',
  about: 'one Job of 100,000 indexes, 100 simulated agents, every write synced, ledger exact',
  run: async (context): Promise<Row[]> => {
    const completions = context.quick ? 5000 : 100_000;
    const redis = await bullmq(context, completions);
    const slurm = await slurmRate(context, 'defaults');
    const tuned = await slurmRate(context, 'tuned');
    const { rate, exact } = await ours(context, context.quick ? 10 : 100, completions);
    const row = { name: `one Job of ${completions.toLocaleString('en-US')} indexes`, unit: 'tasks/s', ours: exact ? rate : null, failed: !exact };
    return [
      absoluteRow({ ...row, bound: { atLeast: 8000 } }),
      besideRow({ ...row, beside: redis, bound: { atLeast: 0.5 } }),
      besideRow({ ...row, beside: slurm, bound: { atLeast: 100 } }),
      besideRow({ ...row, beside: tuned }),
    ];
  },
};
