/**
 * Kubernetes' protobuf encoding, as far as clients send it without asking: the envelope `k8s\0` around
 * `Unknown{typeMeta, raw}`, and the messages of `protobuf-messages.ts` by their field numbers. Unknown fields are skipped.
 */
import { badRequest } from '../http/errors';
import { MESSAGES, type Field, type Message } from './protobuf-messages';
import { MAX_DEPTH, protoError, type Decoded } from './json';

const MAGIC = Buffer.from([0x6b, 0x38, 0x73, 0x00]);

/** @throws ApiError 400: no envelope, a kind that is not known here, or a broken message. */
export function parseProtobuf(body: Buffer): Decoded {
  if (!body.subarray(0, 4).equals(MAGIC)) throw badRequest('the body is not in Kubernetes protobuf: it does not begin with "k8s\\0"');
  const envelope = decode(body.subarray(4), { 1: { name: 'typeMeta', type: TYPE_META }, 2: { name: 'raw', type: 'raw' } }, 0);
  const { apiVersion = '', kind = '' } = (envelope.typeMeta ?? {}) as { apiVersion?: string; kind?: string };
  const message = Object.hasOwn(MESSAGES, kind) ? MESSAGES[kind] : undefined;
  if (!message) throw badRequest(`kind "${kind}" cannot be sent in protobuf to this server: send application/json`);
  const raw = envelope.raw instanceof Uint8Array ? envelope.raw : Buffer.alloc(0);
  return { value: { apiVersion, kind, ...decode(raw, message, 0) }, duplicates: [] };
}

const TYPE_META: Message = { 1: { name: 'apiVersion', type: 'string' }, 2: { name: 'kind', type: 'string' } };

class Reader {
  at = 0;
  constructor(readonly bytes: Uint8Array) {}
  varint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.bytes[this.at++];
      if (byte === undefined) throw badRequest('the protobuf body ends in the middle of a number');
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asIntN(64, value);
    }
    throw badRequest('the protobuf body has a number of more than 64 bits');
  }
  take(length: number): Uint8Array {
    if (length < 0 || this.at + length > this.bytes.length) throw badRequest('the protobuf body ends in the middle of a field');
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }
}

function decode(bytes: Uint8Array, message: Message, depth: number): Record<string, unknown> {
  if (depth > MAX_DEPTH) throw badRequest(`the body is nested more than ${MAX_DEPTH} levels deep`);
  const reader = new Reader(bytes);
  const out: Record<string, unknown> = {};
  while (reader.at < bytes.length) {
    const tag = Number(reader.varint());
    const field = message[tag >>> 3];
    const wire = tag & 7;
    if (wire === 0) {
      const value = reader.varint();
      if (field) out[field.name] = field.type === 'bool' ? value !== 0n : Number(value);
    } else if (wire === 2) {
      const value = reader.take(Number(reader.varint()));
      if (field) setField(out, field, value, depth);
    } else if (wire === 1 || wire === 5) {
      reader.take(wire === 1 ? 8 : 4);
    } else {
      throw badRequest(`the protobuf body has a field of wire type ${wire}`);
    }
  }
  return out;
}

function setField(out: Record<string, unknown>, field: Field, bytes: Uint8Array, depth: number): void {
  if (field.map) {
    const entry = decode(bytes, { 1: { name: 'key', type: 'string' }, 2: { name: 'value', type: field.type } }, depth + 1);
    const key = String(entry.key ?? '');
    if (key === '__proto__') throw protoError(`${field.name}.__proto__`);
    const map = (out[field.name] ??= {}) as Record<string, unknown>;
    map[key] = entry.value ?? '';
    return;
  }
  const value = decodeBytes(bytes, field, depth);
  if (field.repeated) {
    if (value !== undefined) ((out[field.name] ??= []) as unknown[]).push(value);
  } else if (value !== undefined && value !== '') {
    out[field.name] = value; // Go writes empty strings; in JSON they are absent.
  }
}

function decodeBytes(bytes: Uint8Array, field: Field, depth: number): unknown {
  if (typeof field.type === 'object') return decode(bytes, field.type, depth + 1);
  switch (field.type) {
    case 'string':
      return Buffer.from(bytes).toString('utf8');
    case 'bytes':
      return Buffer.from(bytes).toString('base64');
    case 'raw':
      return bytes;
    case 'time':
    case 'microTime': {
      const { seconds, nanos = 0 } = decode(bytes, TIME, depth + 1) as { seconds?: number; nanos?: number };
      if (seconds === undefined || seconds <= -62135596800) return undefined;
      const base = new Date(seconds * 1000).toISOString().slice(0, 19);
      return field.type === 'time' ? `${base}Z` : `${base}.${String(Math.floor(nanos / 1000)).padStart(6, '0')}Z`;
    }
    case 'int':
    case 'bool':
      throw badRequest(`the protobuf body has field "${field.name}" with the wrong wire type`);
  }
}

const TIME: Message = { 1: { name: 'seconds', type: 'int' }, 2: { name: 'nanos', type: 'int' } };
