/** Lists that are sets or maps: what tells their items apart, and that no two are the same. */
import { equal } from './equal';
import { duplicate, invalid, keyPath, type FieldError } from './field-error';
import { anywhere, childPath, isObject, MERGE_ONLY, own, type JsonObject, type Schema } from './schema';

const keysOf = (schema: Schema): readonly string[] => schema['x-kubernetes-list-map-keys'] ?? [];

function identityOf(item: unknown, keys: readonly string[]): JsonObject {
  const identity: JsonObject = {};
  if (isObject(item)) for (const key of keys) if (Object.hasOwn(item, key)) identity[key] = item[key];
  return identity;
}

/** Order of fields does not matter. */
function textOf(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(textOf).join()}]`;
  const fields = Object.keys(value);
  if (fields.length > 1) fields.sort();
  return `{${fields.map((field) => `${JSON.stringify(field)}:${textOf((value as JsonObject)[field])}`).join()}}`;
}

/** Finds the item of the list `old` that a new one stands for; only items of map lists have such. */
export function matchingItem(old: unknown, schema: Schema): ((item: unknown) => unknown) | undefined {
  if (schema['x-kubernetes-list-type'] !== 'map' || !Array.isArray(old)) return undefined;
  const keys = keysOf(schema);
  let byKey: Map<string, unknown> | undefined;
  return (item) => {
    byKey ??= new Map(old.map((each) => [textOf(identityOf(each, keys)), each]));
    return byKey.get(textOf(identityOf(item, keys)));
  };
}

/** Equality of a part of an object and what it was before the update: items of map lists may change places. */
export function unchanged(value: unknown, old: unknown, schema: Schema): boolean {
  if (Array.isArray(value)) {
    const matching = matchingItem(old, schema);
    const { items } = schema;
    if (!matching || !items) return equal(value, old);
    return value.length === (old as unknown[]).length && value.every((item) => unchanged(item, matching(item), items));
  }
  if (!isObject(value)) return equal(value, old);
  const keys = Object.keys(value);
  if (!isObject(old) || keys.length !== Object.keys(old).length) return false;
  const { properties, additionalProperties } = schema;
  return keys.every((key) => {
    const below = own(properties, key) ?? (typeof additionalProperties === 'object' ? additionalProperties : undefined);
    return Object.hasOwn(old, key) && (below ? unchanged(value[key], old[key], below) : equal(value[key], old[key]));
  });
}

/** Whether no two items may be the same. */
function isUnique(schema: Schema): boolean {
  const listType = schema['x-kubernetes-list-type'];
  return (listType === 'set' || listType === 'map') && !MERGE_ONLY.has(schema);
}

const hasListTypes = anywhere(isUnique);

/** What is wrong with the sets and maps in `value`. */
export function validateListTypes(value: unknown, schema: Schema, path = ''): FieldError[] {
  const errors: FieldError[] = [];
  if (hasListTypes(schema)) walk(value, schema, path, errors);
  return errors;
}

function walk(value: unknown, schema: Schema, path: string, errors: FieldError[]): void {
  if (Array.isArray(value)) {
    const listType = isUnique(schema) ? schema['x-kubernetes-list-type'] : undefined;
    if (listType === 'set') repeated(value, value, path, errors);
    else if (listType === 'map') checkMap(value, keysOf(schema), path, errors);
    const { items } = schema;
    if (items && hasListTypes(items)) value.forEach((item, index) => walk(item, items, `${path}[${index}]`, errors));
  } else if (isObject(value)) {
    const { properties, additionalProperties } = schema;
    for (const key of Object.keys(value)) {
      const property = own(properties, key);
      if (property) {
        if (hasListTypes(property)) walk(value[key], property, childPath(path, key), errors);
      } else if (typeof additionalProperties === 'object') {
        if (hasListTypes(additionalProperties)) walk(value[key], additionalProperties, keyPath(path, key), errors);
      }
    }
  }
}

function checkMap(list: readonly unknown[], keys: readonly string[], path: string, errors: FieldError[]): void {
  const wrong = list.findIndex((item) => item !== null && !isObject(item));
  if (wrong >= 0) errors.push(invalid(`${path}[${wrong}]`, list[wrong], 'must be an object for an array of list-type map'));
  else repeated(list.map((item) => identityOf(item, keys)), list, path, errors);
}

/** Names the second of its kind, not those after it. */
function repeated(identities: readonly unknown[], list: readonly unknown[], path: string, errors: FieldError[]): void {
  if (list.length < 2) return;
  const seen = new Map<string, number>();
  identities.forEach((identity, index) => {
    const text = textOf(identity);
    const times = seen.get(text) ?? 0;
    if (times === 1) errors.push(duplicate(`${path}[${index}]`, identity));
    seen.set(text, times + 1);
  });
}
