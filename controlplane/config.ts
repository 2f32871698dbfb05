/** Flags and environment of the control plane, parsed once into one typed object. */
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { KubernetesConfig } from './kubernetes/config';

export interface ControlPlaneConfig {
  /** Absent: embedded mode. */
  kubernetes?: KubernetesConfig;
  /** Everything durable: database, elements, logs, keys, kubeconfig. */
  dataDir: string;
  listen: string;
  /** 0: any free port. */
  port: number;
  /** Names and addresses that the server's certificate is also valid for. */
  names: string[];
  /** Runtime images to offer (the folder that `make images` writes); none: no Runtime is made. */
  imagesDir?: string;
  heartbeatMs: number;
  lostAfterMs: number;
  /** How often agents report the progress of an attempt. */
  progressIntervalMs: number;
  /** Least time between two writes of what changes all the time. */
  pace: WritePace;
  /** Largest data element. */
  maxElementBytes: number;
  /** All data elements together. */
  maxElementsBytes: number;
  /** Requests to the Kubernetes API that only read, and those that may write, at a time; further ones wait. */
  maxRequestsInFlight: number;
  maxMutatingRequestsInFlight: number;
  logLevel: string;
  /** Absent: nobody records who did what. */
  auditLog?: AuditLogConfig;
}

/** Phases, conditions and ends are written at once; these are the numbers between them, in milliseconds. */
export interface WritePace {
  /** Of one attempt; absent: as often as it is reported. */
  progressMs?: number;
  /** So long the first report of an attempt waits for its end, which says more. */
  firstProgressMs?: number;
  jobMs: number;
  /** Of one agent: how many attempts it runs; when it was last heard of. */
  agentMs: number;
  agentSeenMs: number;
  accountMs: number;
}

/** Embedded, a write costs next to nothing. */
export const QUICK_PACE: WritePace = { jobMs: 100, agentMs: 2000, agentSeenMs: 30_000, accountMs: 1000 };
/** In a cluster every write goes through etcd, which others need too. */
export const CLUSTER_PACE: WritePace = { progressMs: 10_000, firstProgressMs: 1000, jobMs: 1000, agentMs: 10_000, agentSeenMs: 300_000, accountMs: 5000 };

export interface AuditLogConfig {
  path: string;
  /** Of one file; then it is turned over. */
  maxBytes: number;
  /** Full files that are kept beside the one that is written. */
  maxFiles: number;
}

export const DEFAULT_PORT = 7643;
const MIB = 1024 ** 2;
const GIB = 1024 ** 3;

export const defaultConfig = (dataDir: string): ControlPlaneConfig => ({
  dataDir,
  listen: '127.0.0.1',
  port: DEFAULT_PORT,
  names: [hostname()],
  heartbeatMs: 1000,
  lostAfterMs: 3000,
  progressIntervalMs: 1000,
  pace: QUICK_PACE,
  maxElementBytes: GIB,
  maxElementsBytes: 64 * GIB,
  maxRequestsInFlight: 400,
  maxMutatingRequestsInFlight: 400,
  logLevel: 'info',
  auditLog: { path: join(dataDir, 'audit.log'), maxBytes: 100 * MIB, maxFiles: 10 },
});

export const paths = (dataDir: string) => ({
  database: join(dataDir, 'gleaner.db'),
  pki: join(dataDir, 'pki'),
  elements: join(dataDir, 'elements'),
  logs: join(dataDir, 'logs'),
  kubeconfig: join(dataDir, 'kubeconfig'),
});
