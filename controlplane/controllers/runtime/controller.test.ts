import { Registry } from 'prom-client';
import { ManualClock, turn } from '../../../test/support/controller-world';
import { Controller, controllerMetrics, TerminalError } from './controller';

const turns = async (count = 5): Promise<void> => { for (let each = 0; each < count; each++) await turn(); };

test('a burst of additions in one turn is one reconcile; keys run at once up to the concurrency, a key never twice', async () => {
  const seen: string[] = [];
  let running = 0;
  let most = 0;
  const controller = new Controller({
    name: 'test', concurrency: 2, clock: new ManualClock(),
    reconcile: async (key) => {
      seen.push(key);
      most = Math.max(most, ++running);
      await turn();
      running -= 1;
    },
  });
  controller.queue.add('early');
  controller.start();
  for (let each = 0; each < 100; each++) for (const key of ['a', 'b', 'c']) controller.queue.add(key);
  await turns(20);
  expect(seen).toEqual(['early', 'a', 'b', 'c']);
  expect(most).toBe(2);
  await controller.stop();
});

test('errors are tried again after a growing wait, terminal ones are not, and both are counted', async () => {
  const clock = new ManualClock();
  const registry = new Registry();
  const errors: string[] = [];
  let left = 3;
  const controller = new Controller({
    name: 'test', clock, metrics: controllerMetrics(registry), queue: { random: () => 0.5, baseDelayMs: 10 },
    onError: (error, key) => errors.push(`${key}: ${(error as Error).message}`),
    reconcile: async (key) => {
      if (key === 'never') throw new TerminalError('no');
      if (left-- > 0) throw new Error('not yet');
      return key === 'later' ? { requeueAfterMs: 1000 } : undefined;
    },
  });
  controller.start();
  controller.queue.add('never');
  controller.queue.add('flaky');
  for (const wait of [0, 10, 20, 40]) {
    clock.advance(wait);
    await turns();
  }
  controller.queue.add('later');
  await turns();
  expect(errors).toEqual(['never: no', 'flaky: not yet', 'flaky: not yet', 'flaky: not yet']);
  const metrics = await registry.metrics();
  expect(metrics).toContain('gleaner_reconcile_total{controller="test",outcome="error"} 3');
  expect(metrics).toContain('gleaner_reconcile_total{controller="test",outcome="terminal"} 1');
  expect(metrics).toContain('gleaner_reconcile_total{controller="test",outcome="done"} 1');
  expect(metrics).toContain('gleaner_reconcile_total{controller="test",outcome="requeued"} 1');
  expect(metrics).toContain('gleaner_work_queue_depth{controller="test"} 0');
  clock.advance(1000);
  await turns();
  expect(await registry.metrics()).toContain('gleaner_reconcile_total{controller="test",outcome="requeued"} 2');
  await controller.stop();
});

test('stop waits for what runs and starts nothing more', async () => {
  let release!: () => void;
  const started: string[] = [];
  const controller = new Controller({
    name: 'test', concurrency: 1, clock: new ManualClock(),
    reconcile: (key) => {
      started.push(key);
      return new Promise((resolve) => (release = resolve));
    },
  });
  controller.start();
  controller.queue.add('a');
  controller.queue.add('b');
  await turns();
  let stopped = false;
  const stopping = controller.stop().then(() => (stopped = true));
  await turns();
  expect(stopped).toBe(false);
  release();
  await stopping;
  await turns();
  expect(started).toEqual(['a']);
});

test('with more keys than the queue holds, every one is looked at, at the start and after an overflow', async () => {
  const seen: string[] = [];
  const keys = Array.from({ length: 50 }, (_, at) => `k${at}`);
  const controller = new Controller({
    name: 'test', clock: new ManualClock(), queue: { maxKeys: 8 }, keys: () => keys, concurrency: 4,
    reconcile: async (key) => { seen.push(key); },
  });
  controller.start();
  await turns(200);
  expect([...new Set(seen)].sort()).toEqual([...keys].sort());
  seen.length = 0;
  for (const key of keys) controller.queue.add(key);
  await turns(200);
  expect([...new Set(seen)].sort()).toEqual([...keys].sort());
  expect(seen.length).toBeLessThan(120);
  await controller.stop();
});
