/**
 * What decoding into Kubernetes' own (Go) types refuses, and in which words. Kubernetes decodes core kinds before it validates them: a field
 * of another type is a 400 that names type and field as Go does, not a 422 of the schema. Pure.
 */
import { jsonKind } from '../../codec/go-json-error';
import { OBJECT_META } from '../../schema/object-meta';
import { isObject, own, type JsonObject, type Schema } from '../../schema/schema';
import { MICRO_TIME, shapeOf } from './parse';

/** What is wrong with `kind` and `apiVersion` themselves; undefined: nothing. */
export function typeMetaProblem(value: unknown): string | undefined {
  if (value === null) return undefined;
  if (!isObject(value)) {
    return `json: cannot unmarshal ${jsonKind(value)} into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }`;
  }
  for (const field of ['apiVersion', 'kind']) {
    const found = value[field] ?? '';
    if (typeof found !== 'string') return `json: cannot unmarshal ${jsonKind(found)} into Go struct field .${field} of type string`;
  }
  return undefined;
}

/**
 * @param root name of the type of `value`
 * @returns what is wrong with the first field that does not fit; undefined: all fit. null fits everywhere.
 */
export function typedProblem(value: JsonObject, schema: Schema, root: string): string | undefined {
  return fieldsProblem(value, schema, { struct: root, path: '' });
}

/** The same of the metadata of a custom resource, all that is typed of it. */
export function metadataProblem(metadata: unknown): string | undefined {
  if (metadata === undefined || metadata === null) return undefined;
  if (!isObject(metadata)) return `json: cannot unmarshal ${jsonKind(metadata)} into Go value of type v1.ObjectMeta`;
  return fieldsProblem(metadata, OBJECT_META, { struct: 'ObjectMeta', path: '' });
}

interface Place {
  /** The innermost type. */
  struct: string;
  path: string;
}

function fieldsProblem(value: JsonObject, schema: Schema, { struct, path }: Place): string | undefined {
  if (!schema.properties) return undefined;
  for (const key of Object.keys(value)) {
    const property = own(schema.properties, key);
    const problem = property && problemOf(value[key], property, { struct, path: path === '' ? key : `${path}.${key}` });
    if (problem) return problem;
  }
  return undefined;
}

function problemOf(value: unknown, schema: Schema, place: Place): string | undefined {
  if (typeof value === 'string' && schema.type === 'string' && schema.format === undefined) return undefined;
  if (value === null || schema['x-kubernetes-int-or-string'] || schema['x-kubernetes-preserve-unknown-fields']) return undefined;
  const mismatch = (number = ''): string =>
    `json: cannot unmarshal ${jsonKind(value)}${number} into Go struct field ${place.struct}.${place.path} of type ${goType(schema)}`;
  switch (schema.type) {
    case 'string':
      if (typeof value !== 'string') return mismatch();
      if (schema.format === 'date-time') return timeProblem(value, schema === MICRO_TIME ? MICRO_LAYOUT : LAYOUT);
      return schema.format === 'byte' ? base64Problem(value) : undefined;
    case 'boolean':
      return typeof value === 'boolean' ? undefined : mismatch();
    case 'integer': {
      if (typeof value !== 'number') return mismatch();
      const limit = schema.format === 'int32' ? 2 ** 31 : 2 ** 63;
      return Number.isInteger(value) && value >= -limit && value < limit ? undefined : mismatch(` ${value}`);
    }
    case 'array': {
      if (!Array.isArray(value)) return mismatch();
      for (const item of value) {
        const problem = schema.items && problemOf(item, schema.items, place);
        if (problem) return problem;
      }
      return undefined;
    }
    case 'object':
      if (!isObject(value)) return mismatch();
      if (typeof schema.additionalProperties === 'object') {
        for (const item of Object.values(value)) {
          const problem = problemOf(item, schema.additionalProperties, place);
          if (problem) return problem;
        }
        return undefined;
      }
      return fieldsProblem(value, schema, { ...place, struct: nameOf(schema)?.split('.').pop() ?? place.struct });
    case 'number':
    case undefined:
      return undefined;
  }
}

const nameOf = (schema: Schema): string | undefined => shapeOf(schema)?.name ?? schema.component;

