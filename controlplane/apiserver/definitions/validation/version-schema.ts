/** What is wrong with the schema of one version: its structure, its defaults, what it may say, its rules. */
import { compileErrors } from '../../cel/compile-errors';
import type { CrdVersion } from '../../resources/crd';
import { forbidden, invalid, type FieldError } from '../../schema/field-error';
import { equal } from '../../schema/equal';
import { isObject, type Schema } from '../../schema/schema';
import { validate } from '../../schema/validate';
import { JSON_SCHEMA_PROPS } from '../json-schema-props';
import { schemasBelow } from '../tidy';
import { defaultErrors } from './default-rules';
import { invalidShown } from './report';
import { schemaErrors } from './schema-rules';
import { structuralErrors } from './structural';

/** What may stand at the root when the status is written apart, as Kubernetes lists it; and the same as it is written. */
const AT_ROOT =
  'Description Type Format Title Maximum ExclusiveMaximum Minimum ExclusiveMinimum MaxLength MinLength Pattern MaxItems MinItems UniqueItems MultipleOf Required Items Properties ExternalDocs Example XPreserveUnknownFields XValidations';
const ALLOWED = new Set([
  'description', 'type', 'format', 'title', 'maximum', 'exclusiveMaximum', 'minimum', 'exclusiveMinimum', 'maxLength', 'minLength', 'pattern',
  'maxItems', 'minItems', 'uniqueItems', 'multipleOf', 'required', 'items', 'properties', 'externalDocs', 'example',
  'x-kubernetes-preserve-unknown-fields', 'x-kubernetes-validations',
]);

/** @param old the version as it was: a schema that does not change is not judged again */
export function versionSchemaErrors(version: CrdVersion, old: CrdVersion | undefined, path: string): FieldError[] {
  const schema = version.schema?.openAPIV3Schema as Schema | undefined;
  if (!isObject(schema)) return [];
  if (old && equal(schema, old.schema?.openAPIV3Schema) && equal(version.subresources, old.subresources)) return [];
  const shape = shapeErrors(schema, path);
  if (shape.length > 0) return shape;
  const errors: FieldError[] = [];
  if (version.subresources?.status !== undefined) errors.push(...rootErrors(schema, path));
  if (schema.nullable) errors.push(forbidden(`${path}.nullable`, 'nullable cannot be true at the root'));
  const said = schemaErrors(schema, path);
  const arrays = said.some(({ field, message }) => field.endsWith('.items') && message.includes('not an array'));
  // A schema with unsupported parts has no structure that could be judged.
  const structural = arrays || said.some(({ message }) => message.endsWith(' is not supported') || message.endsWith('must be true or undefined')) ? [] : structuralErrors(schema, path);
  errors.push(...structural);
  if (structural.length === 0 && said.length === 0) errors.push(...defaultErrors(schema, path));
  errors.push(...said);
  return errors.length > 0 ? errors : compileErrors(schema, path);
}

/** Schemas that stand where something else may stand too are looked at here. */
function shapeErrors(schema: Schema, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const look = (part: Schema, at: string): void => {
    for (const key of ['items', 'additionalProperties'] as const) {
      const value: unknown = part[key];
      if (isObject(value)) errors.push(...validate(value, JSON_SCHEMA_PROPS, `${at}.${key}`));
      else if (Array.isArray(value)) value.forEach((item, index) => errors.push(...validate(item, JSON_SCHEMA_PROPS, `${at}.${key}[${index}]`)));
      else if (value !== undefined && typeof value !== 'boolean') errors.push(invalid(`${at}.${key}`, value, 'must be a schema'));
    }
    if (errors.length === 0) for (const below of schemasBelow(part as Record<string, unknown>)) look(below as Schema, at);
  };
  look(schema, path);
  return errors;
}

function rootErrors(schema: Schema, path: string): FieldError[] {
  const { type } = schema;
  if (type !== undefined && type !== 'object') {
    return [invalid(`${path}.type`, type, 'only "object" is allowed as the type at the root of the schema if the status subresource is enabled')];
  }
  const other = Object.keys(schema).filter((key) => !ALLOWED.has(key));
  if (other.length === 0) return [];
  return [invalidShown(path, JSON.stringify(other), `only [${AT_ROOT}] fields are allowed at the root of the schema if the status subresource is enabled`)];
}
