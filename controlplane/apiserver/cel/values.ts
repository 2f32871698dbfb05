/**
 * Values of CEL expressions while they run.
 *
 * int is a bigint, double a number, string a string, bool a boolean, bytes a Uint8Array, null null; everything else is one of the
 * classes below. What goes wrong is a value too (`CelError`), because `||` and `&&` may make up for it.
 */

export class CelError {
  constructor(readonly message: string) {}
}

export class UInt {
  constructor(readonly value: bigint) {}
}

/** Nanoseconds since 1970. Only texts show the offset from UTC; accessors take UTC by default. */
export class Timestamp {
  constructor(
    readonly nanos: bigint,
    readonly offsetMinutes = 0,
  ) {}
}

export class Duration {
  constructor(readonly nanos: bigint) {}
}

export class TypeValue {
  constructor(readonly name: string) {}
}

export class Optional {
  constructor(readonly value: Value | undefined) {}
}

export const NONE = new Optional(undefined);

export abstract class ListValue {
  readonly strict: boolean = false;
  abstract readonly length: number;
  abstract at(index: number): Result;
  /** Whether both have the same items; undefined: compared item by item. */
  sameAs(_other: ListValue): Result | undefined {
    return undefined;
  }
  concat(other: ListValue): Result {
    const items: Value[] = [];
    for (const list of [this, other]) {
      for (let index = 0; index < list.length; index++) {
        const item = list.at(index);
        if (item instanceof CelError) return item;
        items.push(item);
      }
    }
    return new ArrayList(items);
  }
}

export class ArrayList extends ListValue {
  constructor(readonly items: readonly Value[]) {
    super();
  }
  get length(): number {
    return this.items.length;
  }
  at(index: number): Value {
    return this.items[index];
  }
}

export abstract class MapValue {
  /** A map of the object itself: asked whether it equals something that is no map, it fails instead of saying no. */
  readonly strict: boolean = false;
  /** Holds a null where there may be one: such an object equals nothing, as in Kubernetes. */
  get holdsNull(): boolean {
    return false;
  }
  abstract readonly size: number;
  /** undefined: no such key. */
  abstract get(key: Value): Result | undefined;
  /** `map.name`; differs from `get` for objects, whose names are escaped. */
  field(name: string): Result | undefined {
    return this.get(name);
  }
  abstract keys(): Value[];
}

export class LiteralMap extends MapValue {
  readonly #entries = new Map<string, [Value, Value]>();
  get size(): number {
    return this.#entries.size;
  }
  /** A later value of a key replaces an earlier one. false: no such value can be a key. */
  add(key: Value, value: Value): boolean {
    const id = keyId(key);
    if (id === undefined) return false;
    this.#entries.set(id, [key, value]);
    return true;
  }
  get(key: Value): Value | undefined {
    const id = keyId(key);
    return id === undefined ? undefined : this.#entries.get(id)?.[1];
  }
  keys(): Value[] {
    return [...this.#entries.values()].map(([key]) => key);
  }
}

/** Numbers of different types that are equal are one key. */
function keyId(key: Value): string | undefined {
  if (typeof key === 'string') return `s${key}`;
  if (typeof key === 'boolean') return `b${key}`;
  if (typeof key === 'bigint') return `n${key}`;
  if (key instanceof UInt) return `n${key.value}`;
  if (typeof key === 'number' && Number.isInteger(key)) return `n${BigInt(key)}`;
  return undefined;
}

/** A value of one of Kubernetes' own types (URL, quantity, IP, CIDR, named format). */
export abstract class Opaque {
  abstract readonly typeName: string;
  abstract equals(other: Opaque): boolean;
}

/** Unknown fields that the schema preserves: only compared. */
export class Preserved {
  constructor(readonly json: unknown) {}
}

export type Value =
  | null
  | boolean
  | bigint
  | number
  | string
  | Uint8Array
  | UInt
  | Timestamp
  | Duration
  | TypeValue
  | Optional
  | ListValue
  | MapValue
  | Opaque
  | Preserved;

export type Result = Value | CelError;

export const NO_OVERLOAD = new CelError('no such overload');

const MIN_INT = -(2n ** 63n);
const MAX_INT = 2n ** 63n - 1n;
const MAX_UINT = 2n ** 64n - 1n;

export const isInt = (value: bigint): boolean => value >= MIN_INT && value <= MAX_INT;
export const int = (value: bigint): Result => (isInt(value) ? value : new CelError('integer overflow'));
export const uint = (value: bigint): Result => (value >= 0n && value <= MAX_UINT ? new UInt(value) : new CelError('unsigned integer overflow'));
export const duration = (nanos: bigint): Result => (isInt(nanos) ? new Duration(nanos) : new CelError('integer overflow'));

/** Year 1 to 9999. */
export const MIN_TIMESTAMP = -62135596800n * 1_000_000_000n;
export const MAX_TIMESTAMP = 253402300799n * 1_000_000_000n + 999_999_999n;
export const timestamp = (nanos: bigint, offsetMinutes = 0): Result =>
  nanos >= MIN_TIMESTAMP && nanos <= MAX_TIMESTAMP ? new Timestamp(nanos, offsetMinutes) : new CelError('timestamp overflow');

export function typeName(value: Value): string {
  if (value === null) return 'null_type';
  switch (typeof value) {
    case 'boolean':
      return 'bool';
    case 'bigint':
      return 'int';
    case 'number':
      return 'double';
    case 'string':
      return 'string';
    default:
  }
  if (value instanceof Uint8Array) return 'bytes';
  if (value instanceof UInt) return 'uint';
  if (value instanceof Timestamp) return 'google.protobuf.Timestamp';
  if (value instanceof Duration) return 'google.protobuf.Duration';
  if (value instanceof TypeValue) return 'type';
  if (value instanceof Optional) return 'optional_type';
  if (value instanceof ListValue) return 'list';
  if (value instanceof MapValue) return 'map';
  if (value instanceof Opaque) return value.typeName;
  return 'unknown';
}

const SURROGATE = /[\ud800-\udfff]/;

export const hasSurrogates = (text: string): boolean => SURROGATE.test(text);

/** Length in code points. */
export function textSize(text: string): number {
  if (!hasSurrogates(text)) return text.length;
  let count = 0;
  for (const _ of text) count++;
  return count;
}

/** As cel-go counts sizes for cost: 1 for what has none. */
export function costSize(value: Result): number {
  if (typeof value === 'string') return textSize(value);
  if (value instanceof Uint8Array || value instanceof ListValue) return value.length;
  if (value instanceof MapValue) return value.size;
  return 1;
}
