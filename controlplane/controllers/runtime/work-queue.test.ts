import { ManualClock } from '../../../test/support/controller-world';
import { WorkQueue, type WorkQueueOptions } from './work-queue';

function queueWith(options: WorkQueueOptions = {}): { queue: WorkQueue; clock: ManualClock; ready: () => number } {
  const clock = new ManualClock();
  let count = 0;
  const queue = new WorkQueue(() => { count += 1; }, { clock, random: () => 0.5, ...options });
  return { queue, clock, ready: () => count };
}

const drain = (queue: WorkQueue): string[] => {
  const keys: string[] = [];
  for (let key = queue.take(); key !== undefined; key = queue.take()) {
    keys.push(key);
    queue.done(key);
  }
  return keys;
};

test('a key waits once, in the order of the first addition', () => {
  const { queue, ready } = queueWith();
  for (const key of ['a', 'b', 'a']) queue.add(key);
  expect(ready()).toBe(2);
  expect(queue.depth).toBe(2);
  expect(drain(queue)).toEqual(['a', 'b']);
});

test('a key that is added while it is in work is not handed out twice at once, but once more after', () => {
  const { queue } = queueWith();
  queue.add('a');
  expect(queue.take()).toBe('a');
  queue.add('a');
  queue.add('a');
  expect(queue.take()).toBeUndefined();
  queue.done('a');
  expect(drain(queue)).toEqual(['a']);
});

test('addAfter: the earliest time counts; an immediate addition and cancelLater take it back', () => {
  const { queue, clock } = queueWith();
  queue.addAfter('a', 100);
  queue.addAfter('a', 50);
  queue.addAfter('a', 200);
  queue.addAfter('b', 60);
  queue.addAfter('c', 60);
  queue.cancelLater('c');
  clock.advance(49);
  expect(drain(queue)).toEqual([]);
  clock.advance(1);
  expect(drain(queue)).toEqual(['a']);
  queue.add('b');
  expect(drain(queue)).toEqual(['b']);
  clock.advance(1000);
  expect(drain(queue)).toEqual([]);
});

test('addRateLimited doubles per key up to the cap, until forget', () => {
  const { queue, clock } = queueWith({ baseDelayMs: 10, maxDelayMs: 35 });
  for (const wait of [10, 20, 35, 35]) {
    queue.addRateLimited('a');
    clock.advance(wait - 1);
    expect(queue.depth).toBe(0);
    clock.advance(1);
    expect(drain(queue)).toEqual(['a']);
  }
  expect(queue.failuresOf('a')).toBe(4);
  queue.forget('a');
  queue.addRateLimited('a');
  clock.advance(10);
  expect(drain(queue)).toEqual(['a']);
});

test('many failing keys are spread over time', () => {
  const { queue, clock } = queueWith({ baseDelayMs: 1, overallPerSecond: 10, burst: 5 });
  for (let each = 0; each < 25; each++) queue.addRateLimited(`k${each}`);
  clock.advance(2);
  expect(drain(queue)).toHaveLength(5);
  clock.advance(1000);
  expect(drain(queue)).toHaveLength(10);
  clock.advance(1000);
  expect(drain(queue)).toHaveLength(10);
});

test('beyond its bound it refuses and says so once there is room', () => {
  const { queue } = queueWith({ maxKeys: 4 });
  for (const key of ['a', 'b', 'c', 'd']) expect(queue.add(key)).toBe(true);
  expect(queue.add('e')).toBe(false);
  expect(queue.add('a')).toBe(true);
  expect(queue.takeOverflow()).toBe(false);
  drain(queue);
  expect(queue.takeOverflow()).toBe(true);
  expect(queue.takeOverflow()).toBe(false);
});

test('a stopped queue takes nothing and fires nothing', () => {
  const { queue, clock, ready } = queueWith();
  queue.addAfter('a', 10);
  queue.stop();
  clock.advance(100);
  expect(queue.add('b')).toBe(false);
  expect(ready()).toBe(0);
});
