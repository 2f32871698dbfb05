import { once } from 'node:events';
import { createConnection, createServer, type AddressInfo } from 'node:net';

import type { Steps } from '../apply/steps';
import { inTurns, isLarge, LARGE_BYTES, letOthersIn } from './turns';

test('what came in before is read', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = createConnection((server.address() as AddressInfo).port, '127.0.0.1');
  const [[socket]] = (await Promise.all([once(server, 'connection'), once(client, 'connect')])) as [[typeof client], unknown];
  let received = '';
  socket.on('data', (data: Buffer) => (received += data.toString()));
  await letOthersIn();
  client.write('a');
  await letOthersIn();
  expect(received).toBe('a');
  client.destroy();
  socket.destroy();
  await new Promise((resolve) => server.close(resolve));
});

test('steps are taken in one turn until it has lasted long enough', async () => {
  let [time, turns] = [0, 0];
  const noted: number[] = [];
  function* steps(): Steps<string> {
    for (const milliseconds of [1, 1, 9, 1, 20, 0]) {
      noted.push(turns);
      time += milliseconds;
      yield;
    }
    return 'done';
  }
  let counting = true;
  const count = (): void => {
    turns++;
    if (counting) setImmediate(count);
  };
  setImmediate(count);
  expect(await inTurns(steps(), () => time)).toBe('done');
  counting = false;
  expect(noted.map((at, index) => index > 0 && at > noted[index - 1]!)).toEqual([false, false, false, true, false, true]);
});

test('a failed step is where it is waited for', async () => {
  function* steps(): Steps<never> {
    yield;
    throw new Error('no');
  }
  await expect(inTurns(steps())).rejects.toThrow('no');
});

test.each<[string, unknown, boolean]>([
  ['a text', 'x'.repeat(LARGE_BYTES), true],
  ['a shorter text', 'x'.repeat(LARGE_BYTES - 100), false],
  ['names', { data: Object.fromEntries(Array.from({ length: 2_000 }, (_, at) => [`${'x'.repeat(70)}${at}`, 1])) }, true],
  ['items', { list: Array.from({ length: LARGE_BYTES / 8 }, () => null) }, true],
  ['fewer items', { list: Array.from({ length: LARGE_BYTES / 16 }, () => ({})) }, false],
  ['nothing', undefined, false],
])('large by %s', (_, value, large) => {
  expect(isLarge(value)).toBe(large);
});

test('of what is large no more is looked at than is needed to know it', () => {
  let looks = 0;
  const list = new Proxy(Array.from({ length: LARGE_BYTES }, () => 1), { get: (target, key, receiver): unknown => (looks++, Reflect.get(target, key, receiver)) });
  expect(isLarge({ list })).toBe(true);
  expect(looks).toBeLessThan(LARGE_BYTES / 2);
});
