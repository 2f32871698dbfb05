/**
 * The scratch space of an attempt, mounted at /task: a file system of its own with exactly the size that was asked for, in a sparse file
 * (root and loop devices are needed), or else a folder whose use is looked at. Made ahead: a file system of the size that was last asked
 * for is ready before the next attempt comes, because mkfs and mount cost a tenth of a container's start.
 *
 * Every space has a folder `<base>/<random>/` with `task/` (the space itself) and room for what is bound in beside it.
 */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, chown, lstat, mkdir, open, opendir, readdir, readFile, rm, statfs } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const TOOL_TIMEOUT_MS = 30_000;
const MIB = 2 ** 20;
/** What ext4 itself takes: a fixed part, and inode tables in proportion. */
const imageBytes = (bytes: number): number => Math.ceil((bytes * 1.02 + 4 * MIB) / 4096) * 4096;
/** Less free than this is full: a program rarely fills the last block. */
export const FULL_MARGIN_BYTES = 64 * 1024;
const MAX_ENTRIES_WALKED = 200_000;

export type ScratchKind = 'filesystem' | 'directory';

export interface Owner {
  uid: number;
  gid: number;
}

export class Scratch {
  /** The folder that is /task. */
  readonly task: string;
  onDispose: () => void = () => undefined;

  constructor(readonly folder: string, readonly kind: ScratchKind, readonly bytes: number) {
    this.task = join(folder, 'task');
  }

  /** True when the space is used up, or in a folder more than that. */
  async isFull(): Promise<boolean> {
    if (this.kind === 'directory') return (await usedBytes(this.task, this.bytes)) > this.bytes;
    const { bavail, bsize, ffree } = await statfs(this.task);
    return bavail * bsize < FULL_MARGIN_BYTES || ffree === 0;
  }

  /** Removes everything. Idempotent. */
  async dispose(): Promise<void> {
    if (this.kind === 'filesystem') await unmount(this.task);
    await rm(this.folder, { recursive: true, force: true });
    this.onDispose();
  }
}

async function unmount(path: string): Promise<void> {
  await run('umount', [path], { timeout: TOOL_TIMEOUT_MS }).catch(() =>
    // Something that is just going still holds it: it is gone from here at once, and freed with the last user.
    run('umount', ['-l', path], { timeout: TOOL_TIMEOUT_MS }).catch(() => undefined));
}

/** Bytes in blocks below a folder; stops counting beyond `limit`. */
async function usedBytes(folder: string, limit: number): Promise<number> {
  let sum = 0;
  let entries = 0;
  const waiting = [folder];
  for (let next = waiting.pop(); next !== undefined && sum <= limit; next = waiting.pop()) {
    const entry = await opendir(next).catch(() => undefined);
    if (!entry) continue;
    for await (const { name } of entry) {
      const stat = await lstat(join(next, name)).catch(() => undefined);
      if (!stat) continue;
      if (++entries > MAX_ENTRIES_WALKED) return Number.POSITIVE_INFINITY;
      sum += stat.blocks * 512;
      if (stat.isDirectory()) waiting.push(join(next, name));
    }
  }
  return sum;
}

export interface ScratchPoolOptions {
  base: string;
  /** Whose the space is inside the container. */
  owner: Owner;
  kind: ScratchKind;
  /** Spaces kept ready. */
  ready: number;
}

export class ScratchPool {
  private readonly spare: { bytes: number; scratch: Promise<Scratch> }[] = [];
  /** Folders that this process made. */
  private readonly made = new Set<string>();
  private closed = false;

  constructor(private readonly options: ScratchPoolOptions) {}

  /** Whether this machine can make file systems in files: tried once, really. */
  static async probe(base: string, owner: Owner): Promise<ScratchKind> {
    if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'directory';
    try {
      const scratch = await create(join(base, randomBytes(9).toString('hex')), owner, 'filesystem', MIB);
      await scratch.dispose();
      return 'filesystem';
    } catch {
      return 'directory';
    }
  }

