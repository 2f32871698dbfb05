/** The container of one attempt: every setting that keeps a program that nobody trusts from what is not its own. */
import type Docker from 'dockerode';
import profile from '../../../runtime-images/seccomp/profile.json';
import type { AttemptSpec } from '../runtime';
import { commandOf } from './program';
import type { Owner, ScratchKind } from './scratch';

const LABEL = 'dev.gleaner.';
const SECCOMP = `seccomp=${JSON.stringify(profile)}`;
const MIB = 2 ** 20;
/** Docker refuses less. */
const LEAST_MEMORY_BYTES = 6 * MIB;
const TMP_BYTES_AT_MOST = 64 * MIB;

/** Held by the container itself, so that an agent that starts anew finds all that it needs to go on. */
export interface AttemptLabels {
  agent: string;
  lease: string;
  epoch: number;
  attempt: number;
  slot: number;
  /** The kernel's boot id: after a reboot nothing of an attempt is left but its exit code, which says nothing. */
  boot: string;
  scratch: string;
  scratchKind: ScratchKind;
  /** The slot's counters before. */
  cpuNanos: number;
  ioBytes: number;
  memoryBytes: number;
}

export const agentFilter = (agent: string): string[] => [`${LABEL}agent=${agent}`];

function toLabels(labels: AttemptLabels): Record<string, string> {
  return Object.fromEntries(Object.entries(labels).map(([name, value]) => [LABEL + name, String(value)]));
}

/** Undefined when they are not those of an attempt. */
export function fromLabels(labels: Record<string, string> | undefined): AttemptLabels | undefined {
  const text = (name: string): string => labels?.[LABEL + name] ?? '';
  const number = (name: string): number => (text(name) === '' ? Number.NaN : Number(text(name)));
  const kind = text('scratchKind');
  const parsed: AttemptLabels = {
    agent: text('agent'), lease: text('lease'), epoch: number('epoch'), attempt: number('attempt'), slot: number('slot'), boot: text('boot'),
    scratch: text('scratch'), scratchKind: kind === 'filesystem' ? kind : 'directory',
    cpuNanos: number('cpuNanos'), ioBytes: number('ioBytes'), memoryBytes: number('memoryBytes'),
  };
  return Object.values(parsed).some((value) => value === '' || Number.isNaN(value)) ? undefined : parsed;
}

export interface ContainerPlace {
  /** With `task`, `app` and `in` below it, and room for the size that was asked for. */
  folder: string;
  task: string;
  owner: Owner;
  /** Undefined where the host's cgroups cannot be read. */
  cgroupParent: string | undefined;
  /** The image's id as the engine knows it. */
  image: string;
  labels: AttemptLabels;
}

/** The types of dockerode lack what API 1.41 added. */
export type ContainerOptions = Docker.ContainerCreateOptions & { HostConfig: Docker.HostConfig & { CgroupnsMode: 'private' } };

function environment(spec: AttemptSpec): string[] {
  const own = {
    GLEANER_INDEX: spec.index, GLEANER_COMPLETIONS: spec.completions, GLEANER_ATTEMPT: spec.attempt, GLEANER_JOB: spec.job,
    JOB_COMPLETION_INDEX: spec.index, HOME: '/task', TMPDIR: '/tmp',
  };
  const all = new Map<string, string>();
  for (const { name, value } of spec.program.env) all.set(name, value);
  for (const [name, value] of Object.entries({ ...spec.env, ...own })) all.set(name, String(value));
  return [...all].map(([name, value]) => `${name}=${value}`);
}

export function containerOptions(spec: AttemptSpec, place: ContainerPlace): ContainerOptions {
  const { resources } = spec.program;
  const memory = Math.max(Math.ceil(resources.memoryBytes), LEAST_MEMORY_BYTES);
  const { uid, gid } = place.owner;
  const bind = (from: string, to: string, readOnly: boolean): Docker.MountSettings =>
    ({ Type: 'bind', Source: from, Target: to, ReadOnly: readOnly, BindOptions: { Propagation: 'rprivate' } });
  return {
    Image: place.image,
    Entrypoint: [],
    Cmd: commandOf(spec.program),
    Env: environment(spec),
    WorkingDir: '/task',
    User: `${uid}:${gid}`,
    Hostname: 'task',
    NetworkDisabled: true,
    AttachStdin: false,
    OpenStdin: false,
    // What stops a container from outside (an engine that shuts down) must look like that, and not like a program that ended.
    StopSignal: 'SIGKILL',
    Labels: toLabels(place.labels),
    HostConfig: {
      Privileged: false,
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges', SECCOMP],
      ReadonlyRootfs: true,
      Init: true,
      NetworkMode: 'none',
      IpcMode: 'private',
      CgroupnsMode: 'private',
      RestartPolicy: { Name: 'no' },
      AutoRemove: false,
      Memory: memory,
      MemorySwap: memory,
      ShmSize: Math.min(TMP_BYTES_AT_MOST, Math.floor(memory / 2)),
      NanoCpus: Math.max(10_000_000, Math.round(resources.cpu * 1e9)),
      CpuShares: 2,
      // The init process is not the program's.
      PidsLimit: resources.pids + 1,
      BlkioWeight: 10,
      OomScoreAdj: 1000,
      Ulimits: [
        { Name: 'nofile', Soft: 4096, Hard: 4096 },
        { Name: 'fsize', Soft: resources.scratchBytes, Hard: resources.scratchBytes },
        { Name: 'core', Soft: 0, Hard: 0 },
        { Name: 'memlock', Soft: 65_536, Hard: 65_536 },
      ],
      Tmpfs: { '/tmp': `rw,noexec,nosuid,nodev,size=${Math.min(TMP_BYTES_AT_MOST, Math.floor(memory / 2))},nr_inodes=10000,uid=${uid},gid=${gid},mode=0700` },
      // For an agent that starts anew while the program runs; its readers see the attached streams. The cheapest of the drivers that keep
      // anything, at one write of the engine's a line, which a program that prints waits for: `non-blocking` loses lines, the last ones among them.
      LogConfig: { Type: 'local', Config: { 'max-size': '4m', 'max-file': '2', compress: 'false' } },
      ...(place.cgroupParent === undefined ? {} : { CgroupParent: place.cgroupParent }),
      Mounts: [
        bind(place.task, '/task', false),
        bind(`${place.folder}/app`, '/task/app', true),
        bind(`${place.folder}/in`, '/task/in', true),
      ],
    },
  };
}
