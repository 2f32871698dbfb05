/** Why an attempt ended: one table that says what each reason means for retries and for money. */

/** Who pays for what an attempt that ended so has consumed. */
export type Payer = 'Issuer' | 'Nobody';

export interface AttemptReasonRule {
  /** The result of the attempt counts as the Task's. */
  success: boolean;
  /** Counts against the Job's `retry.limit`. */
  counts: boolean;
  payer: Payer;
  /** What it means, for people. */
  text: string;
}

export const ATTEMPT_REASONS = {
  Completed: { success: true, counts: false, payer: 'Issuer', text: 'the program ended with exit code 0' },
  NonZeroExit: { success: false, counts: true, payer: 'Issuer', text: 'the program ended with another exit code than 0' },
  OutOfMemory: { success: false, counts: true, payer: 'Issuer', text: 'the program needed more than resources.memory' },
  TimedOut: { success: false, counts: true, payer: 'Issuer', text: 'the attempt ran longer than timeout' },
  ScratchExceeded: { success: false, counts: true, payer: 'Issuer', text: 'the program filled resources.scratch' },
  PidsExceeded: { success: false, counts: true, payer: 'Issuer', text: 'the program started more processes than resources.pids' },
  ResultTooLarge: { success: false, counts: true, payer: 'Issuer', text: 'out/ held more files or bytes than a result may have' },
  InputUnavailable: { success: false, counts: true, payer: 'Nobody', text: 'the program or an input could not be fetched or did not match its digest' },
  ImageUnavailable: { success: false, counts: false, payer: 'Nobody', text: 'the agent could not get the runtime image' },
  RuntimeError: { success: false, counts: false, payer: 'Nobody', text: 'the agent\'s container engine failed' },
  AgentLost: { success: false, counts: false, payer: 'Nobody', text: 'the agent was not heard of for too long' },
  AgentDrained: { success: false, counts: false, payer: 'Nobody', text: 'the agent was asked to stop' },
  Suspended: { success: false, counts: false, payer: 'Issuer', text: 'the Job was suspended' },
  Cancelled: { success: false, counts: false, payer: 'Issuer', text: 'the Job or Task was deleted or no longer needed it' },
  Superseded: { success: false, counts: false, payer: 'Nobody', text: 'another attempt of the Task was first' },
} as const satisfies Record<string, AttemptReasonRule>;

export type AttemptReason = keyof typeof ATTEMPT_REASONS;

/** The rule of a reason. */
export const reasonRule = (reason: AttemptReason): AttemptReasonRule => ATTEMPT_REASONS[reason];
