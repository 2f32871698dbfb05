/** The string functions that Kubernetes offers beyond CEL's own (ext.Strings, version 2) and its regular expressions. Indexes are code points. */
import { regexCost, traversal, type FunctionSpec, type Run } from '../functions';
import { compileRegexp } from '../regex/regex';
import { ArrayList, CelError, costSize, hasSurrogates, ListValue, NO_OVERLOAD, type Result, type Value } from '../values';
import { formatText } from './format-text';

const outOfRange = (index: bigint | number): CelError => new CelError(`index out of range: ${index}`);

/** A text as something that is counted in code points. */
const points = (text: string): string | string[] => (hasSurrogates(text) ? [...text] : text);
const slice = (chars: string | string[], from: number, to?: number): string => (typeof chars === 'string' ? chars.slice(from, to) : chars.slice(from, to).join(''));

function search(text: string, part: string, last: boolean, offset: bigint | undefined): Result {
  const chars = points(text);
  if (part === '') return offset ?? (last ? BigInt(chars.length) : 0n);
  if (offset !== undefined && offset < 0n) return outOfRange(offset);
  if (offset !== undefined && offset >= BigInt(chars.length)) return -1n;
  const from = Number(offset ?? (last ? chars.length : 0));
  if (typeof chars === 'string') return BigInt(last ? chars.lastIndexOf(part, from) : chars.indexOf(part, from));
  const wanted = [...part];
  const matches = (at: number): boolean => wanted.every((char, i) => chars[at + i] === char);
  if (last) {
    for (let at = Math.min(from, chars.length - wanted.length); at >= 0; at--) if (matches(at)) return BigInt(at);
  } else {
    for (let at = from; at + wanted.length <= chars.length; at++) if (matches(at)) return BigInt(at);
  }
  return -1n;
}

const find = (last: boolean): Run => (text, part, offset) => {
  if (typeof text !== 'string' || typeof part !== 'string' || (offset !== undefined && typeof offset !== 'bigint')) return NO_OVERLOAD;
  return search(text, part, last, offset);
};

/** As Go's strings.Replace: an empty `old` matches before every code point and at the end. */
function replace(text: string, old: string, by: string, count: bigint): string {
  if (count < 0n && old !== '') return text.split(old).join(by);
  const parts = old === '' ? [...text] : text.split(old);
  let left = count < 0n ? Infinity : Number(count);
  if (old === '') {
    let result = '';
    for (const part of parts) result += left-- > 0 ? by + part : part;
    return left > 0 ? result + by : result;
  }
  let result = parts[0];
  for (const part of parts.slice(1)) result += (left-- > 0 ? by : old) + part;
  return result;
}

/** As Go's strings.SplitN. */
function split(text: string, separator: string, limit: bigint): string[] {
  if (limit === 0n) return [];
  const parts = separator === '' ? [...text] : text.split(separator);
  if (limit < 0n || BigInt(parts.length) <= limit) return parts;
  const kept = parts.slice(0, Number(limit) - 1);
  return [...kept, parts.slice(Number(limit) - 1).join(separator)];
}

function substring(text: string, start: bigint, end: bigint | undefined): Result {
  const chars = points(text);
  const length = BigInt(chars.length);
  if (end !== undefined && start > end) return new CelError(`invalid substring range. start: ${start}, end: ${end}`);
  if (start < 0n || start > length) return outOfRange(start);
  if (end !== undefined && (end < 0n || end > length)) return outOfRange(end);
  return slice(chars, Number(start), end === undefined ? undefined : Number(end));
}

const ascii = (pattern: RegExp, change: (char: string) => string): Run => (text) => (typeof text === 'string' ? text.replaceAll(pattern, change) : NO_OVERLOAD);

const once = (args: readonly Value[]): number => traversal(costSize(args[0]));
const twice = (args: readonly Value[]): number => traversal(costSize(args[0]), 2);
const matching = (args: readonly Value[]): number => regexCost(costSize(args[0]), costSize(args[1]));

