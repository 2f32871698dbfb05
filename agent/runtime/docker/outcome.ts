/** From what was seen of an ended container to the attempt's reason. Pure. */
import type { AttemptReason } from '../../../crds/attempt-reasons';
import { formatBytes } from './format-bytes';

export interface Observed {
  exitCode: number;
  oomKilled: boolean;
  /** The agent asked for the end, for this reason. */
  stopped: AttemptReason | undefined;
  timeoutMs: number;
  /** The engine was away meanwhile, or the exit was not seen by this process and the engine does not remember it. */
  unseen: boolean;
  /** The engine remembers that it was asked to kill the container, and not by this agent. */
  killedFromOutside: boolean;
  scratchFull: boolean;
  scratchBytes: number;
  memoryBytes: number;
  memoryPeakBytes: number | undefined;
  pids: number;
  /** It had as many processes as it may, or was refused one. */
  pidsFull: boolean;
}

export interface Outcome {
  reason: AttemptReason;
  message?: string;
  exitCode?: number;
}

const SIGKILL_EXIT = 137;
const SIGXFSZ_EXIT = 153;

export function outcomeOf(seen: Observed): Outcome {
  const { exitCode } = seen;
  const memory = `the program needed more than resources.memory (${formatBytes(seen.memoryBytes)})`;
  const scratch = `the program filled resources.scratch (${formatBytes(seen.scratchBytes)})`;
  const pids = `the program reached resources.pids (${seen.pids} processes)`;
  if (seen.stopped === 'TimedOut') {
    const late = `it was still running after timeout (${seen.timeoutMs / 1000} s)`;
    return seen.pidsFull ? { reason: 'PidsExceeded', message: `${pids}, and ${late}`, exitCode } : { reason: 'TimedOut', message: late, exitCode };
  }
  if (seen.stopped === 'ScratchExceeded') return { reason: 'ScratchExceeded', message: scratch, exitCode };
  if (seen.stopped) return { reason: seen.stopped, exitCode };
  if (exitCode === 0) return { reason: 'Completed', exitCode };
  const atPeak = seen.memoryPeakBytes !== undefined && seen.memoryPeakBytes >= seen.memoryBytes;
  if (seen.oomKilled || (exitCode === SIGKILL_EXIT && atPeak && !seen.killedFromOutside)) return { reason: 'OutOfMemory', message: memory, exitCode };
  if (seen.unseen) return { reason: 'RuntimeError', message: 'the container engine went away while the program ran' };
  if (seen.killedFromOutside) return { reason: 'RuntimeError', message: 'the container was killed from outside' };
  if (seen.scratchFull || exitCode === SIGXFSZ_EXIT) return { reason: 'ScratchExceeded', message: scratch, exitCode };
  if (seen.pidsFull) return { reason: 'PidsExceeded', message: pids, exitCode };
  return { reason: 'NonZeroExit', message: `the program ended with exit code ${exitCode}${signalOf(exitCode)}`, exitCode };
}

const SIGNALS: Record<number, string> = { 1: 'SIGHUP', 2: 'SIGINT', 4: 'SIGILL', 6: 'SIGABRT', 7: 'SIGBUS', 8: 'SIGFPE', 9: 'SIGKILL', 11: 'SIGSEGV', 13: 'SIGPIPE', 15: 'SIGTERM', 31: 'SIGSYS' };

function signalOf(exitCode: number): string {
  const signal = SIGNALS[exitCode - 128];
  return signal ? ` (${signal})` : '';
}
