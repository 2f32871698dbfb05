/** CEL's operators and standard functions. Arithmetic is exact and says when it overflows. */
import { compare, equal } from '../equality';
import { regexCost, traversal, type FunctionSpec, type Run } from '../functions';
import { compileRegexp } from '../regex/regex';
import { timePart, type TimePart } from '../time';
import { CelError, costSize, Duration, duration, int, isInt, ListValue, MapValue, NO_OVERLOAD, Optional, textSize, Timestamp, timestamp, TypeValue, typeName, uint, UInt, type Result, type Value } from '../values';

const NUMBERS = ['int', 'uint', 'double'];
const ORDERED = [...NUMBERS.flatMap((a) => NUMBERS.map((b) => `${a}, ${b} -> bool`)), ...['bool', 'string', 'bytes', 'timestamp', 'duration'].map((type) => `${type}, ${type} -> bool`)];
const sameAs = (types: readonly string[]): string[] => types.map((type) => `${type}, ${type} -> ${type}`);

const smaller = (args: readonly Value[]): number => traversal(Math.min(costSize(args[0]), costSize(args[1])));
const isText = (value: Value): boolean => typeof value === 'string' || value instanceof Uint8Array;

function order(holds: (difference: number) => boolean): FunctionSpec {
  return {
    global: ORDERED,
    run: (a, b) => {
      const difference = compare(a, b);
      return difference === undefined ? NO_OVERLOAD : holds(difference);
    },
    cost: (args) => (isText(args[0]) ? smaller(args) : 1),
  };
}

interface Arithmetic {
  ints: (a: bigint, b: bigint) => Result;
  uints: (a: bigint, b: bigint) => Result;
  doubles?: (a: number, b: number) => number;
}

const arithmetic = ({ ints, uints, doubles }: Arithmetic): Run => (a, b) => {
  if (typeof a === 'bigint' && typeof b === 'bigint') return ints(a, b);
  if (a instanceof UInt && b instanceof UInt) return uints(a.value, b.value);
  return doubles && typeof a === 'number' && typeof b === 'number' ? doubles(a, b) : NO_OVERLOAD;
};

const addNumbers = arithmetic({ ints: (a, b) => int(a + b), uints: (a, b) => uint(a + b), doubles: (a, b) => a + b });
const subtractNumbers = arithmetic({ ints: (a, b) => int(a - b), uints: (a, b) => uint(a - b), doubles: (a, b) => a - b });
const byZero = (what: string): CelError => new CelError(`${what} by zero`);

const add: Run = (a, b) => {
  if (typeof a === 'string' && typeof b === 'string') return a + b;
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.concat([a, b]);
  if (a instanceof ListValue && b instanceof ListValue) return a.concat(b);
  if (a instanceof Duration && b instanceof Duration) return duration(a.nanos + b.nanos);
  if (a instanceof Timestamp && b instanceof Duration) return timestamp(a.nanos + b.nanos, a.offsetMinutes);
  if (a instanceof Duration && b instanceof Timestamp) return timestamp(a.nanos + b.nanos, b.offsetMinutes);
  return addNumbers(a, b);
};

const subtract: Run = (a, b) => {
  if (a instanceof Duration && b instanceof Duration) return duration(a.nanos - b.nanos);
  if (a instanceof Timestamp && b instanceof Timestamp) return duration(a.nanos - b.nanos);
  if (a instanceof Timestamp && b instanceof Duration) return timestamp(a.nanos - b.nanos, a.offsetMinutes);
  return subtractNumbers(a, b);
};

const index: Run = (container, key) => {
  if (container instanceof Optional) return container.value === undefined ? container : optionalIndex(container.value, key);
  if (container instanceof ListValue) {
    const at = listIndex(key);
    if (at === undefined) return NO_OVERLOAD;
    return at >= 0 && at < container.length ? container.at(at) : new CelError(`index out of bounds: ${at}`);
  }
  if (container instanceof MapValue) return container.get(key) ?? new CelError(`no such key: ${showKey(key)}`);
  return new CelError(`no such key: ${showKey(key)}`);
};

function optionalIndex(container: Value, key: Value): Result {
  const value = container instanceof Optional ? container.value : container;
  if (value === undefined) return container;
  let found: Result | undefined;
  if (value instanceof ListValue) {
    const at = listIndex(key);
    if (at === undefined) return NO_OVERLOAD;
    found = at >= 0 && at < value.length ? value.at(at) : undefined;
  } else if (value instanceof MapValue) found = value.get(key);
  else return NO_OVERLOAD;
  return found instanceof CelError ? found : new Optional(found);
}

