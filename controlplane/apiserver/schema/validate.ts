/** Validates values against a structural schema; errors in the words of kube-apiserver. */
import { duplicate, invalid, notSupported, required, tooLong, tooMany, typeInvalid, type FieldError } from './field-error';
import { checkFormat } from './formats';
import { childPath, isObject, MERGE_ONLY, own, type JsonObject, type Schema, type SchemaType } from './schema';

/** More errors than this are not listed. */
const MAX_ERRORS = 100;

/** @returns every offence, in the order of the schema; empty when `value` is valid. `path` is the field that `value` stands in. */
export function validate(value: unknown, schema: Schema, path = ''): FieldError[] {
  const errors: FieldError[] = [];
  check(value, schema, path, errors);
  return errors;
}

function check(value: unknown, schema: Schema, path: string, errors: FieldError[]): void {
  if (errors.length >= MAX_ERRORS) return;
  if (value === null && schema.nullable) return;
  if (!hasType(value, schema, path, errors)) return;
  if (schema.enum && !schema.enum.some((allowed) => equal(allowed, value))) errors.push(notSupported(path, value, schema.enum));
  if (typeof value === 'string') checkString(value, schema, path, errors);
  else if (typeof value === 'number') checkNumber(value, schema, path, errors);
  else if (Array.isArray(value)) checkArray(value, schema, path, errors);
  else if (isObject(value)) checkObject(value, schema, path, errors);
  checkLogic(value, schema, path, errors);
}

function typeOf(value: unknown): SchemaType | 'null' {
  if (value === null || value === undefined) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value as 'object' | 'string' | 'boolean';
}

function hasType(value: unknown, schema: Schema, path: string, errors: FieldError[]): boolean {
  const actual = typeOf(value);
  if (schema['x-kubernetes-int-or-string']) {
    if (actual === 'integer' || actual === 'string') return true;
    errors.push(typeInvalid(path, actual, `${path} in body must be of type integer,string: ${JSON.stringify(actual)}`));
    return false;
  }
  if (schema.type === undefined) return true;
  if (schema.type === actual || (schema.type === 'number' && actual === 'integer')) return true;
  errors.push(typeInvalid(path, actual, `${path} in body must be of type ${schema.type}: ${JSON.stringify(actual)}`));
  return false;
}

const patterns = new Map<string, RegExp>();
const MAX_PATTERNS = 1000;

/** The compiled pattern (unanchored, as in JSON Schema). */
function compiled(pattern: string): RegExp {
  let expression = patterns.get(pattern);
  if (!expression) {
    expression = new RegExp(pattern);
    if (patterns.size >= MAX_PATTERNS) patterns.clear();
    patterns.set(pattern, expression);
  }
  return expression;
}

function checkString(value: string, schema: Schema, path: string, errors: FieldError[]): void {
  const length = schema.minLength === undefined && schema.maxLength === undefined ? 0 : [...value].length;
  if (schema.maxLength !== undefined && length > schema.maxLength) {
    errors.push(tooLong(path, schema.maxLength));
    return; // A pattern is not tried on a text that is too long.
  }
  if (schema.minLength !== undefined && length < schema.minLength) {
    errors.push(invalid(path, value, `${path} in body should be at least ${schema.minLength} chars long`));
  }
  if (schema.pattern !== undefined && !compiled(schema.pattern).test(value)) {
    errors.push(invalid(path, value, `${path} in body should match '${schema.pattern}'`));
  }
  if (schema.format !== undefined && !checkFormat(value, schema.format)) {
    errors.push(invalid(path, value, `${path} in body must be of type ${schema.format}: ${JSON.stringify(value)}`));
  }
}

