/** Fills in a structural schema's defaults. */
import { isObject, own, type Schema } from './schema';

/** Sets defaults in `value` in place (it must not be shared); null where null is not allowed and a default is there counts as absent. */
export function applyDefaults(value: unknown, schema: Schema): void {
  if (Array.isArray(value)) {
    if (schema.items) for (const item of value) applyDefaults(item, schema.items);
    return;
  }
  if (!isObject(value)) return;
  for (const [key, property] of Object.entries(schema.properties ?? {})) {
    if (property.default === undefined) continue;
    const present = own(value, key);
    if (present === undefined || (present === null && !property.nullable)) value[key] = structuredClone(property.default);
  }
  for (const key of Object.keys(value)) {
    const child = own(schema.properties, key) ?? (typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined);
    if (child) applyDefaults(value[key], child);
  }
}
