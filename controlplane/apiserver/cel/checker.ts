/** Checks the types of an expression, in the words of cel-go. Every fault is reported, not only the first. */
import type { Expr, Issue } from './ast';
import { qualifiedName } from './parser';
import type { FunctionTable, Overload } from './functions';
import { BOOL, BYTES, DOUBLE, DURATION, DYN, ERROR, formatType, INT, isOptional, listOf, mapOf, NULL, optionalOf, parameter, sameType, STRING, Substitutions, TIMESTAMP, TYPE, typeOf, UINT, type Type } from './types';
import { TypeValue, UInt } from './values';

export interface Checked {
  type: Type;
  issues: Issue[];
  /** Names of variables that the expression reads. */
  variables: ReadonlySet<string>;
  /** The type of each node; for nodes of comprehensions, of their body. */
  types: ReadonlyMap<Expr, Type>;
}

/** Names of types, which are values too. */
export const TYPE_NAMES: Readonly<Record<string, Type>> = {
  bool: BOOL, int: INT, uint: UINT, double: DOUBLE, string: STRING, bytes: BYTES, null_type: NULL,
  list: listOf(parameter('A')), map: mapOf(parameter('A'), parameter('B')), type: TYPE, duration: DURATION, timestamp: TIMESTAMP,
  'google.protobuf.Timestamp': TIMESTAMP, 'google.protobuf.Duration': DURATION,
  'net.IP': { kind: 'opaque', name: 'net.IP', params: [] }, 'net.CIDR': { kind: 'opaque', name: 'net.CIDR', params: [] },
  'kubernetes.URL': { kind: 'opaque', name: 'kubernetes.URL', params: [] }, 'kubernetes.Quantity': { kind: 'opaque', name: 'kubernetes.Quantity', params: [] },
  'kubernetes.NamedFormat': { kind: 'opaque', name: 'kubernetes.NamedFormat', params: [] },
};

/** Rewrites `google.protobuf.Timestamp` and `ip.isCanonical(x)` in place, where names with dots mean one thing. */
export function check(expr: Expr, variables: ReadonlyMap<string, Type>, functions: FunctionTable): Checked {
  const checker = new Checker(variables, functions);
  const type = checker.check(expr);
  const types = new Map<Expr, Type>();
  for (const [node, found] of checker.types) types.set(node, checker.substitutions.apply(found, true));
  return { type: checker.substitutions.apply(type, true), issues: checker.issues, variables: checker.read, types };
}

class Checker {
  readonly issues: Issue[] = [];
  readonly read = new Set<string>();
  readonly types = new Map<Expr, Type>();
  readonly substitutions = new Substitutions();
  #scope: { name: string; type: Type }[] = [];

  constructor(
    private readonly variables: ReadonlyMap<string, Type>,
    private readonly functions: FunctionTable,
  ) {}

  check(expr: Expr): Type {
    const type = this.#check(expr);
    this.types.set(expr, type);
    return type;
  }

  #check(expr: Expr): Type {
    switch (expr.kind) {
      case 'literal':
        return literalType(expr.value);
      case 'ident':
        return this.#lookup(expr.name) ?? this.#undeclared(expr.at, expr.name);
      case 'select':
        return this.#select(expr);
      case 'call':
        return this.#call(expr);
      case 'list':
        return listOf(this.#join(expr.elements, expr.optional));
      case 'map': {
        const optional = new Set([...expr.entries.keys()].filter((index) => expr.entries[index].optional));
        const key = this.#join(expr.entries.map((entry) => entry.key), new Set());
        return mapOf(key, this.#join(expr.entries.map((entry) => entry.value), optional));
      }
      case 'message':
        for (const value of expr.values) this.check(value);
        return this.#undeclared(expr.at, expr.name);
      case 'fold':
        return this.#fold(expr);
      case 'optional-map':
        return this.#optionalMap(expr);
      default:
        return expr satisfies never;
    }
  }

  #report(at: number, message: string): Type {
    this.issues.push({ at, message });
    return ERROR;
  }