function checkNumber(value: number, schema: Schema, path: string, errors: FieldError[]): void {
  const { minimum, maximum, multipleOf } = schema;
  if (!Number.isFinite(value) || (schema.type === 'integer' && !Number.isSafeInteger(value))) {
    errors.push(invalid(path, value, `${path} in body must be a number between -2^53 and 2^53`));
    return;
  }
  if (minimum !== undefined && (schema.exclusiveMinimum ? value <= minimum : value < minimum)) {
    errors.push(invalid(path, value, `${path} in body should be greater than ${schema.exclusiveMinimum ? '' : 'or equal to '}${minimum}`));
  }
  if (maximum !== undefined && (schema.exclusiveMaximum ? value >= maximum : value > maximum)) {
    errors.push(invalid(path, value, `${path} in body should be less than ${schema.exclusiveMaximum ? '' : 'or equal to '}${maximum}`));
  }
  if (multipleOf !== undefined && !Number.isInteger(value / multipleOf)) {
    errors.push(invalid(path, value, `${path} in body should be a multiple of ${multipleOf}`));
  }
  if (schema.format === 'int32' && (value < -(2 ** 31) || value >= 2 ** 31)) {
    errors.push(invalid(path, value, `${path} in body must be of type int32: "${value}"`));
  }
}

function checkArray(value: unknown[], schema: Schema, path: string, errors: FieldError[]): void {
  if (schema.maxItems !== undefined && value.length > schema.maxItems) {
    errors.push(tooMany(path, value.length, schema.maxItems));
    return;
  }
  if (schema.minItems !== undefined && value.length < schema.minItems) {
    errors.push(invalid(path, value.length, `${path} in body should have at least ${schema.minItems} items`));
  }
  const { items } = schema;
  if (items) value.forEach((item, index) => check(item, items, `${path}[${index}]`, errors));
  checkListType(value, schema, path, errors);
}

function checkListType(value: unknown[], schema: Schema, path: string, errors: FieldError[]): void {
  const listType = schema['x-kubernetes-list-type'];
  if ((listType !== 'set' && listType !== 'map') || MERGE_ONLY.has(schema)) return;
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  const seen = new Set<string>();
  value.forEach((item, index) => {
    const identity = listType === 'set' ? item : Object.fromEntries(keys.map((key) => [key, isObject(item) ? own(item, key) : undefined]));
    const text = JSON.stringify(identity);
    if (seen.has(text)) errors.push(duplicate(`${path}[${index}]`, identity));
    seen.add(text);
  });
}

function checkObject(value: JsonObject, schema: Schema, path: string, errors: FieldError[]): void {
  const size = Object.keys(value).length;
  if (schema.maxProperties !== undefined && size > schema.maxProperties) {
    errors.push(tooMany(path, size, schema.maxProperties));
    return;
  }
  if (schema.minProperties !== undefined && size < schema.minProperties) {
    errors.push(invalid(path, size, `${path} in body should have at least ${schema.minProperties} properties`));
  }
  for (const key of schema.required ?? []) {
    if (own(value, key) === undefined) errors.push(required(childPath(path, key)));
  }
  const { additionalProperties } = schema;
  for (const key of Object.keys(value)) {
    const property = own(schema.properties, key);
    if (property) check(value[key], property, childPath(path, key), errors);
    else if (typeof additionalProperties === 'object') check(value[key], additionalProperties, childPath(path, key), errors);
  }
}

function checkLogic(value: unknown, schema: Schema, path: string, errors: FieldError[]): void {
  const passing = (options: readonly Schema[]): number => options.filter((option) => validate(value, option, path).length === 0).length;
  for (const part of schema.allOf ?? []) check(value, part, path, errors);
  if (schema.anyOf && !schema['x-kubernetes-int-or-string'] && passing(schema.anyOf) === 0) {
    errors.push(invalid(path, value, `"${path}" must validate at least one schema (anyOf)`));
  }
  if (schema.oneOf) {
    const count = passing(schema.oneOf);
    if (count !== 1) {
      const found = count === 0 ? 'Found none valid' : `Found ${count} valid alternatives`;
      errors.push(invalid(path, value, `"${path}" must validate one and only one schema (oneOf). ${found}`));
    }
  }
  if (schema.not && passing([schema.not]) === 1) errors.push(invalid(path, value, `"${path}" must not validate the schema (not)`));
}

function equal(a: unknown, b: unknown): boolean {
  return a === b || (typeof a === 'object' && JSON.stringify(a) === JSON.stringify(b));
}
