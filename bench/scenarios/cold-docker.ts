/** From the submit of a Job to the program running in a new container, beside the same container calls made by hand. */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TaskProgram } from '../../crds/agent-link';
import type { Context, Scenario } from '../harness/context';
import { besideRow, type Row } from '../harness/row';
import { JOBS, ROOT, Server } from '../harness/server';
import { median, percentile } from '../harness/stats';
import { ByHand, CLOCK_SCRIPT } from '../peers/dockerode';
import { sleep } from './floors';

const MIB = 1024 ** 2;
const RESOURCES = { cpu: '1', memory: '128Mi', scratch: '64Mi', pids: 64 };

function shellImage(): { image: string; entrypoint: string[] } {
  const index = join(ROOT, 'build', 'images', 'index.json');
  if (!existsSync(index)) throw new Error('there are no runtime images: run "make images"');
  const images = JSON.parse(readFileSync(index, 'utf8')) as { name: string; image: string; entrypoint: string[] }[];
  const shell = images.find((image) => image.name === 'shell');
  if (shell === undefined) throw new Error(`${index} names no image "shell"`);
  return shell;
}

interface TaskList {
  items: { status?: { phase?: string; message?: string; result?: { inline?: string }; attempts?: { reason?: string; message?: string }[] } }[];
}

/** @returns milliseconds from the submit until the program ran, by the program's own clock */
async function submitOne(server: Server, n: number): Promise<number> {
  const name = `cold-${n}`;
  const begin = Date.now();
  await server.request('POST', JOBS, {
    apiVersion: 'gleaner.dev/v1alpha1', kind: 'Job', metadata: { name },
    spec: { runtime: 'shell', completions: 1, template: { program: { script: CLOCK_SCRIPT }, resources: RESOURCES, timeout: '1m' } },
  });
  for (let round = 0; round < 600; round += 1) {
    await sleep(50);
    const { items } = await server.request<TaskList>('GET', `${JOBS.replace(/jobs$/, 'tasks')}?labelSelector=${encodeURIComponent(`gleaner.dev/job=${name}`)}`);
    const status = items[0]?.status;
    if (status?.phase === 'Succeeded') {
      const ranAtMs = Number(status.result?.inline?.trim()) / 1000;
      if (!(ranAtMs >= begin)) throw new Error(`the Task's result is ${JSON.stringify(status.result)} instead of a time`);
      return ranAtMs - begin;
    }
    if (status?.phase === 'Failed') throw new Error(`the Task failed: ${JSON.stringify(status.attempts)}`);
  }
  throw new Error('the Task did not end within 30 s');
}

export const coldDocker: Scenario = {
  name: 'cold',
  about: 'submit → program running in a new container, beside the same Docker calls made by hand',
  run: async (context: Context): Promise<Row[]> => {
    const { image, entrypoint } = shellImage();
    const program: TaskProgram = {
      image, imageArchive: '', entrypoint, script: CLOCK_SCRIPT, args: [], env: [], inputs: [],
      resources: { cpu: 1, memoryBytes: 128 * MIB, scratchBytes: 64 * MIB, pids: 64 }, timeoutMs: 60_000, gracePeriodMs: 10_000,
    };
    const dir = join(context.dir, 'by-hand');
    mkdirSync(dir);
    const byHand = new ByHand(dir, program);
    const server = await Server.start(context, 'up', [], ['up', '--agent', 'docker']);
    try {
      await server.gleaner('deposit', '1000.00');
      const count = context.quick ? 5 : 40;
      const ours: number[] = [];
      const floor: number[] = [];
      // One after the other, in turns: what slows Docker down slows both.
      for (let n = -3; n < count; n += 1) {
        const mine = await submitOne(server, n + 3);
        await sleep(200);
        const theirs = await byHand.coldStart();
        await sleep(200);
        if (n < 0) continue;
        ours.push(mine);
        floor.push(theirs);
      }
      context.note(`ours: p50 ${median(ours).toFixed(1)} ms, p90 ${percentile(ours, 0.9).toFixed(1)} ms; by hand: p50 ${median(floor).toFixed(1)} ms, p90 ${percentile(floor, 0.9).toFixed(1)} ms; ${count} each`);
      await server.ledgerHolds();
      return [
        besideRow({
          name: 'submit → program running, cold container, p50', unit: 'ms', ours: median(ours), bound: { atMost: 1.1 },
          beside: { name: 'the same calls by hand through dockerode', value: median(floor) },
        }),
      ];
    } finally {
      await server.stop();
    }
  },
};
