/**
 * Objects in Kubernetes' protobuf encoding: what `protobuf.ts` reads, written by the same messages. What an object does not have is left out,
 * which means to clients in Go what its zero means there.
 */
import { metaShape } from '../resources/shapes';
import { parseGoTime } from './go-time';
import { messageOf, messageOfKind, type Field, type FieldType, type Message } from './protobuf-messages';

const MAGIC = Buffer.from([0x6b, 0x38, 0x73, 0x00]);
const VARINT = 0;
const DOUBLE = 1;
const DELIMITED = 2;

type Fields = Readonly<Record<string, unknown>>;

const PARTIAL: Message = new Map([[1, { name: 'metadata', type: metaShape('ObjectMeta'), form: 'one' }]]);
const LIST_META: Field = { name: 'metadata', type: metaShape('ListMeta'), form: 'one' };

/** Of meta/v1, whether they say so or not. */
const DISCOVERY_KINDS = new Set(['APIVersions', 'APIGroupList', 'APIGroup', 'APIResourceList']);

/** How objects of a kind, or lists of them, are written; undefined when they are not written in protobuf. */
export function writtenMessage(apiVersion: string, kind: string): Message | undefined {
  if (DISCOVERY_KINDS.has(kind) && (apiVersion === '' || apiVersion === 'v1')) return messageOf(metaShape(kind));
  if (apiVersion.startsWith('meta.k8s.io/') && kind === 'PartialObjectMetadata') return PARTIAL;
  const item = kind.endsWith('List') ? writtenMessage(apiVersion, kind.slice(0, -'List'.length)) : undefined;
  return item ? new Map([[1, LIST_META], [2, { name: 'items', type: 'raw', form: 'list', message: () => item }]]) : messageOfKind(apiVersion, kind);
}

/** The whole object in its envelope; undefined when its kind is not written in protobuf. */
export function toProtobuf(object: object): Buffer | undefined {
  const { apiVersion = '', kind = '' } = object as { apiVersion?: string; kind?: string };
  const message = writtenMessage(apiVersion, kind);
  if (!message) return undefined;
  const raw = encodeMessage(object as Fields, message);
  return Buffer.concat([envelopeHead({ apiVersion, kind }, raw.length), raw]);
}

/** `k8s\0` and `Unknown{typeMeta, raw}`, up to the message. @param length of the message */
function envelopeHead({ apiVersion, kind }: { apiVersion: string; kind: string }, length: number): Buffer {
  const typeMeta = Buffer.concat([delimited(1, Buffer.from(apiVersion)), delimited(2, Buffer.from(kind))]);
  return Buffer.concat([MAGIC, delimited(1, typeMeta), tag(2, DELIMITED), varint(length)]);
}

/** A list in its envelope, up to its items, each of which is as `listItem` gives it. @param itemBytes the length of all of them */
export function protobufListHead(list: { apiVersion: string; kind: string; metadata: object }, itemBytes: number): Buffer {
  const metadata = delimited(1, encodeMessage(list.metadata as Fields, messageOf(metaShape('ListMeta'))));
  return Buffer.concat([envelopeHead(list, metadata.length + itemBytes), metadata]);
}

/** An object as an item of a list. */
export const listItem = (object: object, message: Message): Buffer => delimited(2, encodeMessage(object as Fields, message));

