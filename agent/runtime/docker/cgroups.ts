/**
 * The host's cgroups of the slots: every slot has a parent of its own for the containers that run in it, one after the other, so that
 * its counters are still there when a container is gone. cgroup v1 (a hierarchy per controller) and v2 (one), and the engine's
 * `cgroupfs` driver (paths) and `systemd` driver (slices).
 *
 * A slot's files are kept open while it is used, so that a reading is a few `pread`s.
 */
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readSync, rmdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export const CGROUP_ROOT = '/sys/fs/cgroup';

export interface Counters {
  /** Nanoseconds of CPU time, ever rising while the slot's cgroup exists. */
  cpuNanos: number;
  ioBytes: number;
}

export type CgroupDriver = 'cgroupfs' | 'systemd';

interface Files {
  cpu: string;
  io: string;
  memory: string;
  memoryPeak: string;
  pidsPeak: string;
  pidsEvents: string;
}

/** Where the files of a cgroup path are, per version. */
function filesOf(version: 1 | 2, path: string, root: string): Files {
  if (version === 2) {
    const file = (name: string): string => join(root, path, name);
    return {
      cpu: file('cpu.stat'), io: file('io.stat'), memory: file('memory.current'), memoryPeak: file('memory.peak'), pidsPeak: file('pids.peak'),
      pidsEvents: file('pids.events'),
    };
  }
  const file = (controller: string, name: string): string => join(root, controller, path, name);
  return {
    cpu: file('cpuacct', 'cpuacct.usage'),
    io: file('blkio', 'blkio.throttle.io_service_bytes_recursive'),
    memory: file('memory', 'memory.usage_in_bytes'),
    memoryPeak: file('memory', 'memory.max_usage_in_bytes'),
    pidsPeak: file('pids', 'pids.peak'),
    pidsEvents: file('pids', 'pids.events'),
  };
}

/** The version whose counters can be read on this host; undefined where there are none (another system, a container without them). */
export function cgroupVersion(root = CGROUP_ROOT): 1 | 2 | undefined {
  if (existsSync(join(root, 'cgroup.controllers'))) return 2;
  return existsSync(join(root, 'cpuacct', 'cpuacct.usage')) ? 1 : undefined;
}

export function parseCpuNanos(version: 1 | 2, text: string): number {
  return version === 1 ? Number(text) : Number(/^usage_usec (\d+)$/m.exec(text)?.[1]) * 1000;
}

export function parseIoBytes(version: 1 | 2, text: string): number {
  if (version === 1) return Number(/^Total (\d+)$/m.exec(text)?.[1] ?? 0);
  let sum = 0;
  for (const [, bytes] of text.matchAll(/ [rw]bytes=(\d+)/g)) sum += Number(bytes);
  return sum;
}

/** A file that is opened at the first reading and read again from its start. */
class KeptFile {
  private fd: number | undefined;
  private static readonly buffer = Buffer.alloc(16_384);

  constructor(private readonly path: string) {}

  read(): string | undefined {
    try {
      this.fd ??= openSync(this.path, 'r');
      return KeptFile.buffer.toString('latin1', 0, readSync(this.fd, KeptFile.buffer, 0, KeptFile.buffer.length, 0));
    } catch {
      this.close();
      return undefined;
    }
  }

  close(): void {
    if (this.fd !== undefined) closeSync(this.fd);
    this.fd = undefined;
  }
}

/** The cgroup of one slot. */
export class SlotCgroup {
  /** For the engine's CgroupParent. */
  readonly parent: string;
  private readonly path: string;
  private readonly files: Record<'cpu' | 'io' | 'memory' | 'memoryPeak' | 'pidsPeak', KeptFile>;
  private container: { memory: KeptFile; pidsEvents: KeptFile } | undefined;

