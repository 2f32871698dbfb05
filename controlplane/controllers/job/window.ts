/**
 * How many Tasks of a Job exist at a time. Pure.
 *
 * At most max(2 × parallelism, 1000), so that a Job of a million indexes is cheap. Finished Tasks make room for new ones once
 * the Job's durable status counts them; a Job that fits into its window as a whole keeps them all.
 */
import type { Job } from '../../../crds/job';

export const MIN_WINDOW = 1000;
/** Tasks created by one reconcile. */
export const MAX_CREATES = 1000;

export const windowOf = ({ spec: { parallelism } }: Job): number => Math.max(2 * (parallelism ?? 0), MIN_WINDOW);

export interface WindowFacts {
  window: number;
  /** Tasks that exist; those of them that are not finished; those that may be deleted. */
  live: number;
  open: number;
  folded: number;
  /** Finished, but not yet in a durable status. */
  unfolded: number;
  /** Created and not seen yet; never made. */
  expected: number;
  unmade: number;
}

export interface Refill {
  create: number;
  /** So many folded Tasks go first. */
  remove: number;
  /** There would be more room if the status were written now. */
  foldFirst: boolean;
}

/** Filled up again when a quarter is free, so that one write makes many Tasks. */
export function refill({ window, live, open, folded, unfolded, expected, unmade }: WindowFacts): Refill {
  const wanted = Math.min(unmade, window - open - expected, MAX_CREATES);
  if (wanted <= 0 || wanted < Math.min(unmade, Math.ceil(window / 4), MAX_CREATES)) return { create: 0, remove: 0, foldFirst: false };
  const free = window - live - expected;
  const create = Math.min(wanted, Math.max(0, free) + folded);
  return { create: Math.max(0, create), remove: Math.min(folded, Math.max(0, create - free)), foldFirst: create < wanted && unfolded > 0 };
}
