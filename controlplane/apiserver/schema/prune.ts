/** Removes what a structural schema does not know, and says what it removed. */
import { OBJECT_META } from './object-meta';
import { childPath, isObject, own, type JsonObject, type Schema } from './schema';

/** More unknown fields than this are pruned without being listed. */
const MAX_UNKNOWN = 64;
/** Of what has no schema, nothing is known. */
const NOTHING: Schema = {};

interface Unknown {
  fields: string[];
  /** Of the metadata of whole objects within `value`. */
  embedded: string[];
}

/**
 * Prunes `value` in place (it must not be shared).
 * @returns the paths of the unknown fields, in the order of the document
 */
export function prune(value: unknown, schema: Schema): string[] {
  const { fields, embedded } = pruned(value, schema);
  return [...fields, ...embedded];
}

/** As `prune`; the paths in the order in which kube-apiserver tells those of custom resources. */
export function pruneCustom(value: unknown, schema: Schema): string[] {
  const { fields, embedded } = pruned(value, schema);
  const ofMetadata = fields.filter((path) => path.startsWith('metadata.'));
  return [...ofMetadata, ...fields.filter((path) => !path.startsWith('metadata.')).sort(), ...embedded.sort()];
}

function pruned(value: unknown, schema: Schema): Unknown {
  const unknown: Unknown = { fields: [], embedded: [] };
  pruneValue(value, schema, '', unknown);
  return unknown;
}

function pruneValue(value: unknown, schema: Schema, path: string, unknown: Unknown): void {
  if (typeof value !== 'object' || value === null) return;
  const keeps = schema['x-kubernetes-preserve-unknown-fields'] === true;
  if (Array.isArray(value)) {
    const { items } = schema;
    // Below a list that is kept, items are kept as well.
    if (keeps) value.forEach((item, index) => keepUnknown(item, items, `${path}[${index}]`, unknown));
    else value.forEach((item, index) => pruneValue(item, items ?? NOTHING, `${path}[${index}]`, unknown));
  } else {
    pruneObject(value as JsonObject, schema, keeps, path, unknown);
  }
}

function keepUnknown(value: unknown, schema: Schema | undefined, path: string, unknown: Unknown): void {
  if (!schema) return;
  if (Array.isArray(value)) value.forEach((item, index) => keepUnknown(item, schema.items, `${path}[${index}]`, unknown));
  else if (isObject(value)) pruneObject(value, schema, true, path, unknown);
}

function pruneObject(value: JsonObject, schema: Schema, keeps: boolean, path: string, unknown: Unknown): void {
  const { properties, additionalProperties } = schema;
  const embedded = schema['x-kubernetes-embedded-resource'] === true;
  // All of it is kept, and nothing is known of it.
  if (keeps && !embedded && !properties && typeof additionalProperties !== 'object') return;
  for (const key of Object.keys(value)) {
    if (embedded && (key === 'apiVersion' || key === 'kind')) continue;
    if (embedded && key === 'metadata') {
      pruneValue(value[key], OBJECT_META, childPath(path, key), { fields: unknown.embedded, embedded: unknown.embedded });
      continue;
    }
    const property = own(properties, key) ?? (typeof additionalProperties === 'object' ? additionalProperties : undefined);
    if (property) {
      const below = value[key];
      if (typeof below === 'object' && below !== null) pruneValue(below, property, childPath(path, key), unknown);
    } else if (additionalProperties === true) {
      if (!keeps) pruneValue(value[key], NOTHING, childPath(path, key), unknown);
    } else if (!keeps) {
      if (unknown.fields.length < MAX_UNKNOWN) unknown.fields.push(childPath(path, key));
      delete value[key];
    }
  }
}
