/**
 * What makes a schema structural: every field has its type and shape outside of `allOf`, `anyOf`, `oneOf` and `not`, which only bound
 * values; `metadata` is everybody's. In the words of kube-apiserver.
 */
import { forbidden, invalid, keyPath, required, type FieldError } from '../../schema/field-error';
import { equal } from '../../schema/equal';
import { patternProblem } from '../../schema/pattern';
import type { Schema } from '../../schema/schema';

type Level = 'root' | 'item' | 'field';

export function structuralErrors(schema: Schema, path: string): FieldError[] {
  const errors: FieldError[] = [];
  checkInvariants(schema, 'root', path, errors);
  checkCompleteness(schema, schema, path, path, errors);
  return errors.sort((a, b) => (text(a) < text(b) ? -1 : 1));
}

const text = ({ field, message }: FieldError): string => `${field}: ${message}`;
const INT_OR_STRING: readonly Schema[] = [{ type: 'integer' }, { type: 'string' }];
const NO_TYPE: Readonly<Record<Level, string>> = {
  root: 'must not be empty at the root',
  item: 'must not be empty for specified array items',
  field: 'must not be empty for specified object fields',
};

function checkInvariants(schema: Schema, level: Level, path: string, errors: FieldError[]): void {
  const { type, items, properties = {}, additionalProperties } = schema;
  if (type === 'array' && !items) errors.push(required(`${path}.items`, 'must be specified'));
  if (items) checkInvariants(items, 'item', `${path}.items`, errors);
  for (const [name, property] of Object.entries(properties)) checkInvariants(property, 'field', keyPath(`${path}.properties`, name), errors);
  if (additionalProperties !== undefined) {
    if (level === 'root') errors.push(forbidden(`${path}.additionalProperties`, 'must not be used at the root'));
    if (typeof additionalProperties === 'object') checkInvariants(additionalProperties, 'field', `${path}.additionalProperties`, errors);
  }
  const { 'x-kubernetes-int-or-string': either, 'x-kubernetes-embedded-resource': embedded, 'x-kubernetes-preserve-unknown-fields': keeps } = schema;
  if (either && keeps) errors.push(invalid(`${path}.x-kubernetes-preserve-unknown-fields`, true, 'must be false if x-kubernetes-int-or-string is true'));
  if (either && embedded) errors.push(invalid(`${path}.x-kubernetes-embedded-resource`, true, 'must be false if x-kubernetes-int-or-string is true'));
  checkValues(schema, equal(schema.anyOf, INT_OR_STRING), equal(schema.allOf?.[0]?.anyOf, INT_OR_STRING), path, errors);
  if (embedded && type !== 'object') {
    const why = 'must be object if x-kubernetes-embedded-resource is true';
    errors.push(type === undefined ? required(`${path}.type`, why) : invalid(`${path}.type`, type, why));
  } else if (type === undefined && !either && !keeps) {
    errors.push(required(`${path}.type`, NO_TYPE[level]));
  }
  if (embedded && additionalProperties !== undefined) {
    errors.push(forbidden(`${path}.additionalProperties`, 'must not be used if x-kubernetes-embedded-resource is set'));
  }
  if (level === 'root' && type !== undefined && type !== 'object') errors.push(invalid(`${path}.type`, type, 'must be object at the root'));
  checkMeta(properties, level, embedded === true, path, errors);
  if (embedded && !keeps && Object.keys(properties).length === 0) {
    errors.push(required(`${path}.properties`, 'must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields'));
  }
}

function checkMeta(properties: Readonly<Record<string, Schema>>, level: Level, embedded: boolean, path: string, errors: FieldError[]): void {
  const whole = level === 'root' || embedded;
  for (const name of ['kind', 'apiVersion']) {
    if (whole && Object.hasOwn(properties, name) && properties[name].type !== 'string') {
      errors.push(invalid(keyPath(`${path}.properties`, name) + '.type', properties[name].type ?? '', 'must be string'));
    }
  }
  if (!Object.hasOwn(properties, 'metadata')) return;
  const { metadata } = properties;
  const at = keyPath(`${path}.properties`, 'metadata');
  if (whole && metadata.type !== 'object') errors.push(invalid(`${at}.type`, metadata.type ?? '', 'must be object'));
  if (level === 'root' && !namesOnly(metadata)) {
    errors.push(forbidden(at, 'must not specify anything other than name and generateName, but metadata is implicitly specified'));
  }
}

