/**
 * Kubernetes' protobuf encoding, as far as clients send it without asking: the envelope `k8s\0` around
 * `Unknown{typeMeta, raw}`, and the messages of `protobuf-messages.ts` by their field numbers. Unknown fields are skipped.
 */
import { ApiError, badRequest } from '../http/errors';
import type { Shape } from '../resources/shapes';
import { inexactError, isInexact } from './exact-integers';
import { MAX_DEPTH, parseJson, protoError, type Decoded } from './json';
import { messageOf, messageOfKind, type Field, type FieldType, type Message } from './protobuf-messages';

const MAGIC = Buffer.from([0x6b, 0x38, 0x73, 0x00]);

/**
 * @param messages of the kinds that are read
 * @throws ApiError 400: no envelope, a kind that is not known here, or a broken message; 422: integers that would lose digits
 */
export function parseProtobuf(body: Buffer, messages: (apiVersion: string, kind: string) => Message | undefined = messageOfKind): Decoded {
  if (body.length === 0) throw badRequest('empty data');
  if (body.equals(MAGIC)) throw badRequest('empty body');
  if (!body.subarray(0, 4).equals(MAGIC)) throw badRequest('provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]');
  const { meta, raw } = readEnvelope(body.subarray(4));
  const { apiVersion = '', kind = '' } = decode(meta, TYPE_META, 0) as { apiVersion?: string; kind?: string };
  const message = messages(apiVersion, kind);
  if (!message) throw badRequest(`kind "${kind}" cannot be sent in protobuf to this server: send application/json`);
  return { value: { apiVersion, kind, ...decode(raw, message, 0) }, duplicates: [] };
}

const one = (name: string, type: FieldType): Field => ({ name, type, form: 'one' });
const TYPE_META: Message = new Map([[1, one('apiVersion', 'string')], [2, one('kind', 'string')]]);

function readEnvelope(bytes: Uint8Array): { meta: Uint8Array; raw: Uint8Array } {
  const parts = new Map<number, Uint8Array>();
  const reader = new Reader(bytes);
  while (reader.at < bytes.length) {
    const tag = Number(reader.varint());
    if ((tag & 7) !== 2) throw badRequest('the protobuf body has no envelope of Kubernetes');
    parts.set(tag >>> 3, reader.take(Number(reader.varint())));
  }
  return { meta: parts.get(1) ?? NOTHING, raw: parts.get(2) ?? NOTHING };
}

const NOTHING = new Uint8Array();

class Reader {
  at = 0;
  constructor(readonly bytes: Uint8Array) {}
  varint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.bytes[this.at++];
      if (byte === undefined) throw badRequest('unexpected EOF');
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asIntN(64, value);
    }
    throw badRequest('the protobuf body has a number of more than 64 bits');
  }
  take(length: number): Uint8Array {
    if (length < 0 || this.at + length > this.bytes.length) throw badRequest('unexpected EOF');
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }
}

type Fields = Record<string, unknown>;

function decode(bytes: Uint8Array, message: Message, depth: number, out: Fields = {}): Fields {
  if (depth > MAX_DEPTH) throw badRequest(`the body is nested more than ${MAX_DEPTH} levels deep`);
  const reader = new Reader(bytes);
  while (reader.at < bytes.length) {
    const tag = Number(reader.varint());
    const field = message.get(tag >>> 3);
    const wire = tag & 7;
    if (wire === 0) {
      const value = reader.varint();
      if (field) add(out, field, number(value, field));
    } else if (wire === 2) {
      const value = reader.take(Number(reader.varint()));
      if (field?.inner) decode(value, field.inner, depth + 1, out);
      else if (field?.form === 'map' || field?.form === 'lists') addEntry(out, field, value, depth);
      else if (field) add(out, field, decodeBytes(value, field, depth));
    } else if (wire === 1 || wire === 5) {
      const value = reader.take(wire === 1 ? 8 : 4);
      if (wire === 1 && field?.type === 'double') add(out, field, Buffer.from(value).readDoubleLE());
    } else {
      throw badRequest(`the protobuf body has a field of wire type ${wire}`);
    }
  }
  return out;
}

