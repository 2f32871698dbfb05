import { JobStatus } from './job-status';
import { combinationsFit, inputsResolve, jobNameFits } from './job-checks';
import type { KubeObject, ObjectMeta } from './meta';
import { ClassCheck, ClassRule, Default, defaultsOf, Description, Immutable, Optional, PrinterColumns } from './schema/decorators';
import { Bool, format, Int, Nested } from './schema/fields';
import { Credits, DurationText, LABEL_PATTERN, ObjectName } from './schema/formats';
import { TaskTemplate } from './task-template';

export * from './job-status';
export * from './task-template';

export const MAX_COMPLETIONS = 10_000_000;

/** `from`, `from + step`, … up to and including `to`. */
export class ParameterRange {
  from!: number;
  to!: number;
  /** 1 when absent. */
  step?: number;
}

@Description('One index for each combination of values.')
@ClassCheck<Parameters>((self) => combinationsFit(self))
export class Parameters {
  @Description('Each name becomes an environment variable. A value is a list of texts, or a range {from, to, step}. Names count in '
    + 'alphabetical order; index 0 has the first value of each, the last name varies fastest.')
  @format({ type: 'object', minProperties: 1, maxProperties: 32, additionalProperties: { 'x-kubernetes-preserve-unknown-fields': true } }, {
    cel: '',
    message: 'must be a map of 1 to 32 names, each with a list of texts or a range such as {from: 1, to: 10}',
    holds: (value) => typeof value === 'object' && value !== null && !Array.isArray(value)
      && Object.keys(value).length >= 1 && Object.keys(value).length <= 32,
  })
  matrix!: Record<string, string[] | ParameterRange>;
}

@Description('What happens after a failed attempt. Attempts lost to agents or the platform are never counted.')
export class RetryPolicy {
  @Description('How often a Task is tried again, from 0 to 1000. Default 3.')
  @Default(3) @Int(0, 1000)
  limit!: number;

  @Description('Pause before the first repetition, doubled with each further one, from 0s to 1h. Default 5s.')
  @Default('5s') @DurationText('0s', '1h')
  backoff!: string;
}

@Description('When the Job is a success although not every index is.')
export class SuccessPolicy {
  @Description('So many succeeded indexes are enough; the rest are cancelled.')
  @Int(1, MAX_COMPLETIONS)
  minCompletions!: number;
}

@Description('What the issuer asks for.')
@ClassRule<JobSpec>({
  cel: 'has(self.completions) != has(self.parameters)',
  message: 'exactly one of completions and parameters must be set',
  holds: (self) => (self.completions === undefined) !== (self.parameters === undefined),
})
@ClassRule<JobSpec>({
  cel: 'has(self.completions) == has(oldSelf.completions) && has(self.parameters) == has(oldSelf.parameters)',
  message: 'completions cannot be exchanged for parameters: create a Job with another name',
  transition: true,
  holds: (self, old) => (self.completions === undefined) === (old.completions === undefined)
    && (self.parameters === undefined) === (old.parameters === undefined),
})
@ClassRule<JobSpec>({
  cel: '!has(self.success) || !has(self.completions) || self.success.minCompletions <= self.completions',
  message: 'must not be above completions',
  field: 'success.minCompletions',
  holds: (self) => self.success === undefined || self.completions === undefined || self.success.minCompletions <= self.completions,
})
@ClassCheck<JobSpec>((self) => inputsResolve(self.template.inputs, self.parameters))
export class JobSpec {
  @Description('Name of a Runtime: kubectl get runtimes. Cannot be changed.')
  @Immutable('create a Job with another name') @ObjectName()
  runtime!: string;

  @Description('What every Task runs. Cannot be changed.')
  @Immutable('create a Job with another name') @Nested(() => TaskTemplate)
  template!: TaskTemplate;

  @Description('Number of indexes, from 1 to 10,000,000. Exactly one of this and parameters. Cannot be changed.')
  @Optional() @Immutable('create a Job with another name') @Int(1, MAX_COMPLETIONS)
  completions?: number;

  @Description('One index for each combination of values, at most 10,000,000. Cannot be changed.')
  @Optional() @Immutable('create a Job with another name') @Nested(() => Parameters)
  parameters?: Parameters;

  @Description('At most so many Tasks at once; absent: no limit. When it is lowered, the newest above it are stopped and wait; 0 stops all.')
  @Optional() @Int(0, MAX_COMPLETIONS)
  parallelism?: number;

  @Description('Name of a RateTier: what is paid. Default standard. Cannot be changed.')
  @Default('standard') @Immutable('create a Job with another name') @ObjectName()
  rateTier!: string;

  @Description('Budget in credits, such as "5.00". Reaching it suspends the Job with reason BudgetExhausted; nothing is lost.')
  @Optional() @Credits(true)
  maxCost?: string;

  @Description('Order between Jobs, from -1000 to 1000, capped by the rate tier. Default 0.')
  @Default(0) @Int(-1000, 1000)
  priority!: number;

  @Description('Time from creation until the Job fails, from 1s to 8760h.')
  @Optional() @DurationText('1s', '8760h')
  deadline?: string;

  @Description('What happens after a failed attempt.')
  @Default(defaultsOf(RetryPolicy)) @Nested(() => RetryPolicy)
  retry!: RetryPolicy;

  @Description('When the Job is a success although not every index is.')
  @Optional() @Nested(() => SuccessPolicy)
  success?: SuccessPolicy;

  @Description('The Job is deleted so long after its end, from 0s to 8760h; absent: kept.')
  @Optional() @DurationText('0s', '8760h')
  ttlAfterFinished?: string;

  @Description('Stops what runs and starts nothing until false again. Default false.')
  @Default(false) @Bool()
  suspend!: boolean;
}

/** What an issuer asks for: one program run over many indexes. */
@Description('A Job runs one program over many indexes on other people\'s idle machines and hands back results and a bill.')
@PrinterColumns(
  { name: 'STATUS', type: 'string', jsonPath: '.status.phase' },
  { name: 'COMPLETIONS', type: 'string', jsonPath: '.status.completionsText' },
  { name: 'ACTIVE', type: 'integer', jsonPath: '.status.active' },
  { name: 'FAILED', type: 'integer', jsonPath: '.status.failed' },
  { name: 'TIER', type: 'string', jsonPath: '.spec.rateTier' },
  { name: 'COST', type: 'string', jsonPath: '.status.cost.charged' },
  { name: 'DURATION', type: 'string', jsonPath: '.status.duration' },
  { name: 'AGE', type: 'date', jsonPath: '.metadata.creationTimestamp' },
)
@ClassRule<Job>({
  cel: `self.metadata.name.matches('${LABEL_PATTERN}')`,
  message: 'must be lower-case letters, digits and -, at most 63, starting and ending with a letter or digit, such as "pi-1"',
  field: 'metadata.name',
  holds: (self) => jobNameFits(self.metadata.name),
})
export class Job implements KubeObject {
  apiVersion!: string;
  kind!: string;
  metadata!: ObjectMeta;

  @Nested(() => JobSpec)
  spec!: JobSpec;

  @Nested(() => JobStatus)
  status?: JobStatus;
}