  constructor(private readonly version: 1 | 2, private readonly driver: CgroupDriver, agent: string, slot: number, private readonly root = CGROUP_ROOT) {
    if (driver === 'cgroupfs') {
      this.parent = this.path = `/gleaner/${agent}/slot-${slot}`;
    } else {
      this.parent = `gleaner-${agent}-slot${slot}.slice`;
      this.path = `/gleaner.slice/gleaner-${agent}.slice/${this.parent}`;
    }
    const files = filesOf(version, this.path, root);
    this.files = {
      cpu: new KeptFile(files.cpu), io: new KeptFile(files.io), memory: new KeptFile(files.memory),
      memoryPeak: new KeptFile(files.memoryPeak), pidsPeak: new KeptFile(files.pidsPeak),
    };
  }

  /** Before a container is put in: peaks start anew where the kernel can do that. Nothing may run in the slot. */
  reset(): void {
    this.close();
    const attempt = (act: () => void): void => {
      try {
        act();
      } catch { /* not there yet, not ours to change, or still held by what is being removed: readings are differences then */ }
    };
    if (this.driver === 'systemd') return;
    if (this.version === 2) {
      attempt(() => rmdirSync(join(this.root, this.path)));
      return;
    }
    attempt(() => rmdirSync(join(this.root, 'pids', this.path)));
    attempt(() => mkdirSync(join(this.root, 'memory', this.path), { recursive: true }));
    attempt(() => writeFileSync(join(this.root, 'memory', this.path, 'memory.max_usage_in_bytes'), '0'));
  }

  /** From now on `memoryBytes` is that container's own. */
  attach(containerId: string): void {
    this.closeContainer();
    const child = this.driver === 'cgroupfs' ? containerId : `docker-${containerId}.scope`;
    const { memory, pidsEvents } = filesOf(this.version, `${this.path}/${child}`, this.root);
    this.container = { memory: new KeptFile(memory), pidsEvents: new KeptFile(pidsEvents) };
  }

  /** Undefined when the host's cgroups cannot be read. A cgroup that does not exist yet has used nothing. */
  counters(): Counters | undefined {
    const cpu = this.files.cpu.read();
    if (cpu === undefined) return this.exists() ? undefined : { cpuNanos: 0, ioBytes: 0 };
    const cpuNanos = parseCpuNanos(this.version, cpu);
    if (!Number.isFinite(cpuNanos)) return undefined;
    return { cpuNanos, ioBytes: parseIoBytes(this.version, this.files.io.read() ?? '') };
  }

  /** What the container holds now; before and after it, what the slot still holds. */
  memoryBytes(): number | undefined {
    return number(this.container?.memory.read() ?? this.files.memory.read());
  }

  /** Most that the slot held since `reset`. */
  memoryPeakBytes(): number | undefined {
    return number(this.files.memoryPeak.read());
  }

  /** Most processes at once since `reset`; undefined where the kernel does not count them. */
  pidsPeak(): number | undefined {
    return number(this.files.pidsPeak.read());
  }

  /** True when the container was refused a process, as far as can be seen now. */
  forkRefused(): boolean {
    return Number(/^max (\d+)/m.exec(this.container?.pidsEvents.read() ?? '')?.[1] ?? 0) > 0;
  }

  close(): void {
    for (const file of Object.values(this.files)) file.close();
    this.closeContainer();
  }

  /** Takes the empty cgroup away, and the agent's own with its last slot; one in which something runs stays. */
  remove(): void {
    this.close();
    if (this.driver === 'systemd') return;
    const roots = this.version === 2 ? [this.root] : readdirSync(this.root).map((controller) => join(this.root, controller));
    for (const root of roots) {
      try {
        rmdirSync(join(root, this.path));
        rmdirSync(dirname(join(root, this.path)));
      } catch { /* not there, not ours, or in use */ }
    }
  }

  private closeContainer(): void {
    this.container?.memory.close();
    this.container?.pidsEvents.close();
    this.container = undefined;
  }

  private exists(): boolean {
    try {
      return statSync(this.version === 2 ? join(this.root, this.path) : join(this.root, 'cpuacct', this.path)).isDirectory();
    } catch {
      return false;
    }
  }
}

function number(text: string | undefined): number | undefined {
  const value = text === undefined ? Number.NaN : Number(text);
  return Number.isFinite(value) ? value : undefined;
}
