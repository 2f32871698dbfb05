/**
 * A version 2 document in protobuf (`openapi.v2.Document` of gnostic): what kubectl before 1.27 reads. What it has no message for, such as
 * extensions and defaults, is text in YAML there; JSON is YAML.
 */
import { isObject, type JsonObject } from '../../schema/schema';
import type { SwaggerDocument } from './documents';

type Encode = (value: unknown) => Buffer;
/** Field of the JSON form → number of the message, and how the value is encoded. */
type Message = Readonly<Record<string, readonly [number: number, encode: Encode, repeated?: 'repeated']>>;

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  bytes.push(rest);
  return Buffer.from(bytes);
}

const delimited = (number: number, bytes: Buffer): Buffer => Buffer.concat([varint(number * 8 + 2), varint(bytes.length), bytes]);
const utf8 = (text: unknown): Buffer => Buffer.from(String(text));

/** Fields that are no messages begin with their own tag: their wire type is not 2. */
const WIRE = new Map<Encode, number>();
const int: Encode = (value) => varint(Math.max(0, Math.trunc(Number(value))));
const bool: Encode = (value) => varint(value === true ? 1 : 0);
const double: Encode = (value) => {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(Number(value));
  return bytes;
};
WIRE.set(int, 0).set(bool, 0).set(double, 1);

const any: Encode = (value) => delimited(2, utf8(`${JSON.stringify(value)}\n`));
const named = (name: string, value: Buffer): Buffer => Buffer.concat([delimited(1, utf8(name)), delimited(2, value)]);
const entries = (value: unknown): [string, unknown][] => (isObject(value) ? Object.entries(value) : []);

/** A map is a message of named values in field `number`. */
const map = (number: number, encode: Encode): Encode => (value) => Buffer.concat(entries(value).map(([name, each]) => delimited(number, named(name, encode(each)))));
const within = (number: number, encode: Encode): Encode => (value) => delimited(number, encode(value));

/** @param extensions the field of names that begin with `x-` */
const message = (fields: () => Message, extensions: number): Encode => (value) => {
  const parts: Buffer[] = [];
  const known = fields();
  for (const [name, each] of entries(value)) {
    const field = Object.hasOwn(known, name) ? known[name] : undefined;
    if (field) parts.push(...encodeField(field, each));
    else if (name.startsWith('x-')) parts.push(delimited(extensions, named(name, any(each))));
  }
  return Buffer.concat(parts);
};

function encodeField([number, encode, repeated]: Message[string], value: unknown): Buffer[] {
  if (repeated) return Array.isArray(value) ? value.map((each) => delimited(number, encode(each))) : [];
  const wire = WIRE.get(encode);
  if (wire === undefined) return [delimited(number, encode(value))];
  return [Buffer.concat([varint(number * 8 + wire), encode(value)])];
}

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
