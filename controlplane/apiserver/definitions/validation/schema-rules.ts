/** What a schema of a definition may not say, level by level, in the words of kube-apiserver. */
import { forbidden, invalid, keyPath, notSupported, required, type FieldError } from '../../schema/field-error';
import { isObject, type Schema } from '../../schema/schema';
import { fieldPathProblem } from './field-path';
import { goStrings, invalidShown } from './report';

const TYPES = ['array', 'boolean', 'integer', 'number', 'object', 'string'];
const UNSUPPORTED = ['id', 'additionalItems', 'patternProperties', 'definitions', 'dependencies', '$ref'] as const;
const REASONS = ['FieldValueDuplicate', 'FieldValueForbidden', 'FieldValueInvalid', 'FieldValueRequired'];
const META = new Set(['metadata', 'kind', 'apiVersion']);

/** As it is written, with what is not supported. */
type Written = Schema & Partial<Record<(typeof UNSUPPORTED)[number], unknown>>;

interface Place {
  root: boolean;
  /** Below `metadata`, `kind` or `apiVersion` of a whole object. */
  insideMeta: boolean;
  /** Why defaults may not be set here. */
  noDefaults?: string;
}

export function schemaErrors(schema: Schema, path: string): FieldError[] {
  const errors: FieldError[] = [];
  walk(schema, path, { root: true, insideMeta: false }, errors);
  return errors;
}

function walk(schema: Written, path: string, place: Place, errors: FieldError[]): void {
  checkKeywords(schema, path, place, errors);
  const { properties = {}, additionalProperties, items, not } = schema;
  const below: Place = { ...place, root: false };
  if (additionalProperties !== undefined) {
    if (Object.keys(properties).length > 0 && additionalProperties !== true) {
      errors.push(forbidden(`${path}.additionalProperties`, 'additionalProperties and properties are mutual exclusive'));
    }
    const inMap = place.insideMeta ? { ...below, noDefaults: 'inside additionalProperties applying to object metadata' } : below;
    if (typeof additionalProperties === 'object') walk(additionalProperties, `${path}.additionalProperties`, inMap, errors);
  }
  for (const [name, property] of Object.entries(properties)) {
    const meta = (place.root || schema['x-kubernetes-embedded-resource'] === true) && META.has(name);
    const inside = meta ? { ...below, insideMeta: true, ...(place.root && { noDefaults: `in top-level ${name}` }) } : below;
    walk(property, keyPath(`${path}.properties`, name), inside, errors);
  }
  if (not) walk(not, `${path}.not`, below, errors);
  for (const key of ['allOf', 'oneOf', 'anyOf'] as const) (schema[key] ?? []).forEach((part, at) => walk(part, `${path}.${key}[${at}]`, below, errors));
  // A list of schemas is refused as such, whatever is in it.
  if (Array.isArray(items)) (items as unknown[]).forEach((item, at) => isObject(item) && walk(item as Schema, `${path}.items[${at}]`, below, errors));
  else if (items) walk(items, `${path}.items`, below, errors);
  checkListAndMap(schema, path, errors);
  checkRules(schema, path, errors);
}

function checkKeywords(schema: Written, path: string, place: Place, errors: FieldError[]): void {
  const { type } = schema;
  if (type !== undefined && !TYPES.includes(type)) errors.push(notSupported(`${path}.type`, type, TYPES));
  if (schema.default !== undefined && place.noDefaults !== undefined) errors.push(forbidden(`${path}.default`, `must not be set ${place.noDefaults}`));
  for (const key of UNSUPPORTED) if (schema[key] !== undefined) errors.push(forbidden(`${path}.${key}`, `${key} is not supported`));
  if ((type as string) === 'null') errors.push(forbidden(`${path}.type`, 'type cannot be set to null, use nullable as an alternative'));
  if (Array.isArray(schema.items)) errors.push(forbidden(`${path}.items`, 'items must be a schema object and not an array'));
  if (place.insideMeta && schema['x-kubernetes-embedded-resource']) {
    errors.push(forbidden(`${path}.x-kubernetes-embedded-resource`, 'must not be used inside of resource meta'));
  }
  if (schema.uniqueItems) errors.push(forbidden(`${path}.uniqueItems`, 'uniqueItems cannot be set to true since the runtime complexity becomes quadratic'));
  if (schema['x-kubernetes-preserve-unknown-fields'] === false) {
    errors.push(invalid(`${path}.x-kubernetes-preserve-unknown-fields`, false, 'must be true or undefined'));
  }
}

function checkListAndMap(schema: Schema, path: string, errors: FieldError[]): void {
  const mapType = schema['x-kubernetes-map-type'];
  const listType = schema['x-kubernetes-list-type'];
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  if (mapType !== undefined && schema.type !== 'object') errors.push(ofType(schema, path, 'must be object if x-kubernetes-map-type is specified'));
  if (mapType !== undefined && !['atomic', 'granular'].includes(mapType)) errors.push(notSupported(`${path}.x-kubernetes-map-type`, mapType, ['atomic', 'granular']));
  if (listType !== undefined && schema.type !== 'array') errors.push(ofType(schema, path, 'must be array if x-kubernetes-list-type is specified'));
  else if (listType === 'set' && schema.items) checkSetItems(schema.items, `${path}.items`, errors);
  if (listType !== undefined && !['atomic', 'set', 'map'].includes(listType)) {
    errors.push(notSupported(`${path}.x-kubernetes-list-type`, listType, ['atomic', 'set', 'map']));
  }
  if (keys.length > 0 && listType !== 'map') {
    const why = 'must be map if x-kubernetes-list-map-keys is non-empty';
    errors.push(listType === undefined ? required(`${path}.x-kubernetes-list-type`, why) : invalid(`${path}.x-kubernetes-list-type`, listType, why));
  }
  if (listType === 'map') checkMapItems(schema, keys, path, errors);
  if (listType === 'map' || listType === 'set') checkNullable(schema, listType, keys, path, errors);
}

