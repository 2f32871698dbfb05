/**
 * The floor of the cold row: the calls that the agent makes for an attempt, made by hand: create with the very same settings, attach,
 * start. The program's first line of output is the time at which it ran, by the clock that both share.
 */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { chmodSync, chownSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import Docker from 'dockerode';
import { containerOptions } from '../../agent/runtime/docker/container-spec';
import type { TaskProgram } from '../../crds/agent-link';

const OWNER = { uid: 65_532, gid: 65_532 };

/** For bash: prints the microseconds since 1970, leaves them as its result too, and ends. */
export const CLOCK_SCRIPT = 't=${EPOCHREALTIME/[.,]/}; echo "$t"; echo "$t" > out/result.json\n';

export class ByHand {
  private readonly docker = new Docker();
  private count = 0;

  constructor(
    private readonly dir: string,
    private readonly program: TaskProgram,
  ) {}

  /** @returns milliseconds from the first call until the program ran */
  async coldStart(): Promise<number> {
    this.count += 1;
    const folder = join(this.dir, `by-hand-${this.count}`);
    await this.layOut(folder);
    const spec = { lease: `bench/${this.count}`, epoch: 1, attempt: 1, index: 0, job: 'bench', completions: 1, env: {}, program: this.program };
    const place = {
      folder,
      task: join(folder, 'task'),
      owner: OWNER,
      cgroupParent: undefined,
      image: this.program.image,
      labels: {
        agent: 'bench', lease: spec.lease, epoch: 1, attempt: 1, slot: 0, boot: 'bench', scratch: 'bench', scratchKind: 'directory' as const,
        cpuNanos: 0, ioBytes: 0, memoryBytes: 0,
      },
    };
    const options = containerOptions(spec, place);
    const begin = Date.now();
    const container = await this.docker.createContainer(options);
    try {
      const stream = await container.attach({ stream: true, stdout: true, stderr: true });
      const output = new PassThrough();
      let text = '';
      output.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')));
      this.docker.modem.demuxStream(stream, output, output);
      const ended = new Promise<void>((resolve) => stream.once('end', resolve));
      await container.start();
      await Promise.all([ended, container.wait()]);
      const ranAtMs = Number(text.trim()) / 1000;
      if (!(ranAtMs >= begin)) throw new Error(`the container printed ${JSON.stringify(text.slice(0, 200))} instead of a time`);
      return ranAtMs - begin;
    } finally {
      await container.remove({ force: true, v: true });
      await rm(folder, { recursive: true, force: true });
    }
  }

  /** As the agent does it, but not measured: ours has these steps too, and they are ours. */
  private async layOut(folder: string): Promise<void> {
    for (const part of ['app', 'in', 'task', 'task/out', 'task/app', 'task/in']) await mkdir(join(folder, part), { recursive: true, mode: 0o755 });
    await writeFile(join(folder, 'app', 'main'), this.program.script ?? '', { mode: 0o755 });
    for (const part of ['task', 'task/out']) {
      chownSync(join(folder, part), OWNER.uid, OWNER.gid);
      chmodSync(join(folder, part), 0o755);
    }
    chmodSync(this.dir, 0o755);
  }
}
