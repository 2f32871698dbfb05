import { ask, follow } from './answer';
import type { Answer } from './database';

const sum = (answers: readonly Answer<number>[]): Answer<number> =>
  follow(function* () {
    let total = 0;
    for (const answer of answers) total += yield* ask(answer);
    return total;
  });

test('answers that are there are followed in this turn', () => expect(sum([1, 2, 3])).toBe(6));

test('from the first promise on it goes on later', async () => {
  const answer = sum([1, Promise.resolve(2), 3, Promise.resolve(4)]);
  expect(answer).toBeInstanceOf(Promise);
  expect(await answer).toBe(10);
});

test('what a promise rejects with can be caught where it was asked for, and is thrown otherwise', async () => {
  const closed: string[] = [];
  const answer = follow(function* (): Generator<Answer<unknown>, number, unknown> {
    try {
      return yield* ask<number>(Promise.reject(new Error('away')));
    } finally {
      closed.push('closed');
    }
  });
  await expect(answer).rejects.toThrow('away');
  expect(closed).toEqual(['closed']);
});
