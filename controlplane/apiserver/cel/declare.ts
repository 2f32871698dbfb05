/** What CEL knows of a structural schema: the type of each value, and how large it may be (for the estimate of a rule's cost). */
import { isObject, type Schema } from '../schema/schema';
import { escapeName } from './names';
import { BOOL, BYTES, DOUBLE, DURATION, DYN, INT, listOf, mapOf, STRING, TIMESTAMP, type Type } from './types';

export interface Declared {
  type: Type;
  /** Items of a list, entries of a map, bytes of a text, at most. */
  maxElements: number;
  /** Of its JSON, in bytes. */
  minSize: number;
  item?: Declared;
  key?: Declared;
  fields?: ReadonlyMap<string, Declared>;
}

export const MAX_REQUEST_BYTES = 3 * 1024 * 1024;

const TEXT: Schema = { type: 'string' };

/** The schema of a resource's root, where kind, apiVersion, metadata.name and metadata.generateName can always be read, and nothing else of metadata. */
export function withTypeAndMeta(schema: Schema): Schema {
  return {
    ...schema,
    properties: { ...schema.properties, kind: TEXT, apiVersion: TEXT, metadata: { type: 'object', properties: { name: TEXT, generateName: TEXT } } },
  };
}

const simple = (type: Type, minSize: number, maxElements = 0): Declared => ({ type, minSize, maxElements });

/** undefined: values of the schema cannot be read by rules. `name` is given to object types. */
export function declare(schema: Schema, isRoot: boolean, name = 'object'): Declared | undefined {
  if (schema['x-kubernetes-int-or-string']) return simple(DYN, 1, MAX_REQUEST_BYTES - 2);
  const full = isRoot ? withTypeAndMeta(schema) : schema;
  switch (full.type) {
    case 'array': {
      const item = full.items && declare(full.items, full.items['x-kubernetes-embedded-resource'] === true, `${name}.@idx`);
      if (!item) return undefined;
      const maxElements = full.maxItems === undefined ? Math.floor((MAX_REQUEST_BYTES - 2) / (item.minSize + 1)) : Math.max(0, full.maxItems);
      return { type: listOf(item.type), item, maxElements, minSize: 2 };
    }
    case 'object':
      return isObject(full.additionalProperties) ? declareMap(full, full.additionalProperties as Schema, name) : declareObject(full, name);
    case 'string':
      return declareText(full);
    case 'boolean':
      return simple(BOOL, 4);
    case 'number':
      return simple(DOUBLE, 1);
    case 'integer':
      return simple(INT, 1);
    case undefined:
      return undefined;
    default:
      return full.type satisfies never;
  }
}

function declareMap(schema: Schema, values: Schema, name: string): Declared | undefined {
  const item = declare(values, values['x-kubernetes-embedded-resource'] === true, `${name}.@elem`);
  if (!item) return undefined;
  const maxElements = schema.maxProperties === undefined ? Math.floor((MAX_REQUEST_BYTES - 2) / (item.minSize + 6)) : Math.max(0, schema.maxProperties);
  return { type: mapOf(STRING, item.type), item, key: simple(STRING, 2), maxElements, minSize: 2 };
}

function declareObject(schema: Schema, name: string): Declared {
  const fields = new Map<string, Declared>();
  let minSize = 2;
  for (const [key, property] of Object.entries(schema.properties ?? {})) {
    const escaped = escapeName(key);
    const field = declare(property, property['x-kubernetes-embedded-resource'] === true, `${name}.${escaped ?? key}`);
    if (!field) continue;
    if (escaped !== undefined) fields.set(escaped, field);
    if (schema.required?.includes(key) && property.default === undefined) minSize += Buffer.byteLength(key) + field.minSize + 4;
  }
  const types = new Map([...fields].map(([key, field]) => [key, field.type]));
  return { type: { kind: 'object', name, params: [], fields: types }, fields, maxElements: 0, minSize };
}

function declareText(schema: Schema): Declared {
  switch (schema.format) {
    case 'byte':
      return simple(BYTES, 2, schema.maxLength ?? MAX_REQUEST_BYTES - 2);
    case 'duration':
      return simple(DURATION, 3, 32);
    case 'date':
      return simple(TIMESTAMP, 12, 12);
    case 'date-time':
      return simple(TIMESTAMP, 21, 32);
    default:
  }
  if (schema.maxLength !== undefined) return simple(STRING, 2, Math.max(0, schema.maxLength) * 4);
  if (!schema.enum || schema.enum.length === 0) return simple(STRING, 2, MAX_REQUEST_BYTES - 2);
  return simple(STRING, 2, Math.max(0, ...schema.enum.map((value) => (typeof value === 'string' ? Buffer.byteLength(value) : 0))));
}
