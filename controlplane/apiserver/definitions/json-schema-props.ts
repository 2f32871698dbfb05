/** The schema of schemas: what a definition may say in `openAPIV3Schema`. It contains itself. */
import type { Schema } from '../schema/schema';

const PACKAGE = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1';
export const componentName = (kind: string): string => `${PACKAGE}.${kind}`;

const text = (description: string): Schema => ({ type: 'string', description });
const flag = (description: string): Schema => ({ type: 'boolean', description });
const number = (description: string): Schema => ({ type: 'number', format: 'double', description });
const count = (description: string): Schema => ({ type: 'integer', format: 'int64', description });
const texts = (description: string): Schema => ({ type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'atomic', description });
/** Any JSON value. */
const any = (description: string): Schema => ({ 'x-kubernetes-preserve-unknown-fields': true, description });

/** How a schema is written where it may also be something else: it is read on its own (`tidy.ts`). */
const either = (description: string): Schema => any(description);

export const JSON_SCHEMA_PROPS: Schema & { properties: Record<string, Schema> } = {
  component: componentName('JSONSchemaProps'),
  type: 'object',
  description: 'JSONSchemaProps is a JSON schema, by the specification draft 4.',
  properties: {},
};

const schemas = (description: string): Schema => ({ type: 'array', items: JSON_SCHEMA_PROPS, 'x-kubernetes-list-type': 'atomic', description });
const schemaMap = (description: string): Schema => ({ type: 'object', additionalProperties: JSON_SCHEMA_PROPS, description });

Object.assign(JSON_SCHEMA_PROPS.properties, {
  id: text('Not supported.'),
  $schema: text('The dialect of the schema.'),
  $ref: text('Not supported.'),
  description: text('What the field means.'),
  type: text('One of array, boolean, integer, number, object, string.'),
  format: text('The format of a value, such as date-time. Unknown formats are ignored.'),
  title: text('Its title.'),
  default: any('The value when none is given.'),
  maximum: number('The largest value.'),
  exclusiveMaximum: flag('Whether the maximum itself is not allowed.'),
  minimum: number('The smallest value.'),
  exclusiveMinimum: flag('Whether the minimum itself is not allowed.'),
  maxLength: count('The most characters.'),
  minLength: count('The fewest characters.'),
  pattern: text('A regular expression that the text must match.'),
  maxItems: count('The most items.'),
  minItems: count('The fewest items.'),
  uniqueItems: flag('Must be false.'),
  multipleOf: number('What the value is a multiple of.'),
  enum: { type: 'array', items: any('A value.'), 'x-kubernetes-list-type': 'atomic', description: 'The values that are allowed.' },
  maxProperties: count('The most fields.'),
  minProperties: count('The fewest fields.'),
  required: texts('The fields that must be there.'),
  items: either('Schema of the items.'),
  allOf: schemas('Must all hold.'),
  oneOf: schemas('Exactly one must hold.'),
  anyOf: schemas('At least one must hold.'),
  not: JSON_SCHEMA_PROPS,
  properties: schemaMap('The fields.'),
  additionalProperties: either('Schema of the fields that are not listed, or whether there may be any.'),
  patternProperties: schemaMap('Not supported.'),
  dependencies: either('Not supported.'),
  additionalItems: either('Not supported.'),
  definitions: schemaMap('Not supported.'),
  externalDocs: { type: 'object', description: 'Where more is said.', properties: { description: text('What is there.'), url: text('Where it is.') } },
  example: any('An example.'),
  nullable: flag('Whether null is a value.'),
  'x-kubernetes-preserve-unknown-fields': flag('Whether fields that are not specified are kept.'),
  'x-kubernetes-embedded-resource': flag('Whether the value is a whole object, with apiVersion, kind and metadata.'),
  'x-kubernetes-int-or-string': flag('Whether the value is an integer or a string.'),
  'x-kubernetes-list-map-keys': texts('The fields that tell the items of a list of type map apart.'),
  'x-kubernetes-list-type': text('atomic, set or map.'),
  'x-kubernetes-map-type': text('granular or atomic.'),
  'x-kubernetes-validations': {
    type: 'array',
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': ['rule'],
    description: 'Rules in the Common Expression Language.',
    items: {
      type: 'object',
      description: 'A rule.',
      properties: {
        rule: text('The expression that must be true.'),
        message: text('What is said when it is not.'),
        messageExpression: text('An expression that says what is said when it is not.'),
        reason: text('A machine-readable reason.'),
        fieldPath: text('The field that is named when it is not.'),
        optionalOldSelf: flag('Whether oldSelf is an optional value, so that the rule also runs on create.'),
      },
    },
  },
} satisfies Record<string, Schema>);