function listIndex(key: Value): number | undefined {
  if (typeof key === 'bigint') return Number(key);
  if (key instanceof UInt) return Number(key.value);
  return typeof key === 'number' && Number.isInteger(key) ? key : undefined;
}

const showKey = (key: Value): string => (key instanceof UInt ? String(key.value) : typeof key === 'object' ? typeName(key) : String(key));

const contains: Run = (item, container) => {
  if (container instanceof MapValue) {
    const found = container.get(item);
    return found instanceof CelError ? found : found !== undefined;
  }
  if (!(container instanceof ListValue)) return NO_OVERLOAD;
  for (let i = 0; i < container.length; i++) {
    const element = container.at(i);
    if (element instanceof CelError) return element;
    const same = equal(element, item);
    if (same !== false) return same;
  }
  return false;
};

const size: Run = (value) => {
  if (typeof value === 'string') return BigInt(textSize(value));
  if (value instanceof Uint8Array || value instanceof ListValue) return BigInt(value.length);
  return value instanceof MapValue ? BigInt(value.size) : NO_OVERLOAD;
};

const texts = (run: (a: string, b: string) => Result): Run => (a, b) => (typeof a === 'string' && typeof b === 'string' ? run(a, b) : NO_OVERLOAD);

const TIME_PARTS: readonly [string, TimePart][] = [
  ['getFullYear', 'year'], ['getMonth', 'month'], ['getDate', 'date'], ['getDayOfMonth', 'dayOfMonth'], ['getDayOfWeek', 'dayOfWeek'], ['getDayOfYear', 'dayOfYear'],
];
const CLOCK_PARTS: readonly [string, TimePart, bigint][] = [
  ['getHours', 'hours', 3_600_000_000_000n], ['getMinutes', 'minutes', 60_000_000_000n], ['getSeconds', 'seconds', 1_000_000_000n], ['getMilliseconds', 'milliseconds', 1_000_000n],
];

const part = (name: TimePart): Run => (time, zone) => {
  if (!(time instanceof Timestamp)) return NO_OVERLOAD;
  return zone === undefined ? timePart(time.nanos, name, 'UTC') : typeof zone === 'string' ? timePart(time.nanos, name, zone) : NO_OVERLOAD;
};

const timeFunctions: Record<string, FunctionSpec> = {};
for (const [name, which] of TIME_PARTS) timeFunctions[name] = { member: ['timestamp -> int', 'timestamp, string -> int'], run: part(which) };
for (const [name, which, unit] of CLOCK_PARTS) {
  const ofTime = part(which);
  timeFunctions[name] = {
    member: ['timestamp -> int', 'timestamp, string -> int', 'duration -> int'],
    run: (value, zone) => {
      if (!(value instanceof Duration)) return ofTime(value, zone);
      return value.nanos / unit;
    },
  };
}

