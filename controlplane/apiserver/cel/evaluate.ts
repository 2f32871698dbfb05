/**
 * Turns a checked expression into closures. A run counts its cost as cel-go does and is ended when it exceeds its limit,
 * so that no rule takes long whatever the object holds.
 */
import type { Expr } from './ast';
import type { FunctionTable } from './functions';
import { TYPE_NAMES } from './checker';
import { CONVERSIONS } from './library/convert';
import { compileRegexp } from './regex/regex';
import { ArrayList, CelError, ListValue, LiteralMap, MapValue, NO_OVERLOAD, NONE, Optional, TypeValue, type Result, type Value } from './values';

/** One run: variables by slot, and what it has cost. */
export interface Run {
  slots: (Value | undefined)[];
  cost: number;
  readonly limit: number;
}

export class CostExceeded extends Error {
  constructor() {
    super('operation cancelled: actual cost limit exceeded');
  }
}

/** A call whose arguments are literals fails whenever it runs. */
export class InstantiationError extends Error {}

export type Evaluate = (run: Run) => Result;

const LIST_COST = 10;
const MAP_COST = 30;

/** `variables`: the slots of what the expression may read; `slotCount` counts those of its own too. */
export function compile(expr: Expr, variables: readonly string[], functions: FunctionTable): { evaluate: Evaluate; slotCount: number } {
  const compiler = new Compiler(functions, variables.length);
  const scope = new Map(variables.map((name, slot) => [name, slot]));
  return { evaluate: compiler.compile(expr, scope), slotCount: compiler.slotCount };
}

const CONVERTING = new Set(['bool', 'bytes', 'double', 'duration', 'int', 'string', 'timestamp', 'uint']);

/** Conversions of literals are tried beforehand, and so are the patterns of find and findAll. */
function refuseLiterals({ name, target, args }: Expr & { kind: 'call' }): void {
  const [first] = args;
  if (first?.kind !== 'literal') return;
  let result: Result = null;
  if (CONVERTING.has(name) && !target) result = CONVERSIONS[name].run(first.value);
  else if ((name === 'find' || name === 'findAll') && typeof first.value === 'string') {
    const regexp = compileRegexp(first.value);
    if (regexp instanceof CelError) result = regexp;
  }
  if (result instanceof CelError) throw new InstantiationError(result.message);
}

function charge(run: Run, cost: number): void {
  run.cost += cost;
  if (run.cost > run.limit) throw new CostExceeded();
}

const RUNTIME_TYPES: Readonly<Record<string, string>> = { timestamp: 'google.protobuf.Timestamp', duration: 'google.protobuf.Duration' };

type Scope = ReadonlyMap<string, number>;

class Compiler {
  constructor(
    private readonly functions: FunctionTable,
    public slotCount: number,
  ) {}

  compile(expr: Expr, scope: Scope): Evaluate {
    switch (expr.kind) {
      case 'literal': {
        const { value } = expr;
        return () => value;
      }
      case 'ident':
        return this.#ident(expr.name, scope);
      case 'select':
        return this.#select(expr, scope);
      case 'call':
        return this.#call(expr, scope);
      case 'list':
        return this.#list(expr, scope);
      case 'map':
        return this.#map(expr, scope);
      case 'fold':
        return this.#fold(expr, scope);
      case 'optional-map':
        return this.#optionalMap(expr, scope);
      case 'message':
        return () => NO_OVERLOAD;
      default:
        return expr satisfies never;
    }
  }

