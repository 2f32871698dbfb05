/**
 * Parts of objects that are never changed by whoever made them: the store takes them as they are, where it copies everything else. So equal
 * objects, made one after the other, hold them once.
 */
const frozen = new WeakSet<object>();

/** Freezes it through and through. @param value of JSON; a tree */
export function deepFreeze<T extends object>(value: T): T {
  for (const part of Object.values(value)) if (typeof part === 'object' && part !== null) deepFreeze(part as object);
  frozen.add(value);
  return Object.freeze(value);
}

/** Whether it came out of `deepFreeze`. */
export const isDeepFrozen = (value: object): boolean => frozen.has(value);
