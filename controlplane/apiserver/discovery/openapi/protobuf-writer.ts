/**
 * Writing protobuf by tables: for each message, its fields in JSON with their numbers and how each is encoded. What has no message, such
 * as an extension, is text in YAML.
 */
import { toYaml } from '../../codec/to-yaml';
import { isObject } from '../../schema/schema';

export type Encode = (value: unknown) => Buffer;
/** Field of the JSON form → number of the message, and how the value is encoded. */
export type Message = Readonly<Record<string, readonly [number: number, encode: Encode, repeated?: 'repeated']>>;

export function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  bytes.push(rest);
  return Buffer.from(bytes);
}

export const delimited = (number: number, bytes: Buffer): Buffer => Buffer.concat([varint(number * 8 + 2), varint(bytes.length), bytes]);
export const utf8 = (text: unknown): Buffer => Buffer.from(String(text));

/** Fields that are no messages begin with their own tag: their wire type is not 2. */
const WIRE = new Map<Encode, number>();
export const int: Encode = (value) => varint(Math.max(0, Math.trunc(Number(value))));
export const bool: Encode = (value) => varint(value === true ? 1 : 0);
export const double: Encode = (value) => {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(Number(value));
  return bytes;
};
WIRE.set(int, 0).set(bool, 0).set(double, 1);

export const any: Encode = (value) => delimited(2, utf8(toYaml(value)));
const named = (name: string, value: Buffer): Buffer => Buffer.concat([delimited(1, utf8(name)), delimited(2, value)]);
const entries = (value: unknown): [string, unknown][] => (isObject(value) ? Object.entries(value) : []);

/** A map is a message of named values in field `number`. */
export const map = (number: number, encode: Encode): Encode => (value) => Buffer.concat(entries(value).map(([name, each]) => delimited(number, named(name, encode(each)))));
export const within = (number: number, encode: Encode): Encode => (value) => delimited(number, encode(value));

/** @param extensions the field of names that begin with `x-` */
export const message = (fields: () => Message, extensions: number): Encode => (value) => {
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