  #undeclared(at: number, name: string): Type {
    return this.#report(at, `undeclared reference to '${name}' (in container '')`);
  }

  /** `.name` looks past the variables of comprehensions. */
  #lookup(written: string): Type | undefined {
    const name = written.replace(/^\./, '');
    for (let i = this.#scope.length - 1; i >= 0; i--) if (this.#scope[i].name === written) return this.#scope[i].type;
    const variable = this.variables.get(name);
    if (variable) {
      this.read.add(name);
      return variable;
    }
    return Object.hasOwn(TYPE_NAMES, name) ? typeOf(TYPE_NAMES[name]) : undefined;
  }

  #select(expr: Expr & { kind: 'select' }): Type {
    const name = expr.test || expr.optional ? undefined : qualifiedName(expr);
    if (name !== undefined && Object.hasOwn(TYPE_NAMES, name) && this.#lookup(name.split('.')[0]) === undefined) {
      const type = TYPE_NAMES[name];
      Object.assign(expr, { kind: 'literal', value: new TypeValue(name) });
      return typeOf(type);
    }
    const operand = this.substitutions.apply(this.check(expr.operand));
    const target = isOptional(operand) ? operand.params[0] : operand;
    const field = this.#field(expr, target);
    if (expr.test) return BOOL;
    return isOptional(operand) || expr.optional ? optionalOf(field) : this.substitutions.apply(field);
  }

  #field(expr: Expr & { kind: 'select' }, target: Type): Type {
    switch (target.kind) {
      case 'map':
        return target.params[1];
      case 'object':
        return target.fields?.get(expr.field) ?? target.fields?.get(`__${expr.field}__`) ?? this.#report(expr.at, `undefined field '${expr.field}'`);
      case 'parameter':
        this.substitutions.assignAll([DYN], [target]);
        return DYN;
      case 'dyn':
      case 'error':
        return DYN;
      default:
        this.#report(expr.at, `type '${formatType(target)}' does not support field selection`);
        return DYN;
    }
  }

  #call(expr: Expr & { kind: 'call' }): Type {
    const args = expr.args.map((arg) => this.check(arg));
    if (this.functions.has(expr.name.replace(/^\./, ''))) expr.name = expr.name.replace(/^\./, '');
    if (expr.target) {
      const prefix = qualifiedName(expr.target)?.replace(/^\./, '');
      const full = prefix === undefined ? undefined : `${prefix}.${expr.name}`;
      if (full === undefined || !this.functions.has(full)) {
        const target = this.check(expr.target);
        if (!this.functions.has(expr.name)) return this.#undeclared(expr.at, expr.name);
        return this.#resolve(expr, [target, ...args], true);
      }
      expr.name = full;
      delete expr.target;
    }
    if (!this.functions.has(expr.name)) return this.#undeclared(expr.at, expr.name);
    if (expr.name === '_&&_' || expr.name === '_||_') {
      const fit = expr.args.map((arg, index) => this.#mustBeBool(arg.at, args[index]));
      return fit.every(Boolean) ? BOOL : ERROR;
    }
    return this.#resolve(expr, args, false);
  }

  #mustBeBool(at: number, type: Type): boolean {
    if (this.substitutions.assignAll([type], [BOOL])) return true;
    this.#report(at, `expected type 'bool' but found '${formatType(this.substitutions.apply(type))}'`);
    return false;
  }

  #resolve(expr: Expr & { kind: 'call' }, args: readonly Type[], member: boolean): Type {
    let result: Type | undefined;
    for (const overload of this.functions.get(expr.name)?.overloads ?? []) {
      if (overload.member !== member) continue;
      const candidate = this.#instantiate(overload);
      if (!this.substitutions.assignAll(args, candidate.params)) continue;
      const found = this.substitutions.apply(candidate.result);
      if (result === undefined) result = found;
      else if (result.kind !== 'dyn' && !sameType(found, result)) result = DYN;
    }
    if (result) return result;
    const shown = args.map((arg) => formatType(this.substitutions.apply(arg, true)));
    const signature = member ? `${shown[0]}.(${shown.slice(1).join(', ')})` : `(${shown.join(', ')})`;
    return this.#report(expr.at, `found no matching overload for '${expr.name}' applied to '${signature}'`);
  }

  #instantiate({ params, result }: Overload): { params: readonly Type[]; result: Type } {
    const fresh = new Map<string, Type>();
    const replace = (type: Type): Type => {
      if (type.kind !== 'parameter') return type.params.length === 0 ? type : { ...type, params: type.params.map(replace) };
      let variable = fresh.get(type.name);
      if (!variable) fresh.set(type.name, (variable = this.substitutions.fresh()));
      return variable;
    };
    return { params: params.map(replace), result: replace(result) };
  }

  /** The common type of the elements of a literal; dyn when there is none. */
  #join(elements: readonly Expr[], optional: ReadonlySet<number>): Type {
    let joined: Type | undefined;
    for (const [index, element] of elements.entries()) {
      let type = this.check(element);
      if (optional.has(index)) {
        const known = this.substitutions.apply(type);
        if (isOptional(known)) type = known.params[0];
        else if (known.kind !== 'dyn') this.#report(element.at, `expected type 'optional_type(${formatType(known)})' but found '${formatType(known)}'`);
      }
      if (joined === undefined) joined = type;
      else if (!this.substitutions.assignAll([type], [joined]) || this.substitutions.apply(type).kind === 'dyn') joined = DYN;
    }
    return joined ?? this.substitutions.fresh();
  }

  #fold(expr: Expr & { kind: 'fold' }): Type {
    const range = this.substitutions.apply(this.check(expr.range));
    let item: Type = ERROR;
    if (range.kind === 'list' || range.kind === 'map') [item] = range.params;
    else if (range.kind === 'dyn' || range.kind === 'error') item = DYN;
    else if (range.kind === 'parameter') {
      this.substitutions.assignAll([range], [DYN]);
      item = DYN;
    } else this.#report(expr.range.at, `expression of type '${formatType(range)}' cannot be range of a comprehension (must be list, map, or dynamic)`);
    this.#scope.push({ name: expr.variable, type: item });
    const filter = expr.filter && this.check(expr.filter);
    const body = this.check(expr.body);
    this.#scope.pop();
    switch (expr.fold) {
      case 'all':
      case 'exists':
        this.#mustBeBool(expr.body.at, body);
        return BOOL;
      case 'existsOne':
        this.#condition(expr.at, body, INT);
        return BOOL;
      case 'filter':
        this.#condition(expr.at, body, listOf(item));
        return listOf(item);
      case 'map':
        if (filter) this.#condition(expr.at, filter, listOf(body));
        return listOf(body);
      default:
        return expr.fold satisfies never;
    }
  }

  #condition(at: number, condition: Type, branch: Type): void {
    if (this.substitutions.assignAll([condition], [BOOL])) return;
    const [test, shown] = [condition, branch].map((type) => formatType(this.substitutions.apply(type, true)));
    this.#report(at, `found no matching overload for '_?_:_' applied to '(${test}, ${shown}, ${shown})'`);
  }

  #optionalMap(expr: Expr & { kind: 'optional-map' }): Type {
    const before = this.issues.length;
    const operand = this.substitutions.apply(this.check(expr.operand));
    // The macro stands for hasValue() and value() of the operand, which is looked at for each.
    this.issues.push(...this.issues.slice(before));
    if (!isOptional(operand) && operand.kind !== 'dyn' && operand.kind !== 'error') {
      for (const name of ['hasValue', 'value']) this.#report(expr.at, `found no matching overload for '${name}' applied to '${formatType(operand)}.()'`);
      this.#scope.push({ name: expr.variable, type: ERROR });
      this.check(expr.body);
      this.#scope.pop();
      return ERROR;
    }
    this.#scope.push({ name: expr.variable, type: isOptional(operand) ? operand.params[0] : DYN });
    const body = this.substitutions.apply(this.check(expr.body));
    this.#scope.pop();
    if (!expr.flat) return optionalOf(body);
    if (isOptional(body) || body.kind === 'dyn' || body.kind === 'error') return body;
    return this.#report(expr.at, `found no matching overload for '_?_:_' applied to '(bool, ${formatType(body)}, optional_type(dyn))'`);
  }
}

function literalType(value: unknown): Type {
  if (value === null) return NULL;
  if (typeof value === 'boolean') return BOOL;
  if (typeof value === 'bigint') return INT;
  if (typeof value === 'number') return DOUBLE;
  if (typeof value === 'string') return STRING;
  if (value instanceof UInt) return UINT;
  return value instanceof Uint8Array ? BYTES : DYN;
}
