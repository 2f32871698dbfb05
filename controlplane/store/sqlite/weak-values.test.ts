import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { WeakValues } from './weak-values';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

test('a value is there while somebody holds it, and leaves nothing behind', async () => {
  const values = new WeakValues<number, object>();
  const held = { held: true };
  values.set(1, held);
  for (let key = 2; key <= 1000; key++) values.set(key, { key });
  for (let tries = 0; values.size > 1 && tries < 100; tries++) {
    await turn();
    collectGarbage();
  }
  expect(values.size).toBe(1);
  expect(values.get(1)).toBe(held);
  expect(values.get(2)).toBeUndefined();
});

test('a newer value of the same key stays when the older one goes', async () => {
  const values = new WeakValues<number, object>();
  const newer = {};
  const probe = new WeakRef({});
  values.set(1, {});
  values.set(1, newer);
  for (let tries = 0; probe.deref() && tries < 100; tries++) {
    await turn();
    collectGarbage();
  }
  await turn();
  expect(probe.deref()).toBeUndefined();
  expect(values.get(1)).toBe(newer);
});
