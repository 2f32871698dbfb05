/**
 * Strategic merge patch: a merge patch that knows how lists of Kubernetes' own types are merged (`x-kubernetes-patch-strategy` and
 * `-merge-key` of their schema).
 *
 * | in the patch | does |
 * |---|---|
 * | `$patch: replace`, `$patch: delete` in an object | it becomes what the patch says; it becomes empty |
 * | `$patch: delete` in an item of a list | the item of that key goes |
 * | an item `$patch: replace` | the list becomes the other items of the patch |
 * | `$retainKeys: […]` | other fields of the object go |
 * | `$deleteFromPrimitiveList/x: […]` | these go from the list `x` |
 * | `$setElementOrder/x: […]` | the order of the list `x` |
 */
import { ApiError, badRequest } from '../http/errors';
import { isObject, own, type JsonObject, type Schema } from '../schema/schema';
import { enforceOrder, identityOf } from './element-order';

const DIRECTIVE = '$patch';
const RETAIN = '$retainKeys';
const DELETE_FROM = '$deleteFromPrimitiveList/';
const ORDER = '$setElementOrder/';

/** @throws ApiError 400: a directive that makes no sense; 422: lists of lists */
export function strategicMergePatch(target: unknown, patch: unknown, schema: Schema): unknown {
  if (!isObject(patch)) throw badRequest('strategic merge patch: the body must be an object');
  return mergeObject(isObject(target) ? target : {}, patch, schema);
}

/** Schemas of what is in an object; undefined where nothing is known. */
type Known = Schema | undefined;

const fieldOf = (schema: Known, key: string): Known =>
  own(schema?.properties, key) ?? (typeof schema?.additionalProperties === 'object' ? schema.additionalProperties : undefined);

/** How a list is merged: `key` of objects; undefined of plain values. */
interface ListMerge {
  merge: boolean;
  key: string | undefined;
  items: Known;
}

function listMergeOf(schema: Known): ListMerge {
  const strategies = schema?.['x-kubernetes-patch-strategy']?.split(',') ?? [];
  return { merge: strategies.includes('merge'), key: schema?.['x-kubernetes-patch-merge-key'], items: schema?.items };
}

function mergeObject(target: JsonObject, given: JsonObject, schema: Known): JsonObject {
  if (DIRECTIVE in given) {
    const { [DIRECTIVE]: directive, ...rest } = given;
    if (directive === 'replace') return rest;
    if (directive === 'delete') return {};
    throw badRequest(`unknown patch type: ${String(directive)} in map: ${JSON.stringify(given)}`);
  }
  const patch = { ...given };
  const out = retained(target, patch);
  for (const key of Object.keys(patch).filter((each) => each.startsWith(ORDER))) mergeInOrder(out, patch, key, schema);
  for (const [key, value] of Object.entries(patch)) {
    if (key.startsWith(DELETE_FROM)) {
      deleteFromList(out, key.slice(DELETE_FROM.length), value);
      continue;
    }
    const present = own(out, key);
    if (value === null) delete out[key];
    else if (isObject(value) && isObject(present)) out[key] = mergeObject(present, value, fieldOf(schema, key));
    else if (Array.isArray(value) && Array.isArray(present)) out[key] = mergeList(present, value, fieldOf(schema, key));
    else out[key] = withoutDirectives(withoutNulls(value));
  }
  return out;
}

/** Obeys `$retainKeys`, and takes it out of the patch. */
function retained(target: JsonObject, patch: JsonObject): JsonObject {
  const keys = patch[RETAIN];
  if (keys === undefined) return { ...target };
  delete patch[RETAIN];
  if (!Array.isArray(keys)) throw badRequest('invalid patch format of retainKeys');
  const kept = new Set<unknown>(keys);
  for (const [key, value] of Object.entries(patch)) {
    if (value === null || key.startsWith(DELETE_FROM) || key.startsWith(ORDER)) continue;
    if (!kept.has(key)) throw badRequest('invalid patch format of retainKeys');
  }
  return Object.fromEntries(Object.entries(target).filter(([key]) => kept.has(key)));
}

function deleteFromList(out: JsonObject, key: string, values: unknown): void {
  if (!Array.isArray(values)) throw badRequest('invalid patch format of primitive list');
  const present = own(out, key);
  const gone = new Set<unknown>(values);
  if (Array.isArray(present)) out[key] = present.filter((item) => !gone.has(item));
}

