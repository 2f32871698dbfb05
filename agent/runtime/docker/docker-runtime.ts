/** The ContainerRuntime over a Docker Engine of this machine. Containers outlive the agent, and carry what adopting them needs. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { attemptKey, type AttemptEvents, type AttemptIo, type AttemptSpec, type ContainerRuntime, type FetchElement, type RunningAttempt } from '../runtime';
import { DockerAttempt, type AttemptHost, type Found } from './attempt';
import { cgroupVersion, type CgroupDriver } from './cgroups';
import { agentFilter, fromLabels, type AttemptLabels } from './container-spec';
import { Engine } from './engine';
import { Images } from './images';
import { ScratchPool, type Owner, type ScratchKind } from './scratch';
import { Slots } from './slots';

export interface DockerRuntimeOptions {
  /** Whose containers these are: the agent's id. */
  agent: string;
  /** For scratch spaces; below the agent's data folder, so that its cache is on the same file system. */
  folder: string;
  socket?: string;
  /** `directory` forces what is otherwise only used where file systems cannot be made. */
  scratch?: ScratchKind;
  /** Scratch spaces kept ready. */
  ready?: number;
  /** Undefined: found out. 'none': use the engine's figures. */
  cgroups?: 1 | 2 | 'none';
  now?: () => number;
}

const REOPEN_MS = 1000;
const TASK_OWNER: Owner = { uid: 65_532, gid: 65_532 };

export class DockerRuntime implements ContainerRuntime {
  readonly name = 'docker';
  private readonly engine: Engine;
  private readonly store: Images;
  private readonly agent: string;
  private readonly live = new Map<string, DockerAttempt>();
  private readonly listeners: ((available: boolean) => void)[] = [];
  private claimed = new Set<string>();
  private host: AttemptHost | undefined;
  private ready = false;
  private opened: Promise<void> | undefined;

  constructor(private readonly options: DockerRuntimeOptions) {
    this.engine = new Engine({ socket: options.socket ?? '/var/run/docker.sock' });
    this.store = new Images(this.engine);
    this.agent = createHash('sha256').update(options.agent).digest('hex').slice(0, 12);
    this.engine.onChange((up) => {
      if (up) void this.open();
      else this.change(false);
    });
  }

  get available(): boolean {
    return this.ready;
  }

  onAvailability(listener: (available: boolean) => void): void {
    this.listeners.push(listener);
  }

  async start(claimed: ReadonlySet<string>): Promise<void> {
    this.claimed = new Set(claimed);
    await mkdir(this.options.folder, { recursive: true, mode: 0o711 });
    if (await this.engine.start()) await this.opened;
  }

  async close(): Promise<void> {
    this.engine.close();
    for (const attempt of this.live.values()) attempt.letGo();
    await this.host?.scratch.close();
    this.host?.slots.close();
  }

  async images(): Promise<string[]> {
    return this.ready ? this.store.list().catch(() => []) : [];
  }

  async ensureImage(image: string, archive: string, fetch: FetchElement, signal: AbortSignal): Promise<void> {
    try {
      await this.store.ensure(image, archive, fetch, signal);
    } catch (error) {
      this.engine.isLost(error);
      throw error;
    }
  }

  run(spec: AttemptSpec, io: AttemptIo, events: AttemptEvents): RunningAttempt {
    const attempt = new DockerAttempt(this.mustHost(), spec, io, events);
    this.track(attempt);
    return attempt;
  }

  async adopt(spec: AttemptSpec, io: AttemptIo, events: AttemptEvents): Promise<RunningAttempt | undefined> {
    await this.engine.whenUp();
    await this.opened;
    const key = attemptKey(spec);
    try {
      for (const { id, labels } of await this.list()) {
        if (!labels || attemptKey(labels) !== key) continue;
        const container = this.engine.calls.getContainer(id);
        const { State } = await container.inspect();
        const startedAtMs = Date.parse(State.StartedAt);
        // Made but never started: swept below.
        if (!(startedAtMs > 0)) continue;
        const found: Found = { container, labels, startedAtMs };
        const attempt = new DockerAttempt(this.mustHost(), spec, io, events, found);
        this.track(attempt);
        return attempt;
      }
      return undefined;
    } finally {
      this.claimed.delete(key);
      if (!this.live.has(key)) void this.sweep().catch((error: unknown) => this.engine.isLost(error));
    }
  }

  private mustHost(): AttemptHost {
    if (!this.host) throw new Error('the runtime is not started');
    return this.host;
  }

  private track(attempt: DockerAttempt): void {
    this.live.set(attempt.key, attempt);
    void attempt.ended.then(() => this.live.delete(attempt.key));
  }

  /** At every time that the engine comes up. */
  private open(): Promise<void> {
    this.opened = (async () => {
      this.store.forget();
      try {
        this.host ??= await this.makeHost();
        await this.sweep();
        if (this.engine.available) this.change(true);
      } catch (error) {
        // It answers, and not well (yet): tried again like one that does not answer.
        if (!this.engine.isLost(error)) setTimeout(() => this.engine.lost(), REOPEN_MS).unref();
      }
    })();
    return this.opened;
  }

  private async makeHost(): Promise<AttemptHost> {
    const info = (await this.engine.calls.info()) as { CgroupDriver?: string };
    const driver: CgroupDriver = info.CgroupDriver === 'systemd' ? 'systemd' : 'cgroupfs';
    const { folder, cgroups } = this.options;
    const uid = process.getuid?.() ?? 0;
    // Without root a file cannot be given to another user: the program then runs as the agent's own, never as root.
    const owner = uid === 0 ? TASK_OWNER : { uid, gid: process.getgid?.() ?? uid };
    return {
      engine: this.engine,
      images: this.store,
      scratch: new ScratchPool({ base: folder, owner, kind: this.options.scratch ?? (await ScratchPool.probe(folder, owner)), ready: this.options.ready ?? 1 }),
      slots: new Slots(this.agent, cgroups === 'none' ? undefined : (cgroups ?? cgroupVersion()), driver),
      owner,
      agent: this.agent,
      boot: bootId(),
      now: this.options.now ?? steadyNow,
    };
  }

  private async list(): Promise<{ id: string; labels: AttemptLabels | undefined }[]> {
    const all = await this.engine.calls.listContainers({ all: true, filters: { label: agentFilter(this.agent) } });
    return all.map(({ Id, Labels }) => ({ id: Id, labels: fromLabels(Labels) }));
  }

  /** Removes this agent's containers and scratch spaces that belong to nothing that runs or is claimed. */
  private async sweep(): Promise<void> {
    const keep = new Set<string>();
    for (const { id, labels } of await this.list()) {
      const key = labels && attemptKey(labels);
      if (labels && key !== undefined && (this.live.has(key) || this.claimed.has(key))) keep.add(labels.scratch);
      else await this.engine.calls.getContainer(id).remove({ force: true, v: true }).catch((error: unknown) => this.engine.isLost(error));
    }
    if (this.live.size === 0) await this.host?.scratch.sweep(keep);
  }

  private change(available: boolean): void {
    if (this.ready === available) return;
    this.ready = available;
    for (const listener of this.listeners) listener(available);
  }
}

function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return 'unknown';
  }
}

/** The wall clock as it was at the start, going on steadily: a clock that is set must not time attempts out. */
const steadyNow = (): number => Math.round(performance.timeOrigin + performance.now());
