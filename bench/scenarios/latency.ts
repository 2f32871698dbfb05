/** From the submit of a Job to the `start` frame at an agent, one at a time, with nothing else to do. */
import type { Context, Scenario } from '../harness/context';
import { absoluteRow, besideRow, type Peer, type Row } from '../harness/row';
import { median, percentile } from '../harness/stats';
import { Slurm, type SlurmMode } from '../peers/slurm';
import { measureLatency } from './world';

async function slurmLatency(context: Context, mode: SlurmMode): Promise<Peer> {
  const name = `Slurm (${mode}), p50 from its own log`;
  const missing = Slurm.missing();
  if (missing.length > 0) return { name, missing: `${missing.join(', ')} not installed` };
  let slurm: Slurm | undefined;
  try {
    slurm = await Slurm.start(context, mode);
    const samples = await slurm.startLatencies(context.quick ? 3 : 10);
    context.note(`Slurm, ${mode}: submit to start ${samples.join(', ')} ms`);
    return { name, value: median(samples) };
  } catch (error) {
    context.note(`Slurm, ${mode}: ${error instanceof Error ? error.message : String(error)}`);
    return { name, missing: 'could not be measured here, see details.json' };
  } finally {
    await slurm?.stop();
  }
}

export const latency: Scenario = {
  name: 'latency',
  about: 'submit of a Job → an agent is told to start, one at a time',
  run: async (context): Promise<Row[]> => {
    const slurm = await slurmLatency(context, 'defaults');
    const tuned = await slurmLatency(context, 'tuned');
    const samples = await measureLatency(context, context.quick ? 100 : 1000);
    const p50 = percentile(samples, 0.5);
    const p99 = percentile(samples, 0.99);
    context.note(`ours: p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms, max ${percentile(samples, 1).toFixed(2)} ms over ${samples.length}`);
    const name = 'submit → agent told to start, unloaded';
    return [
      absoluteRow({ name: `${name}, p50`, unit: 'ms', ours: p50, bound: { atMost: 2 } }),
      absoluteRow({ name: `${name}, p99`, unit: 'ms', ours: p99, bound: { atMost: 10 } }),
      besideRow({ name: `${name}, p50`, unit: 'ms', ours: p50, beside: slurm, bound: { atLeast: 300 }, faster: true }),
      besideRow({ name: `${name}, p50`, unit: 'ms', ours: p50, beside: tuned, faster: true }),
    ];
  },
};
