import fc from 'fast-check';
import { combinationAt, countCombinations, MAX_COMBINATIONS } from './parameters';
import type { Parameters } from './job';

test('the last name in the alphabet varies fastest, whatever the order in the manifest', () => {
  const parameters: Parameters = { matrix: { seed: { from: 1, to: 2 }, alpha: ['0.1', '0.5'] } };
  expect(countCombinations(parameters)).toBe(4);
  expect([0, 1, 2, 3].map((index) => combinationAt(parameters, index))).toEqual([
    { alpha: '0.1', seed: '1' }, { alpha: '0.1', seed: '2' }, { alpha: '0.5', seed: '1' }, { alpha: '0.5', seed: '2' }]);
});

test('ranges are exact decimals and end at or before to', () => {
  const values = (range: { from: number; to: number; step?: number }): string[] => {
    const parameters = { matrix: { x: range } };
    return Array.from({ length: countCombinations(parameters) }, (_, i) => combinationAt(parameters, i)['x'] as string);
  };
  expect(values({ from: 0, to: 0.3, step: 0.1 })).toEqual(['0', '0.1', '0.2', '0.3']);
  expect(values({ from: -1, to: 1.4, step: 0.75 })).toEqual(['-1', '-0.25', '0.5', '1.25']);
  expect(values({ from: 1e-7, to: 3e-7, step: 1e-7 })).toEqual(['0.0000001', '0.0000002', '0.0000003']);
  expect(values({ from: 5, to: 5 })).toEqual(['5']);
});

test('every index has its own combination', () => {
  const axis = fc.oneof(fc.uniqueArray(fc.string(), { minLength: 1, maxLength: 4 }), fc.record({ from: fc.integer({ min: -9, max: 9 }), to: fc.integer({ min: 10, max: 13 }) }));
  fc.assert(fc.property(fc.uniqueArray(fc.constantFrom('A', 'B', 'C', '__proto__'), { minLength: 1, maxLength: 3 }), fc.array(axis, { minLength: 3, maxLength: 3 }), (names, axes) => {
    const parameters: Parameters = { matrix: Object.fromEntries(names.map((name, i) => [name, axes[i] as string[]])) };
    const count = countCombinations(parameters);
    const seen = new Set(Array.from({ length: count }, (_, index) => JSON.stringify(Object.entries(combinationAt(parameters, index)))));
    expect(seen.size).toBe(count);
    expect(Object.keys(combinationAt(parameters, 0)).sort()).toEqual([...names].sort());
  }), { numRuns: 50 });
});

test('indexes outside are refused', () => {
  const parameters = { matrix: { A: ['1', '2'] } };
  for (const index of [-1, 2, 0.5, Number.NaN]) expect(() => combinationAt(parameters, index)).toThrow(RangeError);
});

test('bounds', () => {
  expect(countCombinations({ matrix: { A: { from: 1, to: MAX_COMBINATIONS } } })).toBe(MAX_COMBINATIONS);
  const refuse = (matrix: Parameters['matrix'], words: RegExp): void => expect(() => countCombinations({ matrix })).toThrow(words);
  refuse({ A: { from: 0, to: MAX_COMBINATIONS } }, /more than 10000000/);
  refuse({ A: { from: 0, to: 1e12, step: 1e-9 }, B: { from: 0, to: 1e12 } }, /more than 10000000/);
  refuse({ A: { from: 2, to: 1 } }, /from must not be above to/);
  refuse({ A: { from: 1, to: 2, step: 0 } }, /not above 0/);
  refuse({ A: { from: 1, to: 2, step: -1 } }, /not above 0/);
  refuse({ A: { from: 0, to: 1e13 } }, /cannot be part of a range/);
  refuse({ A: { from: 0, to: 1e300 } }, /cannot be part of a range/);
  refuse({ A: { from: 0, to: 1, step: 1e-10 } }, /cannot be part of a range/);
  refuse({ A: { from: Number.NaN, to: 1 } }, /cannot be part of a range/);
  refuse({ A: [] }, /"A" has no value/);
});
