import { getCondition, isConditionFalse, isConditionTrue, rfc3339, setCondition } from './conditions';

const at = (second: number): Date => new Date(Date.UTC(2026, 0, 1, 0, 0, second, 999));
const waiting = { type: 'Admitted', status: 'False', reason: 'InsufficientCredit', message: '2.00 missing' } as const;

test('the transition time changes with the status only', () => {
  const first = setCondition(undefined, waiting, at(1));
  expect(first).toEqual([{ ...waiting, lastTransitionTime: '2026-01-01T00:00:01Z' }]);
  const second = setCondition(first, { ...waiting, message: '1.00 missing' }, at(2));
  expect(second).toEqual([{ ...waiting, message: '1.00 missing', lastTransitionTime: '2026-01-01T00:00:01Z' }]);
  const third = setCondition(second, { ...waiting, status: 'True', reason: 'Held', message: '' }, at(3));
  expect(third).toEqual([{ type: 'Admitted', status: 'True', reason: 'Held', message: '', lastTransitionTime: '2026-01-01T00:00:03Z' }]);
  expect(first[0]?.message).toBe('2.00 missing');
});

test('the same list comes back when nothing changes', () => {
  const list = setCondition(setCondition([], waiting, at(1)), { type: 'Suspended', status: 'True', reason: 'R', message: 'm' }, at(1));
  expect(setCondition(list, waiting, at(9))).toBe(list);
  expect(setCondition(list, { ...waiting, observedGeneration: 2 }, at(9)).map(({ type }) => type)).toEqual(['Admitted', 'Suspended']);
});

test('questions about a list', () => {
  const list = setCondition([], waiting, at(1));
  expect([isConditionTrue(list, 'Admitted'), isConditionFalse(list, 'Admitted'), isConditionFalse(list, 'Other'), isConditionTrue(undefined, 'X')])
    .toEqual([false, true, false, false]);
  expect(getCondition(list, 'Admitted')?.reason).toBe('InsufficientCredit');
  expect(rfc3339(at(5))).toBe('2026-01-01T00:00:05Z');
});
