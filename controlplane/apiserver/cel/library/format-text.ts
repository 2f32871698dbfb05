/** `"%s has %d".format([…])`: clauses %s %d %f %e %b %x %X %o, %% for itself; precision for %f and %e. */
import { CelError, Duration, ListValue, MapValue, Timestamp, TypeValue, typeName, UInt, type Result, type Value } from '../values';
import { formatDuration, formatTimestamp } from '../time';
import { formatDouble } from './convert';

const CLAUSE = /%(?:%|(?:\.(\d+))?([\s\S])?)/gu;
const MAX_PRECISION = 100;

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
  const wrong = (what: string): CelError => new CelError(`error during formatting: ${what}, was given ${typeName(arg)}`);
  switch (verb) {
    case 's':
      return showValue(arg);
    case 'd':
      if (integer !== undefined) return String(integer);
      return typeof arg === 'number' ? formatDouble(arg) : wrong('decimal clause can only be used on integers');
    case 'f':
    case 'e': {
      if (typeof arg !== 'number') return wrong(verb === 'f' ? 'fixed-point clause can only be used on doubles' : 'scientific clause can only be used on doubles');
      const digits = Math.min(MAX_PRECISION, Number(precision ?? 6));
      if (!Number.isFinite(arg)) return Number.isNaN(arg) ? 'NaN' : arg > 0 ? '∞' : '-∞';
      return verb === 'f' ? arg.toLocaleString('en-US', { useGrouping: false, minimumFractionDigits: digits, maximumFractionDigits: digits }) : scientific(arg, digits);
    }
    case 'b':
      if (typeof arg === 'boolean') return arg ? '1' : '0';
      return integer === undefined ? wrong('only integers and bools can be formatted as binary') : integer.toString(2);
    case 'o':
      return integer === undefined ? wrong('octal clause can only be used on integers') : integer.toString(8);
    case 'x':
    case 'X': {
      const hex = integer !== undefined ? integer.toString(16) : typeof arg === 'string' || arg instanceof Uint8Array ? Buffer.from(arg as string).toString('hex') : undefined;
      if (hex === undefined) return wrong('only integers, byte buffers, and strings can be formatted as hex');
      return verb === 'x' ? hex : hex.toUpperCase();
    }
    default:
      return new CelError(`could not parse formatting clause: unrecognized formatting clause "${verb}"`);
  }
}

/** `1.500000 × 10⁰³`, as the formatting in Kubernetes' locale gives it. */
function scientific(value: number, digits: number): string {
  const [mantissa, exponent] = value.toExponential(digits).split('e');
  const superscript = [...exponent.replace(/^\+/, '').replace(/^(-?)(\d)$/, '$10$2')].map((char) => (char === '-' ? '⁻' : '⁰¹²³⁴⁵⁶⁷⁸⁹'[Number(char)]));
  return `${mantissa}\u202f×\u202f10${superscript.join('')}`;
}

function showValue(value: Value): string | CelError {
  if (value === null) return 'null';
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean' || typeof value === 'bigint') return String(value);
  if (typeof value === 'number') return formatDouble(value);
  if (value instanceof UInt) return String(value.value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString('utf8');
  if (value instanceof Timestamp) return formatTimestamp(value.nanos);
  if (value instanceof Duration) return formatDuration(value.nanos);
  if (value instanceof TypeValue) return value.name;
  if (value instanceof ListValue) {
    const items: string[] = [];
    for (let i = 0; i < value.length; i++) {
      const item = value.at(i);
      const shown = item instanceof CelError ? item : showValue(item);
      if (shown instanceof CelError) return shown;
      items.push(shown);
    }
    return `[${items.join(', ')}]`;
  }
  if (value instanceof MapValue) {
    const entries: string[] = [];
    for (const key of value.keys()) {
      const item = value.get(key) ?? new CelError(`could not find key: ${String(key)}`);
      const [shownKey, shownItem] = [showValue(key), item instanceof CelError ? item : showValue(item)];
      if (shownKey instanceof CelError) return shownKey;
      if (shownItem instanceof CelError) return shownItem;
      entries.push(`${shownKey}: ${shownItem}`);
    }
    return `{${entries.sort().join(', ')}}`;
  }
  return new CelError(`error during formatting: string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps, was given ${typeName(value)}`);
}
