/** What an error of PostgreSQL, or of the way to it, means for what was tried. */
import { CommitError } from '../writer';

/**
 * - `statement`: the statement is bad, the database is well: only its step is left out
 * - `again`: the connection or the server went away, or it was busy with others: the same may work in a moment
 * - `failed`: trying again is of no use now (disk full, no right to write)
 */
export type Failure = 'statement' | 'again' | 'failed';

/** SQLSTATE; undefined: not an answer of the server. */
export function sqlState(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error) || !('severity' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** For so long the same is tried again while the database is away. */
export const OUTAGE_MS = 15_000;
const BACKOFF_MS = [0, 20, 50, 100, 200, 500, 1000];
export const backoffMs = (attempt: number): number => BACKOFF_MS[Math.min(attempt, BACKOFF_MS.length - 1)]!;

/** The transaction had failed before this statement. */
export const IN_FAILED_TRANSACTION = '25P02';

export function classify(error: unknown): Failure {
  const state = sqlState(error);
  // A value that has no form in SQL fails before anything is sent.
  if (state === undefined) return error instanceof TypeError || error instanceof RangeError ? 'statement' : 'again';
  switch (state.slice(0, 2)) {
    case '08': // connection
    case '40': // serialization, deadlock
    case '57': // shutdown, crash of another backend, starting up, statement timeout
      return 'again';
    case '53':
      // Too many connections pass; a full disk does not.
      return state === '53300' ? 'again' : 'failed';
    case '25':
      return state === '25006' ? 'failed' : 'again'; // read-only: a standby
    case '22': // data
    case '23': // integrity
    case '42': // no such table, no right
    case 'P0': // raised
    case '0A': // not supported
    case '54': // limits
      return 'statement';
    default:
      return 'failed';
  }
}

/** Another writer has taken over: nothing more can be committed here. */
export class FencedError extends CommitError {
  constructor(where: string, ours: bigint, theirs: bigint | undefined) {
    super(`write not saved: another control plane writes to ${where} now (epoch ${theirs ?? 'unknown'}, ours is ${ours})`, 'FENCED');
    this.name = 'FencedError';
  }
}

/** A read that failed. What only the way to the database is to blame for is a CommitError too: the same call may work in a moment. */
export function readError(error: unknown, where: string): Error {
  const failure = error instanceof Error ? error : new Error(String(error));
  if (classify(error) !== 'again') return failure;
  return new CommitError(`the database ${where} does not answer: ${failure.message}; try again`, sqlState(error) ?? 'UNREACHABLE', error);
}

export function commitError(error: unknown, where: string): CommitError {
  if (error instanceof CommitError) return error;
  const state = sqlState(error) ?? (error as NodeJS.ErrnoException | undefined)?.code ?? 'UNREACHABLE';
  const why = error instanceof Error ? error.message : String(error);
  const hint = state === '53100' ? '; free space on the disk of' : '; check';
  return new CommitError(`write not saved: ${why} (${state})${hint} the database ${where}`, state, error);
}
