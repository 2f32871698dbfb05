/** The RateTiers that every installation starts with. At `standard`, 50 ms of one core are 13.9 micro-credits: short tasks are billed too. */
import { API_VERSION } from '../../crds/meta';
import type { RateTier, RateTierSpec } from '../../crds/rate-tier';

const tier = (name: string, spec: RateTierSpec): RateTier => ({ apiVersion: API_VERSION, kind: 'RateTier', metadata: { name }, spec });

export const DEFAULT_TIERS: readonly RateTier[] = [
  tier('economy', {
    rates: { cpuHour: '0.50', memoryGiBHour: '0.05', egressGiB: '0.02', start: '0.000002' },
    ownerShare: '0.80',
    priorityCeiling: 0,
  }),
  tier('standard', {
    rates: { cpuHour: '1.00', memoryGiBHour: '0.10', egressGiB: '0.04', start: '0.000005' },
    ownerShare: '0.80',
    priorityCeiling: 100,
  }),
  tier('premium', {
    rates: { cpuHour: '2.50', memoryGiBHour: '0.25', egressGiB: '0.10', start: '0.00001' },
    ownerShare: '0.80',
    priorityCeiling: 1000,
  }),
];