function namesOnly(metadata: Schema): boolean {
  const { type: _type, default: _default, properties = {}, ...rest } = metadata;
  const names = Object.keys(properties);
  return Object.keys(rest).length === 0 && names.every((name) => name === 'name' || name === 'generateName');
}

/** What bounds values, in a place that is structural or below one that is not. */
function checkValues(schema: Schema, skipAnyOf: boolean, skipFirstAnyOf: boolean, path: string, errors: FieldError[]): void {
  const { allOf = [], anyOf = [], oneOf = [], not, pattern } = schema;
  if (!skipAnyOf) anyOf.forEach((part, at) => checkNested(part, false, `${path}.anyOf[${at}]`, errors));
  allOf.forEach((part, at) => checkNested(part, skipFirstAnyOf && at === 0, `${path}.allOf[${at}]`, errors));
  oneOf.forEach((part, at) => checkNested(part, false, `${path}.oneOf[${at}]`, errors));
  if (not) checkNested(not, false, `${path}.not`, errors);
  const problem = pattern === undefined ? undefined : patternProblem(pattern);
  if (problem !== undefined) errors.push(invalid(`${path}.pattern`, pattern, `must be a valid regular expression, but isn't: ${problem}`));
}

const FORBIDDEN: readonly (readonly [keyof Schema, string])[] = [
  ['type', 'must be empty to be structural'],
  ['default', 'must be undefined to be structural'],
  ['title', 'must be empty to be structural'],
  ['description', 'must be empty to be structural'],
  ['nullable', 'must be false to be structural'],
  ['x-kubernetes-preserve-unknown-fields', 'must be false to be structural'],
  ['x-kubernetes-embedded-resource', 'must be false to be structural'],
  ['x-kubernetes-int-or-string', 'must be false to be structural'],
  ['x-kubernetes-list-map-keys', 'must be empty to be structural'],
  ['x-kubernetes-list-type', 'must be undefined to be structural'],
  ['x-kubernetes-map-type', 'must be undefined to be structural'],
  ['x-kubernetes-validations', 'must be empty to be structural'],
];

function checkNested(schema: Schema, skipAnyOf: boolean, path: string, errors: FieldError[]): void {
  const { items, properties = {}, additionalProperties } = schema;
  checkValues(schema, skipAnyOf, false, path, errors);
  if (items) checkNested(items, false, `${path}.items`, errors);
  for (const [name, property] of Object.entries(properties)) checkNested(property, false, keyPath(`${path}.properties`, name), errors);
  if (additionalProperties !== undefined && additionalProperties !== false) {
    errors.push(forbidden(`${path}.additionalProperties`, 'must be undefined to be structural'));
  }
  for (const [key, why] of FORBIDDEN) if (schema[key] !== undefined) errors.push(forbidden(`${path}.${key}`, why));
  if (Object.hasOwn(properties, 'metadata')) errors.push(forbidden(keyPath(`${path}.properties`, 'metadata'), 'must not be specified in a nested context'));
}

/** What bounds a value must stand in the structure as well. As in Kubernetes, only what is said at the root is looked at. */
function checkCompleteness(values: Schema, structure: Schema, at: string, from: string, errors: FieldError[]): void {
  const { allOf = [], anyOf = [], oneOf = [], not } = values;
  if (not) checkNestedCompleteness(not, structure, at, `${from}.not`, errors);
  for (const [key, parts] of [['allOf', allOf], ['anyOf', anyOf], ['oneOf', oneOf]] as const) {
    parts.forEach((part, index) => checkNestedCompleteness(part, structure, at, `${from}.${key}[${index}]`, errors));
  }
}

function checkNestedCompleteness(values: Schema, structure: Schema | undefined, at: string, from: string, errors: FieldError[]): void {
  if (!structure) {
    errors.push(required(at, `because it is defined in ${from}`));
    return;
  }
  checkCompleteness(values, structure, at, from, errors);
  if (values.items) checkNestedCompleteness(values.items, structure.items, `${at}.items`, `${from}.items`, errors);
  for (const [name, property] of Object.entries(values.properties ?? {})) {
    const below = structure.properties && Object.hasOwn(structure.properties, name) ? structure.properties[name] : undefined;
    checkNestedCompleteness(property, below, keyPath(`${at}.properties`, name), keyPath(`${from}.properties`, name), errors);
  }
}