function goType(schema: Schema): string {
  switch (schema.type) {
    case 'string':
      return schema.format === 'byte' ? '[]uint8' : 'string';
    case 'boolean':
      return 'bool';
    case 'integer':
      return schema.format ?? 'int64';
    case 'array':
      return `[]${schema.items ? goType(schema.items) : 'interface {}'}`;
    case 'object':
      if (typeof schema.additionalProperties === 'object') return `map[string]${goType(schema.additionalProperties)}`;
      return nameOf(schema)?.split('.').slice(-2).join('.') ?? 'map[string]interface {}';
    case 'number':
    case undefined:
      return 'interface {}';
  }
}

/** Where the first character that is no base64 stands. */
function base64Problem(text: string): string | undefined {
  const plain = text.replace(/[\r\n]/g, '');
  const good = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(plain);
  if (good) return undefined;
  const odd = /[^A-Za-z0-9+/]/.exec(plain);
  return `illegal base64 data at input byte ${odd ? odd.index : Math.floor(plain.length / 4) * 4}`;
}

const LAYOUT = '2006-01-02T15:04:05Z07:00';
const MICRO_LAYOUT = '2006-01-02T15:04:05.000000Z07:00';

interface Element {
  layout: string;
  pattern: RegExp;
  range?: { what: string; from: number; to: number };
}
const two = (layout: string, what: string, from: number, to: number): Element => ({ layout, pattern: /^\d\d/, range: { what, from, to } });
const literal = (layout: string): Element => ({ layout, pattern: new RegExp(`^${layout}`) });
const DATE_TIME: readonly Element[] = [
  { layout: '2006', pattern: /^\d{4}/ }, literal('-'), two('01', 'month', 1, 12), literal('-'), { layout: '02', pattern: /^\d\d/ }, literal('T'),
  { layout: '15', pattern: /^\d\d?/, range: { what: 'hour', from: 0, to: 23 } }, literal(':'), two('04', 'minute', 0, 59), literal(':'), two('05', 'second', 0, 59),
];

/** As Go's time.Parse reads it: an hour may have one digit, and a comma may stand for the point. */
function timeProblem(value: string, layout: string): string | undefined {
  const fail = (rest: string, element: string): string => `parsing time ${quoted(value)} as "${layout}": cannot parse ${quoted(rest)} as "${element}"`;
  let rest = value;
  for (const { layout: element, pattern, range } of DATE_TIME) {
    const found = pattern.exec(rest)?.[0];
    if (found === undefined) return fail(rest, element);
    if (range && (Number(found) < range.from || Number(found) > range.to)) return `parsing time ${quoted(value)}: ${range.what} out of range`;
    rest = rest.slice(found.length);
  }
  const fraction = (layout === MICRO_LAYOUT ? /^[.,]\d{6}/ : /^(?:[.,]\d+)?/).exec(rest);
  if (!fraction) return fail(rest, '.000000');
  rest = rest.slice(fraction[0].length);
  const outOfRange = (what: string): string => `parsing time ${quoted(value)}: ${what} out of range`;
  if (!rest.startsWith('Z')) {
    // Go looks at the numbers before it looks at the sign, and takes 24 hours and 60 minutes.
    const [, sign, hours, minutes] = /^([^])(\d\d):(?:(\d\d)|[^]{2})/.exec(rest) ?? [];
    if (Number(minutes) > 60) return outOfRange('time zone offset minute');
    if (Number(hours) > 24) return outOfRange('time zone offset hour');
    if (minutes === undefined || (sign !== '+' && sign !== '-')) return fail(rest, 'Z07:00');
  }
  const extra = rest.slice(rest.startsWith('Z') ? 1 : '+07:00'.length);
  if (extra !== '') return `parsing time ${quoted(value)}: extra text: ${quoted(extra)}`;
  const [year, month, day] = value.slice(0, '2006-01-02'.length).split('-').map(Number);
  return day < 1 || day > daysIn(month, year) ? outOfRange('day') : undefined;
}

const daysIn = (month: number, year: number): number => (month === 2 ? (year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28) : [4, 6, 9, 11].includes(month) ? 30 : 31);

/** As Go's package time quotes: byte by byte. */
function quoted(text: string): string {
  const bytes = Array.from(Buffer.from(text), (byte) => (byte < 0x20 || byte >= 0x80 ? `\\x${byte.toString(16).padStart(2, '0')}` : byte === 0x22 || byte === 0x5c ? `\\${String.fromCharCode(byte)}` : String.fromCharCode(byte)));
  return `"${bytes.join('')}"`;
}
