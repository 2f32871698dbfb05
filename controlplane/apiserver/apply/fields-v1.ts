/**
 * Field sets as `fieldsV1`, the form in `metadata.managedFields`:
 * `{"f:spec": {".": {}, "f:completions": {}}}`: an object names a path, `.` says that the path itself is meant besides what is below it,
 * and an empty object is a path with nothing below it.
 */
import { isObject, type JsonObject } from '../schema/schema';
import { compareElements, FieldSet, parseElement } from './field-set';

const SELF = '.';
/** As deep as a request's body may be. */
const MAX_DEPTH = 64;

/** @throws Error for what is no fieldsV1 */
export function decodeFields(fields: unknown, depth = 0): FieldSet {
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
    set.adopt(element, decodeFields(below, depth + 1));
  }
  return set;
}

/** Keys come sorted. */
export function encodeFields(set: FieldSet): JsonObject {
  return fill({}, set);
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