  #ident(written: string, scope: Scope): Evaluate {
    const name = written.replace(/^\./, '');
    const slot = scope.get(name);
    if (slot === undefined) {
      const type = Object.hasOwn(TYPE_NAMES, name) ? new TypeValue(RUNTIME_TYPES[name] ?? name) : undefined;
      return () => type ?? new CelError(`no such attribute(s): ${name}`);
    }
    return (run) => {
      charge(run, 1);
      return run.slots[slot] ?? (run.slots[slot] === null ? null : new CelError(`no such attribute(s): ${name}`));
    };
  }

  #select({ operand, field, test, optional }: Expr & { kind: 'select' }, scope: Scope): Evaluate {
    const target = this.compile(operand, scope);
    return (run) => {
      const value = target(run);
      if (value instanceof CelError) return value;
      if (!test) charge(run, 1);
      const inner = value instanceof Optional ? value.value : value;
      if (inner === undefined) return test ? false : value;
      if (!(inner instanceof MapValue)) return test ? false : new CelError(`no such key: ${field}`);
      const found = inner.field(field);
      if (found instanceof CelError) return found;
      if (test) return found !== undefined;
      if (optional || value instanceof Optional) return found === undefined ? NONE : new Optional(found);
      return found ?? (found === null ? null : new CelError(`no such key: ${field}`));
    };
  }

  #call(expr: Expr & { kind: 'call' }, scope: Scope): Evaluate {
    const args = [...(expr.target ? [expr.target] : []), ...expr.args].map((arg) => this.compile(arg, scope));
    switch (expr.name) {
      case '_&&_':
        return logical(args, false);
      case '_||_':
        return logical(args, true);
      case '_?_:_':
        return (run) => {
          const condition = args[0](run);
          if (condition instanceof CelError) return condition;
          if (typeof condition !== 'boolean') return NO_OVERLOAD;
          return condition ? args[1](run) : args[2](run);
        };
      default:
        refuseLiterals(expr);
        return this.#function(expr.name, args);
    }
  }

  #function(name: string, args: readonly Evaluate[]): Evaluate {
    const entry = this.functions.get(name);
    if (!entry) return () => new CelError(`no such overload: ${name}`);
    const { run: apply, cost } = entry;
    return (run) => {
      const values: Value[] = [];
      for (const arg of args) {
        const value = arg(run);
        if (value instanceof CelError) return value;
        values.push(value);
      }
      const result = apply(...values);
      charge(run, cost ? cost(values, result) : 1);
      return result;
    };
  }

  #list({ elements, optional }: Expr & { kind: 'list' }, scope: Scope): Evaluate {
    const items = elements.map((element) => this.compile(element, scope));
    const constant = elements.every(({ kind }) => kind === 'literal');
    return (run) => {
      const values: Value[] = [];
      for (const [index, item] of items.entries()) {
        const value = item(run);
        if (value instanceof CelError) return value;
        if (!optional.has(index)) values.push(value);
        else if (!(value instanceof Optional)) return NO_OVERLOAD;
        else if (value.value !== undefined) values.push(value.value);
      }
      if (!constant) charge(run, LIST_COST);
      return new ArrayList(values);
    };
  }

  #map({ entries }: Expr & { kind: 'map' }, scope: Scope): Evaluate {
    const compiled = entries.map(({ key, value, optional }) => ({ key: this.compile(key, scope), value: this.compile(value, scope), optional }));
    return (run) => {
      const map = new LiteralMap();
      for (const entry of compiled) {
        const key = entry.key(run);
        if (key instanceof CelError) return key;
        let value = entry.value(run);
        if (value instanceof CelError) return value;
        if (entry.optional) {
          if (!(value instanceof Optional)) return NO_OVERLOAD;
          if (value.value === undefined) continue;
          value = value.value;
        }
        if (!map.add(key, value)) return new CelError('unsupported key type');
      }
      charge(run, MAP_COST);
      return map;
    };
  }

  #variable(name: string, scope: Scope): { slot: number; inner: Scope } {
    const slot = this.slotCount++;
    return { slot, inner: new Map([...scope, [name, slot]]) };
  }

  #optionalMap({ operand, variable, body, flat }: Expr & { kind: 'optional-map' }, scope: Scope): Evaluate {
    const target = this.compile(operand, scope);
    const { slot, inner } = this.#variable(variable, scope);
    const map = this.compile(body, inner);
    return (run) => {
      const value = target(run);
      if (value instanceof CelError) return value;
      if (!(value instanceof Optional)) return NO_OVERLOAD;
      charge(run, 1);
      if (value.value === undefined) return NONE;
      run.slots[slot] = value.value;
      const result = map(run);
      return flat || result instanceof CelError ? result : new Optional(result);
    };
  }

  #fold(expr: Expr & { kind: 'fold' }, scope: Scope): Evaluate {
    const range = this.compile(expr.range, scope);
    const { slot, inner } = this.#variable(expr.variable, scope);
    const filter = expr.filter && this.compile(expr.filter, inner);
    const body = this.compile(expr.body, inner);
    const each = (run: Run, visit: (item: Value) => Result | undefined): Result | undefined => {
      const items = range(run);
      if (items instanceof CelError) return items;
      if (items instanceof MapValue) {
        for (const key of items.keys()) {
          run.slots[slot] = key;
          const result = visit(key);
          if (result !== undefined) return result;
        }
        return undefined;
      }
      if (!(items instanceof ListValue)) return new CelError('got \'' + typeof items + '\', expected iterable type');
      for (let i = 0; i < items.length; i++) {
        const item = items.at(i);
        if (item instanceof CelError) return item;
        run.slots[slot] = item;
        const result = visit(item);
        if (result !== undefined) return result;
      }
      return undefined;
    };
    switch (expr.fold) {
      case 'all':
        return quantifier(each, body, false);
      case 'exists':
        return quantifier(each, body, true);
      case 'existsOne':
        return (run) => {
          let count = 0;
          const failed = each(run, () => {
            charge(run, 1);
            const holds = body(run);
            if (holds instanceof CelError) return holds;
            if (holds === true) count++;
            return typeof holds === 'boolean' ? undefined : NO_OVERLOAD;
          });
          charge(run, 2);
          return failed ?? count === 1;
        };
      case 'filter':
      case 'map':
        return collector(each, expr.fold === 'filter' ? body : filter, expr.fold === 'filter' ? undefined : body);
      default:
        return expr.fold satisfies never;
    }
  }
}

