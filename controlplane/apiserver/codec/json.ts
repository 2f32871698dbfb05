/**
 * JSON with what JSON.parse hides: duplicate fields by path, integers that lose digits, and a bound on nesting.
 *
 * JSON.parse (native, fast) makes the value; a second, allocation-free pass over the same text finds what it hid.
 * A field `__proto__` comes out as a field like any other (never as a prototype), for the schema to judge; where what is parsed is
 * copied field by field before that, as in patches, it is refused here.
 */
import { badRequest, type ApiError } from '../http/errors';
import { inexactError, isInexact, MAX_INEXACT, MIN_INEXACT_DIGITS, type InexactInteger } from './exact-integers';
import { goJsonError } from './go-json-error';

export interface Decoded {
  value: unknown;
  /** Fields that occur twice, of which the last one won, in Kubernetes' words: `duplicate field "spec.completions"`, in YAML `line 3: key "completions" already set in map`. */
  duplicates: string[];
}

/** What strict validation says of `duplicates`, as items of its list. */
export function strictWords(duplicates: readonly string[]): string[] {
  const inYaml = duplicates.filter((problem) => problem.startsWith('line '));
  return inYaml.length > 0 ? [`yaml: unmarshal errors:\n  ${inYaml.join('\n  ')}`] : [...duplicates];
}

/** Of bodies. What walks over objects by recursion overflows at about 2,000 levels, the YAML parser at about 800. */
export const MAX_DEPTH = 256;
/** More duplicates than this are not listed. */
export const MAX_DUPLICATES = 32;
/** Of one path that is listed. */
export const MAX_PATH_CHARS = 1024;

interface Frame {
  /** Names seen so far; undefined for arrays. */
  names: Set<string> | undefined;
  /** Those that were noted as duplicates. */
  repeated?: Set<string>;
  /** Path segment that leads from this frame to the value being read. */
  segment: string;
  index: number;
}

/** @throws ApiError 400: no JSON, nested too deeply, or a field `__proto__` that is not wanted; 422: integers that would lose digits. */
export function parseJson(text: string, proto: 'keep' | 'refuse' = 'keep'): Decoded {
  const { duplicates, inexact } = scan(text, proto === 'refuse');
  let value: unknown;
  try {
    value = JSON.parse(HALVES.test(text) ? withoutHalves(text) : text);
  } catch (error) {
    throw badRequest(goJsonError(text) ?? (error as Error).message);
  }
  if (inexact.length > 0) throw inexactError(inexact);
  return { value, duplicates: duplicates.map((path) => `duplicate field "${path}"`) };
}

/** Escapes of halves of characters, in pairs or not. */
const HALVES = /\\u[dD][89a-fA-F]/;
const ESCAPES = /\\(?:u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}|(u[dD][89a-fA-F][\da-fA-F]{2})|[^])/g;

/** A half without its other one is no character: U+FFFD stands for it, as in Go. */
const withoutHalves = (text: string): string => text.replace(ESCAPES, (escape, half?: string) => (half === undefined ? escape : '\\ufffd'));

interface Scanned {
  /** Paths. */
  duplicates: string[];
  inexact: InexactInteger[];
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Invalid JSON is left to JSON.parse: the scan only has to end. */
function scan(text: string, refuseProto: boolean): Scanned {
  const frames: Frame[] = [];
  const duplicates: string[] = [];
  const inexact: InexactInteger[] = [];
  let expectName = false;
  for (let at = 0; at < text.length; at++) {
    const char = text.charCodeAt(at);
    const top = frames[frames.length - 1];
    if (char === QUOTE) {
      const end = endOfString(text, at);
      if (expectName && top?.names) {
        noteName(nameOf(text, at, end), top, frames, duplicates, refuseProto);
        expectName = false;
      }
      at = end;
    } else if (char === 0x7b || char === 0x5b) {
      if (frames.length >= MAX_DEPTH) throw badRequest(`the body is nested more than ${MAX_DEPTH} levels deep`);
      const isMap = char === 0x7b;
      frames.push({ names: isMap ? new Set() : undefined, segment: isMap ? '' : '[0]', index: 0 });
      expectName = isMap;
    } else if (char === 0x7d || char === 0x5d) {
      frames.pop();
      expectName = false;
    } else if (char === 0x2c && top) {
      if (top.names) expectName = true;
      else top.segment = `[${++top.index}]`;
    } else if (isDigit(char)) {
      const start = text[at - 1] === '-' ? at - 1 : at;
      let hasExponent = false;
      for (let next = text.charCodeAt(at + 1); isOfNumber(next); next = text.charCodeAt(at + 1)) {
        hasExponent ||= (next | LOWER_CASE) === 0x65;
        at++;
      }
      if (hasExponent || at - start + 1 >= MIN_INEXACT_DIGITS) noteNumber(text.slice(start, at + 1), frames, inexact);
    }
  }
  return { duplicates, inexact };
}

const LOWER_CASE = 0x20;
const isDigit = (char: number): boolean => char >= 0x30 && char <= 0x39;
const isOfNumber = (char: number): boolean => isDigit(char) || (char | LOWER_CASE) === 0x65 || char === 0x2b || char === 0x2d || char === 0x2e;

/** @throws ApiError 400 for a number that JSON.parse would read as infinite, which nothing can store */
function noteNumber(number: string, frames: Frame[], inexact: InexactInteger[]): void {
  if (Math.abs(Number(number)) === Infinity) throw badRequest(`json: cannot unmarshal number ${number.slice(0, MAX_PATH_CHARS)} into Go value of type float64`);
  if (inexact.length < MAX_INEXACT && /^-?\d{16,19}$/.test(number) && isInexact(BigInt(number))) inexact.push({ field: pathOf(frames), digits: number });
}

function noteName(name: string, top: Frame, frames: Frame[], duplicates: string[], refuseProto: boolean): void {
  top.segment = name;
  if (refuseProto && name === '__proto__') throw protoError(pathOf(frames));
  if (!top.names?.has(name)) {
    top.names?.add(name);
    return;
  }
  if (duplicates.length >= MAX_DUPLICATES || top.repeated?.has(name)) return;
  (top.repeated ??= new Set()).add(name);
  const path = pathOf(frames);
  if (!duplicates.includes(path)) duplicates.push(path);
}

/** The refusal of a field `__proto__` at `path`. */
export function protoError(path: string): ApiError {
  return badRequest(`strict decoding error: unknown field "${path}"`);
}

function pathOf(frames: Frame[]): string {
  let path = '';
  for (const { segment } of frames) {
    path += segment.startsWith('[') || path === '' ? segment : `.${segment}`;
    if (path.length > MAX_PATH_CHARS) return `${path.slice(0, MAX_PATH_CHARS)}…`;
  }
  return path;
}

function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const char = text.charCodeAt(at);
    if (char === BACKSLASH) at++;
    else if (char === QUOTE) return at;
  }
  return text.length;
}

function nameOf(text: string, start: number, end: number): string {
  const raw = text.slice(start + 1, end);
  if (!raw.includes('\\')) return raw;
  try {
    return String(JSON.parse(`"${withoutHalves(raw)}"`));
  } catch {
    return raw;
  }
}
