/**
 * What things cost: a RateTier as integers, the cost of a usage as an exact fraction, and the worst case that is held before dispatch.
 * Pure. Nothing is rounded before the end: costs are numerators over one common denominator.
 */
import { parseCredits, parseShare } from '../../crds/credits';
import type { RateTierSpec } from '../../crds/rate-tier';
import type { HoldTerms, RateVector } from '../ledger/ledger';
import { divideUp, microCores, wholeNumber } from './money';

const MICROS_PER_HOUR = 3_600_000_000n;
const BYTES_PER_GIB = 1n << 30n;
const MIB_SECONDS_PER_GIB_HOUR = 1024n * 3600n;

/** Multiple of every unit that a rate is given per, so that a cost is an exact integer number of these parts of a micro-credit. */
export const COST_DENOMINATOR = MICROS_PER_HOUR * BYTES_PER_GIB;

/** By what is never changed: the spec of an object in the store. */
const vectors = new WeakMap<RateTierSpec, RateVector>();

/** @param spec of an object in the store. @throws FormatError when a rate or the share is not a decimal string; they were validated before. */
export function rateVector(spec: RateTierSpec): RateVector {
  let vector = vectors.get(spec);
  if (!vector) vectors.set(spec, (vector = parsed(spec)));
  return vector;
}

function parsed(spec: RateTierSpec): RateVector {
  return {
    cpuHour: parseCredits(spec.rates.cpuHour),
    memoryGiBHour: parseCredits(spec.rates.memoryGiBHour),
    egressGiB: parseCredits(spec.rates.egressGiB),
    start: parseCredits(spec.rates.start),
    ownerSharePpm: parseShare(spec.ownerShare),
  };
}

/** What is paid for; integers ≥ 0. */
export interface PricedUsage {
  cpuMicros: bigint;
  memoryMibSeconds: bigint;
  egressBytes: bigint;
  /** Start fees: 1 for an attempt that ran. */
  starts: bigint;
}

/** The exact cost in 1/COST_DENOMINATOR of a micro-credit. */
export function costNumerator(rates: RateVector, usage: PricedUsage): bigint {
  return usage.cpuMicros * rates.cpuHour * (COST_DENOMINATOR / MICROS_PER_HOUR)
    + usage.memoryMibSeconds * rates.memoryGiBHour * (COST_DENOMINATOR / MIB_SECONDS_PER_GIB_HOUR)
    + usage.egressBytes * rates.egressGiB * (COST_DENOMINATOR / BYTES_PER_GIB)
    + usage.starts * rates.start * COST_DENOMINATOR;
}

/** The caps of an attempt; cores, bytes, milliseconds. */
export type Caps = Pick<HoldTerms, 'cpu' | 'memoryBytes' | 'timeoutMs'>;

/** CPU of `ms` milliseconds at the cap, in µs, rounded up. */
export const cpuMicrosAtCap = (caps: Caps, ms: bigint): bigint => divideUp(microCores(caps.cpu) * ms, 1000n);

/** Memory of `ms` milliseconds at the cap, in MiB·seconds, rounded up. */
export const memoryMibSecondsAtCap = (caps: Caps, ms: bigint): bigint => divideUp(wholeNumber(caps.memoryBytes) * ms, (1n << 20n) * 1000n);

/** The worst case of one attempt in micro-credits: both caps for the whole timeout, and the start fee; rounded up. */
export function holdAmount(rates: RateVector, caps: Caps): bigint {
  const timeoutMs = wholeNumber(caps.timeoutMs);
  return divideUp(costNumerator(rates, {
    cpuMicros: cpuMicrosAtCap(caps, timeoutMs),
    memoryMibSeconds: memoryMibSecondsAtCap(caps, timeoutMs),
    egressBytes: 0n,
    starts: 1n,
  }), COST_DENOMINATOR);
}
