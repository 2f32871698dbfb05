/**
 * Copies a value the way JSON would store it, and takes over from `previous` every part that is equal to it. So
 * - what the store holds is its own and equals what a restart reads back (no undefined, no Date, no NaN);
 * - "nothing changed" is `share(next, previous) === previous`, and the same for each field;
 * - two versions of an object share the memory of what did not change.
 */
import { isDeepFrozen } from '../frozen';
import { StoreError } from '../store';

/** Deeper nesting than this is refused rather than risked on the stack. The API takes 256 levels; what it notes of them in `managedFields` is a few deeper. */
const MAX_DEPTH = 320;

/** The one field whose values may be (see frozen.ts). */
const FROZEN = 'fieldsV1';

type Json = Record<string, unknown>;

/**
 * @param previous a value that came out of `share` or JSON.parse
 * @throws StoreError Invalid for what JSON cannot hold (bigint), a field named `__proto__`, too deep nesting
 */
export function share(value: unknown, previous: unknown, depth = 0): unknown {
  // Equal texts are one text in memory: the older one.
  if (value === previous && typeof value !== 'number') return previous;
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value;
    case 'number':
      return Number.isFinite(value) ? value + 0 : null;
    case 'object':
      return value === null ? null : shareCompound(value, previous, depth);
    case 'bigint':
      throw new StoreError('Invalid', `a field holds the bigint ${value}; write large integers as strings`);
    default:
      return undefined;
  }
}

function shareCompound(value: object, previous: unknown, depth: number): unknown {
  if (depth >= MAX_DEPTH) throw new StoreError('Invalid', `the object is nested more than ${MAX_DEPTH} levels deep; flatten it`);
  if (Array.isArray(value)) return shareArray(value, Array.isArray(previous) ? previous : undefined, depth);
  if ('toJSON' in value && typeof value.toJSON === 'function') return share(value.toJSON(), previous, depth + 1);
  const before = typeof previous === 'object' && previous !== null && !Array.isArray(previous) ? previous : undefined;
  return shareObject(value as Json, before as Json | undefined, depth);
}

function shareArray(value: unknown[], before: unknown[] | undefined, depth: number): unknown[] {
  let same = before !== undefined && before.length === value.length;
  const out: unknown[] = [];
  for (let i = 0; i < value.length; i++) {
    const item = share(value[i], before?.[i], depth + 1) ?? null;
    out.push(item);
    if (same && item !== before?.[i]) same = false;
  }
  return same && before ? before : out;
}

function shareObject(value: Json, before: Json | undefined, depth: number): Json {
  const keys = Object.keys(value);
  let count = 0;
  // Made when the first difference is found: most parts of most objects stay as they are.
  let out: Json | undefined;
  let same = before !== undefined;
  for (let at = 0; at < keys.length; at++) {
    const key = keys[at];
    if (key === '__proto__') throw new StoreError('Invalid', 'a field may not be named "__proto__"; rename it');
    const was = before !== undefined && Object.hasOwn(before, key) ? before[key] : undefined;
    const next = value[key];
    const item = key === FROZEN && was === undefined && typeof next === 'object' && next !== null && isDeepFrozen(next) ? next : share(next, was, depth + 1);
    if (item === was && item !== undefined) {
      count++;
      if (out) out[key] = item;
      continue;
    }
    // So far all were as before.
    out ??= before === undefined ? {} : firstOf(before, keys, at);
    if (item === undefined) continue;
    out[key] = item;
    count++;
    same = false;
  }
  if (before === undefined) return out ?? {};
  if (same && count === Object.keys(before).length) return before;
  return out ?? firstOf(before, keys, keys.length);
}

/** Of the first so many keys what `before` has. */
function firstOf(before: Json, keys: readonly string[], many: number): Json {
  const out: Json = {};
  for (let at = 0; at < many; at++) out[keys[at]] = before[keys[at]];
  return out;
}
