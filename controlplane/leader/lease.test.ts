import { ADDRESS_ANNOTATION, givenBack, holderOf, planLease, type Candidate, type Lease } from './lease';

const wall = new Date('2026-01-02T03:04:05.678Z');
const a: Candidate = { name: 'gleaner', namespace: 'ops', identity: 'a', address: '10.0.0.1:7643', durationSeconds: 4 };
const held = (identity: string | undefined, seconds: number | undefined = 4): Lease => ({
  apiVersion: 'coordination.k8s.io/v1', kind: 'Lease',
  metadata: { name: 'gleaner', namespace: 'ops', resourceVersion: '7', annotations: { team: 'x', [ADDRESS_ANNOTATION]: 'old:1' } },
  spec: { holderIdentity: identity, leaseDurationSeconds: seconds, acquireTime: 'then', renewTime: 'then', leaseTransitions: 3 },
});

test.each([
  ['none there', undefined, 0, 'create'],
  ['ours', held('a'), 99_999, 'renew'],
  ['another\'s, fresh', held('b'), 3999, 'wait'],
  ['another\'s, unchanged for its duration', held('b'), 4000, 'take'],
  ['another\'s, which lasts longer than ours would', held('b', 10), 9999, 'wait'],
  ['another\'s, without sense', held('b', 0), 3999, 'wait'],
  ['another\'s, without sense and old', held('b', -5), 4000, 'take'],
  ['given back', held(''), 0, 'take'],
  ['without a holder', held(undefined), 0, 'take'],
])('%s: %#', (_, lease, unchangedMs, step) => {
  expect(planLease(lease, unchangedMs, a, wall).step).toBe(step);
});

test('what is written: holder, address, times in microseconds, transitions; the rest stays', () => {
  const taken = planLease(held('b'), 5000, a, wall);
  expect(taken).toEqual({
    step: 'take',
    lease: {
      apiVersion: 'coordination.k8s.io/v1', kind: 'Lease',
      metadata: { name: 'gleaner', namespace: 'ops', resourceVersion: '7', annotations: { team: 'x', [ADDRESS_ANNOTATION]: '10.0.0.1:7643' } },
      spec: {
        holderIdentity: 'a', leaseDurationSeconds: 4, acquireTime: '2026-01-02T03:04:05.678000Z', renewTime: '2026-01-02T03:04:05.678000Z', leaseTransitions: 4,
      },
    },
  });
  const renewed = planLease(held('a'), 0, a, wall);
  expect(renewed).toMatchObject({ lease: { spec: { acquireTime: 'then', renewTime: '2026-01-02T03:04:05.678000Z', leaseTransitions: 3 } } });
});

test('a Lease that was given back has no holder', () => {
  const back = givenBack(held('a'));
  expect([holderOf(back), back.metadata.annotations, holderOf(held('a'))]).toEqual([undefined, { team: 'x' }, { identity: 'a', address: 'old:1' }]);
});
