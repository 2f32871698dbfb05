/** How long a Task waits before its next attempt. Pure. */
import { parseDuration } from '../../../crds/duration';
import type { RetryPolicy } from '../../../crds/job';

/** Longest wait after a counted failure, unless retry.backoff itself is longer. */
export const MAX_COUNTED_BACKOFF_MS = 5 * 60_000;
export const LOST_BACKOFF_MS = 200;
export const MAX_LOST_BACKOFF_MS = 60_000;
/** Each wait is spread by ± this share, so that a thousand Tasks that failed together do not come back together. */
export const JITTER = 0.1;

/** retry.backoff × 2^(failures − 1), capped, ± jitter. Milliseconds. */
export function countedBackoffMs(retry: RetryPolicy, failures: number, random: () => number): number {
  const first = parseDuration(retry.backoff);
  return spread(Math.min(first * 2 ** (failures - 1), Math.max(first, MAX_COUNTED_BACKOFF_MS)), random);
}

/** For attempts that agents or the platform lost: quick at first, 200 ms × 2^(lost − 1) up to a minute, ± jitter. Milliseconds. */
export const lostBackoffMs = (lost: number, random: () => number): number =>
  spread(Math.min(LOST_BACKOFF_MS * 2 ** (lost - 1), MAX_LOST_BACKOFF_MS), random);

const spread = (ms: number, random: () => number): number => Math.round(ms * (1 - JITTER + 2 * JITTER * random()));

/** retry.backoff is at most an hour. */
const MAX_RETRY_BACKOFF_MS = 60 * 60_000;
/** No backoff is longer: what seems to be comes of a clock that was set back since. */
export const LONGEST_BACKOFF_MS = Math.ceil(Math.max(MAX_RETRY_BACKOFF_MS, MAX_COUNTED_BACKOFF_MS, MAX_LOST_BACKOFF_MS) * (1 + JITTER));

/** How long a Task with this notBefore has to wait yet, at most LONGEST_BACKOFF_MS; milliseconds, both since the epoch. */
export const backoffLeftMs = (notBefore: number, now: number): number => Math.min(LONGEST_BACKOFF_MS, Math.max(0, notBefore - now));

/** Whether `now` is still in the backoff. Of one that cannot be, it is not known: whoever kept the time (backoffLeftMs) decides. */
export function inBackoff(notBefore: number, now: number): boolean {
  const left = notBefore - now;
  return left > 0 && left <= LONGEST_BACKOFF_MS;
}
