/** Kubernetes' quantity(): exact to a billionth, which smaller parts are rounded up to. */
import { traversal, type FunctionSpec, type Run } from '../functions';
import { CelError, costSize, NO_OVERLOAD, Opaque, type Result } from '../values';

const NANO = 1_000_000_000n;
const MAX = (2n ** 63n - 1n) * NANO;

export class Quantity extends Opaque {
  readonly typeName = 'kubernetes.Quantity';
  constructor(readonly nanos: bigint) {
    super();
  }
  equals(other: Opaque): boolean {
    return other instanceof Quantity && other.nanos === this.nanos;
  }
}

const DECIMAL: Readonly<Record<string, number>> = { n: -9, u: -6, m: -3, '': 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };
const BINARY: Readonly<Record<string, bigint>> = { Ki: 1n << 10n, Mi: 1n << 20n, Gi: 1n << 30n, Ti: 1n << 40n, Pi: 1n << 50n, Ei: 1n << 60n };
const SHAPE = /^([+-]?)(\d*)(?:\.(\d*))?([A-Za-z]*|[eE][+-]?\d+)$/;
const MAX_TEXT = 400;

/** undefined: no quantity. */
export function parseQuantity(text: string): Quantity | undefined {
  const match = text.length > MAX_TEXT ? null : SHAPE.exec(text);
  if (!match) return undefined;
  const [, sign, whole, fraction = '', suffix] = match;
  if (whole === '' && fraction === '') return undefined;
  const digits = BigInt(`${whole}${fraction}`);
  const exponent = /^[eE]([+-]?\d+)$/.exec(suffix);
  let nanos: bigint;
  if (Object.hasOwn(BINARY, suffix)) nanos = scale(digits * BINARY[suffix], 9 - fraction.length);
  else if (exponent || Object.hasOwn(DECIMAL, suffix)) {
    const power = exponent ? Number(exponent[1]) : DECIMAL[suffix];
    if (Math.abs(power) > 1000) return power > 0 && digits > 0n ? new Quantity(sign === '-' ? -MAX : MAX) : new Quantity(digits === 0n ? 0n : sign === '-' ? -1n : 1n);
    nanos = scale(digits, 9 - fraction.length + power);
  } else return undefined;
  const capped = nanos > MAX ? MAX : nanos;
  return new Quantity(sign === '-' ? -capped : capped);
}

/** Times 10^power, rounded up. */
function scale(value: bigint, power: number): bigint {
  if (power >= 0) return value * 10n ** BigInt(power);
  const by = 10n ** BigInt(-power);
  return (value + by - 1n) / by;
}

const two = (run: (a: bigint, b: bigint) => Result): Run => (a, b) => {
  if (!(a instanceof Quantity)) return NO_OVERLOAD;
  return b instanceof Quantity ? run(a.nanos, b.nanos) : typeof b === 'bigint' ? run(a.nanos, b * NANO) : NO_OVERLOAD;
};
const one = (run: (nanos: bigint) => Result): Run => (a) => (a instanceof Quantity ? run(a.nanos) : NO_OVERLOAD);
const whole = (nanos: bigint): bigint | undefined => (nanos % NANO === 0n && nanos <= MAX && nanos >= -MAX ? nanos / NANO : undefined);

export const QUANTITIES: Readonly<Record<string, FunctionSpec>> = {
  quantity: {
    global: ['string -> kubernetes.Quantity'],
    run: (text) => {
      if (typeof text !== 'string') return NO_OVERLOAD;
      const suffix = /^[+-]?[0-9.]*[eEinumkKMGTP]+[-+]?[0-9]*$/.test(text);
      return parseQuantity(text) ?? new CelError(suffix ? "unable to parse quantity's suffix" : "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'");
    },
    cost: (args) => traversal(costSize(args[0])),
  },
  isQuantity: { global: ['string -> bool'], run: (text) => (typeof text === 'string' ? parseQuantity(text) !== undefined : NO_OVERLOAD), cost: (args) => traversal(costSize(args[0])) },
  sign: { global: ['kubernetes.Quantity -> int'], run: one((a) => (a > 0n ? 1n : a < 0n ? -1n : 0n)) },
  isGreaterThan: { member: ['kubernetes.Quantity, kubernetes.Quantity -> bool'], run: two((a, b) => a > b) },
  isLessThan: { member: ['kubernetes.Quantity, kubernetes.Quantity -> bool'], run: two((a, b) => a < b) },
  compareTo: { member: ['kubernetes.Quantity, kubernetes.Quantity -> int'], run: two((a, b) => (a > b ? 1n : a < b ? -1n : 0n)) },
  asApproximateFloat: { member: ['kubernetes.Quantity -> double'], run: one((a) => Number(a) / 1e9) },
  asInteger: { member: ['kubernetes.Quantity -> int'], run: one((a) => whole(a) ?? new CelError('cannot convert value to integer')) },
  isInteger: { member: ['kubernetes.Quantity -> bool'], run: one((a) => whole(a) !== undefined) },
  add: { member: ['kubernetes.Quantity, kubernetes.Quantity -> kubernetes.Quantity', 'kubernetes.Quantity, int -> kubernetes.Quantity'], run: two((a, b) => new Quantity(a + b)) },
  sub: { member: ['kubernetes.Quantity, kubernetes.Quantity -> kubernetes.Quantity', 'kubernetes.Quantity, int -> kubernetes.Quantity'], run: two((a, b) => new Quantity(a - b)) },
};
