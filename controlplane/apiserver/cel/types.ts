/** Types of CEL expressions, and what may stand where (cel-go's rules for assignment and type parameters). */

export type TypeKind =
  | 'dyn' | 'error' | 'null' | 'bool' | 'int' | 'uint' | 'double' | 'string' | 'bytes' | 'timestamp' | 'duration'
  | 'list' | 'map' | 'object' | 'opaque' | 'type' | 'parameter';

export interface Type {
  kind: TypeKind;
  /** As messages show it. */
  name: string;
  params: readonly Type[];
  /** Of an object, by escaped name. */
  fields?: ReadonlyMap<string, Type>;
}

const simple = (kind: TypeKind, name: string = kind): Type => ({ kind, name, params: [] });

export const DYN = simple('dyn');
export const ERROR = simple('error', '!error!');
export const NULL = simple('null');
export const BOOL = simple('bool');
export const INT = simple('int');
export const UINT = simple('uint');
export const DOUBLE = simple('double');
export const STRING = simple('string');
export const BYTES = simple('bytes');
export const TIMESTAMP = simple('timestamp');
export const DURATION = simple('duration');
export const TYPE = simple('type');

export const listOf = (item: Type): Type => ({ kind: 'list', name: 'list', params: [item] });
export const mapOf = (key: Type, value: Type): Type => ({ kind: 'map', name: 'map', params: [key, value] });
export const typeOf = (type: Type): Type => ({ kind: 'type', name: 'type', params: [type] });
export const optionalOf = (type: Type): Type => ({ kind: 'opaque', name: 'optional_type', params: [type] });
export const opaque = (name: string): Type => simple('opaque', name);
export const parameter = (name: string): Type => simple('parameter', name);

export function isOptional(type: Type): boolean {
  return type.kind === 'opaque' && type.name === 'optional_type';
}

export function formatType(type: Type): string {
  return type.params.length === 0 ? type.name : `${type.name}(${type.params.map(formatType).join(', ')})`;
}

export function sameType(a: Type, b: Type): boolean {
  return a === b || (a.kind === b.kind && a.name === b.name && a.params.length === b.params.length && a.params.every((param, i) => sameType(param, b.params[i])));
}

const isWild = ({ kind }: Type): boolean => kind === 'dyn' || kind === 'error';

/** What is known of type parameters. */
export class Substitutions {
  #bound = new Map<string, Type>();
  #fresh = 0;

  fresh(): Type {
    return parameter(`_var${this.#fresh++}`);
  }

  /** `type` with its parameters replaced by what is known; unknown ones stay, or become dyn. */
  apply(type: Type, unknownToDyn = false): Type {
    if (type.kind === 'parameter') {
      const bound = this.#bound.get(type.name);
      if (bound) return this.apply(bound, unknownToDyn);
      return unknownToDyn ? DYN : type;
    }
    if (type.params.length === 0) return type;
    const params = type.params.map((param) => this.apply(param, unknownToDyn));
    return { ...type, params };
  }

  /** Whether every one of `from` may stand where `to` is asked for; learns of parameters only if so. */
  assignAll(from: readonly Type[], to: readonly Type[]): boolean {
    const before = new Map(this.#bound);
    if (from.length === to.length && from.every((type, i) => this.#assignable(type, to[i]))) return true;
    this.#bound = before;
    return false;
  }

  #assignable(a: Type, b: Type): boolean {
    if (b.kind === 'parameter') {
      const [valid, known] = this.#bind(a, b);
      if (valid || known) return valid;
    }
    if (a.kind === 'parameter') return this.#bind(b, a)[0];
    if (isWild(a) || isWild(b)) return true;
    if (a.kind === 'null') return isNullable(b);
    if (b.kind === 'null') return isNullable(a);
    if (a.kind !== b.kind) return false;
    if (a.kind === 'type') return true;
    return a.name === b.name && a.params.length === b.params.length && a.params.every((param, i) => this.#assignable(param, b.params[i]));
  }

  /** Tries `type` for `param`: [fits, something was known of the parameter]. */
  #bind(type: Type, param: Type): [boolean, boolean] {
    if (type.kind === 'parameter' && type.name === param.name) return [true, true];
    const bound = this.#bound.get(param.name);
    if (bound) {
      if (sameType(type, bound)) return [true, true];
      if (!this.#assignable(type, bound)) return [false, true];
      const general = moreGeneral(type, bound) ? type : bound;
      if (!this.#mentions(general, param)) this.#bound.set(param.name, general);
      return [true, true];
    }
    if (this.#mentions(type, param)) return [false, false];
    this.#bound.set(param.name, type);
    return [true, false];
  }

  #mentions(type: Type, param: Type): boolean {
    if (type.kind !== 'parameter') return type.params.some((inner) => this.#mentions(inner, param));
    if (type.name === param.name) return true;
    const bound = this.#bound.get(type.name);
    return bound !== undefined && this.#mentions(bound, param);
  }
}

function isNullable({ kind }: Type): boolean {
  return kind === 'null' || kind === 'object' || kind === 'opaque' || kind === 'timestamp' || kind === 'duration';
}

/** Whether `a` takes all that `b` does. */
function moreGeneral(a: Type, b: Type): boolean {
  if (isWild(a) || a.kind === 'parameter') return true;
  if (b.kind === 'null') return true;
  if (isWild(b) || b.kind === 'parameter') return false;
  return a.kind === b.kind && a.params.length === b.params.length && a.params.every((param, i) => moreGeneral(param, b.params[i]));
}

const NAMED: Readonly<Record<string, Type>> = { dyn: DYN, null: NULL, bool: BOOL, int: INT, uint: UINT, double: DOUBLE, string: STRING, bytes: BYTES, timestamp: TIMESTAMP, duration: DURATION };

/** `list(A)`, `map(string, int)`, `optional_type(A)`, `net.IP`: one capital letter is a parameter. */
export function parseType(text: string): Type {
  const trimmed = text.trim();
  const open = trimmed.indexOf('(');
  if (open < 0) return NAMED[trimmed] ?? (/^[A-Z]$/.test(trimmed) ? parameter(trimmed) : opaque(trimmed));
  const params = splitTypes(trimmed.slice(open + 1, -1)).map(parseType);
  switch (trimmed.slice(0, open)) {
    case 'list':
      return listOf(params[0]);
    case 'map':
      return mapOf(params[0], params[1]);
    case 'type':
      return typeOf(params[0]);
    default:
      return { kind: 'opaque', name: trimmed.slice(0, open), params };
  }
}

function splitTypes(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let part = '';
  for (const char of text) {
    if (char === ',' && depth === 0) {
      parts.push(part);
      part = '';
      continue;
    }
    if (char === '(') depth++;
    if (char === ')') depth--;
    part += char;
  }
  if (part.trim() !== '') parts.push(part);
  return parts;
}

/** `list(A), A -> int` */
export function parseSignature(text: string): { params: Type[]; result: Type } {
  const arrow = text.lastIndexOf('->');
  return { params: splitTypes(text.slice(0, arrow)).map(parseType), result: parseType(text.slice(arrow + 2)) };
}
