import { OpenWatches } from './open-watches';

const watches = (): OpenWatches => new OpenWatches({ max: 3, maxPerClient: 2, reserve: 1 });

test('one client cannot hold all of them; together they are bounded', () => {
  const open = watches();
  const over = [open.add('a', () => undefined), open.add('a', () => undefined)];
  expect(() => open.check('a')).toThrow('too many watches of a: at most 2 of one client');
  open.check('b');
  open.add('b', () => undefined);
  expect(() => open.check('c')).toThrow('too many watches: at most 3');
  over[0]();
  over[0]();
  open.check('a');
  open.add('a', () => undefined);
  expect(() => open.check('a')).toThrow('too many watches');
  expect(open.size).toBe(3);
  // An administrator can still open one.
  open.check('admin', true);
  open.add('admin', () => undefined);
  expect(() => open.check('admin', true)).toThrow('too many watches: at most 3');
});

test('all are ended together', () => {
  const open = watches();
  const ended: string[] = [];
  for (const name of ['a', 'b']) {
    const over = open.add(name, () => {
      ended.push(name);
      over();
    });
  }
  open.endAll();
  expect([ended, open.size]).toEqual([['a', 'b'], 0]);
});
