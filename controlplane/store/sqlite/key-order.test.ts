import fc from 'fast-check';
import { KeyOrder } from './key-order';

test('property: the same keys in the same order as sorting a set, whenever somebody looks', () => {
  const step = fc.record({ key: fc.string({ maxLength: 3 }), remove: fc.boolean(), look: fc.integer({ min: 0, max: 9 }).map((n) => n === 0) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
      const order = new KeyOrder();
      const model = new Set<string>();
      const seen: [readonly string[], string[]][] = [];
      for (const { key, remove, look } of steps) {
        if (remove && model.delete(key)) order.remove(key);
        if (!remove && !model.has(key)) {
          model.add(key);
          order.add(key);
        }
        if (look) seen.push([[...order.keys()], [...model].sort()]);
      }
      seen.push([order.keys(), [...model].sort()]);
      for (const [keys, expected] of seen) expect(keys).toEqual(expected);
    }),
    { numRuns: 200 },
  );
});

test('many changes at once are merged', () => {
  const order = new KeyOrder();
  const keys = Array.from({ length: 1000 }, (_, i) => `k${i}`);
  for (const key of keys) order.add(key);
  order.keys();
  for (const key of keys.slice(100, 300)) order.remove(key);
  for (const key of keys.slice(150, 200)) order.add(key);
  order.add('a');
  expect(order.keys()).toEqual(['a', ...keys.slice(0, 100), ...keys.slice(150, 200), ...keys.slice(300)].sort());
});
