/**
 * Validates values against a structural schema; errors in the words of kube-apiserver, in the order in which it finds them.
 *
 * On an update, what is wrong with a part that the update leaves as it was is not held against it (ratcheting): a part of the new
 * object is compared to the old one's at the same fields, and in lists of type map at the item with the same keys.
 */
import { invalid, NO_FIELD, notSupported, required, tooLong, tooMany, typeInvalid, type FieldError } from './field-error';
import { checkFormat, isFormat } from './formats';
import { equal } from './equal';
import { matchingItem, unchanged } from './list-type';
import { mismatch } from './pattern';
import { childPath, isInteger, isObject, own, type JsonObject, type Schema, type SchemaType } from './schema';

/** More errors than this are not listed. */
const MAX_ERRORS = 100;
/** No part of the old object stands in this place. */
export const ABSENT: unique symbol = Symbol('absent');
/** Kubernetes does not compare those of the whole object. */
const TYPE_META: ReadonlySet<string> = new Set(['apiVersion', 'kind']);

/**
 * @param path the field that `value` stands in
 * @param old what stood there before
 * @returns every offence; empty when `value` is valid
 */
export function validate(value: unknown, schema: Schema, path = '', old: unknown = ABSENT): FieldError[] {
  const errors: FieldError[] = [];
  check(value, schema, path, old, errors);
  return errors;
}

/** @returns how many things were right: of alternatives that all fail, the errors of the best one are told */
function check(value: unknown, schema: Schema, path: string, old: unknown, errors: FieldError[]): number {
  if (errors.length >= MAX_ERRORS) return 0;
  const before = errors.length;
  const matched = checkValue(value, schema, path, old, errors);
  if (errors.length > before && old !== ABSENT && !TYPE_META.has(path) && unchanged(value, old, schema)) errors.length = before;
  return matched;
}

function checkValue(value: unknown, schema: Schema, path: string, old: unknown, errors: FieldError[]): number {
  let matched = checkType(value, schema, path, errors);
  if (value === null || value === undefined) {
    checkEnum(value, schema, path, errors);
    return matched;
  }
  if (schema.allOf ?? schema.anyOf ?? schema.oneOf ?? schema.not) matched += checkLogic(value, schema, path, old, errors);
  if (typeof value === 'string') checkString(value, schema, path, errors);
  else if (typeof value === 'number') checkNumber(value, schema, path, errors);
  else if (Array.isArray(value)) matched += checkArray(value, schema, path, old, errors);
  checkEnum(value, schema, path, errors);
  if (isObject(value)) matched += checkObject(value, schema, path, old, errors);
  return matched + 4;
}

function typeOf(value: unknown): SchemaType | 'null' {
  if (value === null || value === undefined) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return isInteger(value) ? 'integer' : 'number';
  return typeof value as 'object' | 'string' | 'boolean';
}

function checkType(value: unknown, schema: Schema, path: string, errors: FieldError[]): number {
  const { type } = schema;
  const either = schema['x-kubernetes-int-or-string'] === true;
  if (!either && type === undefined) return 0;
  const actual = typeOf(value);
  if (actual === 'null' && schema.nullable) return 1;
  if (either ? actual === 'integer' || actual === 'string' : type === actual || (type === 'number' && actual === 'integer')) return 1;
  if (!either && type === 'string' && schema.format !== undefined && actual in GO_FORMATS && isFormat(schema.format)) {
    const format = GO_FORMATS[actual as keyof typeof GO_FORMATS];
    errors.push(typeInvalid(path, format, `${bodyPath(path)} must be of type ${schema.format}: ${JSON.stringify(format)}`));
    return 0;
  }
  errors.push(typeInvalid(path, actual, `${bodyPath(path)} must be of type ${either ? 'integer,string' : type}: ${JSON.stringify(actual)}`));
  return 0;
}

