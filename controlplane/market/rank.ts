/**
 * Order: which Job is served first, which agent gets it. Pure.
 *
 * Between Jobs: priority, then fair share between namespaces, then age. A namespace's share is what it uses now plus what it used
 * lately, both in cores: recent use counts half after every half-life, so who was quiet comes first, and nobody is punished for ever.
 */

/** A Job's own priority, capped by its tier. */
export const effectivePriority = (priority: number, ceiling: number): number => Math.min(priority, ceiling);

export interface JobRank {
  priority: number;
  /** Of its namespace; see `shareOf`. */
  share: number;
  /** Milliseconds since the epoch. */
  createdAt: number;
  uid: string;
}

/** Negative when `a` is served before `b`. Total: equal only for the same Job. */
export function compareJobs(a: JobRank, b: JobRank): number {
  return b.priority - a.priority || a.share - b.share || compareAge(a, b);
}

/** Older first; the uid decides between equals, so that the order never depends on arrival. */
export function compareAge(a: Pick<JobRank, 'createdAt' | 'uid'>, b: Pick<JobRank, 'createdAt' | 'uid'>): number {
  return a.createdAt - b.createdAt || (a.uid < b.uid ? -1 : a.uid > b.uid ? 1 : 0);
}

/** A namespace's use. `coreMs`: core·milliseconds of ended attempts, decayed up to `at`. */
export interface Use {
  activeMillis: number;
  coreMs: number;
  at: number;
}

/** `use.coreMs` as it counts at `now`. */
export function decayed(use: Use, now: number, halfLifeMs: number): number {
  return now <= use.at ? use.coreMs : use.coreMs * 2 ** ((use.at - now) / halfLifeMs);
}

/** Adds what an attempt used, in place. */
export function addUse(use: Use, coreMs: number, now: number, halfLifeMs: number): void {
  use.coreMs = decayed(use, now, halfLifeMs) + coreMs;
  use.at = Math.max(use.at, now);
}

/**
 * Cores now plus recent cores: a namespace that has used c cores for ever has a recent use of c
 * (the integral of a constant under this decay is c · halfLife / ln 2).
 */
export function shareOf(use: Use | undefined, now: number, halfLifeMs: number): number {
  if (!use) return 0;
  return use.activeMillis / 1000 + (decayed(use, now, halfLifeMs) * Math.LN2) / halfLifeMs;
}

export interface AgentRank {
  id: string;
  freeSlots: number;
  holdsImage: boolean;
}

/** Negative when `a` is tried before `b`: who holds the image, then who has most free slots. Total. */
export function compareAgents(a: AgentRank, b: AgentRank): number {
  return Number(b.holdsImage) - Number(a.holdsImage) || b.freeSlots - a.freeSlots || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}
