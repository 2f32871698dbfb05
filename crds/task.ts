import type { AttemptReason } from './attempt-reasons';
import type { TaskTemplate } from './job';
import type { KubeObject, ObjectMeta } from './meta';

/** One unit of a Job: one index. Made by the Job controller, never by people. */
export class Task implements KubeObject {
  apiVersion!: string;
  kind!: string;
  metadata!: ObjectMeta;
  spec!: TaskSpec;
  status?: TaskStatus;
}

export class TaskSpec {
  /** Name of the Job in the same namespace. */
  job!: string;
  jobUid!: string;
  index!: number;
  /** This index's value of each of the Job's parameters. */
  parameters?: Record<string, string>;
  /** The Job's template, only when a Task is to run another one than its Job's; absent otherwise. */
  template?: TaskTemplate;
}

export type TaskPhase = 'Pending' | 'Running' | 'Succeeded' | 'Failed' | 'Cancelled';

/**
 * ```
 * Leased ──► Running ──► Ended(reason)
 *    └───────────────────────▲
 * ```
 * Leased: bound to an agent, `start` is on its way. Ended is final, `reason` says how.
 */
export type AttemptPhase = 'Leased' | 'Running' | 'Ended';

export class TaskStatus {
  /** Pending when absent. */
  phase?: TaskPhase;
  /** 0 … 1, from the program's status line. */
  progress?: number;
  message?: string;
  /** Not offered before this time (retry backoff). RFC 3339 with milliseconds. */
  notBefore?: string;
  result?: TaskResult;
  /** Decimal string of credits: all attempts. */
  cost?: string;
  /** Of the attempt that is on, or of the last one; an alias that is stable only within the Job. */
  agent?: string;
  /** All attempts so far. */
  attemptCount?: number;
  /** Those of them that count against retry.limit and failed. */
  countedFailures?: number;
  /** Attempts in a row, up to now, that agents or the platform lost: bounds retries that are not counted. */
  lostInRow?: number;
  /** The newest 10, oldest first. */
  attempts?: Attempt[];
}

export class TaskResult {
  /** sha256 over the canonical list of the result's files. */
  digest!: string;
  bytes!: number;
  /** out/result.json when it has at most 4 KiB; larger ones are in the results index. */
  inline?: string;
}

export class Attempt {
  /** From 1, rising. */
  number!: number;
  /** Fencing token: reports with another epoch are stale. */
  epoch!: number;
  /** Alias. */
  agent!: string;
  /** Credits for one reference core-hour, decimal string. */
  offerRate?: string;
  phase!: AttemptPhase;
  reason?: AttemptReason;
  message?: string;
  /** RFC 3339 with milliseconds, control plane's clock. */
  leasedAt!: string;
  startedAt?: string;
  finishedAt?: string;
  exitCode?: number;
  usage?: Usage;
  /** Set by the Task controller: the gateway tells the agent to stop for this reason. */
  stop?: AttemptReason;
}

/** Integer, cumulative, never decreasing. */
export class Usage {
  cpuMicros!: number;
  /** Byte·seconds of memory divided by 2^20: MiB·seconds. */
  memoryMibSeconds!: number;
  wallMillis!: number;
  ioBytes!: number;
  egressBytes!: number;
  /** The engine's own figures were used because the host's cgroups could not be read. */
  estimated?: boolean;
}
