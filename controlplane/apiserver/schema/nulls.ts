/** What null means in Kubernetes' own types: a field that is not set, an entry of a map or an item of a list that is empty. */
import { isObject, own, type Schema } from './schema';

/** Takes nulls out of `value` in place (it must not be shared); what no schema describes stays as it is. */
export function dropNulls(value: unknown, schema: Schema): void {
  if (Array.isArray(value)) {
    const { items } = schema;
    if (!items) return;
    for (let at = 0; at < value.length; at += 1) {
      if (value[at] === null) value[at] = emptyOf(items);
      else dropNulls(value[at], items);
    }
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

/** What Go has where nothing was said; null of maps, lists and what has no type. */
function emptyOf({ type, format, properties }: Schema): unknown {
  switch (type) {
    case 'string':
      return format === undefined ? '' : null;
    case 'integer':
      return 0;
    case 'boolean':
      return false;
    case 'object':
      return properties ? {} : null;
    case 'array':
    case 'number':
    case undefined:
      return null;
  }
}
