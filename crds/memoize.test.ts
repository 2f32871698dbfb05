import { memoize } from './memoize';

test('what was asked for lately is made once; the rest is forgotten', () => {
  const made: string[] = [];
  const length = memoize((text) => {
    made.push(text);
    return text.length;
  });
  expect([length('often'), length('often'), length('once')]).toEqual([5, 5, 4]);
  for (let at = 0; at < 1000; at += 1) {
    length(`other ${at}`);
    length('often');
  }
  expect(made.filter((text) => text === 'often')).toHaveLength(1);
  expect(length('once')).toBe(4);
  expect(made.filter((text) => text === 'once')).toHaveLength(2);
});

test('errors are thrown again', () => {
  let calls = 0;
  const failing = memoize((): number => {
    throw new Error(`call ${++calls}`);
  });
  expect(() => failing('x')).toThrow('call 1');
  expect(() => failing('x')).toThrow('call 2');
});
