import * as fc from 'fast-check';

import { Fifo } from './fifo';

/** Positive: as many are pushed; negative: as many are taken. */
const steps = fc.array(fc.integer({ min: -3000, max: 3000 }), { maxLength: 30 });

test('gives what an array would, whatever the order of pushing and taking', () => {
  fc.assert(
    fc.property(steps, (counts) => {
      const fifo = new Fifo<number>();
      const model: number[] = [];
      let next = 0;
      for (const count of counts) {
        for (let at = 0; at < count; at += 1) {
          fifo.push(next);
          model.push(next++);
        }
        const taken = Array.from({ length: Math.max(0, -count) }, () => fifo.shift());
        const due = model.splice(0, taken.length);
        expect(taken).toEqual([...due, ...Array(taken.length - due.length).fill(undefined)]);
        expect([fifo.size, fifo.at(0), fifo.at(model.length - 1), fifo.at(model.length)]).toEqual([model.length, model[0], model.at(-1), undefined]);
      }
    }),
    { numRuns: 50 },
  );
});

test('is empty when cleared, and goes on', () => {
  const fifo = new Fifo<string>();
  fifo.push('a');
  fifo.clear();
  expect([fifo.size, fifo.shift()]).toEqual([0, undefined]);
  fifo.push('b');
  expect([fifo.size, fifo.shift(), fifo.shift()]).toEqual([1, 'b', undefined]);
});
