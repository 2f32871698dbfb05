import type { Condition, KubeObject, ObjectMeta } from './meta';
import type { Quantity } from './quantity';

/** What an issuer asks for: one program run over many indexes. */
export class Job implements KubeObject {
  apiVersion!: string;
  kind!: string;
  metadata!: ObjectMeta;
  spec!: JobSpec;
  status?: JobStatus;
}

export class JobSpec {
  /** Name of a Runtime. Immutable. */
  runtime!: string;
  /** Immutable. */
  template!: TaskTemplate;
  /** Number of indexes; exactly one of this and `parameters`. Immutable. */
  completions?: number;
  /** One index per combination. Immutable. */
  parameters?: Parameters;
  /** At most this many Tasks at once; absent: no limit. 0 stops new ones. */
  parallelism?: number;
  /** Name of a RateTier. Immutable. */
  rateTier!: string;
  /** Budget in credits, a decimal string ("5.00"). */
  maxCost?: string;
  priority!: number;
  /** Duration from creation. */
  deadline?: string;
  retry!: RetryPolicy;
  success?: SuccessPolicy;
  /** Duration after the end; absent: kept. */
  ttlAfterFinished?: string;
  suspend!: boolean;
}

export class TaskTemplate {
  program!: Program;
  command?: string[];
  args?: string[];
  env?: EnvVar[];
  inputs?: Input[];
  resources!: Resources;
  /** Duration: one attempt's running time. */
  timeout!: string;
  /** Duration between SIGTERM and SIGKILL. */
  gracePeriod!: string;
}

/** Exactly one field is set. */
export class Program {
  script?: string;
  /** `sha256:<64 hex>` */
  element?: string;
  /** `sha256:<64 hex>` of a tar or tar.gz; `command` says what to start. */
  archive?: string;
}

export class EnvVar {
  name!: string;
  value!: string;
}

export class Input {
  /** File name below /task/in. */
  name!: string;
  element!: string;
}

/** Caps, enforced; also what is matched and held for. */
export class Resources {
  cpu!: Quantity;
  memory!: Quantity;
  scratch!: Quantity;
  pids!: number;
}

export class Parameters {
  /** Each name becomes an environment variable; names in alphabetical order (a map has none of its own), the last varies fastest. */
  matrix!: Record<string, string[] | ParameterRange>;
}

/** `from`, `from + step`, … up to and including `to`. */
export class ParameterRange {
  from!: number;
  to!: number;
  step?: number;
}

export class RetryPolicy {
  limit!: number;
  backoff!: string;
}

export class SuccessPolicy {
  minCompletions!: number;
}

export type JobPhase = 'Pending' | 'Running' | 'Suspended' | 'Complete' | 'Failed';

export class JobStatus {
  phase?: JobPhase;
  /** Number of indexes, also when they come from `parameters`. */
  completions?: number;
  succeeded?: number;
  failed?: number;
  active?: number;
  /** `succeeded/completions`, for the printer column. */
  completionsText?: string;
  /** Ranges, as in Kubernetes' indexed Jobs: "0-41,43". */
  completedIndexes?: string;
  failedIndexes?: string;
  cost?: JobCost;
  /** 0 … 1. */
  progress?: number;
  estimatedFinish?: string;
  startTime?: string;
  completionTime?: string;
  /** Time from start to end, or to the last status write while it runs: "73s". For the printer column; `humanDuration` makes it. */
  duration?: string;
  results?: { url: string };
  conditions?: Condition[];
  observedGeneration?: number;
}

/** Decimal strings of credits, six places at most. */
export class JobCost {
  charged!: string;
  held!: string;
}
