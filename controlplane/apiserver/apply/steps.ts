/**
 * Work in steps: at each `yield` it may be laid down for a while. Who runs it decides whether it is, and for how long. What it was given
 * must not change meanwhile: stored objects never do.
 */
export type Steps<T> = Generator<void, T, void>;

/** Does all steps at once. */
export function inOneTurn<T>(steps: Steps<T>): T {
  let step = steps.next();
  while (!step.done) step = steps.next();
  return step.value;
}

/** What needs no more work. */
export function* known<T>(value: T): Steps<T> {
  yield* [];
  return value;
}
