/**
 * Parts of objects that are never changed by whoever made them: the store takes them as they are, where it copies everything else. So equal
 * objects, made one after the other, hold them once.
 */
const fixed = new WeakSet<object>();

/** Freezes it through and through. @param value of JSON; a tree */
export function fix<T extends object>(value: T): T {
  for (const part of Object.values(value)) if (typeof part === 'object' && part !== null) fix(part as object);
  fixed.add(value);
  return Object.freeze(value);
}

export const isFixed = (value: object): boolean => fixed.has(value);
