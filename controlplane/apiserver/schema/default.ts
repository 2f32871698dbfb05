/** Fills in a structural schema's defaults. */
import { copyJson } from '../../../crds/json-copy';
import { isObject, own, type Schema } from './schema';

const defaults = new WeakMap<Schema, readonly (readonly [string, Schema])[]>();

/** The properties that have a default; made once per schema. */
function withDefault(schema: Schema): readonly (readonly [string, Schema])[] {
  let found = defaults.get(schema);
  if (!found) defaults.set(schema, (found = Object.entries(schema.properties ?? {}).filter(([, property]) => property.default !== undefined)));
  return found;
}

const isWrongNull = (value: unknown, schema: Schema | undefined): boolean => value === null && schema !== undefined && schema.nullable !== true;

/**
 * Sets defaults in `value` in place (it must not be shared). Null where null is not allowed counts as absent: the default stands in
 * for it, or the field goes when there is none.
 * @returns whether anything was changed
 */
export function applyDefaults(value: unknown, schema: Schema): boolean {
  let changed = false;
  if (Array.isArray(value)) {
    const { items } = schema;
    if (!items) return false;
    for (const [index, item] of value.entries()) {
      if (isWrongNull(item, items) && items.default !== undefined) {
        value[index] = copyJson(items.default);
        changed = true;
      }
      if (applyDefaults(value[index], items)) changed = true;
    }
    return changed;
  }
  if (!isObject(value)) return false;
  for (const [key, property] of withDefault(schema)) {
    const present = own(value, key);
    if (present === undefined || isWrongNull(present, property)) {
      value[key] = copyJson(property.default);
      changed = true;
    }
  }
  if (!schema.properties && typeof schema.additionalProperties !== 'object') return changed;
  for (const key of Object.keys(value)) {
    const property = own(schema.properties, key);
    const child = property ?? (typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined);
    if (!child || typeof value[key] !== 'object') continue;
    if (isWrongNull(value[key], child)) {
      if (child.default === undefined) delete value[key];
      else value[key] = copyJson(child.default);
      changed = true;
    }
    if (applyDefaults(value[key], child)) changed = true;
  }
  return changed;
}
