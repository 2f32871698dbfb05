/** What one call costs at most, and how large its result may be, from the sizes of its arguments. */
import type { Expr } from './ast';
import { capped, MAX, type Size } from './size';
import { TRAVERSAL } from './functions';
import type { TypeKind } from './types';

/** An argument. */
export interface Sized {
  expr: Expr;
  kind: TypeKind;
  name: string;
  size: Size;
  /** Known from the expression or the schema, not from the type alone. */
  computed: Size | undefined;
  /** Of lists and maps: what is in them. */
  item: { kind: TypeKind; size: Size } | undefined;
}

interface Estimate {
  cost: number;
  size?: Size;
}

const REGEX = 0.25;
const MAX_FORMAT_REGEX = 128;

const factor = (size: number, by: number): number => capped(Math.ceil(size * by));
const reading = (size: Size, times = 1): number => factor(size.max, TRAVERSAL * times);
const may = (arg: Sized | undefined, ...kinds: TypeKind[]): boolean => arg !== undefined && (arg.kind === 'dyn' || arg.kind === 'error' || kinds.includes(arg.kind));
/** Of functions that Kubernetes adds, an argument of which nothing is known has any size. */
const anySize = (arg: Sized): Size => arg.computed ?? { min: 0, max: MAX };

export function callEstimate(name: string, target: Sized | undefined, args: readonly Sized[]): Estimate {
  return (target && memberEstimate(name, target, args)) ?? globalEstimate(name, args) ?? operatorEstimate(name, args) ?? { cost: 1 };
}

function memberEstimate(name: string, target: Sized, args: readonly Sized[]): Estimate | undefined {
  const size = anySize(target);
  switch (name) {
    case 'isSorted':
    case 'sum':
    case 'max':
    case 'min':
    case 'indexOf':
    case 'lastIndexOf': {
      if (!target.item) return { cost: reading(size) };
      const each = 1 + (target.item.kind === 'string' || target.item.kind === 'bytes' ? reading(target.item.size) : 0);
      return { cost: capped(size.max * each) };
    }
    case 'lowerAscii':
    case 'upperAscii':
    case 'substring':
    case 'trim':
      return { cost: reading(size), size };
    case 'replace':
      return { cost: reading(size, 2), size: replaced(size, anySize(args[0]), anySize(args[1])) };
    case 'split': {
      const limit = args[1]?.expr;
      const max = limit?.kind === 'literal' && typeof limit.value === 'bigint' ? (limit.value < 0n ? MAX : Number(limit.value)) : size.max;
      return { cost: reading(size, 2), size: { min: 0, max } };
    }
    case 'join':
      return joined(size, target, args[0]);
    case 'find':
    case 'findAll':
      return { cost: matching(size, anySize(args[0])), size: { min: 0, max: size.max } };
    case 'matches':
      return { cost: matching(target.size, args[0].size) };
    case 'contains':
      return { cost: capped(reading(target.size) * reading(args[0].size)) };
    case 'startsWith':
    case 'endsWith':
      return { cost: reading(args[0].size) };
    case 'format':
      return { cost: reading(target.size) };
    case 'validate':
      return { cost: factor(reading(anySize(args[0])), MAX_FORMAT_REGEX * REGEX) };
    case 'containsIP':
      return { cost: factor(32, TRAVERSAL) + (args[0].kind === 'string' ? reading(anySize(args[0])) : 0) };
    case 'containsCIDR':
      return { cost: factor(32, TRAVERSAL) + factor(16, TRAVERSAL) + 1 + (args[0].kind === 'string' ? reading(anySize(args[0])) : 0) };
    default:
      return undefined;
  }
}

const matching = (text: Size, pattern: Size): number => capped(factor(text.max + 1, TRAVERSAL) * factor(pattern.max, REGEX));

