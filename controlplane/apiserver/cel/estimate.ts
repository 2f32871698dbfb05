/**
 * What an expression costs at most, as kube-apiserver estimates it when a definition is written: from the sizes that the schema allows.
 * Costs and sizes are numbers up to MAX, where they stay.
 */
import type { Expr } from './ast';
import type { Declared } from './declare';
import { callEstimate, type Sized } from './estimate-calls';
import { capped, MAX, type Size } from './size';
import type { Type } from './types';
import { textSize } from './values';

const LIST_COST = 10;
const MAP_COST = 30;
const SCALARS = new Set(['bool', 'double', 'duration', 'int', 'timestamp', 'uint']);

/** `root`: of `self` and `oldSelf`. */
export function estimateCost(expr: Expr, types: ReadonlyMap<Expr, Type>, root: Declared): number {
  return new Estimator(types, root).cost(expr);
}

class Estimator {
  readonly #paths = new Map<Expr, readonly string[]>();
  readonly #sizes = new Map<Expr, Size>();
  /** Variables of the comprehensions around, with what they range over; undefined: something else. */
  readonly #ranges: [string, Expr | undefined][] = [];

  constructor(
    private readonly types: ReadonlyMap<Expr, Type>,
    private readonly root: Declared,
  ) {}

  cost(expr: Expr): number {
    return capped(this.#cost(expr));
  }

  #cost(expr: Expr): number {
    switch (expr.kind) {
      case 'literal':
        return 0;
      case 'ident':
        return this.#ident(expr);
      case 'select':
        return this.#select(expr);
      case 'call':
        return this.#call(expr);
      case 'list':
        return this.#sum(expr.elements) + LIST_COST;
      case 'map':
        return this.#sum(expr.entries.flatMap(({ key, value }) => [key, value])) + MAP_COST;
      case 'message':
        return this.#sum(expr.values);
      case 'fold':
        return this.#fold(expr);
      case 'optional-map': {
        const operand = this.cost(expr.operand);
        const body = this.#within(expr.variable, undefined, () => this.cost(expr.body));
        return operand + 1 + (LIST_COST + operand + 1 + body + (expr.flat ? 0 : 1));
      }
      default:
        return expr satisfies never;
    }
  }

  #sum(exprs: readonly Expr[]): number {
    return exprs.reduce((sum, expr) => sum + this.cost(expr), 0);
  }

  #ident(expr: Expr & { kind: 'ident' }): number {
    const range = this.#ranges.findLast(([name]) => name === expr.name);
    if (!range) this.#paths.set(expr, [expr.name]);
    else if (range[1]) {
      const kind = this.types.get(range[1])?.kind;
      const step = kind === 'list' ? '@items' : kind === 'map' ? '@keys' : undefined;
      if (step) this.#paths.set(expr, [...(this.#paths.get(range[1]) ?? []), step]);
    }
    return 1;
  }

  #select(expr: Expr & { kind: 'select' }): number {
    const operand = this.cost(expr.operand);
    if (expr.test) return operand;
    if (expr.optional) return operand + 1;
    this.#paths.set(expr, [...(this.#paths.get(expr.operand) ?? []), expr.field]);
    const kind = this.types.get(expr.operand)?.kind;
    return kind === 'map' || kind === 'object' ? operand + 1 : operand;
  }

  #call(expr: Expr & { kind: 'call' }): number {
    const costs = expr.args.map((arg) => this.cost(arg));
    const target = expr.target ? this.cost(expr.target) : 0;
    const { name, args } = expr;
    // The left side may be enough, but at most both are evaluated.
    if (name === '_&&_' || name === '_||_') return costs[0] + costs[1];
    if (name === '_?_:_') {
      this.#sizes.set(expr, union(this.#size(args[1]), this.#size(args[2])));
      return costs[0] + Math.max(costs[1], costs[2]);
    }
    if (name === '_[_]') {
      const kind = this.types.get(args[0])?.kind;
      if (kind === 'list' || kind === 'map') this.#paths.set(expr, [...(this.#paths.get(args[0]) ?? []), kind === 'list' ? '@items' : '@values']);
    }
    const { cost, size } = callEstimate(name, expr.target && this.#sized(expr.target), args.map((arg) => this.#sized(arg)));
    if (size) this.#sizes.set(expr, { min: capped(size.min), max: capped(size.max) });
    return target + costs.reduce((sum, each) => sum + each, 0) + cost;
  }

  #fold(expr: Expr & { kind: 'fold' }): number {
    const range = this.cost(expr.range);
    const [filter, body] = this.#within(expr.variable, expr.range, () => [expr.filter ? this.cost(expr.filter) : 0, this.cost(expr.body)]);
    const count = this.#size(expr.range);
    this.#sizes.set(expr, count);
    const times = (each: number): number => (each === 0 ? 0 : capped(count.max * capped(each)));
    switch (expr.fold) {
      case 'all':
        return range + 1 + times(body + 3);
      case 'exists':
        return range + 1 + times(body + 4);
      case 'existsOne':
        return range + 2 + times(body + 2);
      case 'filter':
        return range + LIST_COST + 1 + times(body + LIST_COST + 3);
      case 'map':
        return range + LIST_COST + 1 + times(filter + body + LIST_COST + 2);
      default:
        return expr.fold satisfies never;
    }
  }

  #within<T>(variable: string, range: Expr | undefined, run: () => T): T {
    this.#ranges.push([variable, range]);
    const result = run();
    this.#ranges.pop();
    return result;
  }

  #sized(expr: Expr): Sized {
    const type = this.types.get(expr);
    const path = this.#paths.get(expr);
    const known = this.#known(expr);
    return {
      expr,
      kind: type?.kind ?? 'dyn',
      name: type?.name ?? 'dyn',
      size: known ?? (SCALARS.has(type?.kind ?? 'dyn') ? { min: 1, max: 1 } : { min: 0, max: MAX }),
      computed: known,
      item: type && type.params.length > 0 ? { kind: type.params[0].kind, size: (path && this.#declaredSize([...path, '@items'])) ?? { min: 0, max: MAX } } : undefined,
    };
  }

  #size(expr: Expr): Size {
    return this.#sized(expr).size;
  }

  #known(expr: Expr): Size | undefined {
    const exact = (size: number): Size => ({ min: size, max: size });
    const derived = this.#sizes.get(expr);
    if (derived) return derived;
    if (expr.kind === 'list') return exact(expr.elements.length);
    if (expr.kind === 'map') return exact(expr.entries.length);
    if (expr.kind === 'literal') return exact(typeof expr.value === 'string' ? textSize(expr.value) : expr.value instanceof Uint8Array ? expr.value.length : 1);
    const path = this.#paths.get(expr);
    return path && this.#declaredSize(path);
  }

  /** What the schema says of the value at a path, whose first name is a variable. */
  #declaredSize([, ...steps]: readonly string[]): Size | undefined {
    let node: Declared | undefined = this.root;
    for (const step of steps) {
      node = step === '@items' || step === '@values' ? node.item : step === '@keys' ? node.key : node.fields?.get(step);
      if (!node) return undefined;
    }
    return { min: 0, max: node.maxElements };
  }
}

const union = (a: Size, b: Size): Size => ({ min: Math.min(a.min, b.min), max: Math.max(a.max, b.max) });
