import { uidSource } from './uid';

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

test('uids are version 7, different, and in order, also when the clock stands still or goes back', () => {
  const times = [1000, 1000, ...Array.from({ length: 10_000 }, () => 1000), 500, 2000, 1_800_000_000_000];
  let i = 0;
  const next = uidSource(() => times[i++]!);
  const uids = times.map(() => next());
  for (const uid of uids) expect(uid).toMatch(UUID_V7);
  expect(new Set(uids).size).toBe(uids.length);
  expect([...uids].sort()).toEqual(uids);
});
