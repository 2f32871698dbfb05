/**
 * Field sets as `fieldsV1`, the form in `metadata.managedFields`:
 * `{"f:spec": {".": {}, "f:completions": {}}}`: an object names a path, `.` says that the path itself is meant besides what is below it,
 * and an empty object is a path with nothing below it.
 */
import { MAX_DEPTH } from '../codec/json';
import { isObject, type JsonObject } from '../schema/schema';
import { compareElements, FieldSet, parseElement, sortElements, type Element } from './field-set';

const SELF = '.';

/** Sets that were read before, by their object: the store keeps one object for all who own the same. Neither is ever changed. */
const decoded = new WeakMap<object, FieldSet>();
const encoded = new WeakMap<FieldSet, JsonObject>();

/** @throws Error for what is no fieldsV1 */
export function decodeFields(fields: unknown): FieldSet {
  const known = isObject(fields) ? decoded.get(fields) : undefined;
  if (known) return known;
  const reading = { canonical: true };
  const set = decode(fields, 0, reading);
  decoded.set(fields as JsonObject, set);
  // What somebody wrote in another order is written as it should be.
  encoded.set(set, reading.canonical ? (fields as JsonObject) : fill({}, set));
  return set;
}

/** Keys come sorted. */
export function encodeFields(set: FieldSet): JsonObject {
  return encoded.get(set) ?? fill({}, set);
}

/** @param reading learns when the fields are not as `fill` writes them */
function decode(fields: unknown, depth: number, reading: { canonical: boolean }): FieldSet {
  if (!isObject(fields)) throw new Error('fieldsV1: not an object');
  if (depth > MAX_DEPTH) throw new Error(`fieldsV1: nested more than ${MAX_DEPTH} levels deep`);
  const set = new FieldSet();
  let previous: Element | undefined;
  for (const key of Object.keys(fields)) {
    const below = fields[key];
    if (key === SELF) {
      // Of the root: not tracked. Below it, the level above has read it.
      if (depth === 0 || previous !== undefined || !isEmptyObject(below)) reading.canonical = false;
      continue;
    }
    const element = parseElement(key);
    if (element !== key || (previous !== undefined && compareElements(previous, element) >= 0)) reading.canonical = false;
    previous = element;
    if (!isObject(below)) throw new Error(`fieldsV1: ${JSON.stringify(key)} is not an object`);
    // Most are leaves: they need no set of their own.
    if (isEmptyObject(below)) {
      set.members.add(element);
      continue;
    }
    if (Object.hasOwn(below, SELF)) set.members.add(element);
    const child = decode(below, depth + 1, reading);
    if (child.isEmpty) reading.canonical = false;
    else set.children.set(element, child);
  }
  return set;
}

const isEmptyObject = (value: unknown): boolean => isObject(value) && Object.keys(value).length === 0;

function fill(out: JsonObject, set: FieldSet): JsonObject {
  const elements = [...set.members];
  for (const element of set.children.keys()) if (!set.members.has(element)) elements.push(element);
  for (const element of sortElements(elements)) {
    const child = set.children.get(element);
    out[element] = child ? fill(set.members.has(element) ? { [SELF]: {} } : {}, child) : {};
  }
  return out;
}