const ESCAPES: Readonly<Record<string, string>> = { '\x07': '\\a', '\b': '\\b', '\f': '\\f', '\n': '\\n', '\r': '\\r', '\t': '\\t', '\v': '\\v', '\\': '\\\\', '"': '\\"' };
// eslint-disable-next-line no-control-regex -- these are what is escaped
const ESCAPED = /[\x07\b\f\n\r\t\v\\"]/g;

export const STRINGS: Readonly<Record<string, FunctionSpec>> = {
  charAt: {
    member: ['string, int -> string'],
    run: (text, index) => {
      if (typeof text !== 'string' || typeof index !== 'bigint') return NO_OVERLOAD;
      const chars = points(text);
      if (index < 0n || index > BigInt(chars.length)) return outOfRange(index);
      return chars[Number(index)] ?? '';
    },
  },
  indexOf: { member: ['string, string -> int', 'string, string, int -> int'], run: find(false), cost: once },
  lastIndexOf: { member: ['string, string -> int', 'string, string, int -> int'], run: find(true), cost: once },
  join: {
    member: ['list(string) -> string', 'list(string), string -> string'],
    run: (list, separator = '') => {
      if (!(list instanceof ListValue) || typeof separator !== 'string') return NO_OVERLOAD;
      const parts: string[] = [];
      for (let i = 0; i < list.length; i++) {
        const part = list.at(i);
        if (part instanceof CelError) return part;
        if (typeof part !== 'string') return new CelError(`join: invalid input: ${String(part)}`);
        parts.push(part);
      }
      return parts.join(separator);
    },
    cost: (_args, result) => traversal(costSize(result), 2),
  },
  lowerAscii: { member: ['string -> string'], run: ascii(/[A-Z]+/g, (text) => text.toLowerCase()), cost: once },
  upperAscii: { member: ['string -> string'], run: ascii(/[a-z]+/g, (text) => text.toUpperCase()), cost: once },
  replace: {
    member: ['string, string, string -> string', 'string, string, string, int -> string'],
    run: (text, old, by, count = -1n) =>
      typeof text === 'string' && typeof old === 'string' && typeof by === 'string' && typeof count === 'bigint' ? replace(text, old, by, count) : NO_OVERLOAD,
    cost: twice,
  },
  split: {
    member: ['string, string -> list(string)', 'string, string, int -> list(string)'],
    run: (text, separator, limit = -1n) =>
      typeof text === 'string' && typeof separator === 'string' && typeof limit === 'bigint' ? new ArrayList(split(text, separator, limit)) : NO_OVERLOAD,
    cost: twice,
  },
  substring: {
    member: ['string, int -> string', 'string, int, int -> string'],
    run: (text, start, end) =>
      typeof text === 'string' && typeof start === 'bigint' && (end === undefined || typeof end === 'bigint') ? substring(text, start, end) : NO_OVERLOAD,
    cost: once,
  },
  trim: { member: ['string -> string'], run: (text) => (typeof text === 'string' ? text.replaceAll(/^[\s\u0085]+|[\s\u0085]+$/g, '') : NO_OVERLOAD), cost: once },
  format: {
    member: ['string, list(dyn) -> string'],
    run: (text, args) => (typeof text === 'string' && args instanceof ListValue ? formatText(text, args) : NO_OVERLOAD),
    cost: once,
  },
  'strings.quote': {
    global: ['string -> string'],
    run: (text) => (typeof text === 'string' ? `"${text.replaceAll(ESCAPED, (char) => ESCAPES[char])}"` : NO_OVERLOAD),
    cost: once,
  },
  find: {
    member: ['string, string -> string'],
    run: (text, pattern) => {
      if (typeof text !== 'string' || typeof pattern !== 'string') return NO_OVERLOAD;
      const regexp = compileRegexp(pattern);
      return regexp instanceof CelError ? new CelError(`Illegal regex: ${regexp.message}`) : regexp.find(text);
    },
    cost: matching,
  },
  findAll: {
    member: ['string, string -> list(string)', 'string, string, int -> list(string)'],
    run: (text, pattern, limit = -1n) => {
      if (typeof text !== 'string' || typeof pattern !== 'string' || typeof limit !== 'bigint') return NO_OVERLOAD;
      const regexp = compileRegexp(pattern);
      return regexp instanceof CelError ? new CelError(`Illegal regex: ${regexp.message}`) : new ArrayList(regexp.findAll(text, Number(limit)));
    },
    cost: matching,
  },
};