function ofType(schema: Schema, path: string, why: string): FieldError {
  return schema.type === undefined ? required(`${path}.type`, why) : invalid(`${path}.type`, schema.type, why);
}

function checkSetItems(items: Schema, path: string, errors: FieldError[]): void {
  const why = 'must be atomic as item of a list with x-kubernetes-list-type=set';
  const listType = items['x-kubernetes-list-type'];
  if (items.type === 'array' && listType !== undefined && listType !== 'atomic') errors.push(invalid(`${path}.x-kubernetes-list-type`, listType, why));
  if (items.type === 'object' && items['x-kubernetes-map-type'] !== 'atomic') errors.push(invalid(`${path}.x-kubernetes-map-type`, listType, why));
}

function checkMapItems({ items }: Schema, keys: readonly string[], path: string, errors: FieldError[]): void {
  if (keys.length === 0) errors.push(required(`${path}.x-kubernetes-list-map-keys`, 'must not be empty if x-kubernetes-list-type is map'));
  if (!items) {
    errors.push(required(`${path}.items`, 'must have a schema if x-kubernetes-list-type is map'));
    return;
  }
  if (items.type !== 'object') {
    errors.push(invalid(`${path}.items.type`, items.type ?? '', "must be object if parent array's x-kubernetes-list-type is map"));
    return;
  }
  const seen = new Set<string>();
  for (const key of keys) {
    const property = items.properties && Object.hasOwn(items.properties, key) ? items.properties[key] : undefined;
    if (!property) errors.push(invalidShown(`${path}.x-kubernetes-list-map-keys`, goStrings(keys), 'entries must all be names of item properties'));
    else if (property.type === 'array' || property.type === 'object') {
      errors.push(invalid(`${keyPath(`${path}.items.properties`, key)}.type`, items.type, "must be a scalar type if parent array's x-kubernetes-list-type is map"));
    }
    if (seen.has(key)) errors.push(invalidShown(`${path}.x-kubernetes-list-map-keys`, goStrings(keys), 'must not contain duplicate entries'));
    seen.add(key);
  }
}

function checkNullable({ items }: Schema, listType: string, keys: readonly string[], path: string, errors: FieldError[]): void {
  if (!items) return;
  if (items.nullable) errors.push(forbidden(`${path}.items.nullable`, `cannot be nullable when x-kubernetes-list-type is ${listType}`));
  if (listType !== 'map') return;
  for (const key of keys) {
    const property = items.properties && Object.hasOwn(items.properties, key) ? items.properties[key] : undefined;
    if (!property) continue;
    const at = keyPath(`${path}.items.properties`, key);
    if (!items.required?.includes(key) && property.default === undefined) {
      errors.push(required(`${at}.default`, 'this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property'));
    }
    if (property.nullable) errors.push(forbidden(`${at}.nullable`, 'this property is in x-kubernetes-list-map-keys, so it cannot be nullable'));
  }
}

interface WrittenRule {
  rule?: string;
  message?: string;
  messageExpression?: string;
  reason?: string;
  fieldPath?: string;
}

const BREAKS = /[\n\r]/;

function checkRules(schema: Schema, path: string, errors: FieldError[]): void {
  (schema['x-kubernetes-validations'] as readonly WrittenRule[] | undefined ?? []).forEach((written, index) => {
    const at = `${path}.x-kubernetes-validations[${index}]`;
    const { rule = '', message = '', messageExpression = '', reason, fieldPath = '' } = written;
    if (rule.trim() === '') errors.push(required(`${at}.rule`, 'rule is not specified'));
    else if (message !== '' && message.trim() === '') errors.push(invalid(`${at}.message`, message, 'message must be non-empty if specified'));
    else if (BREAKS.test(message.trim())) errors.push(invalid(`${at}.message`, message, 'message must not contain line breaks'));
    else if (BREAKS.test(rule.trim()) && message.trim() === '') errors.push(required(`${at}.message`, 'message must be specified if rule contains line breaks'));
    if (messageExpression !== '' && messageExpression.trim() === '') errors.push(required(`${at}.messageExpression`, 'messageExpression must be non-empty if specified'));
    if (reason !== undefined && !REASONS.includes(reason)) errors.push(notSupported(`${at}.reason`, reason, REASONS));
    if (fieldPath !== '' && fieldPath.trim() === '') errors.push(invalid(`${at}.fieldPath`, fieldPath, 'fieldPath must be non-empty if specified'));
    if (BREAKS.test(fieldPath)) errors.push(invalid(`${at}.fieldPath`, fieldPath, 'fieldPath must not contain line breaks'));
    if (fieldPath !== '' && fieldPathProblem(fieldPath, schema) !== undefined) errors.push(invalid(`${at}.fieldPath`, fieldPath, 'fieldPath must be a valid path'));
  });
}
