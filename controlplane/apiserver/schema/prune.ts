/** Removes what a structural schema does not know, and says what it removed. */
import { childPath, isObject, own, type JsonObject, type Schema } from './schema';

/** More unknown fields than this are pruned without being listed. */
const MAX_UNKNOWN = 64;

/**
 * Prunes `value` in place (it must not be shared).
 * @returns the paths of the unknown fields, sorted by occurrence
 */
export function prune(value: unknown, schema: Schema): string[] {
  const unknown: string[] = [];
  pruneValue(value, schema, '', unknown);
  return unknown;
}

function pruneValue(value: unknown, schema: Schema, path: string, unknown: string[]): void {
  if (Array.isArray(value)) {
    const { items } = schema;
    if (items) value.forEach((item, index) => pruneValue(item, items, `${path}[${index}]`, unknown));
  } else if (isObject(value) && (schema.type === undefined || schema.type === 'object')) {
    // A map where none may be is left for validation, whose message says more.
    pruneObject(value, schema, path, unknown);
  }
}

function pruneObject(value: JsonObject, schema: Schema, path: string, unknown: string[]): void {
  const { additionalProperties } = schema;
  const keepsUnknown =
    schema['x-kubernetes-preserve-unknown-fields'] === true || additionalProperties === true || schema['x-kubernetes-embedded-resource'] === true;
  for (const key of Object.keys(value)) {
    const property = own(schema.properties, key) ?? (typeof additionalProperties === 'object' ? additionalProperties : undefined);
    if (property) {
      pruneValue(value[key], property, childPath(path, key), unknown);
    } else if (!keepsUnknown) {
      if (unknown.length < MAX_UNKNOWN) unknown.push(childPath(path, key));
      delete value[key];
    }
  }
}
