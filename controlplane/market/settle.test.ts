import fc from 'fast-check';
import { ATTEMPT_REASONS, type AttemptReason } from '../../crds/attempt-reasons';
import type { Usage } from '../../crds/task';
import type { HoldTerms } from '../ledger/ledger';
import { DEFAULT_TIERS } from './default-tiers';
import { holdAmount, rateVector } from './price';
import { CLOCK_SLACK_MS, boundUsage, ownerPart, settlement, type SettleInput } from './settle';

const rates = rateVector(DEFAULT_TIERS[1]!.spec);
const terms: HoldTerms = {
  namespace: 'lab-a', jobUid: 'j', jobName: 'pi', taskUid: 't', index: 0, attempt: 1, agentId: 'a', ownerId: 'o', tier: 'standard',
  rates, cpu: 2, memoryBytes: 256 * 1024 * 1024, timeoutMs: 60_000,
};
const noUsage: Usage = { cpuMicros: 0, memoryMibSeconds: 0, wallMillis: 0, ioBytes: 0, egressBytes: 0 };
const input = (reported: Partial<Usage>, more: Partial<SettleInput> = {}): SettleInput => ({
  reported: { ...noUsage, ...reported }, terms, reason: 'Completed', wallSeenMs: 10_000, holdMicro: holdAmount(rates, terms), ...more,
});

test('2.0 s of CPU cost 2.0 s, 50 ms of CPU cost 50 ms', () => {
  // 2 s / 3600 s × 1,000,000 + 5 = 560.6; 0.05 s: 13.9 + 5 = 18.9
  expect(settlement(input({ cpuMicros: 2_000_000, wallMillis: 2_100 }))).toMatchObject({ chargeMicro: 561n, ownerMicro: 448n, anomalies: [] });
  expect(settlement(input({ cpuMicros: 50_000, wallMillis: 60 }, { wallSeenMs: 80 }))).toMatchObject({ chargeMicro: 19n, ownerMicro: 15n, usage: { cpuMicros: 50_000 } });
});

test('memory is charged, output only as far as the control plane saw it', () => {
  const usage = { cpuMicros: 0, memoryMibSeconds: 2_560, wallMillis: 10_000, egressBytes: 1024 ** 3 };
  expect(settlement(input(usage)).chargeMicro).toBe(74n);
  expect(settlement(input(usage, { egressSeenBytes: 1024 ** 3 / 2 })).chargeMicro).toBe(74n + 20_000n);
});

test('CPU is bounded by the cap over the wall time that was seen, plus the slack', () => {
  const { usage, anomalies } = boundUsage(input({ cpuMicros: 3_600_000_000, wallMillis: 3_600_000 }));
  expect(usage).toMatchObject({ cpuMicros: 2 * (10_000 + CLOCK_SLACK_MS) * 1000, wallMillis: 10_000 + CLOCK_SLACK_MS });
  expect(anomalies).toEqual(['cpuMicros', 'wallMillis']);
});

test('CPU and memory are bounded by the caps over the timeout, however long it was seen', () => {
  const absurd = { cpuMicros: Number.MAX_SAFE_INTEGER, memoryMibSeconds: Number.MAX_SAFE_INTEGER, wallMillis: 90_000 };
  const result = settlement(input(absurd, { wallSeenMs: 3_600_000 }));
  expect(result.usage).toMatchObject({ cpuMicros: 2 * 60_000 * 1000, memoryMibSeconds: 256 * 60, wallMillis: 90_000 });
  expect(result.chargeMicro).toBe(holdAmount(rates, terms));
});

test('the charge never exceeds the hold', () => {
  expect(settlement(input({ cpuMicros: 10_000_000, wallMillis: 9_000 }, { holdMicro: 100n }))).toMatchObject({ chargeMicro: 100n, ownerMicro: 80n });
});

