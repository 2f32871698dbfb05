/** Runs single attempts through the Docker runtime, without agent and control plane. */
import { createHash, randomUUID } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MAX_LOG_BYTES, type TaskProgram } from '../../crds/agent-link';
import { DockerRuntime, type DockerRuntimeOptions } from '../../agent/runtime/docker/docker-runtime';
import type { AttemptEnd, AttemptEvents, AttemptIo, AttemptSpec, RunningAttempt } from '../../agent/runtime/runtime';
import { builtImage } from './agent-images';

export const MIB = 2 ** 20;

/** What an attempt said. */
export class Recorder implements AttemptEvents {
  readonly progressed: { progress?: number; message?: string }[] = [];
  private readonly kept = { stdout: Buffer.alloc(MAX_LOG_BYTES), stderr: Buffer.alloc(MAX_LOG_BYTES) };
  private readonly length = { stdout: 0, stderr: 0 };
  private waiting: (() => void)[] = [];
  isStarted = false;

  started(): void {
    this.isStarted = true;
    this.wake();
  }

  progress({ progress, message }: { progress?: number; message?: string }): void {
    this.progressed.push({ progress, message });
    this.wake();
  }

  log(stream: 'stdout' | 'stderr', offset: number, data: Buffer): void {
    data.copy(this.kept[stream], offset);
    this.length[stream] = Math.max(this.length[stream], offset + data.length);
    this.wake();
  }

  bytes(stream: 'stdout' | 'stderr'): Buffer {
    return this.kept[stream].subarray(0, this.length[stream]);
  }

  get stdout(): string {
    return this.bytes('stdout').toString();
  }

  get stderr(): string {
    return this.bytes('stderr').toString();
  }

  /** Resolves when the condition holds, looked at after every event. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.waiting.push(resolve));
  }

  private wake(): void {
    for (const resolve of this.waiting.splice(0)) resolve();
  }
}

export type ProgramPatch = Partial<Omit<TaskProgram, 'resources'>> & { resources?: Partial<TaskProgram['resources']> };

export class AttemptBench {
  readonly folder = mkdtempSync(join(tmpdir(), 'gleaner-docker-'));
  readonly agent = `test-${randomUUID()}`;
  readonly files = new Map<string, string>();
  /** Result files that were put, by digest. */
  readonly stored = new Map<string, Buffer>();
  runtime: DockerRuntime;

  constructor(private readonly options: Partial<DockerRuntimeOptions> = {}) {
    this.runtime = this.newRuntime();
  }

  readonly io: AttemptIo = {
    fetch: async (digest) => {
      const path = this.files.get(digest);
      if (path === undefined) throw new Error(`no element ${digest}`);
      return path;
    },
    put: async (file) => {
      const content = await file.readFile();
      const element = `sha256:${createHash('sha256').update(content).digest('hex')}`;
      this.stored.set(element, content);
      return { element, bytes: content.length };
    },
  };

  async start(images = ['shell']): Promise<void> {
    await this.runtime.start(new Set());
    for (const name of images) {
      const { image, element, path } = builtImage(name);
      this.files.set(element, path);
      await this.runtime.ensureImage(image, element, this.io.fetch, AbortSignal.timeout(120_000));
    }
  }

  /** As an agent that was killed and started again. */
  async restart(claimed: readonly string[]): Promise<void> {
    await this.runtime.close();
    this.runtime = this.newRuntime();
    await this.runtime.start(new Set(claimed));
  }

  spec(image: string, script: string, patch: ProgramPatch = {}): AttemptSpec {
    const built = builtImage(image);
    return {
      lease: `${randomUUID()}/1`, epoch: 1, attempt: 1, index: 3, job: 'opaque', completions: 10, env: { CITY: 'Bonn' },
      program: {
        image: built.image, imageArchive: built.element, entrypoint: built.entrypoint, script, args: [], env: [{ name: 'GREETING', value: 'hello' }],
        inputs: [], timeoutMs: 20_000, gracePeriodMs: 500, ...patch,
        resources: { cpu: 1, memoryBytes: 64 * MIB, scratchBytes: 16 * MIB, pids: 32, ...patch.resources },
      },
    };
  }

  begin(image: string, script: string, patch: ProgramPatch = {}): { spec: AttemptSpec; attempt: RunningAttempt; seen: Recorder } {
    const spec = this.spec(image, script, patch);
    const seen = new Recorder();
    return { spec, seen, attempt: this.runtime.run(spec, this.io, seen) };
  }

  async run(image: string, script: string, patch: ProgramPatch = {}): Promise<{ end: AttemptEnd; seen: Recorder }> {
    const { attempt, seen } = this.begin(image, script, patch);
    return { end: await attempt.ended, seen };
  }

  async stop(): Promise<void> {
    await this.runtime.close();
    const table = readFileSync('/proc/self/mountinfo', 'utf8').split('\n').map((line) => line.split(' ')[4] ?? '');
    for (const mount of table.filter((path) => path.startsWith(`${this.folder}/`))) execFileSync('umount', ['-l', mount]);
    rmSync(this.folder, { recursive: true, force: true });
  }

  private newRuntime(): DockerRuntime {
    return new DockerRuntime({ agent: this.agent, folder: join(this.folder, 'slots'), ...this.options });
  }
}
