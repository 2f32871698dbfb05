/**
 * A version 2 document in protobuf (`openapi.v2.Document` of gnostic): what kubectl before 1.27 reads.
 */
import { isObject, type JsonObject } from '../../schema/schema';
import type { SwaggerDocument } from './documents';
import { any, bool, delimited, double, int, map, message, utf8, varint, within, type Encode } from './protobuf-writer';

const typeItem: Encode = (value) => delimited(1, utf8(value));
const additional: Encode = (value) => (typeof value === 'boolean' ? Buffer.concat([varint(2 * 8), bool(value)]) : delimited(1, schema(value)));

const schema: Encode = message(
  () => ({
    $ref: [1, utf8], format: [2, utf8], title: [3, utf8], description: [4, utf8], default: [5, any], multipleOf: [6, double], maximum: [7, double],
    exclusiveMaximum: [8, bool], minimum: [9, double], exclusiveMinimum: [10, bool], maxLength: [11, int], minLength: [12, int], pattern: [13, utf8],
    maxItems: [14, int], minItems: [15, int], uniqueItems: [16, bool], maxProperties: [17, int], minProperties: [18, int], required: [19, utf8, 'repeated'],
    enum: [20, any, 'repeated'], additionalProperties: [21, additional], type: [22, typeItem], items: [23, within(1, schema)], allOf: [24, schema, 'repeated'],
    properties: [25, map(1, schema)], example: [30, any],
  }),
  31,
);

const bodyParameter = message(() => ({ description: [1, utf8], name: [2, utf8], in: [3, utf8], required: [4, bool], schema: [5, schema] }), 6);
const queryParameter = message(() => ({ required: [1, bool], in: [2, utf8], description: [3, utf8], name: [4, utf8], type: [6, utf8], format: [7, utf8], uniqueItems: [20, bool] }), 23);
const pathParameter = message(() => ({ required: [1, bool], in: [2, utf8], description: [3, utf8], name: [4, utf8], type: [5, utf8], format: [6, utf8], uniqueItems: [19, bool] }), 22);

/** `ParametersItem { Parameter { BodyParameter | NonBodyParameter { query | path } } }` */
const parameter: Encode = (value) => {
  const where = isObject(value) ? value.in : undefined;
  if (where === 'body') return delimited(1, delimited(1, bodyParameter(value)));
  return delimited(1, delimited(2, where === 'path' ? delimited(4, pathParameter(value)) : delimited(3, queryParameter(value))));
};

const response = within(1, message(() => ({ description: [1, utf8], schema: [2, within(1, schema)] }), 5));

const operation = message(
  () => ({
    tags: [1, utf8, 'repeated'], summary: [2, utf8], description: [3, utf8], operationId: [5, utf8], produces: [6, utf8, 'repeated'],
    consumes: [7, utf8, 'repeated'], parameters: [8, parameter, 'repeated'], responses: [9, map(1, response)], schemes: [10, utf8, 'repeated'],
  }),
  13,
);

const pathItem = message(
  () => ({ get: [2, operation], put: [3, operation], post: [4, operation], delete: [5, operation], patch: [8, operation], parameters: [9, parameter, 'repeated'] }),
  10,
);

const info = message(() => ({ title: [1, utf8], version: [2, utf8], description: [3, utf8] }), 7);
const apiKey = within(2, message(() => ({ type: [1, utf8], name: [2, utf8], in: [3, utf8], description: [4, utf8] }), 5));
const stringArray: Encode = (value) => Buffer.concat((Array.isArray(value) ? value : []).map((each) => delimited(1, utf8(each))));

const document = message(
  () => ({
    swagger: [1, utf8], info: [2, info], paths: [8, map(2, pathItem)], definitions: [9, map(1, schema)], security: [12, map(1, stringArray), 'repeated'],
    securityDefinitions: [13, map(1, apiKey)],
  }),
  16,
);

export const encodeV2 = (swagger: SwaggerDocument): Buffer => document(swagger as unknown as JsonObject);