/** One event of a watch: its length in four bytes, and `WatchEvent{type, RawExtension{raw}}`. @param object in its envelope */
export function protobufFrame(type: string, object: Buffer): Buffer {
  const event = Buffer.concat([delimited(1, Buffer.from(type)), delimited(2, delimited(1, object))]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(event.length);
  return Buffer.concat([length, event]);
}

function encodeMessage(value: Fields, message: Message): Buffer {
  const parts: Buffer[] = [];
  for (const [number, field] of message) {
    if (field.inner) {
      const inner = encodeMessage(value, field.inner);
      if (inner.length > 0) parts.push(delimited(number, inner));
      continue;
    }
    const each = value[field.name];
    if (each !== undefined && each !== null) encodeField(parts, number, field, each);
  }
  return Buffer.concat(parts);
}

function encodeField(parts: Buffer[], number: number, field: Field, value: unknown): void {
  switch (field.form) {
    case 'one':
      // Of a field with several forms, each of its messages takes its own.
      if (!field.message || (typeof value === 'object' && !Array.isArray(value))) parts.push(encodeOne(number, field, value));
      return;
    case 'list':
      if (Array.isArray(value)) for (const each of value) parts.push(encodeOne(number, field, each));
      return;
    case 'map':
      for (const [key, each] of Object.entries(value as Fields)) parts.push(delimited(number, Buffer.concat([delimited(1, Buffer.from(key)), encodeOne(2, field, each)])));
      return;
    case 'lists':
      for (const [key, each] of Object.entries(value as Fields)) {
        const items = Buffer.concat((Array.isArray(each) ? each : []).map((item: unknown) => encodeOne(1, field, item)));
        parts.push(delimited(number, Buffer.concat([delimited(1, Buffer.from(key)), delimited(2, items)])));
      }
  }
}

/** null, in a list or a map, is what Go has where nothing was said. */
function encodeOne(number: number, { type, message }: Field, given: unknown): Buffer {
  const value = given ?? (message || typeof type === 'object' ? {} : ZEROS[type]);
  if (message) return delimited(number, encodeMessage(value as Fields, message()));
  if (typeof type === 'object') return delimited(number, encodeMessage(value as Fields, messageOf(type)));
  switch (type) {
    case 'string':
      return delimited(number, Buffer.from(String(value)));
    case 'bytes':
      return delimited(number, Buffer.from(String(value), 'base64'));
    case 'int32':
    case 'int64':
      return Buffer.concat([tag(number, VARINT), integer(value)]);
    case 'bool':
      // Of a field that is a bool or a schema, a schema says that there may be something.
      return Buffer.concat([tag(number, VARINT), varint(value === true || typeof value === 'object' ? 1 : 0)]);
    case 'double': {
      const bytes = Buffer.alloc(8);
      bytes.writeDoubleLE(Number(value));
      return Buffer.concat([tag(number, DOUBLE), bytes]);
    }
    case 'time':
    case 'microTime':
      return delimited(number, time(String(value)));
    case 'Quantity':
      return delimited(number, delimited(1, Buffer.from(String(value))));
    case 'IntOrString':
      return delimited(number, typeof value === 'number' ? Buffer.concat([tag(1, VARINT), varint(0), tag(2, VARINT), integer(value)]) : Buffer.concat([tag(1, VARINT), varint(1), delimited(3, Buffer.from(String(value)))]));
    case 'raw':
      return delimited(number, delimited(1, Buffer.from(JSON.stringify(value))));
  }
}

const ZEROS: Readonly<Record<FieldType, unknown>> = {
  string: '', bytes: '', int32: 0, int64: 0, bool: false, double: 0, time: '0001-01-01T00:00:00Z', microTime: '0001-01-01T00:00:00Z', Quantity: '0', IntOrString: 0, raw: null,
};

/** `Timestamp{seconds, nanos}`. Of what is no time, 1970. */
function time(text: string): Buffer {
  const { seconds, nanos } = parseGoTime(text) ?? { seconds: 0, nanos: 0 };
  return Buffer.concat([tag(1, VARINT), integer(seconds), tag(2, VARINT), varint(nanos)]);
}

const tag = (number: number, wire: number): Buffer => varint(number * 8 + wire);
const delimited = (number: number, bytes: Buffer): Buffer => Buffer.concat([tag(number, DELIMITED), varint(bytes.length), bytes]);

/** Negative numbers take the ten bytes of their 64 bits. What is no number is 0: one object must not cost a whole list. */
function integer(value: unknown): Buffer {
  const given = Math.trunc(Number(value));
  const number = Number.isFinite(given) ? given : 0;
  if (number >= 0) return varint(number);
  const bytes: number[] = [];
  for (let rest = BigInt.asUintN(64, BigInt(number)); ; rest >>= 7n) {
    if (rest < 0x80n) return Buffer.from([...bytes, Number(rest)]);
    bytes.push(Number(rest & 0x7fn) | 0x80);
  }
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  bytes.push(rest);
  return Buffer.from(bytes);
}