export const STANDARD: Readonly<Record<string, FunctionSpec>> = {
  // Evaluated by themselves, because they need not look at all of their arguments; here for their signatures.
  '_?_:_': { global: ['bool, A, A -> A'], run: () => NO_OVERLOAD },
  '_&&_': { global: ['bool, bool -> bool'], run: () => NO_OVERLOAD },
  '_||_': { global: ['bool, bool -> bool'], run: () => NO_OVERLOAD },
  '!_': { global: ['bool -> bool'], run: (value) => (typeof value === 'boolean' ? !value : NO_OVERLOAD) },
  '_==_': { global: ['A, A -> bool'], run: equal, cost: (args) => (typeof args[0] === 'object' && args[0] !== null && 'typeName' in args[0] ? 1 : smaller(args)) },
  '_!=_': {
    global: ['A, A -> bool'],
    run: (a, b) => {
      const same = equal(a, b);
      return typeof same === 'boolean' ? !same : same;
    },
    cost: smaller,
  },
  '_<_': order((difference) => difference < 0),
  '_<=_': order((difference) => difference <= 0),
  '_>_': order((difference) => difference > 0),
  '_>=_': order((difference) => difference >= 0),
  '_+_': {
    global: [...sameAs(['bytes', 'double', 'duration', 'int', 'string', 'uint', 'list(A)']), 'timestamp, duration -> timestamp', 'duration, timestamp -> timestamp'],
    run: add,
    cost: (args) => (isText(args[0]) ? traversal(costSize(args[0]) + costSize(args[1])) : 1),
  },
  '_-_': { global: [...sameAs([...NUMBERS, 'duration']), 'timestamp, duration -> timestamp', 'timestamp, timestamp -> duration'], run: subtract },
  '_*_': { global: sameAs(NUMBERS), run: arithmetic({ ints: (a, b) => int(a * b), uints: (a, b) => uint(a * b), doubles: (a, b) => a * b }) },
  '_/_': {
    global: sameAs(NUMBERS),
    run: arithmetic({ ints: (a, b) => (b === 0n ? byZero('division') : int(a / b)), uints: (a, b) => (b === 0n ? byZero('division') : uint(a / b)), doubles: (a, b) => a / b }),
  },
  '_%_': {
    global: sameAs(['int', 'uint']),
    run: arithmetic({ ints: (a, b) => (b === 0n ? byZero('modulus') : int(a % b)), uints: (a, b) => (b === 0n ? byZero('modulus') : uint(a % b)) }),
  },
  '-_': {
    global: ['int -> int', 'double -> double'],
    run: (value) => (typeof value === 'bigint' ? (isInt(-value) ? -value : new CelError('integer overflow')) : typeof value === 'number' ? -value : NO_OVERLOAD),
  },
  '_[_]': { global: ['list(A), int -> A', 'map(A, B), A -> B', 'optional_type(list(A)), int -> optional_type(A)', 'optional_type(map(A, B)), A -> optional_type(B)'], run: index },
  '_[?_]': {
    global: ['list(A), int -> optional_type(A)', 'optional_type(list(A)), int -> optional_type(A)', 'map(A, B), A -> optional_type(B)', 'optional_type(map(A, B)), A -> optional_type(B)'],
    run: optionalIndex,
  },
  '@in': { global: ['A, list(A) -> bool', 'A, map(A, B) -> bool'], run: contains, cost: (args) => (args[1] instanceof ListValue ? args[1].length : 1) },
  size: { global: ['string -> int', 'bytes -> int', 'list(A) -> int', 'map(A, B) -> int'], member: ['string -> int', 'bytes -> int', 'list(A) -> int', 'map(A, B) -> int'], run: size },
  type: { global: ['A -> type(A)'], run: (value) => new TypeValue(typeName(value)) },
  dyn: { global: ['A -> dyn'], run: (value) => value },
  contains: { member: ['string, string -> bool'], run: texts((a, b) => a.includes(b)), cost: (args) => traversal(costSize(args[0])) * traversal(costSize(args[1])) },
  startsWith: { member: ['string, string -> bool'], run: texts((a, b) => a.startsWith(b)), cost: (args) => traversal(costSize(args[0])) },
  endsWith: { member: ['string, string -> bool'], run: texts((a, b) => a.endsWith(b)), cost: (args) => traversal(costSize(args[0])) },
  matches: {
    global: ['string, string -> bool'],
    member: ['string, string -> bool'],
    run: texts((text, pattern) => {
      const regexp = compileRegexp(pattern);
      return regexp instanceof CelError ? regexp : regexp.test(text);
    }),
    cost: (args) => regexCost(costSize(args[0]), costSize(args[1])),
  },
  'optional.of': { global: ['A -> optional_type(A)'], run: (value) => new Optional(value) },
  'optional.ofNonZeroValue': { global: ['A -> optional_type(A)'], run: (value) => new Optional(isZero(value) ? undefined : value) },
  'optional.none': { global: ['-> optional_type(A)'], run: () => new Optional(undefined) },
  hasValue: { member: ['optional_type(A) -> bool'], run: (value) => (value instanceof Optional ? value.value !== undefined : NO_OVERLOAD) },
  value: { member: ['optional_type(A) -> A'], run: (value) => (value instanceof Optional ? (value.value ?? (value.value === null ? null : new CelError('optional.none() dereference'))) : NO_OVERLOAD) },
  or: { member: ['optional_type(A), optional_type(A) -> optional_type(A)'], run: (a, b) => (a instanceof Optional ? (a.value === undefined ? b : a) : NO_OVERLOAD) },
  orValue: { member: ['optional_type(A), A -> A'], run: (a, b) => (a instanceof Optional ? (a.value === undefined ? b : a.value) : NO_OVERLOAD) },
  ...timeFunctions,
};

function isZero(value: Value): boolean {
  if (value === null || value === false || value === 0n || value === 0 || value === '') return true;
  if (value instanceof UInt) return value.value === 0n;
  if (value instanceof Duration) return value.nanos === 0n;
  return costSize(value) === 0;
}
