/** Objects within objects (`x-kubernetes-embedded-resource`): their type and metadata follow the rules of whole objects. */
import { invalid, keyPath, required, type FieldError } from './field-error';
import { kindProblem } from './names';
import { OBJECT_META, validateMetadata } from './object-meta';
import { anywhere, childPath, isObject, own, type JsonObject, type Schema } from './schema';
import { validate } from './validate';

/** Whether objects are embedded anywhere in the schema. */
export const hasEmbedded = anywhere((schema) => schema['x-kubernetes-embedded-resource'] === true);

/** Calls `visit` with the metadata of every object that is embedded in `value`, and with where it is. */
export function eachEmbeddedMetadata(value: unknown, schema: Schema, visit: (metadata: unknown, path: string) => void, path = ''): void {
  if (!hasEmbedded(schema)) return;
  const { items, properties, additionalProperties } = schema;
  if (Array.isArray(value)) {
    if (items) value.forEach((item, index) => eachEmbeddedMetadata(item, items, visit, `${path}[${index}]`));
  } else if (isObject(value)) {
    if (schema['x-kubernetes-embedded-resource'] && value.metadata !== undefined && value.metadata !== null) visit(value.metadata, childPath(path, 'metadata'));
    for (const key of Object.keys(value)) {
      const property = own(properties, key);
      if (property) eachEmbeddedMetadata(value[key], property, visit, childPath(path, key));
      else if (typeof additionalProperties === 'object') eachEmbeddedMetadata(value[key], additionalProperties, visit, keyPath(path, key));
    }
  }
}

/** What is wrong with the objects that are embedded in `value`. */
export function validateEmbedded(value: unknown, schema: Schema, path = ''): FieldError[] {
  const errors: FieldError[] = [];
  walk(value, schema, path, errors);
  return errors;
}

function walk(value: unknown, schema: Schema, path: string, errors: FieldError[]): void {
  if (!hasEmbedded(schema)) return;
  const { items, properties, additionalProperties } = schema;
  if (Array.isArray(value)) {
    if (items) value.forEach((item, index) => walk(item, items, `${path}[${index}]`, errors));
  } else if (isObject(value)) {
    if (schema['x-kubernetes-embedded-resource']) checkEmbedded(value, path, errors);
    for (const key of Object.keys(value)) {
      const property = own(properties, key);
      if (property) walk(value[key], property, childPath(path, key), errors);
      else if (typeof additionalProperties === 'object') walk(value[key], additionalProperties, keyPath(path, key), errors);
    }
  }
}

function checkEmbedded(object: JsonObject, path: string, errors: FieldError[]): void {
  const at = (key: string): string => childPath(path, key);
  const { apiVersion, kind, metadata } = object;
  for (const [key, value, problem] of [['apiVersion', apiVersion, apiVersionProblem], ['kind', kind, kindProblem]] as const) {
    if (value === undefined) errors.push(required(at(key), 'must not be empty'));
    else if (typeof value !== 'string') errors.push(invalid(at(key), value, 'must be a string'));
    else if (value === '') errors.push(invalid(at(key), value, 'must not be empty'));
    else {
      const why = problem(value);
      if (why !== undefined) errors.push(invalid(at(key), value, why));
    }
  }
  if (metadata === undefined || metadata === null) return;
  const shape = validate(metadata, OBJECT_META, at('metadata'));
  if (shape.length > 0) return void errors.push(...shape);
  const { generateName: _generated, ...named } = metadata as JsonObject;
  const problems = validateMetadata({ ...named, name: named.name || 'fakename' }, 'path', false);
  errors.push(...problems.map((error) => ({ ...error, field: childPath(path, error.field) })));
}

function apiVersionProblem(apiVersion: string): string | undefined {
  return apiVersion.split('/').length > 2 ? `unexpected GroupVersion string: ${apiVersion}` : undefined;
}
