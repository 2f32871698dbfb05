/** Equality and order of CEL values. */
import { CelError, Duration, hasSurrogates, ListValue, MapValue, NO_OVERLOAD, Opaque, Optional, Preserved, Timestamp, TypeValue, UInt, type Result, type Value } from './values';
import { sameJson } from '../../../crds/schema/same-json';

/** The value as a number that compares exactly with any other; undefined: not a number. */
function numeric(value: Value): bigint | number | undefined {
  if (typeof value === 'bigint' || typeof value === 'number') return value;
  return value instanceof UInt ? value.value : undefined;
}

/** Values of different types are different, never an error; numbers compare by value. */
export function equal(a: Value, b: Value): Result {
  if (a === b && !(a instanceof MapValue)) return true;
  const x = numeric(a);
  if (x !== undefined) {
    const y = numeric(b);
    // eslint-disable-next-line eqeqeq -- 1n == 1
    return y !== undefined && x == y;
  }
  if (a === null || b === null || typeof a !== 'object') return false;
  if (typeof b !== 'object') return a instanceof ListValue || a instanceof MapValue ? otherType(a) : false;
  if (a instanceof Preserved || b instanceof Preserved) return a instanceof Preserved && b instanceof Preserved && sameJson(a.json, b.json);
  if (a instanceof ListValue) return b instanceof ListValue ? lists(a, b) : otherType(a);
  if (a instanceof MapValue) return b instanceof MapValue ? maps(a, b) : otherType(a);
  if (a instanceof Uint8Array) return b instanceof Uint8Array && Buffer.compare(a, b) === 0;
  if (a instanceof Timestamp) return b instanceof Timestamp && a.nanos === b.nanos;
  if (a instanceof Duration) return b instanceof Duration && a.nanos === b.nanos;
  if (a instanceof TypeValue) return b instanceof TypeValue && a.name === b.name;
  if (a instanceof Opaque) return b instanceof Opaque && a.typeName === b.typeName && a.equals(b);
  if (a instanceof Optional) {
    if (!(b instanceof Optional)) return false;
    if (a.value === undefined || b.value === undefined) return a.value === b.value;
    return equal(a.value, b.value);
  }
  return false;
}

const otherType = ({ strict }: { strict: boolean }): Result => (strict ? NO_OVERLOAD : false);

function lists(a: ListValue, b: ListValue): Result {
  const special = a.sameAs(b);
  if (special !== undefined) return special;
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index++) {
    const same = both(a.at(index), b.at(index));
    if (same !== true) return same;
  }
  return true;
}

function maps(a: MapValue, b: MapValue): Result {
  if (a.size !== b.size || a.holdsNull) return false;
  for (const key of a.keys()) {
    const other = b.get(key);
    if (other === undefined) return false;
    const value = a.get(key);
    const same = value === undefined ? false : both(value, other);
    if (same !== true) return same;
  }
  return true;
}

function both(a: Result, b: Result): Result {
  if (a instanceof CelError) return a;
  return b instanceof CelError ? b : equal(a, b);
}

/** Below 0, 0 or above; NaN: not ordered; undefined: not comparable. */
export function compare(a: Value, b: Value): number | undefined {
  const x = numeric(a);
  const y = numeric(b);
  if (x !== undefined && y !== undefined) return x < y ? -1 : x > y ? 1 : Number.isNaN(x) || Number.isNaN(y) ? Number.NaN : 0;
  if (typeof a === 'string' && typeof b === 'string') return compareText(a, b);
  if (typeof a === 'boolean' && typeof b === 'boolean') return Number(a) - Number(b);
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b);
  if ((a instanceof Timestamp && b instanceof Timestamp) || (a instanceof Duration && b instanceof Duration)) {
    return a.nanos < b.nanos ? -1 : a.nanos > b.nanos ? 1 : 0;
  }
  return undefined;
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  if (!hasSurrogates(a) && !hasSurrogates(b)) return a < b ? -1 : 1;
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
