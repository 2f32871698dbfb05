/** `"%s has %d".format([…])`: clauses %s %d %f %e %b %x %X %o, %% for itself; precision for %f and %e. */
import { formatDuration, formatTimestamp } from '../time';
import type { TypeKind } from '../types';
import { CelError, Duration, ListValue, MapValue, Timestamp, TypeValue, typeName, UInt, type Result, type Value } from '../values';
import { formatDouble } from './convert';

const CLAUSE = /%(?:%|(?:\.(\d+))?([\s\S])?)/gu;
const MAX_PRECISION = 100;

/** The letters of the clauses in `text`, in order; undefined: the text ends within one. */
export function clauses(text: string): (string | undefined)[] {
  return [...text.matchAll(CLAUSE)].filter(([clause]) => clause !== '%%').map(([, , verb]) => verb as string | undefined);
}

const STRING_KINDS: readonly TypeKind[] = ['list', 'map', 'int', 'uint', 'double', 'bool', 'string', 'timestamp', 'bytes', 'duration', 'type', 'null'];
const KINDS: Readonly<Record<string, readonly TypeKind[]>> = {
  s: STRING_KINDS, d: ['int', 'uint'], f: ['double', 'string'], e: ['double', 'string'], b: ['int', 'uint', 'bool'], o: ['int', 'uint'],
  x: ['int', 'uint', 'string', 'bytes'], X: ['int', 'uint', 'string', 'bytes'],
};
const WANTS: Readonly<Record<string, string>> = {
  s: 'string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps',
  d: 'decimal clause can only be used on integers', f: 'fixed-point clause can only be used on doubles', e: 'scientific clause can only be used on doubles',
  b: 'only integers and bools can be formatted as binary', o: 'octal clause can only be used on integers',
  x: 'only integers, byte buffers, and strings can be formatted as hex', X: 'only integers, byte buffers, and strings can be formatted as hex',
};

/** Whether a clause can show values of a type; undefined: there is no such clause. */
export function fits(verb: string, kind: TypeKind): boolean | undefined {
  const kinds = Object.hasOwn(KINDS, verb) ? KINDS[verb] : undefined;
  return kinds && (kind === 'dyn' || kinds.includes(kind));
}

/** Why a clause cannot show a value of a type. */
export function misfit(verb: string, type: string): string {
  if (!Object.hasOwn(WANTS, verb)) return `could not parse formatting clause: unrecognized formatting clause "${verb}"`;
  return `error during formatting: ${WANTS[verb]}, was given ${type}`;
}

export function formatText(text: string, args: ListValue): Result {
  let next = 0;
  let failed: CelError | undefined;
  const result = text.replaceAll(CLAUSE, (clause: string, precision: string | undefined, verb: string | undefined) => {
    if (failed || clause === '%%') return '%';
    const index = next++;
    const arg = index < args.length ? args.at(index) : new CelError(`index ${index} out of range`);
    const shown = arg instanceof CelError ? arg : verb === undefined ? new CelError('unexpected end of string') : format(verb, precision, arg);
    if (!(shown instanceof CelError)) return shown;
    failed = shown;
    return '';
  });
  return failed ?? result;
}

function format(verb: string, precision: string | undefined, arg: Value): string | CelError {
  const integer = typeof arg === 'bigint' ? arg : arg instanceof UInt ? arg.value : undefined;
  const wrong = (): CelError => new CelError(misfit(verb, typeName(arg)));
  switch (verb) {
    case 's':
      return showValue(arg, false);
    case 'd':
      return integer === undefined ? wrong() : String(integer);
    case 'f':
    case 'e':
      return typeof arg === 'number' || (typeof arg === 'string' && /^(NaN|-?Infinity)$/.test(arg)) ? formatNumber(verb, Number(arg), precision) : wrong();
    case 'b':
      if (typeof arg === 'boolean') return arg ? '1' : '0';
      return integer === undefined ? wrong() : integer.toString(2);
    case 'o':
      return integer === undefined ? wrong() : integer.toString(8);
    case 'x':
    case 'X': {
      const hex = integer !== undefined ? integer.toString(16) : typeof arg === 'string' || arg instanceof Uint8Array ? Buffer.from(arg as string).toString('hex') : undefined;
      return hex === undefined ? wrong() : verb === 'x' ? hex : hex.toUpperCase();
    }
    default:
      return wrong();
  }
}

function formatNumber(verb: 'f' | 'e', value: number, precision: string | undefined): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? '∞' : '-∞';
  const digits = Math.min(MAX_PRECISION, Number(precision ?? 6));
  return verb === 'e' ? scientific(value, digits) : value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** `1.500000 × 10⁰³`, as the formatting in Kubernetes' locale gives it. */
function scientific(value: number, digits: number): string {
  const [mantissa, exponent] = value.toExponential(digits).split('e');
  const superscript = [...exponent.replace(/^\+/, '').replace(/^(-?)(\d)$/, '$10$2')].map((char) => (char === '-' ? '⁻' : '⁰¹²³⁴⁵⁶⁷⁸⁹'[Number(char)]));
  return `${mantissa}\u202f×\u202f10${superscript.join('')}`;
}

/** `inside` a list or map, values are shown as literals. */
function showValue(value: Value, inside: boolean): string | CelError {
  const quoted = (text: string): string => (inside ? JSON.stringify(text) : text);
  if (value === null) return 'null';
  if (typeof value === 'string') return quoted(value);
  if (typeof value === 'boolean' || typeof value === 'bigint') return String(value);
  if (typeof value === 'number') return !inside ? formatDouble(value) : Number.isFinite(value) ? value.toFixed(6) : JSON.stringify(formatDouble(value));
  if (value instanceof UInt) return String(value.value);
  if (value instanceof Uint8Array) return `${inside ? 'b' : ''}${quoted(Buffer.from(value).toString('utf8'))}`;
  if (value instanceof Timestamp) return inside ? `timestamp("${formatTimestamp(value)}")` : formatTimestamp(value);
  if (value instanceof Duration) return inside ? `duration("${formatDuration(value.nanos)}")` : formatDuration(value.nanos);
  if (value instanceof TypeValue) return value.name;
  if (value instanceof ListValue) return showList(value);
  return value instanceof MapValue ? showMap(value) : new CelError(misfit('s', typeName(value)));
}

function showList(list: ListValue): string | CelError {
  const items: string[] = [];
  for (let i = 0; i < list.length; i++) {
    const item = list.at(i);
    const shown = item instanceof CelError ? item : showValue(item, true);
    if (shown instanceof CelError) return shown;
    items.push(shown);
  }
  return `[${items.join(', ')}]`;
}

function showMap(map: MapValue): string | CelError {
  const entries: string[] = [];
  for (const key of map.keys()) {
    const item = map.get(key) ?? null;
    const [shownKey, shownItem] = [showValue(key, true), item instanceof CelError ? item : showValue(item, true)];
    if (shownKey instanceof CelError) return shownKey;
    if (shownItem instanceof CelError) return shownItem;
    entries.push(`${shownKey}:${shownItem}`);
  }
  return `{${entries.sort().join(', ')}}`;
}