/** Merges the list that `$setElementOrder/x` speaks of, and takes both out of the patch. */
function mergeInOrder(out: JsonObject, patch: JsonObject, directive: string, schema: Known): void {
  const key = directive.slice(ORDER.length);
  const order = patch[directive];
  const present = own(out, key);
  const changes = own(patch, key);
  delete patch[directive];
  if (!Array.isArray(order) || (changes !== undefined && !Array.isArray(changes)) || (present !== undefined && !Array.isArray(present))) {
    throw badRequest('invalid patch format of setElementOrder list');
  }
  const field = fieldOf(schema, key);
  const { key: mergeKey } = listMergeOf(field);
  if (changes) checkOrder(changes, order, mergeKey);
  delete patch[key];
  if (!present && !changes) return;
  const merged = present && changes ? mergeList(present, changes, field) : (present ?? (withoutDirectives(changes) as unknown[]));
  out[key] = enforceOrder(merged, order, present ?? [], mergeKey);
}

/** Items of the patch must stand in the order that is asked for. */
function checkOrder(changes: readonly unknown[], order: readonly unknown[], mergeKey: string | undefined): void {
  if (changes.length === 0 || order.length === 0) return;
  let at = 0;
  for (const item of changes) {
    if (isObject(item) && DIRECTIVE in item) continue;
    while (at < order.length && identityOf(order[at], mergeKey) !== identityOf(item, mergeKey)) at++;
    if (at++ >= order.length) throw badRequest(`The order in patch list:\n${JSON.stringify(changes)}\n doesn't match $setElementOrder list:\n${JSON.stringify(order)}\n`);
  }
}

function mergeList(present: readonly unknown[], patch: readonly unknown[], schema: Known): unknown[] {
  const { merge, key, items } = listMergeOf(schema);
  if (!merge) return patch as unknown[];
  if ([...present, ...patch].some(Array.isArray)) throw new ApiError(422, '', 'lists of lists are not supported', {});
  if (![...present, ...patch].some(isObject)) return enforceOrder([...new Set([...present, ...patch])], patch, present, undefined);
  if (key === undefined) throw badRequest('cannot merge lists without merge key');
  const { kept, changes } = obeyItems(present, patch as JsonObject[], key);
  const merged = [...kept];
  const places = placesOf(merged, key);
  for (const item of changes) {
    const value = keyOf(item, key);
    const index = places.get(value);
    if (index === undefined) {
      places.set(value, merged.push(item) - 1);
      continue;
    }
    const next = mergeObject(merged[index] as JsonObject, item, items);
    merged[index] = next;
    // A null takes the key away.
    if (next[key] !== value) places.delete(value);
  }
  return enforceOrder(merged, changes, kept, key);
}

/** Where the first item of each key is. */
function placesOf(list: readonly unknown[], key: string): Map<unknown, number> {
  const places = new Map<unknown, number>();
  list.forEach((item, index) => {
    const value = isObject(item) ? item[key] : undefined;
    if (value !== undefined && !places.has(value)) places.set(value, index);
  });
  return places;
}

/** Directives among the items. */
function obeyItems(present: readonly unknown[], patch: readonly JsonObject[], key: string): { kept: readonly unknown[]; changes: readonly JsonObject[] } {
  const changes: JsonObject[] = [];
  const deleted = new Set<unknown>();
  let replace = false;
  for (const item of patch) {
    switch (item[DIRECTIVE]) {
      case undefined:
        changes.push(item);
        break;
      case 'delete':
        deleted.add(keyOf(item, key));
        break;
      case 'replace':
        replace = true;
        break;
      case 'merge':
        throw badRequest('merging lists cannot yet be specified in the patch');
      default:
        throw badRequest(`unknown patch type: ${String(item[DIRECTIVE])} in map: ${JSON.stringify(item)}`);
    }
  }
  if (replace) return { kept: changes, changes: [] };
  return { kept: deleted.size === 0 ? present : present.filter((each) => !isObject(each) || !deleted.has(each[key])), changes };
}

function keyOf(item: JsonObject, key: string): unknown {
  if (Object.hasOwn(item, key)) return item[key];
  throw badRequest(`map: ${JSON.stringify(item)} does not contain declared merge key: ${key}`);
}

/** Of what is new: nulls say that nothing is there. */
function withoutNulls(value: unknown): unknown {
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== null).map(([key, each]) => [key, withoutNulls(each)]));
}

const isDirective = (key: string): boolean => key === RETAIN || key.startsWith(DELETE_FROM) || key.startsWith(ORDER);

/** Of what is new: there is nothing that directives could be about. */
function withoutDirectives(value: unknown): unknown {
  if (Array.isArray(value)) return value.filter((each) => !isObject(each) || !(DIRECTIVE in each)).map(withoutDirectives);
  if (!isObject(value)) return value;
  const entries = Object.entries(value).filter(([key, each]) => !isDirective(key) && !(isObject(each) && DIRECTIVE in each));
  return Object.fromEntries(entries.map(([key, each]) => [key, withoutDirectives(each)]));
}
