/** A structural schema: the part of OpenAPI v3 that CustomResourceDefinitions allow. */

export type SchemaType = 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean';

export interface Schema {
  /** Its name in OpenAPI documents, where others refer to it: a schema that has one may contain itself. */
  component?: string;
  type?: SchemaType;
  description?: string;
  format?: string;
  title?: string;
  default?: unknown;
  example?: unknown;
  nullable?: boolean;
  enum?: readonly unknown[];
  properties?: Readonly<Record<string, Schema>>;
  /** `true`: anything; a schema: every value. */
  additionalProperties?: boolean | Schema;
  items?: Schema;
  required?: readonly string[];
  pattern?: string;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: boolean;
  exclusiveMaximum?: boolean;
  multipleOf?: number;
  minLength?: number;
  maxLength?: number;
  uniqueItems?: boolean;
  minItems?: number;
  maxItems?: number;
  minProperties?: number;
  maxProperties?: number;
  allOf?: readonly Schema[];
  anyOf?: readonly Schema[];
  oneOf?: readonly Schema[];
  not?: Schema;
  'x-kubernetes-int-or-string'?: boolean;
  'x-kubernetes-preserve-unknown-fields'?: boolean;
  'x-kubernetes-embedded-resource'?: boolean;
  'x-kubernetes-list-type'?: 'atomic' | 'set' | 'map';
  'x-kubernetes-list-map-keys'?: readonly string[];
  'x-kubernetes-map-type'?: 'atomic' | 'granular';
  'x-kubernetes-validations'?: readonly unknown[];
  'x-kubernetes-patch-strategy'?: string;
  'x-kubernetes-patch-merge-key'?: string;
}

/** Lists of Kubernetes' own types: the list type says how they are merged, not what may occur twice in them. */
export const MERGE_ONLY = new WeakSet<Schema>();

export type JsonObject = { [key: string]: unknown };

/** Whether `value` is a JSON object (not null, not an array). */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A number that is an integer of 64 bits; those that would lose digits are refused when the body is read. */
export function isInteger(value: unknown): value is number {
  return Number.isInteger(value) && Math.abs(value as number) < 2 ** 63;
}

/** `map[key]` of the map itself: never something inherited such as `constructor`. */
export function own<T>(map: Readonly<Record<string, T>> | undefined, key: string): T | undefined {
  return map !== undefined && Object.hasOwn(map, key) ? map[key] : undefined;
}

/** Makes a question about one schema a question about it and all below it; answers are kept. Schemas may contain themselves. */
export function anywhere(holds: (schema: Schema) => boolean): (schema: Schema) => boolean {
  const answers = new WeakMap<Schema, boolean>();
  return function search(schema) {
    const known = answers.get(schema);
    if (known !== undefined) return known;
    answers.set(schema, false);
    const { items, properties, additionalProperties } = schema;
    const below = [...Object.values(properties ?? {}), ...(items ? [items] : []), ...(typeof additionalProperties === 'object' ? [additionalProperties] : [])];
    const found = holds(schema) || below.some(search);
    answers.set(schema, found);
    return found;
  };
}

/** `path.key`, or `path[key]` for keys that are no plain identifiers (as Kubernetes prints map keys). */
export function childPath(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`;
}
