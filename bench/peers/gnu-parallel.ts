/** GNU parallel running `true`: one process per task, nothing durable, one machine. */
import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import type { Context } from '../harness/context';
import type { Peer } from '../harness/row';
import { which } from './which';

/** Tasks per second, with as many jobs at once as there are cores. */
export async function gnuParallel(context: Context): Promise<Peer> {
  const name = 'GNU parallel running `true`';
  const command = which('parallel');
  if (command === undefined) return { name, missing: 'not installed' };
  const count = context.quick ? 500 : 5000;
  const home = join(context.dir, 'parallel');
  mkdirSync(home, { recursive: true });
  const start = performance.now();
  const child = spawn(command, ['--will-cite', '-j', String(cpus().length), 'true'], {
    stdio: ['pipe', 'ignore', 'inherit'],
    env: { ...process.env, PARALLEL_HOME: home, TMPDIR: home },
  });
  context.children.track(child, 1000);
  child.stdin.end(Array.from({ length: count }, (_, i) => `${i}\n`).join(''));
  const code = await new Promise<number | null>((resolve, reject) => {
    const timer = setTimeout(() => child.kill('SIGKILL'), 120_000);
    child.once('error', reject);
    child.once('close', (status) => {
      clearTimeout(timer);
      resolve(status);
    });
  });
  if (code !== 0) return { name, missing: `ended with ${code ?? 'a signal'}` };
  return { name, value: count / ((performance.now() - start) / 1000) };
}
