/** Takes fields out of a value, or keeps only them. */
import type { JsonObject } from '../schema/schema';
import { fieldElement, type FieldSet } from './field-set';
import { elementOf, narrow, typeOfEntry, UNTYPED, visit, type ListType, type MapType, type Type } from './type';

/** @returns `value` without the items and fields of `set`; null when nothing is left. `value` is not changed. */
export function removeFields(value: unknown, set: FieldSet, type: Type): unknown {
  return prune(value, set, type, false);
}

/** @returns only what `set` names; `set` must hold leaves (`FieldSet.leaves`). null when there is nothing. */
export function extractFields(value: unknown, set: FieldSet, type: Type): unknown {
  return prune(value, set, type, true);
}

function prune(value: unknown, set: FieldSet, type: Type, keep: boolean): unknown {
  return visit<unknown>(narrow(type, value), {
    scalar: () => value ?? null,
    list: (list) => {
      if (!Array.isArray(value) || value.length === 0) return null;
      if (list.atomic) return keep ? value : null;
      return pruneItems(value, set, list, keep);
    },
    map: (map) => {
      if (typeof value !== 'object' || value === null || Object.keys(value).length === 0) return null;
      if (map.atomic) return keep ? value : null;
      return pruneEntries(value as Readonly<JsonObject>, set, map, keep);
    },
  });
}

function pruneItems(items: readonly unknown[], set: FieldSet, list: ListType, keep: boolean): unknown {
  const out: unknown[] = [];
  for (const item of items) {
    const element = elementOf(list, item);
    if (set.members.has(element)) {
      if (keep) out.push(owned(item, list.element()));
      continue;
    }
    const below = set.children.get(element);
    if (below) out.push(prune(item, below, list.element(), keep));
    else if (!keep) out.push(item);
  }
  return out.length > 0 ? out : null;
}

function pruneEntries(entries: Readonly<JsonObject>, set: FieldSet, map: MapType, keep: boolean): unknown {
  const out: JsonObject = {};
  for (const [key, entry] of Object.entries(entries)) {
    const element = fieldElement(key);
    if (set.members.has(element)) {
      if (keep) out[key] = owned(entry, typeOfEntry(map, key) ?? UNTYPED);
      continue;
    }
    const below = set.children.get(element);
    if (below) out[key] = prune(entry, below, typeOfEntry(map, key) ?? UNTYPED, keep);
    else if (!keep) out[key] = entry;
  }
  return Object.keys(out).length > 0 ? out : null;
}

/** What the owner of a leaf has: of a list or map whose items have owners of their own, only that it is there. */
function owned(value: unknown, type: Type): unknown {
  return visit<unknown>(narrow(type, value), {
    scalar: () => value,
    list: (list) => (list.atomic ? value : null),
    map: (map) => (map.atomic ? value : null),
  });
}
