import fc from 'fast-check';
import type { Offer } from '../crds/agent-link';
import { amountsOf, type Amounts, decide, neededBy, NOTHING, plus, Reservations, returnOf, type Situation, timesFitting } from './offers';

const GIB = 2 ** 30;
const total = amountsOf({ cpu: 4, memoryBytes: 8 * GIB, scratchBytes: 8 * GIB, slots: 8 });
const situation = (more: Partial<Situation> = {}): Situation => ({ total, used: NOTHING, askMicro: 0n, draining: false, available: true, ...more });
const offerOf = (id: string, leases: number, more: { cpu?: number; memoryGiB?: number; cpuHour?: string; memoryGiBHour?: string; start?: string } = {}): Offer => ({
  offer: id, leases: Array.from({ length: leases }, (_, n) => `${id}-${n}/1`), image: 'i', imageArchive: 'a', timeoutMs: 3_600_000, ttlMs: 1000,
  resources: { cpu: more.cpu ?? 1, memoryBytes: (more.memoryGiB ?? 1) * GIB, scratchBytes: 0, pids: 1 },
  payout: { cpuHour: more.cpuHour ?? '1.00', memoryGiBHour: more.memoryGiBHour ?? '0.00', start: more.start ?? '0.00' },
});

describe('which offers are taken', () => {
  it('takes what fits, and declines the rest of an offer', () => {
    expect(decide([offerOf('a', 6)], situation())).toEqual([
      { type: 'accept', offer: 'a', leases: ['a-0/1', 'a-1/1', 'a-2/1', 'a-3/1'] },
      { type: 'decline', offer: 'a', leases: ['a-4/1', 'a-5/1'], reason: 'NoCapacity' },
    ]);
  });

  it('takes the best return of the scarce resource first', () => {
    const answers = decide([offerOf('poor', 4, { cpuHour: '1.00' }), offerOf('rich', 4, { cpuHour: '2.00' })], situation());
    expect(answers.map(({ type, offer }) => [type, offer])).toEqual([['accept', 'rich'], ['decline', 'poor']]);
    // Half of the memory for one core: what it takes most of decides.
    expect(returnOf(offerOf('fat', 1, { memoryGiB: 4, cpuHour: '1.00' }), total)).toBeLessThan(returnOf(offerOf('slim', 1, { cpuHour: '0.60' }), total));
  });

  it.each([
    ['AskTooHigh', { askMicro: 1_000_001n }],
    ['Draining', { draining: true }],
    ['NoCapacity', { available: false }],
    ['NoCapacity', { used: total }],
  ] as const)('declines with %s', (reason, more) => {
    expect(decide([offerOf('a', 2)], situation(more))).toMatchObject([{ type: 'decline', leases: ['a-0/1', 'a-1/1'], reason }]);
  });

  it('answers every lease once, and never takes more than there is', () => {
    const offers = fc.array(fc.record({
      leases: fc.integer({ min: 1, max: 6 }), cpu: fc.constantFrom(0.1, 0.5, 1, 3, 9), memoryGiB: fc.constantFrom(0.25, 1, 5), cpuHour: fc.constantFrom('0.10', '1.00', '3.00'),
    }), { maxLength: 8 }).map((all) => all.map(({ leases, ...more }, n) => offerOf(`o${n}`, leases, more)));
    fc.assert(fc.property(offers, fc.integer({ min: 0, max: 8 }), (all, slots) => {
      const used: Amounts = { ...NOTHING, slots };
      const answers = decide(all, situation({ used, askMicro: 500_000n }));
      expect(answers.flatMap(({ leases }) => leases).sort()).toEqual(all.flatMap(({ leases }) => leases).sort());
      const sum = answers.filter(({ type }) => type === 'accept').reduce((taken, { offer, leases }) => plus(taken, neededBy(all.find((each) => each.offer === offer)!.resources), leases.length), used);
      expect(timesFitting(total, sum)).toBeGreaterThanOrEqual(1);
    }));
  });
});

describe('what accepted offers reserve', () => {
  it('until start, withdrawal, or their time is over', () => {
    let now = 0;
    const reservations = new Reservations(() => now);
    reservations.add(offerOf('a', 3), ['a-0/1', 'a-1/1', 'a-2/1']);
    reservations.add(offerOf('b', 1), ['b-0/1']);
    expect(reservations.used).toMatchObject({ cpuMillis: 4000, slots: 4 });
    reservations.started('a-0/1');
    expect(reservations.used.slots).toBe(3);
    reservations.withdrawn('a');
    expect(reservations.used.slots).toBe(1);
    now = 10_001;
    expect(reservations.used).toEqual(NOTHING);
  });
});
