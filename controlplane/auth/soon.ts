/**
 * What is mostly known at once: then it is given as it is. To wait for a promise costs a request some of its time, for each step of its way.
 */
export type Soon<T> = T | Promise<T>;

/** `next` of the value: at once when it is there. */
export const soon = <T, U>(value: Soon<T>, next: (value: T) => Soon<U>): Soon<U> => (value instanceof Promise ? value.then(next) : next(value));
