/**
 * Field sets as `fieldsV1`, the form in `metadata.managedFields`:
 * `{"f:spec": {".": {}, "f:completions": {}}}`: an object names a path, `.` says that the path itself is meant besides what is below it,
 * and an empty object is a path with nothing below it.
 */
import { MAX_DEPTH } from '../codec/json';
import { isObject, type JsonObject } from '../schema/schema';
import { compareElements, FieldSet, parseElement } from './field-set';

const SELF = '.';

/** Sets that were read before, by their object: the store keeps one object for all who own the same. Neither is ever changed. */
const decoded = new WeakMap<object, FieldSet>();
const encoded = new WeakMap<FieldSet, JsonObject>();

/** @throws Error for what is no fieldsV1 */
export function decodeFields(fields: unknown): FieldSet {
  const known = isObject(fields) ? decoded.get(fields) : undefined;
  if (known) return known;
  const set = decode(fields, 0);
  const canonical = fill({}, set);
  decoded.set(fields as JsonObject, set);
  // What somebody wrote in another order is written as it should be.
  encoded.set(set, JSON.stringify(fields) === JSON.stringify(canonical) ? (fields as JsonObject) : canonical);
  return set;
}

/** Keys come sorted. */
export function encodeFields(set: FieldSet): JsonObject {
  return encoded.get(set) ?? fill({}, set);
}

function decode(fields: unknown, depth: number): FieldSet {
  if (!isObject(fields)) throw new Error('fieldsV1: not an object');
  if (depth > MAX_DEPTH) throw new Error(`fieldsV1: nested more than ${MAX_DEPTH} levels deep`);
  const set = new FieldSet();
  for (const [key, below] of Object.entries(fields)) {
    if (key === SELF) {
      // Of the root: not tracked. Below it, the level above has read it.
      continue;
    }
    const element = parseElement(key);
    if (!isObject(below)) throw new Error(`fieldsV1: ${JSON.stringify(key)} is not an object`);
    if (Object.hasOwn(below, SELF) || Object.keys(below).length === 0) set.members.add(element);
    set.adopt(element, decode(below, depth + 1));
  }
  return set;
}

function fill(out: JsonObject, set: FieldSet): JsonObject {
  const elements = [...set.members];
  for (const element of set.children.keys()) if (!set.members.has(element)) elements.push(element);
  if (elements.length > 1) elements.sort(compareElements);
  for (const element of elements) {
    const child = set.children.get(element);
    out[element] = child ? fill(set.members.has(element) ? { [SELF]: {} } : {}, child) : {};
  }
  return out;
}
