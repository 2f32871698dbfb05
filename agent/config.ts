/** What an agent may be told, in one typed object. Defaults suit a machine that has nothing better to do. */
import { statfsSync } from 'node:fs';
import { availableParallelism, freemem } from 'node:os';
import { dirname, resolve } from 'node:path';
import type { ResourceAmounts } from '../crds/agent-link';

/** In all, for all attempts together. */
export type Offered = ResourceAmounts & { slots: number };

export interface AgentConfig {
  /** Identity, journal, cache, scratch spaces, status.json. One running agent per folder. */
  dataDir: string;
  /** Where the control plane is now, when that is not where the agent joined it. */
  url?: string;
  runtime: 'docker' | 'scripted';
  offered: Offered;
  /** Least credits per core-hour that the owner works for; decimal string. */
  askCpuHour: string;
  /** Bytes of elements kept for later attempts. */
  cacheBytes: number;
  /** Serves /metrics on 127.0.0.1 (0: any free port); none: not at all. */
  metricsPort?: number;
  /** Unix socket of the Docker Engine. */
  dockerSocket: string;
  logLevel: string;
}

const GIB = 2 ** 30;
const MAX_SCRATCH_BYTES = 256 * GIB;
const MAX_CACHE_BYTES = 20 * GIB;
const DOCKER_SOCKET = '/var/run/docker.sock';

/** @throws Error when DOCKER_HOST names an engine that is not on this machine */
export function defaultAgentConfig(dataDir: string, env: NodeJS.ProcessEnv = process.env): AgentConfig {
  const cores = availableParallelism();
  const freeDisk = freeDiskBytes(dataDir);
  return {
    dataDir,
    runtime: 'docker',
    offered: {
      cpu: cores,
      memoryBytes: Math.floor(freeMemoryBytes() * 0.75),
      scratchBytes: Math.min(Math.floor(freeDisk / 2), MAX_SCRATCH_BYTES),
      slots: Math.max(4, 2 * cores),
    },
    askCpuHour: '0',
    cacheBytes: Math.min(Math.floor(freeDisk / 4), MAX_CACHE_BYTES),
    dockerSocket: socketOf(env.DOCKER_HOST),
    logLevel: 'info',
  };
}

function freeMemoryBytes(): number {
  const limit = process.constrainedMemory();
  return limit > 0 ? Math.min(limit, freemem()) : freemem();
}

/** Of the file system that the folder is, or will be, on. */
function freeDiskBytes(folder: string): number {
  for (let path = resolve(folder); ; path = dirname(path)) {
    try {
      const { bavail, bsize } = statfsSync(path);
      return bavail * bsize;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || path === dirname(path)) throw error;
    }
  }
}

function socketOf(host: string | undefined): string {
  if (host === undefined || host === '') return DOCKER_SOCKET;
  if (host.startsWith('unix://')) return host.slice('unix://'.length);
  throw new Error(`DOCKER_HOST ${JSON.stringify(host)}: the agent needs an engine of this machine, such as unix://${DOCKER_SOCKET}`);
}
