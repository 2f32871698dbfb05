import { Gate } from './gate';

const settled = async (): Promise<void> => { for (let each = 0; each < 5; each += 1) await Promise.resolve(); };

test('so many at a time, first come first served; too many that wait are refused', async () => {
  const gate = new Gate(2, 2);
  const order: string[] = [];
  const enter = (name: string): Promise<() => void> => gate.enter().then((leave) => (order.push(name), leave));
  const [a] = [await enter('a'), await enter('b')];
  const [c, d] = [enter('c'), enter('d')];
  await expect(gate.enter()).rejects.toMatchObject({ reason: 'Unavailable', message: 'more than 2 requests wait for the Kubernetes API already' });
  await settled();
  expect(order).toEqual(['a', 'b']);
  a();
  a();
  await settled();
  expect(order).toEqual(['a', 'b', 'c']);
  (await c)();
  await d;
  expect(order).toEqual(['a', 'b', 'c', 'd']);
});

test('a thousand pass through a narrow gate, each once', async () => {
  const gate = new Gate(3, 2000);
  let inside = 0;
  let most = 0;
  let passed = 0;
  await Promise.all(Array.from({ length: 2000 }, async () => {
    const leave = await gate.enter();
    most = Math.max(most, ++inside);
    await Promise.resolve();
    inside -= 1;
    passed += 1;
    leave();
  }));
  expect([most, passed, inside]).toEqual([3, 2000, 0]);
});

test('a closed gate refuses whoever waits and whoever comes', async () => {
  const gate = new Gate(1, 5);
  await gate.enter();
  const waiting = gate.enter();
  gate.close(new Error('over'));
  await expect(waiting).rejects.toThrow('over');
  await expect(gate.enter()).rejects.toThrow('over');
});
