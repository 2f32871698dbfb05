/**
 * `{ ...base, ...more }` for what happens for every task. In the V8 of Node 20, an object that begins as the copy of another and is given fields
 * that this one does not have takes half a microsecond for each of them and gets a hidden class of its own, which slows down whoever reads it.
 * Copying both into an empty object takes a tenth of a microsecond in all.
 *
 * Only for objects of our own: a field `__proto__` of `base` would become the prototype.
 */
export const extended = <B extends object, M extends object>(base: B, more: M): Omit<B, keyof M> & M => Object.assign({}, base, more);