/** What Kubernetes says that a value is, where it awaits a text of a format. */
const GO_FORMATS = { integer: 'int64', number: 'float64', boolean: '', object: '' } as const;

/** How messages name the field. */
const bodyPath = (path: string): string => `${path} in body`;

function checkEnum(value: unknown, { enum: allowed }: Schema, path: string, errors: FieldError[]): void {
  if (!allowed || allowed.length === 0) return;
  if (value === null || value === undefined || !allowed.some((each) => equal(each, value))) errors.push(notSupported(path, value, allowed));
}

/** The first offence only. */
function checkString(value: string, schema: Schema, path: string, errors: FieldError[]): void {
  const { minLength, maxLength, pattern, format } = schema;
  const length = minLength === undefined && maxLength === undefined ? 0 : lengthOf(value);
  if (maxLength !== undefined && length > maxLength) {
    errors.push(tooLong(path, maxLength)); // A pattern is not tried on a text that is too long.
  } else if (minLength !== undefined && length < minLength) {
    errors.push(invalid(path, value, `${bodyPath(path)} should be at least ${minLength} chars long`));
  } else if (pattern !== undefined && pattern !== '') {
    const problem = mismatch(value, pattern);
    if (problem !== undefined) errors.push(invalid(path, value, `${bodyPath(path)} ${problem}`));
  }
  if (format !== undefined && !checkFormat(value, format)) {
    errors.push(typeInvalid(path, value, `${bodyPath(path)} must be of type ${format}: ${JSON.stringify(value)}`));
  }
}

/** In characters, not in UTF-16 units. */
function lengthOf(text: string): number {
  let length = text.length;
  for (let at = 0; at < text.length - 1; at++) {
    const unit = text.charCodeAt(at);
    if (unit >= 0xd800 && unit <= 0xdbff) {
      length--;
      at++;
    }
  }
  return length;
}

function checkNumber(value: number, schema: Schema, path: string, errors: FieldError[]): void {
  const { minimum, maximum, multipleOf } = schema;
  if (!Number.isFinite(value)) {
    errors.push(invalid(path, value, `${bodyPath(path)} must be a number between -1.8e308 and 1.8e308`));
    return;
  }
  if (multipleOf !== undefined && !isMultiple(value, multipleOf)) {
    errors.push(invalid(path, value, `${bodyPath(path)} should be a multiple of ${multipleOf}`));
  }
  if (minimum !== undefined && (schema.exclusiveMinimum ? value <= minimum : value < minimum)) {
    errors.push(invalid(path, value, `${bodyPath(path)} should be greater than ${schema.exclusiveMinimum ? '' : 'or equal to '}${minimum}`));
  }
  if (maximum !== undefined && (schema.exclusiveMaximum ? value >= maximum : value > maximum)) {
    errors.push(invalid(path, value, `${bodyPath(path)} should be less than ${schema.exclusiveMaximum ? '' : 'or equal to '}${maximum}`));
  }
}

const EPSILON = 1e-9;

/** Of fractions, as near as floats can say. */
function isMultiple(value: number, factor: number): boolean {
  const times = factor < 1 ? (1 / factor) * value : value / factor;
  return Number.isInteger(times) || (!Number.isInteger(factor) && Math.abs(times - Math.round(times)) < EPSILON);
}

function checkArray(value: unknown[], schema: Schema, path: string, old: unknown, errors: FieldError[]): number {
  const { items, minItems, maxItems } = schema;
  let matched = 1;
  if (maxItems !== undefined && value.length > maxItems && maxItems < MAX_ERRORS && value.length > MAX_ERRORS) {
    errors.push(tooMany(path, value.length, maxItems)); // What is far too long is not read to its end.
    return matched;
  }
  if (items) {
    const find = old === ABSENT ? undefined : matchingItem(old, schema);
    for (const [index, item] of value.entries()) {
      const before = find?.(item);
      matched += check(item, items, `${path}[${index}]`, before === undefined ? ABSENT : before, errors);
    }
  }
  if (minItems !== undefined && value.length < minItems) errors.push(invalid(path, value.length, `${bodyPath(path)} should have at least ${minItems} items`));
  if (maxItems !== undefined && value.length > maxItems) errors.push(tooMany(path, value.length, maxItems));
  if (schema.uniqueItems && value.some((item, at) => value.findIndex((other) => equal(item, other)) < at)) {
    errors.push(invalid(path, '', `${bodyPath(path)} shouldn't contain duplicates`));
  }
  return matched;
}

