/** What null means in Kubernetes' own types: a field that is not set, an entry of a map that is empty. */
import { isObject, own, type Schema } from './schema';

/** Takes nulls out of `value` in place (it must not be shared); what no schema describes stays as it is. */
export function dropNulls(value: unknown, schema: Schema): void {
  if (Array.isArray(value)) {
    if (schema.items) for (const item of value) dropNulls(item, schema.items);
    return;
  }
  if (!isObject(value)) return;
  const entries = typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined;
  if (!entries && !schema.properties) return;
  for (const key of Object.keys(value)) {
    const below = value[key];
    if (typeof below !== 'object') continue;
    const property = own(schema.properties, key);
    if (below !== null) {
      const child = property ?? entries;
      if (child) dropNulls(below, child);
    } else if (property) {
      delete value[key];
    } else if (entries?.type === 'string') {
      value[key] = '';
    }
  }
}