/** Fields that are no pointers in Go: it always writes them, and 0 means that nothing was said. */
const NOT_SAID = new Set([
  'count', 'deprecatedCount', 'generation', 'hostPort', 'nodePort', 'healthCheckNodePort', 'initialDelaySeconds', 'timeoutSeconds', 'periodSeconds', 'successThreshold',
  'failureThreshold', 'code', 'retryAfterSeconds', 'authenticated', 'denied', 'stdin', 'stdinOnce', 'tty', 'hostNetwork', 'hostPID', 'hostIPC', 'readOnly', 'publishNotReadyAddresses',
]);

function number(value: bigint, { name, type, unsaid }: Field): unknown {
  if (value === 0n && (unsaid || NOT_SAID.has(name))) return undefined;
  if (type === 'bool') return value !== 0n;
  if (isInexact(value)) throw inexactError([{ field: name, digits: String(value) }]);
  return Number(value);
}

function add(out: Fields, field: Field, value: unknown): void {
  if (field.form === 'list') {
    if (value !== undefined) ((out[field.name] ??= []) as unknown[]).push(value);
  } else if (value !== undefined && (value !== '' || field.type === 'raw')) {
    out[field.name] = value; // Go writes empty strings; in JSON they are absent.
  }
}

/** `message Entry { string key = 1; V value = 2; }`; a map of lists has messages with the items in field 1. */
function addEntry(out: Fields, field: Field, bytes: Uint8Array, depth: number): void {
  const { form, type, message } = field;
  const value: Field = form === 'map' ? { name: 'value', type, form: 'one', message } : { name: '', type: 'raw', form: 'one', inner: new Map([[1, { name: 'value', type, form: 'list' }]]) };
  const entry = decode(bytes, new Map([[1, one('key', 'string')], [2, value]]), depth + 1);
  const key = typeof entry.key === 'string' ? entry.key : '';
  if (key === '__proto__') throw protoError(`${field.name}.__proto__`);
  const map = (out[field.name] ??= {}) as Fields;
  map[key] = entry.value ?? (form === 'lists' ? [] : '');
}

const NUMBERS: Message = new Map([[1, one('type', 'int64')], [2, one('int', 'int64')], [3, one('text', 'string')]]);
const TIME: Message = new Map([[1, one('seconds', 'int64')], [2, one('nanos', 'int64')]]);
const TEXT: Message = new Map([[1, one('text', 'string')]]);

function decodeBytes(bytes: Uint8Array, { name, type, message }: Field, depth: number): unknown {
  if (message) return decode(bytes, message(), depth + 1);
  if (typeof type === 'object') return decode(bytes, messageOf(type satisfies Shape), depth + 1);
  switch (type) {
    case 'string':
      return Buffer.from(bytes).toString('utf8');
    case 'bytes':
      return Buffer.from(bytes).toString('base64');
    case 'time':
    case 'microTime':
      return timeOf(decode(bytes, TIME, depth + 1), type);
    case 'Quantity':
      return decode(bytes, TEXT, depth + 1).text ?? '0';
    case 'IntOrString': {
      const { type: isText = 0, int = 0, text = '' } = decode(bytes, NUMBERS, depth + 1);
      return isText === 0 ? int : text;
    }
    case 'raw':
      return rawJson(bytes, name, depth);
    case 'int32':
    case 'int64':
    case 'bool':
    case 'double':
      throw badRequest(`the protobuf body has field "${name}" with the wrong wire type`);
  }
}

function timeOf({ seconds, nanos = 0 }: { seconds?: number; nanos?: number }, type: 'time' | 'microTime'): string | undefined {
  if (seconds === undefined || seconds <= -62135596800) return undefined;
  const at = new Date(seconds * 1000);
  if (Number.isNaN(at.getTime())) throw badRequest('the protobuf body has a time that is out of range');
  const base = at.toISOString().slice(0, 19);
  return type === 'time' ? `${base}Z` : `${base}.${String(Math.floor(nanos / 1000)).padStart(6, '0')}Z`;
}

/** JSON as text in field 1 (FieldsV1, RawExtension, a schema's JSON). */
function rawJson(bytes: Uint8Array, name: string, depth: number): unknown {
  const { text } = decode(bytes, TEXT, depth + 1);
  if (typeof text !== 'string' || text === '') return undefined;
  try {
    return parseJson(text).value;
  } catch (error) {
    if (error instanceof ApiError && error.status.code !== 400) throw error;
    throw badRequest(`the protobuf body has field "${name}" that is not JSON: ${(error as Error).message}`);
  }
}