  /** An empty space of that size. @throws Error of the file system, for example when the disk is full. */
  async take(bytes: number): Promise<Scratch> {
    const at = this.spare.findIndex((spare) => spare.bytes === bytes);
    const [ready] = at >= 0 ? this.spare.splice(at, 1) : [];
    return (await ready?.scratch.catch(() => undefined)) ?? this.create(bytes);
  }

  private create(bytes: number): Promise<Scratch> {
    const name = randomBytes(9).toString('hex');
    this.made.add(name);
    return create(join(this.options.base, name), this.options.owner, this.options.kind, bytes).then((scratch) => {
      scratch.onDispose = () => this.made.delete(name);
      return scratch;
    });
  }

  /** Makes one ready for the next attempt of that size; called when an attempt is over. */
  prepare(bytes: number): void {
    if (this.closed || this.options.kind === 'directory') return;
    while (this.spare.length >= this.options.ready) {
      const stale = this.spare.findIndex((spare) => spare.bytes !== bytes);
      if (stale < 0) return;
      for (const { scratch } of this.spare.splice(stale, 1)) void scratch.then((s) => s.dispose()).catch(() => undefined);
    }
    const scratch = this.create(bytes);
    scratch.catch(() => undefined);
    this.spare.push({ bytes, scratch });
  }

  /** The space of an attempt that a former agent process started. */
  reopen(name: string, bytes: number, kind: ScratchKind): Scratch {
    return new Scratch(join(this.options.base, basename(name)), kind, bytes);
  }

  /** Removes what a former agent process left and nobody claims. `keep`: names of folders. */
  async sweep(keep: ReadonlySet<string>): Promise<void> {
    const mounts = await mountPoints();
    for (const name of await readdir(this.options.base).catch((): string[] => [])) {
      if (keep.has(name) || this.made.has(name)) continue;
      const folder = join(this.options.base, name);
      await new Scratch(folder, mounts.has(join(folder, 'task')) ? 'filesystem' : 'directory', 0).dispose().catch(() => undefined);
    }
  }

  async close(): Promise<void> {
    this.closed = true;
    await Promise.all(this.spare.splice(0).map(({ scratch }) => scratch.then((s) => s.dispose()).catch(() => undefined)));
  }
}

async function mountPoints(): Promise<Set<string>> {
  const table = await readFile('/proc/self/mountinfo', 'utf8').catch(() => '');
  return new Set(table.split('\n').map((line) => line.split(' ')[4] ?? ''));
}

async function create(folder: string, owner: Owner, kind: ScratchKind, bytes: number): Promise<Scratch> {
  const scratch = new Scratch(folder, kind, bytes);
  await mkdir(scratch.task, { recursive: true, mode: 0o755 });
  try {
    if (kind === 'filesystem') await mountNew(scratch, owner);
    for (const name of ['out', 'checkpoint', 'app', 'in']) await mkdir(join(scratch.task, name), { mode: 0o755 });
    if (process.getuid?.() === 0) {
      for (const path of [scratch.task, join(scratch.task, 'out'), join(scratch.task, 'checkpoint')]) await chown(path, owner.uid, owner.gid);
    }
    await chmod(scratch.task, 0o755);
    return scratch;
  } catch (error) {
    await scratch.dispose().catch(() => undefined);
    throw error;
  }
}

async function mountNew({ folder, task, bytes }: Scratch, owner: Owner): Promise<void> {
  const image = join(folder, 'scratch.img');
  const file = await open(image, 'wx', 0o600);
  try {
    await file.truncate(imageBytes(bytes));
  } finally {
    await file.close();
  }
  await run('mkfs.ext4', ['-q', '-F', '-m', '0', '-b', '4096', '-i', '16384', '-O', '^has_journal,^resize_inode',
    '-E', `lazy_itable_init=1,nodiscard,root_owner=${owner.uid}:${owner.gid}`, image], { timeout: TOOL_TIMEOUT_MS });
  await run('mount', ['-t', 'ext4', '-o', 'loop,nosuid,nodev,noatime,noinit_itable', image, task], { timeout: TOOL_TIMEOUT_MS });
  await rm(join(task, 'lost+found'), { recursive: true, force: true });
}