function checkObject(value: JsonObject, schema: Schema, path: string, old: unknown, errors: FieldError[]): number {
  const { additionalProperties, properties, minProperties, maxProperties } = schema;
  const keys = Object.keys(value);
  const isTyped = properties !== undefined || typeof additionalProperties === 'object';
  let matched = 0;
  if (minProperties !== undefined && keys.length < minProperties) {
    errors.push(invalid(path, keys.length, `${bodyPath(path)} should have at least ${minProperties} properties`));
  }
  if (maxProperties !== undefined && keys.length > maxProperties) errors.push(tooMany(path, keys.length, maxProperties));
  const before = isObject(old) ? old : undefined;
  for (const key of isTyped ? keys : []) {
    const property = own(properties, key) ?? (typeof additionalProperties === 'object' ? additionalProperties : undefined);
    if (!property) continue;
    matched += check(value[key], property, childPath(path, key), before && Object.hasOwn(before, key) ? before[key] : ABSENT, errors);
  }
  for (const key of schema.required ?? []) if (!Object.hasOwn(value, key)) errors.push(required(childPath(path, key)));
  return matched;
}

interface Trial {
  errors: FieldError[];
  matched: number;
}

function checkLogic(value: unknown, { allOf, anyOf, oneOf, not }: Schema, path: string, old: unknown, errors: FieldError[]): number {
  const attempt = (option: Schema): Trial => {
    const found: FieldError[] = [];
    return { matched: check(value, option, path, old, found), errors: found };
  };
  const complain = (message: string): void => {
    errors.push(invalid(NO_FIELD, '', `"${path}" ${message}`));
  };
  const merge = (trial: Trial | undefined): number => {
    errors.push(...(trial?.errors ?? []));
    return trial?.matched ?? 0;
  };
  let matched = 1;
  if (anyOf && anyOf.length > 0) {
    const { passed, best } = tryAll(anyOf, attempt);
    if (passed.length === 0) complain('must validate at least one schema (anyOf)');
    matched += merge(passed[0] ?? best);
  }
  if (oneOf && oneOf.length > 0) {
    const { passed, best } = tryAll(oneOf, attempt);
    if (passed.length !== 1) {
      const found = passed.length === 0 ? 'Found none valid' : `Found ${passed.length} valid alternatives`;
      complain(`must validate one and only one schema (oneOf). ${found}`);
    }
    if (passed.length < 2) matched += merge(passed[0] ?? best);
  }
  if (allOf && allOf.length > 0) {
    const trials = allOf.map(attempt);
    for (const trial of trials) matched += merge(trial);
    const passed = trials.filter((trial) => trial.errors.length === 0).length;
    if (passed < trials.length) complain(`must validate all the schemas (allOf)${passed === 0 ? '. None validated' : ''}`);
  }
  if (not && attempt(not).errors.length === 0) complain('must not validate the schema (not)');
  return matched;
}

/** `best`: of those that fail, the first with the most right. */
function tryAll(options: readonly Schema[], attempt: (option: Schema) => Trial): { passed: Trial[]; best: Trial | undefined } {
  const passed: Trial[] = [];
  let best: Trial | undefined;
  for (const option of options) {
    const trial = attempt(option);
    if (trial.errors.length === 0) passed.push(trial);
    else if (!best || trial.matched > best.matched) best = trial;
  }
  return { passed, best };
}
