import { ATTEMPT_REASONS, type AttemptReason } from './attempt-reasons';
import type { KubeObject, ObjectMeta } from './meta';
import { ClassRule, Default, Description, Optional, PrinterColumns } from './schema/decorators';
import { Bool, Int, ListOf, Nested, Num, OneOf, Text, TextMap, Time } from './schema/fields';
import { ObjectName } from './schema/formats';
import { sameJson } from './schema/same-json';
import { TaskTemplate } from './task-template';

const MAX_COUNT = Number.MAX_SAFE_INTEGER;
const REASONS = Object.keys(ATTEMPT_REASONS);
/** Attempts that a status keeps; older ones are in the ledger. */
export const MAX_KEPT_ATTEMPTS = 10;

@Description('Which unit of which Job. Made by the control plane, never changed.')
@ClassRule<TaskSpec>({
  cel: 'self == oldSelf',
  message: 'cannot be changed: the control plane makes Tasks from their Job; change or create the Job',
  transition: true,
  holds: (self, old) => sameJson(self, old),
})
export class TaskSpec {
  @Description('Name of the Job in the same namespace.')
  @ObjectName()
  job!: string;

  @Description('metadata.uid of the Job.')
  @Text(64, 1)
  jobUid!: string;

  @Description('The index, from 0.')
  @Int(0, 10_000_000)
  index!: number;

  @Description('This index\'s value of each of the Job\'s parameters.')
  @Optional() @TextMap(32, 1024)
  parameters?: Record<string, string>;

  @Description('Only when the Task runs another template than its Job\'s.')
  @Optional() @Nested(() => TaskTemplate)
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

@Description('Metered consumption: whole numbers, cumulative, never decreasing.')
export class Usage {
  @Description('Processor time in microseconds.')
  @Int(0, MAX_COUNT)
  cpuMicros!: number;

  @Description('Memory over time, in MiB·seconds.')
  @Int(0, MAX_COUNT)
  memoryMibSeconds!: number;

  @Description('Running time in milliseconds.')
  @Int(0, MAX_COUNT)
  wallMillis!: number;

  @Description('Bytes read from and written to disks.')
  @Int(0, MAX_COUNT)
  ioBytes!: number;

  @Description('Bytes sent over the network.')
  @Int(0, MAX_COUNT)
  egressBytes!: number;

  @Description('The engine\'s own figures were used because the host\'s cgroups could not be read.')
  @Optional() @Bool()
  estimated?: boolean;
}

@Description('One run of the Task on one agent.')
export class Attempt {
  @Description('From 1, rising.')
  @Int(1, MAX_COUNT)
  number!: number;

  @Description('Fencing token: reports with another one are stale.')
  @Int(0, MAX_COUNT)
  epoch!: number;

  @Description('Alias of the agent, stable within the Job.')
  @Text(253)
  agent!: string;

  @Description('Credits for one core-hour.')
  @Optional() @Text(32)
  offerRate?: string;

  @Description('Leased, Running or Ended.')
  @OneOf('Leased', 'Running', 'Ended')
  phase!: AttemptPhase;

  @Description('Why it ended.')
  @Optional() @OneOf(...REASONS)
  reason?: AttemptReason;

  @Description('Why it ended, for people.')
  @Optional() @Text(4096)
  message?: string;

  @Description('When the agent got it.')
  @Time()
  leasedAt!: string;

  @Description('When the program started.')
  @Optional() @Time()
  startedAt?: string;

  @Description('When it ended.')
  @Optional() @Time()
  finishedAt?: string;

  @Description('The program\'s exit code.')
  @Optional() @Int(-MAX_COUNT, MAX_COUNT)
  exitCode?: number;

  @Description('What it consumed.')
  @Optional() @Nested(() => Usage)
  usage?: Usage;

  /** Set by the Task controller: the gateway tells the agent to stop for this reason. */
  @Description('Why the control plane stops it.')
  @Optional() @OneOf(...REASONS)
  stop?: AttemptReason;
}

@Description('The result of the attempt that counts.')
export class TaskResult {
  @Description('sha256 over the list of the result\'s files.')
  @Text(128)
  digest!: string;

  @Description('Bytes of all files.')
  @Int(0, MAX_COUNT)
  bytes!: number;

  @Description('out/result.json when it has at most 4 KiB; gleaner results gets larger ones.')
  @Optional() @Text(4096)
  inline?: string;
}

@Description('What the control plane knows of the Task.')
export class TaskStatus {
  @Description('Pending (when absent), Running, Succeeded, Failed or Cancelled.')
  @Optional() @OneOf('Pending', 'Running', 'Succeeded', 'Failed', 'Cancelled')
  phase?: TaskPhase;

  @Description('From 0 to 1, as the program says in /task/status.')
  @Optional() @Num(0, 1)
  progress?: number;

  @Description('As the program says in /task/status, or why the Task failed.')
  @Optional() @Text(4096)
  message?: string;

  @Description('Not started again before this time.')
  @Optional() @Time()
  notBefore?: string;

  @Description('The result of the attempt that counts.')
  @Optional() @Nested(() => TaskResult)
  result?: TaskResult;

  @Description('Credits for all attempts.')
  @Optional() @Text(32)
  cost?: string;

  @Description('Alias of the agent of the running or last attempt, stable within the Job.')
  @Optional() @Text(253)
  agent?: string;

  @Description('Number of attempts so far.')
  @Optional() @Int(0, MAX_COUNT)
  attemptCount?: number;

  @Description('Those of them that failed and count against retry.limit.')
  @Optional() @Int(0, MAX_COUNT)
  countedFailures?: number;

  @Description('Attempts in a row, up to now, that agents or the platform lost: bounds retries that are not counted.')
  @Optional() @Int(0, MAX_COUNT)
  lostInRow?: number;

  @Description('The newest 10 attempts, oldest first.')
  @Optional() @ListOf(() => Attempt, MAX_KEPT_ATTEMPTS)
  attempts?: Attempt[];
}

/** One unit of a Job: one index. Made by the Job controller, never by people. */
@Description('A Task is one index of a Job. The control plane makes it; people look at it.')
@PrinterColumns(
  { name: 'INDEX', type: 'integer', jsonPath: '.spec.index' },
  { name: 'PHASE', type: 'string', jsonPath: '.status.phase' },
  { name: 'AGENT', type: 'string', jsonPath: '.status.agent' },
  { name: 'PROGRESS', type: 'number', jsonPath: '.status.progress' },
  { name: 'ATTEMPTS', type: 'integer', jsonPath: '.status.attemptCount' },
  { name: 'COST', type: 'string', jsonPath: '.status.cost' },
  { name: 'AGE', type: 'date', jsonPath: '.metadata.creationTimestamp' },
)
export class Task implements KubeObject {
  apiVersion!: string;
  kind!: string;
  metadata!: ObjectMeta;

  @Nested(() => TaskSpec)
  spec!: TaskSpec;

  @Default({ phase: 'Pending' }) @Nested(() => TaskStatus)
  status?: TaskStatus;
}
