import type { Condition } from './meta';
import { Description, Optional } from './schema/decorators';
import { Conditions, Int, Nested, Num, OneOf, Text, Time } from './schema/fields';

const MAX_COUNT = Number.MAX_SAFE_INTEGER;
/** Of the text of a set of indexes; as much as a cluster's store takes in all. */
const MAX_RANGES_CHARS = 1024 * 1024;

export type JobPhase = 'Pending' | 'Running' | 'Suspended' | 'Complete' | 'Failed';

@Description('Credits, decimal strings with at most six places.')
export class JobCost {
  @Description('Settled so far.')
  @Text(32)
  charged!: string;

  @Description('Reserved for what runs now.')
  @Text(32)
  held!: string;
}

@Description('Where the results are.')
export class JobResults {
  @Description('Path on the server: gleaner results gets them.')
  @Text(1024)
  url!: string;
}

@Description('What the control plane knows of the Job.')
export class JobStatus {
  @Description('Pending, Running, Suspended, Complete or Failed.')
  @Optional() @OneOf('Pending', 'Running', 'Suspended', 'Complete', 'Failed')
  phase?: JobPhase;

  @Description('Number of indexes, also when they come from parameters.')
  @Optional() @Int(0, MAX_COUNT)
  completions?: number;

  @Description('Number of indexes that succeeded.')
  @Optional() @Int(0, MAX_COUNT)
  succeeded?: number;

  @Description('Number of indexes that failed for good.')
  @Optional() @Int(0, MAX_COUNT)
  failed?: number;

  @Description('Number of Tasks that run now.')
  @Optional() @Int(0, MAX_COUNT)
  active?: number;

  @Description('succeeded/completions, for people.')
  @Optional() @Text(64)
  completionsText?: string;

  @Description('Indexes that succeeded, as ranges: "0-41,43".')
  @Optional() @Text(MAX_RANGES_CHARS)
  completedIndexes?: string;

  @Description('Indexes that failed, as ranges.')
  @Optional() @Text(MAX_RANGES_CHARS)
  failedIndexes?: string;

  @Description('What the Job has cost so far.')
  @Optional() @Nested(() => JobCost)
  cost?: JobCost;

  @Description('Share that is done, from 0 to 1.')
  @Optional() @Num(0, 1)
  progress?: number;

  @Description('When the Job will end if it goes on like this.')
  @Optional() @Time()
  estimatedFinish?: string;

  @Description('When its first Task was given to an agent.')
  @Optional() @Time()
  startTime?: string;

  @Description('When it ended.')
  @Optional() @Time()
  completionTime?: string;

  /** Made by `humanDuration`; for the printer column. */
  @Description('Time from start to end, or to the last change of status while it runs: "73s".')
  @Optional() @Text(32)
  duration?: string;

  @Description('Where the results are.')
  @Optional() @Nested(() => JobResults)
  results?: JobResults;

  @Description('Admitted, Suspended, Finished, Complete, Failed. Finished is True in every terminal case.')
  @Optional() @Conditions()
  conditions?: Condition[];

  @Description('metadata.generation that this status is about.')
  @Optional() @Int(0, MAX_COUNT)
  observedGeneration?: number;
}
