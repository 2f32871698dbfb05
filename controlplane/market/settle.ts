/**
 * From an attempt's report to money. Owners hold root on their machines, so a report is a claim: what is billable is the least of the
 * claim, the caps over the wall time that the control plane itself saw, and the caps over the timeout.
 *
 * Pure. Any report gives a safe answer: what is missing, NaN, infinite or negative counts as 0.
 */
import { reasonRule, type AttemptReason } from '../../crds/attempt-reasons';
import type { Usage } from '../../crds/task';
import type { HoldTerms } from '../ledger/ledger';
import { divideHalfEven, minimum, wholeNumber } from './money';
import { COST_DENOMINATOR, costNumerator, cpuMicrosAtCap, memoryMibSecondsAtCap } from './price';

/**
 * Added to the wall time that the control plane saw. Messages only make that longer than the attempt was; this covers what can make
 * it shorter: clocks that run at slightly different speed, times cut to milliseconds, and one period (100 ms) of the kernel's CPU
 * quota, which may be used up at once.
 */
export const CLOCK_SLACK_MS = 150;

const PPM = 1_000_000n;
const COUNTERS = ['cpuMicros', 'memoryMibSeconds', 'wallMillis', 'ioBytes', 'egressBytes'] as const;
type Counter = (typeof COUNTERS)[number];

export interface SettleInput {
  /** As the agent reported it. */
  reported: Partial<Usage>;
  /** The last report before, already bounded: counters never decrease, so the greater figure of the two counts. */
  previous?: Usage;
  terms: HoldTerms;
  reason: AttemptReason;
  /** Milliseconds between `start` and the end, on the control plane's clock. */
  wallSeenMs: number;
  /** Bytes of this attempt that the control plane itself received; absent: none, then no egress is billed. */
  egressSeenBytes?: number;
  /** The charge never exceeds it. */
  holdMicro: bigint;
}

export interface Settlement {
  /** Bounded; this is what is shown and kept. */
  usage: Usage;
  chargeMicro: bigint;
  /** Rounded down; the rest of the charge is the operator's margin. */
  ownerMicro: bigint;
  /** Counters that were malformed, decreased or were more than is possible: worth an audit event. */
  anomalies: Counter[];
}

/** The report, bounded by what is possible. Charges nothing: for progress reports. */
export function boundUsage(input: Omit<SettleInput, 'reason' | 'holdMicro'>): Pick<Settlement, 'usage' | 'anomalies'> {
  const { reported, previous, terms } = input;
  const seenMs = wholeNumber(input.wallSeenMs) + BigInt(CLOCK_SLACK_MS);
  const billableMs = minimum(seenMs, wholeNumber(terms.timeoutMs));
  const bounds: Record<Counter, bigint> = {
    cpuMicros: cpuMicrosAtCap(terms, billableMs),
    memoryMibSeconds: memoryMibSecondsAtCap(terms, billableMs),
    wallMillis: seenMs,
    // Not billed; 1 PiB keeps sums of many within 64 bits.
    ioBytes: 1n << 50n,
    egressBytes: wholeNumber(input.egressSeenBytes ?? 0),
  };
  const anomalies: Counter[] = [];
  const bounded = (counter: Counter): number => {
    const claim = reported[counter];
    const floor = wholeNumber(previous?.[counter]);
    const value = wholeNumber(claim);
    const best = value > floor ? value : floor;
    const malformed = claim === undefined || !Number.isSafeInteger(claim) || claim < 0;
    if (malformed || value < floor || best > bounds[counter]) anomalies.push(counter);
    return Number(minimum(best, bounds[counter]));
  };
  const usage: Usage = {
    cpuMicros: bounded('cpuMicros'),
    memoryMibSeconds: bounded('memoryMibSeconds'),
    wallMillis: bounded('wallMillis'),
    ioBytes: bounded('ioBytes'),
    egressBytes: bounded('egressBytes'),
    ...(reported.estimated === true ? { estimated: true } : {}),
  };
  return { usage, anomalies };
}

/**
 * Rounded once, half to even. An attempt that never ran (no wall time, no CPU) owes no start fee. 0 ≤ ownerMicro ≤ chargeMicro ≤ holdMicro.
 */
export function settlement(input: SettleInput): Settlement {
  const { usage, anomalies } = boundUsage(input);
  if (reasonRule(input.reason).payer === 'Nobody') return { usage, chargeMicro: 0n, ownerMicro: 0n, anomalies };
  const { rates } = input.terms;
  const cost = divideHalfEven(costNumerator(rates, {
    cpuMicros: BigInt(usage.cpuMicros),
    memoryMibSeconds: BigInt(usage.memoryMibSeconds),
    egressBytes: BigInt(usage.egressBytes),
    starts: usage.wallMillis > 0 || usage.cpuMicros > 0 ? 1n : 0n,
  }), COST_DENOMINATOR);
  const chargeMicro = minimum(cost, input.holdMicro);
  return { usage, chargeMicro, ownerMicro: ownerPart(chargeMicro, rates.ownerSharePpm), anomalies };
}

/** The owner's part of a charge, rounded down. */
export const ownerPart = (chargeMicro: bigint, ownerSharePpm: bigint): bigint => (chargeMicro * minimum(ownerSharePpm, PPM)) / PPM;
