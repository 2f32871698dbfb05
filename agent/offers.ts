/** Which offers to take (pure), and what taken ones have reserved until they start. */
import type { Accept, Decline, DeclineReason, Offer } from '../crds/agent-link';
import { parseCredits } from '../crds/credits';
import type { Offered } from './config';

/** Whole units, so that sums are exact. */
export interface Amounts {
  cpuMillis: number;
  memoryBytes: number;
  scratchBytes: number;
  slots: number;
}

export const NOTHING: Readonly<Amounts> = { cpuMillis: 0, memoryBytes: 0, scratchBytes: 0, slots: 0 };

export const amountsOf = ({ cpu, memoryBytes, scratchBytes, slots }: Offered): Amounts => ({ cpuMillis: Math.round(cpu * 1000), memoryBytes, scratchBytes, slots });

export const neededBy = ({ cpu, memoryBytes, scratchBytes }: Omit<Offered, 'slots'>): Amounts => amountsOf({ cpu, memoryBytes, scratchBytes, slots: 1 });

/** a + times × b */
export const plus = (a: Amounts, b: Amounts, times = 1): Amounts => ({
  cpuMillis: a.cpuMillis + times * b.cpuMillis,
  memoryBytes: a.memoryBytes + times * b.memoryBytes,
  scratchBytes: a.scratchBytes + times * b.scratchBytes,
  slots: a.slots + times * b.slots,
});

const KEYS = ['cpuMillis', 'memoryBytes', 'scratchBytes', 'slots'] as const;

/** How many times `each` fits. */
export function timesFitting(free: Amounts, each: Amounts): number {
  return Math.max(0, Math.min(...KEYS.map((key) => (each[key] === 0 ? Number.MAX_SAFE_INTEGER : Math.floor(free[key] / each[key])))));
}

export interface Situation {
  total: Amounts;
  used: Amounts;
  /** Least micro-credits per core-hour. */
  askMicro: bigint;
  draining: boolean;
  /** Attempts can be started at all. */
  available: boolean;
}

const GIB = 2 ** 30;
const HOUR_MS = 3_600_000;

/** Micro-credits per hour for one attempt, over the share of the machine that it takes of the resource that it takes most of. */
export function returnOf({ payout, resources, timeoutMs }: Offer, total: Amounts): number {
  const perHour = Number(parseCredits(payout.cpuHour)) * resources.cpu
    + Number(parseCredits(payout.memoryGiBHour)) * (resources.memoryBytes / GIB)
    + Number(parseCredits(payout.start)) * (HOUR_MS / timeoutMs);
  const need = neededBy(resources);
  const share = Math.max(...KEYS.map((key) => (total[key] > 0 ? need[key] / total[key] : 1)));
  return perHour / share;
}

/** Answers for every lease of every offer: what fits and pays enough is taken, the best return first. */
export function decide(offers: readonly Offer[], { total, used, askMicro, draining, available }: Situation): (Accept | Decline)[] {
  const answers: (Accept | Decline)[] = [];
  const decline = (offer: Offer, leases: string[], reason: DeclineReason, message?: string): void => {
    answers.push({ type: 'decline', offer: offer.offer, leases, reason, ...(message === undefined ? {} : { message }) });
  };
  let free = plus(total, used, -1);
  const ranked = offers.map((offer) => ({ offer, value: returnOf(offer, total) })).sort((a, b) => b.value - a.value);
  for (const { offer } of ranked) {
    if (draining) decline(offer, offer.leases, 'Draining');
    else if (!available) decline(offer, offer.leases, 'NoCapacity', 'nothing can be started now');
    else if (parseCredits(offer.payout.cpuHour) < askMicro) decline(offer, offer.leases, 'AskTooHigh');
    else {
      const need = neededBy(offer.resources);
      const taken = offer.leases.slice(0, timesFitting(free, need));
      const rest = offer.leases.slice(taken.length);
      if (taken.length > 0) answers.push({ type: 'accept', offer: offer.offer, leases: taken });
      if (rest.length > 0) decline(offer, rest, 'NoCapacity');
      free = plus(free, need, -taken.length);
    }
  }
  return answers;
}

interface Reserved {
  offer: string;
  each: Amounts;
  until: number;
}

/** Longer than any start takes; what is neither started nor withdrawn by then was given to nobody (credit ran out, a Job was deleted). */
const RESERVED_MS = 10_000;

/** Capacity of accepted attempts from `accept` until `start`, `withdraw` or a time limit. */
export class Reservations {
  private readonly byLease = new Map<string, Reserved>();

  constructor(private readonly now: () => number = () => performance.now()) {}

  add({ offer, resources, ttlMs }: Offer, leases: readonly string[]): void {
    const each = neededBy(resources);
    const until = this.now() + Math.max(ttlMs, RESERVED_MS);
    for (const lease of leases) this.byLease.set(lease, { offer, each, until });
  }

  started(lease: string): void {
    this.byLease.delete(lease);
  }

  withdrawn(offer: string): void {
    for (const [lease, reserved] of this.byLease) if (reserved.offer === offer) this.byLease.delete(lease);
  }

  clear(): void {
    this.byLease.clear();
  }

  get used(): Amounts {
    const now = this.now();
    let sum: Amounts = NOTHING;
    for (const [lease, { each, until }] of this.byLease) {
      if (until < now) this.byLease.delete(lease);
      else sum = plus(sum, each);
    }
    return sum;
  }
}
