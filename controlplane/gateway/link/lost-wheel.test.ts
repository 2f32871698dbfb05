import { ManualClock } from '../../market/test-support';
import { LostWheel } from './lost-wheel';

const setup = (): { clock: ManualClock; wheel: LostWheel<{ id: string; lastHeard: number }>; lost: string[] } => {
  const clock = new ManualClock();
  const lost: string[] = [];
  return { clock, lost, wheel: new LostWheel(3000, clock, ({ id }) => lost.push(id)) };
};

test('silence is found within a tick after lostAfter, and once', () => {
  const { clock, wheel, lost } = setup();
  wheel.add({ id: 'a', lastHeard: clock.now() });
  clock.advance(2999);
  expect(lost).toEqual([]);
  clock.advance(3000 / 14 + 2);
  expect(lost).toEqual(['a']);
  clock.advance(60_000);
  expect([lost, wheel.size, clock.armed]).toEqual([['a'], 0, 0]);
});

test('whoever beats stays, whoever is removed is not lost', () => {
  const { clock, wheel, lost } = setup();
  const [a, b, c] = ['a', 'b', 'c'].map((id) => ({ id, lastHeard: clock.now() })) as [{ id: string; lastHeard: number }, { id: string; lastHeard: number }, { id: string; lastHeard: number }];
  for (const peer of [a, b, c]) wheel.add(peer);
  for (let ms = 0; ms < 30_000; ms += 500) {
    a.lastHeard = clock.now();
    if (ms < 10_000) b.lastHeard = clock.now();
    clock.advance(500);
    if (ms === 1000) wheel.remove(c);
  }
  expect(lost).toEqual(['b']);
});

test('adding again after a rest works, and one timer serves all', () => {
  const { clock, wheel, lost } = setup();
  wheel.add({ id: 'a', lastHeard: clock.now() });
  clock.advance(10_000);
  for (const id of ['b', 'c']) wheel.add({ id, lastHeard: clock.now() });
  expect(clock.armed).toBe(1);
  clock.advance(10_000);
  expect(lost.sort()).toEqual(['a', 'b', 'c']);
});
