/**
 * Brings a definition into the form in which Kubernetes keeps it: defaults are filled in, what says nothing is left out, and unknown
 * fields of schemas in places that may also hold something else (`items`, `additionalProperties`) go.
 */
import type { CrdStatus } from '../resources/crd';
import { prune } from '../schema/prune';
import { isObject, type JsonObject } from '../schema/schema';
import { JSON_SCHEMA_PROPS } from './json-schema-props';

const objects = (value: unknown): JsonObject[] => (Array.isArray(value) ? value.filter(isObject) : []);
const at = (value: unknown, key: string): JsonObject | undefined => (isObject(value) && isObject(value[key]) ? value[key] : undefined);

/** Changes `crd` in place. Malformed parts are left for validation. */
export function tidy(crd: JsonObject): void {
  const spec = isObject(crd.spec) ? crd.spec : (crd.spec = {} as JsonObject);
  spec.group ??= '';
  spec.scope ??= '';
  tidyNames(isObject(spec.names) ? spec.names : (spec.names = {}), true);
  if (spec.conversion === undefined) spec.conversion = { strategy: 'None' };
  if (spec.preserveUnknownFields === false) delete spec.preserveUnknownFields;
  for (const version of objects(spec.versions)) tidyVersion(version);
}

function tidyNames(names: JsonObject, complete: boolean): void {
  names.plural ??= '';
  names.kind ??= '';
  if (complete && typeof names.kind === 'string') {
    names.singular ||= names.kind.toLowerCase();
    if (names.kind !== '') names.listKind ||= `${names.kind}List`;
  }
  for (const key of ['singular', 'listKind', 'shortNames', 'categories']) dropEmpty(names, key);
}

function tidyVersion(version: JsonObject): void {
  version.name ??= '';
  version.served ??= false;
  version.storage ??= false;
  for (const key of ['deprecated', 'additionalPrinterColumns', 'selectableFields']) dropEmpty(version, key);
  for (const column of objects(version.additionalPrinterColumns)) for (const key of ['format', 'description', 'priority']) dropEmpty(column, key);
  const schema = at(at(version, 'schema'), 'openAPIV3Schema');
  if (schema) tidySchema(schema);
}

/** Where the empty value says something. */
const KEPT = new Set([
  'default', 'example', 'enum', '$ref', 'not', 'items', 'additionalProperties', 'additionalItems', 'externalDocs',
  'x-kubernetes-preserve-unknown-fields', 'x-kubernetes-list-type', 'x-kubernetes-map-type',
]);

function tidySchema(schema: JsonObject): void {
  for (const key of Object.keys(schema)) if (!KEPT.has(key)) dropEmpty(schema, key);
  for (const key of ['default', 'example']) if (schema[key] === null) delete schema[key];
  if (Array.isArray(schema.enum) && schema.enum.length === 0) delete schema.enum;
  for (const rule of objects(schema['x-kubernetes-validations'])) for (const key of ['message', 'messageExpression', 'fieldPath']) dropEmpty(rule, key);
  for (const key of ['items', 'additionalProperties', 'additionalItems']) {
    const value = schema[key];
    if (isObject(value)) prune(value, JSON_SCHEMA_PROPS);
    for (const item of objects(value)) prune(item, JSON_SCHEMA_PROPS);
  }
  for (const below of schemasBelow(schema)) tidySchema(below);
}

/** The schemas directly below one. */
export function schemasBelow(schema: JsonObject): JsonObject[] {
  const maps = ['properties', 'patternProperties', 'definitions', 'dependencies'].flatMap((key) => (isObject(schema[key]) ? Object.values(schema[key]) : []));
  const lists = ['allOf', 'anyOf', 'oneOf', 'items'].flatMap((key) => objects(schema[key]));
  const single = ['items', 'additionalProperties', 'additionalItems', 'not'].map((key) => schema[key]);
  return [...maps, ...lists, ...single].filter(isObject);
}

function dropEmpty(object: JsonObject, key: string): void {
  const value = object[key];
  const empty = value === '' || value === false || value === 0 || (typeof value === 'object' && (value === null || Object.keys(value).length === 0));
  // Bounds of 0 are bounds.
  if (empty && !(value === 0 && key !== 'priority')) delete object[key];
}

/** The status that a definition begins with. */
export function firstStatus(storageVersion: string | undefined): CrdStatus {
  return { conditions: null, acceptedNames: { plural: '', kind: '' }, storedVersions: storageVersion === undefined ? [] : [storageVersion] };
}

/** `status` when objects may from now on be stored in `storageVersion`. */
export function withStored(status: CrdStatus, storageVersion: string | undefined): CrdStatus {
  const { storedVersions = [] } = status;
  if (storageVersion === undefined || storedVersions.includes(storageVersion)) return status;
  return { ...status, storedVersions: [...storedVersions, storageVersion] };
}

export function storageVersionOf(crd: JsonObject): string | undefined {
  const name = objects(at(crd, 'spec')?.versions).find((version) => version.storage === true)?.name;
  return typeof name === 'string' ? name : undefined;
}