test('an attempt that never ran owes no start fee', () => {
  expect(settlement(input({}, { reason: 'Cancelled' })).chargeMicro).toBe(0n);
  expect(settlement(input({ wallMillis: 1 }, { reason: 'Cancelled' })).chargeMicro).toBe(5n);
});

test.each(Object.keys(ATTEMPT_REASONS) as AttemptReason[])('%s is paid by whom the table of reasons names', (reason) => {
  const paid = settlement(input({ cpuMicros: 1_000_000, wallMillis: 1_000 }, { reason })).chargeMicro;
  expect(paid > 0n).toBe(ATTEMPT_REASONS[reason].payer === 'Issuer');
});

test('a counter that decreases keeps the greater figure and is told', () => {
  const previous = { ...noUsage, cpuMicros: 5_000_000, wallMillis: 4_000 };
  const { usage, anomalies } = boundUsage(input({ cpuMicros: 1_000_000, wallMillis: 4_500 }, { previous }));
  expect(usage).toMatchObject({ cpuMicros: 5_000_000, wallMillis: 4_500 });
  expect(anomalies).toEqual(['cpuMicros']);
});

test.each([
  ['NaN', Number.NaN, 0], ['negative', -1, 0], ['infinite', Number.POSITIVE_INFINITY, 20_300_000], ['a fraction', 1_000.5, 1_000],
])('%s CPU is billed safely and told', (_, cpuMicros, billed) => {
  const { usage, anomalies } = boundUsage(input({ cpuMicros }));
  expect([usage.cpuMicros, anomalies]).toEqual([billed, ['cpuMicros']]);
});

test('an empty report is all zeros; an estimate stays marked', () => {
  expect(boundUsage({ reported: {}, terms, wallSeenMs: Number.NaN })).toEqual({
    usage: noUsage, anomalies: ['cpuMicros', 'memoryMibSeconds', 'wallMillis', 'ioBytes', 'egressBytes'],
  });
  expect(boundUsage(input({ estimated: true })).usage.estimated).toBe(true);
});

test('the owner never gets more than the charge, and shares are rounded down', () => {
  expect([ownerPart(1n, 800_000n), ownerPart(101n, 800_000n), ownerPart(7n, 2_000_000n), ownerPart(7n, 0n)]).toEqual([0n, 80n, 7n, 0n]);
});

const anyNumber = fc.oneof(fc.integer(), fc.double(), fc.maxSafeInteger(), fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, -0, -1));
const anyUsage = fc.record({ cpuMicros: anyNumber, memoryMibSeconds: anyNumber, wallMillis: anyNumber, ioBytes: anyNumber, egressBytes: anyNumber }, { requiredKeys: [] });

test('whatever is reported: 0 ≤ owner ≤ charge ≤ hold, and counters are whole, bounded, and never below what was billed before', () => {
  fc.assert(fc.property(
    anyUsage, anyUsage, anyNumber, anyNumber, fc.constantFrom(...(Object.keys(ATTEMPT_REASONS) as AttemptReason[])), fc.bigInt({ min: 0n, max: 10n ** 12n }),
    (first, second, wall, more, reason, holdMicro) => {
      const earlier = boundUsage({ reported: first, terms, wallSeenMs: wall });
      const wallSeenMs = wall + Math.abs(more);
      const result = settlement({ reported: second, previous: earlier.usage, terms, reason, wallSeenMs, holdMicro });
      expect(result.ownerMicro >= 0n && result.ownerMicro <= result.chargeMicro && result.chargeMicro <= holdMicro).toBe(true);
      expect(result.usage.cpuMicros).toBeLessThanOrEqual(120_000_000);
      for (const counter of ['cpuMicros', 'memoryMibSeconds', 'wallMillis', 'ioBytes', 'egressBytes'] as const) {
        expect(Number.isSafeInteger(result.usage[counter])).toBe(true);
        expect(!(wallSeenMs >= wall) || result.usage[counter] >= earlier.usage[counter]).toBe(true);
      }
    },
  ), { numRuns: 1_000 });
});
