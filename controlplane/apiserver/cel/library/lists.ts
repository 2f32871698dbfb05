/** Functions over lists: Kubernetes' own (sum, min, …) and CEL's sets. */
import { compare, equal } from '../equality';
import type { FunctionSpec, Run } from '../functions';
import { CelError, costSize, Duration, duration, int, ListValue, NO_OVERLOAD, uint, UInt, type Result, type Value } from '../values';

const COMPARABLE = ['int', 'uint', 'double', 'bool', 'duration', 'timestamp', 'string', 'bytes'];
const SUMMABLE = ['int', 'uint', 'double', 'duration'];

const traverse = (args: readonly Value[]): number => (typeof args[0] === 'string' ? Math.ceil(costSize(args[0]) * 0.1) : deepSize(args[0]));

/** Items of a list; of texts in it, what reading them costs. */
function deepSize(list: Value): number {
  if (!(list instanceof ListValue)) return 1;
  let size = 0;
  for (let i = 0; i < list.length; i++) {
    const item = list.at(i);
    size += typeof item === 'string' || item instanceof Uint8Array ? Math.max(1, Math.ceil(costSize(item) * 0.1)) : 1;
  }
  return size;
}

/** Every item in turn until `visit` gives a result. */
function scan(list: Value, visit: (item: Value, index: number) => Result | undefined, otherwise: () => Result): Result {
  if (!(list instanceof ListValue)) return NO_OVERLOAD;
  for (let i = 0; i < list.length; i++) {
    const item = list.at(i);
    if (item instanceof CelError) return item;
    const result = visit(item, i);
    if (result !== undefined) return result;
  }
  return otherwise();
}

const isSorted: Run = (list) => {
  let previous: Value | undefined;
  return scan(
    list,
    (item) => {
      if (previous !== undefined) {
        const difference = compare(previous, item);
        if (difference === undefined) return NO_OVERLOAD;
        if (difference > 0) return false;
      }
      previous = item;
      return undefined;
    },
    () => true,
  );
};

const extreme = (name: string, sign: number): Run => (list) => {
  let best: Value | undefined;
  return scan(
    list,
    (item) => {
      const difference = best === undefined ? -1 : compare(item, best);
      if (difference === undefined) return NO_OVERLOAD;
      if (best === undefined || difference * sign < 0) best = item;
      return undefined;
    },
    () => (best === undefined ? new CelError(`${name} called on empty list`) : best),
  );
};

const sum: Run = (list) => {
  let total: Value | undefined;
  return scan(
    list,
    (item) => {
      const next = total === undefined ? item : plus(total, item);
      if (next instanceof CelError) return next;
      if (total === undefined && !['bigint', 'number'].includes(typeof item) && !(item instanceof UInt) && !(item instanceof Duration)) return NO_OVERLOAD;
      total = next;
      return undefined;
    },
    () => total ?? 0n,
  );
};

function plus(a: Value, b: Value): Result {
  if (typeof a === 'bigint' && typeof b === 'bigint') return int(a + b);
  if (typeof a === 'number' && typeof b === 'number') return a + b;
  if (a instanceof UInt && b instanceof UInt) return uint(a.value + b.value);
  return a instanceof Duration && b instanceof Duration ? duration(a.nanos + b.nanos) : NO_OVERLOAD;
}

const indexOf = (last: boolean): Run => (list, wanted) => {
  let found = -1n;
  return scan(
    list,
    (item, index) => {
      if (equal(item, wanted) !== true) return undefined;
      found = BigInt(index);
      return last ? undefined : found;
    },
    () => found,
  );
};

function includes(list: ListValue, wanted: Value): Result {
  return scan(list, (item) => (equal(item, wanted) === true ? true : undefined), () => false);
}

const containsAll: Run = (list, wanted) => (list instanceof ListValue ? scan(wanted, (item) => (includes(list, item) === true ? undefined : false), () => true) : NO_OVERLOAD);
const product = (args: readonly Value[]): number => Math.max(1, costSize(args[0]) * costSize(args[1]));

export const LISTS: Readonly<Record<string, FunctionSpec>> = {
  isSorted: { member: COMPARABLE.map((type) => `list(${type}) -> bool`), run: isSorted, cost: traverse },
  sum: { member: SUMMABLE.map((type) => `list(${type}) -> ${type}`), run: sum, cost: traverse },
  min: { member: COMPARABLE.map((type) => `list(${type}) -> ${type}`), run: extreme('min', 1), cost: traverse },
  max: { member: COMPARABLE.map((type) => `list(${type}) -> ${type}`), run: extreme('max', -1), cost: traverse },
  indexOf: { member: ['list(A), A -> int'], run: indexOf(false), cost: traverse },
  lastIndexOf: { member: ['list(A), A -> int'], run: indexOf(true), cost: traverse },
  'sets.contains': { global: ['list(A), list(A) -> bool'], run: containsAll, cost: product },
  'sets.equivalent': {
    global: ['list(A), list(A) -> bool'],
    run: (a, b) => {
      const forth = containsAll(a, b);
      return forth === true ? containsAll(b, a) : forth;
    },
    cost: (args) => 2 * product(args),
  },
  'sets.intersects': {
    global: ['list(A), list(A) -> bool'],
    run: (a, b) => (a instanceof ListValue ? scan(b, (item) => (includes(a, item) === true ? true : undefined), () => false) : NO_OVERLOAD),
    cost: product,
  },
};
