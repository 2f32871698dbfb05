/** Conversions between types: `int("12")`, `string(1.5)`, `duration("1h")`. */
import { traversal, type FunctionSpec } from '../functions';
import { formatDuration, formatTimestamp, parseDuration, parseTimestamp } from '../time';
import { CelError, costSize, Duration, int, NO_OVERLOAD, Opaque, Timestamp, uint, UInt, type Result } from '../values';

const failed = (type: string): CelError => new CelError(`type conversion error from 'string' to '${type}'`);
const identity = (type: string): string => `${type} -> ${type}`;

function fromDouble(value: number, to: (whole: bigint) => Result, what: string): Result {
  return Number.isFinite(value) && Math.abs(value) < 2 ** 64 ? to(BigInt(Math.trunc(value))) : new CelError(what);
}

/** As Go's `%g` writes a double, shortest form. */
export function formatDouble(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  if (Object.is(value, -0)) return '-0';
  const [mantissa, exponent] = value.toExponential().split('e');
  const power = Number(exponent);
  if (value !== 0 && (power < -4 || power >= 6)) return `${mantissa}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
  return String(value);
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function decode(bytes: Uint8Array): Result {
  try {
    return utf8.decode(bytes);
  } catch {
    return new CelError('invalid UTF-8 in bytes, cannot convert to string');
  }
}

export const CONVERSIONS: Readonly<Record<string, FunctionSpec>> = {
  int: {
    global: [identity('int'), 'double -> int', 'duration -> int', 'string -> int', 'timestamp -> int', 'uint -> int'],
    run: (value) => {
      if (typeof value === 'bigint') return value;
      if (typeof value === 'number') return fromDouble(value, int, 'integer overflow');
      if (value instanceof UInt) return int(value.value);
      if (value instanceof Duration) return value.nanos;
      if (value instanceof Timestamp) return value.nanos / 1_000_000_000n;
      if (typeof value !== 'string') return NO_OVERLOAD;
      return /^[+-]?\d{1,20}$/.test(value) ? int(BigInt(value.replace(/^\+/, ''))) : failed('int');
    },
  },
  uint: {
    global: [identity('uint'), 'double -> uint', 'int -> uint', 'string -> uint'],
    run: (value) => {
      if (value instanceof UInt) return value;
      if (typeof value === 'number') return fromDouble(value, uint, 'unsigned integer overflow');
      if (typeof value === 'bigint') return uint(value);
      if (typeof value !== 'string') return NO_OVERLOAD;
      return /^\d{1,20}$/.test(value) ? uint(BigInt(value)) : failed('uint');
    },
  },
  double: {
    global: [identity('double'), 'int -> double', 'string -> double', 'uint -> double'],
    run: (value) => {
      if (typeof value === 'number') return value;
      if (typeof value === 'bigint') return Number(value);
      if (value instanceof UInt) return Number(value.value);
      if (typeof value !== 'string') return NO_OVERLOAD;
      if (/^[+-]?inf(inity)?$/i.test(value)) return value.startsWith('-') ? -Infinity : Infinity;
      if (/^nan$/i.test(value)) return Number.NaN;
      return value.length <= 1000 && /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(value) ? Number(value) : failed('double');
    },
  },
  string: {
    global: [identity('string'), 'bool -> string', 'bytes -> string', 'double -> string', 'duration -> string', 'int -> string', 'timestamp -> string', 'uint -> string', 'net.IP -> string', 'net.CIDR -> string'],
    run: (value) => {
      if (typeof value === 'string') return value;
      if (typeof value === 'boolean' || typeof value === 'bigint') return String(value);
      if (typeof value === 'number') return formatDouble(value);
      if (value instanceof UInt) return String(value.value);
      if (value instanceof Uint8Array) return decode(value);
      if (value instanceof Duration) return formatDuration(value.nanos);
      if (value instanceof Timestamp) return formatTimestamp(value);
      return value instanceof Opaque && value.typeName.startsWith('net.') ? String(value) : NO_OVERLOAD;
    },
    cost: ([value]) => (value instanceof Uint8Array ? traversal(value.length) : 1),
  },
  bytes: {
    global: [identity('bytes'), 'string -> bytes'],
    run: (value) => (typeof value === 'string' ? Buffer.from(value) : value instanceof Uint8Array ? value : NO_OVERLOAD),
    cost: ([value]) => (typeof value === 'string' ? traversal(costSize(value)) : 1),
  },
  bool: {
    global: [identity('bool'), 'string -> bool'],
    run: (value) => {
      if (typeof value === 'boolean') return value;
      if (typeof value !== 'string') return NO_OVERLOAD;
      if (['1', 't', 'T', 'true', 'TRUE', 'True'].includes(value)) return true;
      return ['0', 'f', 'F', 'false', 'FALSE', 'False'].includes(value) ? false : failed('bool');
    },
  },
  timestamp: {
    global: [identity('timestamp'), 'int -> timestamp', 'string -> timestamp'],
    run: (value) => {
      if (value instanceof Timestamp) return value;
      if (typeof value === 'string') return parseTimestamp(value);
      return typeof value === 'bigint' && value >= -62135596800n && value <= 253402300799n ? new Timestamp(value * 1_000_000_000n) : typeof value === 'bigint' ? new CelError('timestamp overflow') : NO_OVERLOAD;
    },
  },
  duration: {
    global: [identity('duration'), 'int -> duration', 'string -> duration'],
    run: (value) => {
      if (value instanceof Duration) return value;
      if (typeof value === 'bigint') return new Duration(value);
      if (typeof value !== 'string') return NO_OVERLOAD;
      const nanos = parseDuration(value);
      return nanos === undefined ? failed('google.protobuf.Duration') : new Duration(nanos);
    },
  },
};
