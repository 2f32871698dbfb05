import fc from 'fast-check';
import { addUse, compareAgents, compareJobs, decayed, effectivePriority, shareOf, type JobRank } from './rank';

const HALF = 600_000;
const job = (uid: string, more: Partial<JobRank> = {}): JobRank => ({ uid, priority: 0, share: 0, createdAt: 0, ...more });

test('priority, then share, then age, then uid', () => {
  const order = [job('a', { priority: 5, share: 9, createdAt: 9 }), job('b', { share: 1, createdAt: 9 }), job('c', { share: 2, createdAt: 1 }), job('d', { share: 2, createdAt: 2 }), job('e', { share: 2, createdAt: 2 })];
  expect([3, 0, 4, 1, 2].map((at) => order[at] as JobRank).sort(compareJobs).map(({ uid }) => uid)).toEqual(['a', 'b', 'c', 'd', 'e']);
});

test('the tier caps the priority', () => {
  expect([effectivePriority(500, 100), effectivePriority(-5, 100)]).toEqual([100, -5]);
});

test('use counts half after a half-life', () => {
  const use = { activeMillis: 0, coreMs: 1000, at: 0 };
  expect(decayed(use, HALF, HALF)).toBeCloseTo(500);
  addUse(use, 100, HALF, HALF);
  expect(use).toEqual({ activeMillis: 0, coreMs: 600, at: HALF });
});

test('constant use of c cores has a share of recent c', () => {
  const use = { activeMillis: 0, coreMs: 0, at: 0 };
  for (let t = 1000; t <= 20 * HALF; t += 1000) addUse(use, 3 * 1000, t, HALF);
  expect(shareOf(use, 20 * HALF, HALF)).toBeCloseTo(3, 1);
  expect(shareOf({ ...use, activeMillis: 2500 }, 20 * HALF, HALF)).toBeCloseTo(5.5, 1);
  expect(shareOf(undefined, 0, HALF)).toBe(0);
});

test('who holds the image first, then who has most room', () => {
  const agents = [{ id: 'a', freeSlots: 9, holdsImage: false }, { id: 'b', freeSlots: 1, holdsImage: true }, { id: 'c', freeSlots: 3, holdsImage: true }];
  expect(agents.sort(compareAgents).map(({ id }) => id)).toEqual(['c', 'b', 'a']);
});

test('the order is total', () => {
  const ranks = fc.record({ uid: fc.string(), priority: fc.integer({ min: -3, max: 3 }), share: fc.integer({ min: 0, max: 3 }), createdAt: fc.integer({ min: 0, max: 3 }) });
  fc.assert(fc.property(ranks, ranks, ranks, (a, b, c) => {
    expect(Math.sign(compareJobs(a, b))).toBe(-Math.sign(compareJobs(b, a)) || 0);
    const transitive = !(compareJobs(a, b) < 0 && compareJobs(b, c) < 0) || compareJobs(a, c) < 0;
    expect(transitive).toBe(true);
  }));
});
