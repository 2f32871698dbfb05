/**
 * One piece of code over answers that come at once or later: it runs to its end in this turn when every answer is there, and goes on with
 * the first promise otherwise.
 *
 * ```
 *   follow(function* () {
 *     const rows = yield* ask(reader.select(QUERY));
 *     return rows.length;
 *   })
 * ```
 */
import type { Answer } from './database';

export type Steps<T> = Generator<Answer<unknown>, T, unknown>;

/** Within `follow`: the answer itself. */
export function* ask<T>(answer: Answer<T>): Generator<Answer<unknown>, T, unknown> {
  return (yield answer) as T;
}

export function follow<T>(make: () => Steps<T>): Answer<T> {
  const steps = make();
  let step = steps.next();
  while (!step.done) {
    if (step.value instanceof Promise) return goOn(steps, step.value);
    step = steps.next(step.value);
  }
  return step.value;
}

async function goOn<T>(steps: Steps<T>, first: Promise<unknown>): Promise<T> {
  let step = await next(steps, first);
  while (!step.done) step = await next(steps, step.value);
  return step.value;
}

async function next<T>(steps: Steps<T>, answer: Answer<unknown>): Promise<IteratorResult<Answer<unknown>, T>> {
  let value: unknown;
  try {
    value = await answer;
  } catch (error) {
    return steps.throw(error);
  }
  return steps.next(value);
}