function replaced(text: Size, old: Size, by: Size): Size {
  const count = { min: 0, max: 0 };
  const kept = { min: 0, max: 0 };
  if (old.min === 0) {
    count.max = capped(text.max + 1);
    kept.max = text.max;
  } else if (by.max <= old.min) kept.max = text.max;
  else count.max = Math.ceil(text.max / old.min);
  if (old.max === 0) {
    count.min = capped(text.min + 1);
    kept.min = text.min;
  } else if (old.max <= by.min) kept.min = text.min;
  else count.min = Math.ceil(text.min / old.max);
  return { min: capped(count.min * by.min + kept.min), max: capped(count.max * by.max + kept.max) };
}

function joined(list: Size, target: Sized, separator: Sized | undefined): Estimate {
  const items = target.item ? { min: capped(list.min * target.item.size.min), max: capped(list.max * target.item.size.max) } : { min: 0, max: 0 };
  if (separator) {
    const between = anySize(separator);
    items.min = capped(items.min + between.min * Math.max(0, list.min - 1));
    items.max = capped(items.max + between.max * Math.max(0, list.max - 1));
  }
  return { cost: reading(items), size: items };
}

function globalEstimate(name: string, args: readonly Sized[]): Estimate | undefined {
  const [first] = args;
  switch (name) {
    case 'url':
      return { cost: reading(anySize(first)), size: anySize(first) };
    case 'cidr':
    case 'isIP':
    case 'isCIDR':
    case 'quantity':
    case 'isQuantity':
      return { cost: reading(anySize(first)) };
    case 'ip':
      return first ? { cost: reading(anySize(first)) } : { cost: 1 };
    case 'ip.isCanonical':
      return { cost: reading(anySize(first), 2) };
    case 'bytes':
      return may(first, 'string') ? { cost: reading(first.size), size: { min: first.size.min, max: capped(first.size.max * 4) } } : undefined;
    case 'string':
      return may(first, 'bytes') ? { cost: reading(first.size), size: { min: Math.floor(first.size.min / 4), max: first.size.max } } : undefined;
    case 'strings.quote':
      return { cost: reading(first.size), size: { min: first.size.min + 2, max: capped(first.size.max * 2 + 2) } };
    case 'sets.contains':
    case 'sets.intersects':
      return { cost: capped(first.size.max * args[1].size.max) + 1 };
    case 'sets.equivalent':
      return { cost: capped(first.size.max * args[1].size.max * 2) + 1 };
    default:
      return undefined;
  }
}

const COMPARISONS = new Set(['_<_', '_<=_', '_>_', '_>=_']);

function operatorEstimate(name: string, args: readonly Sized[]): Estimate | undefined {
  const [a, b] = args;
  if (name === '_==_' && a.kind === 'opaque' && a.name === b.name) {
    if (a.name === 'kubernetes.URL') return { cost: reading(b.computed ?? { min: 1, max: 1 }) };
    if (a.name !== 'optional_type' && a.name !== 'kubernetes.NamedFormat') return { cost: 1 };
  }
  if (name === '_==_' || name === '_!=_' || (COMPARISONS.has(name) && may(a, 'string', 'bytes') && may(b, 'string', 'bytes'))) {
    const compared = factor(Math.min(a.size.max, b.size.max), TRAVERSAL);
    return { cost: COMPARISONS.has(name) && (a.kind === 'dyn' || b.kind === 'dyn') ? Math.max(1, compared) : compared };
  }
  if (name === '@in' && may(b, 'list')) return { cost: Math.max(b.kind === 'dyn' ? 1 : 0, b.size.max) };
  if (name !== '_+_' || !may(a, 'string', 'bytes', 'list') || !may(b, 'string', 'bytes', 'list')) return undefined;
  const size = { min: capped(a.size.min + b.size.min), max: capped(a.size.max + b.size.max) };
  return { cost: a.kind === 'list' ? 1 : Math.max(a.kind === 'dyn' ? 1 : 0, reading(size)), size };
}
