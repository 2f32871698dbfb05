import type { KubeObject, ObjectMeta } from './meta';

/** A named price vector that issuers choose. */
export class RateTier implements KubeObject {
  apiVersion!: string;
  kind!: string;
  metadata!: ObjectMeta;
  spec!: RateTierSpec;
}

export class RateTierSpec {
  rates!: Rates;
  /** Share of the charge that the owner gets, decimal string 0 … 1. The rest is the operator's margin. */
  ownerShare!: string;
  /** Highest priority that a Job of this tier may have. */
  priorityCeiling!: number;
}

/** Decimal strings of credits, six places at most. */
export class Rates {
  /** One core for one hour. */
  cpuHour!: string;
  memoryGiBHour!: string;
  egressGiB!: string;
  /** Once per attempt that ran. */
  start!: string;
}