type Each = (run: Run, visit: (item: Value) => Result | undefined) => Result | undefined;

/** `decisive` on any side decides, even against an error on the other. */
function logical(args: readonly Evaluate[], decisive: boolean): Evaluate {
  return (run) => {
    let failed: CelError | undefined;
    for (const arg of args) {
      const value = arg(run);
      if (value === decisive) return decisive;
      if (value instanceof CelError) failed ??= value;
      else if (typeof value !== 'boolean') failed ??= NO_OVERLOAD;
    }
    return failed ?? !decisive;
  };
}

/** all (`decisive` false) and exists (true): one decisive item decides, even after errors of others. */
function quantifier(each: Each, body: Evaluate, decisive: boolean): Evaluate {
  return (run) => {
    let failed: CelError | undefined;
    const decided = each(run, () => {
      charge(run, decisive ? 4 : 3);
      const holds = body(run);
      if (holds === decisive) return decisive;
      if (holds instanceof CelError) failed ??= holds;
      else if (typeof holds !== 'boolean') failed ??= NO_OVERLOAD;
      return undefined;
    });
    charge(run, 1);
    return decided ?? failed ?? !decisive;
  };
}

function collector(each: Each, filter: Evaluate | undefined, map: Evaluate | undefined): Evaluate {
  return (run) => {
    const items: Value[] = [];
    const failed = each(run, (item) => {
      const keep = filter?.(run) ?? true;
      if (keep instanceof CelError) return keep;
      if (typeof keep !== 'boolean') return NO_OVERLOAD;
      charge(run, keep ? LIST_COST + 2 : 1);
      if (!keep) return undefined;
      const value = map ? map(run) : item;
      if (value instanceof CelError) return value;
      items.push(value);
      return undefined;
    });
    charge(run, 1);
    return failed ?? new ArrayList(items);
  };
}

