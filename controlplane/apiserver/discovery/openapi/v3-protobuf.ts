/** A version 3 document in protobuf (`openapi.v3.Document` of gnostic). */
import { isObject, type JsonObject } from '../../schema/schema';
import { any, bool, delimited, double, int, map, message, utf8, varint, within, type Encode } from './protobuf-writer';

const reference = message(() => ({ $ref: [1, utf8] }), 3);

/** `{ X x = 1 | Reference reference = 2 }` */
const orReference = (encode: Encode): Encode => (value) => (isObject(value) && '$ref' in value ? delimited(2, reference(value)) : delimited(1, encode(value)));

/** A number, a boolean or a text; anything else is an empty message. */
const defaultType: Encode = (value) => {
  switch (typeof value) {
    case 'number':
      return Buffer.concat([varint(8 + 1), double(value)]);
    case 'boolean':
      return Buffer.concat([varint(2 * 8), bool(value)]);
    case 'string':
      return delimited(3, utf8(value));
    default:
      return Buffer.alloc(0);
  }
};

const additional: Encode = (value) => (typeof value === 'boolean' ? Buffer.concat([varint(2 * 8), bool(value)]) : delimited(1, schemaOrReference(value)));

const schema: Encode = message(
  () => ({
    nullable: [1, bool], example: [7, any], deprecated: [8, bool], title: [9, utf8], multipleOf: [10, double], maximum: [11, double], exclusiveMaximum: [12, bool],
    minimum: [13, double], exclusiveMinimum: [14, bool], maxLength: [15, int], minLength: [16, int], pattern: [17, utf8], maxItems: [18, int], minItems: [19, int],
    uniqueItems: [20, bool], maxProperties: [21, int], minProperties: [22, int], required: [23, utf8, 'repeated'], enum: [24, any, 'repeated'], type: [25, utf8],
    allOf: [26, schemaOrReference, 'repeated'], oneOf: [27, schemaOrReference, 'repeated'], anyOf: [28, schemaOrReference, 'repeated'], not: [29, schema],
    items: [30, within(1, schemaOrReference)], properties: [31, map(1, schemaOrReference)], additionalProperties: [32, additional], default: [33, defaultType],
    description: [34, utf8], format: [35, utf8],
  }),
  36,
);
function schemaOrReference(value: unknown): Buffer {
  return orReference(schema)(value);
}

const mediaTypes = map(1, message(() => ({ schema: [1, schemaOrReference] }), 5));
const parameter = orReference(message(() => ({ name: [1, utf8], in: [2, utf8], description: [3, utf8], required: [4, bool], schema: [10, schemaOrReference] }), 14));
const requestBody = orReference(message(() => ({ description: [1, utf8], content: [2, mediaTypes], required: [3, bool] }), 4));
const responses = map(2, orReference(message(() => ({ description: [1, utf8], content: [3, mediaTypes] }), 5)));

const operation = message(
  () => ({
    tags: [1, utf8, 'repeated'], summary: [2, utf8], description: [3, utf8], operationId: [5, utf8], parameters: [6, parameter, 'repeated'], requestBody: [7, requestBody],
    responses: [8, responses],
  }),
  13,
);
const pathItem = message(
  () => ({ get: [4, operation], put: [5, operation], post: [6, operation], delete: [7, operation], patch: [10, operation], parameters: [13, parameter, 'repeated'] }),
  14,
);

const info = message(() => ({ title: [1, utf8], description: [2, utf8], version: [6, utf8] }), 7);
const securityScheme = orReference(message(() => ({ type: [1, utf8], description: [2, utf8], name: [3, utf8], in: [4, utf8] }), 9));
const components = message(() => ({ schemas: [1, map(1, schemaOrReference)], securitySchemes: [7, map(1, securityScheme)] }), 10);
const stringArray: Encode = (value) => Buffer.concat((Array.isArray(value) ? value : []).map((each) => delimited(1, utf8(each))));

const document = message(
  () => ({ openapi: [1, utf8], info: [2, info], paths: [4, map(1, pathItem)], components: [5, components], security: [6, map(1, stringArray), 'repeated'] }),
  9,
);

export const encodeV3 = (openapi: object): Buffer => document(openapi as JsonObject);
