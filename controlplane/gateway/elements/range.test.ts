import { parseRange } from './range';

test.each([
  [undefined, 10, 'whole'], ['bytes=0-', 10, { start: 0, end: 9 }], ['bytes=3-5', 10, { start: 3, end: 5 }], ['bytes=9-9', 10, { start: 9, end: 9 }],
  ['bytes=10-', 10, 'unsatisfiable'], ['bytes=-3', 10, { start: 7, end: 9 }], ['bytes=-30', 10, { start: 0, end: 9 }], ['bytes=-0', 10, 'unsatisfiable'],
  ['bytes=5-3', 10, 'whole'], ['bytes=-', 10, 'whole'], ['bytes=a-b', 10, 'whole'], ['bytes=0-1,2-3', 10, 'whole'], ['bytes=0-0', 0, 'unsatisfiable'],
])('%s of %i bytes', (header, size, expected) => {
  expect(parseRange(header, size)).toEqual(expected);
});
