/** The functions that expressions may call: for the checker their signatures, for the evaluator what they do and cost. */
import { parseSignature, type Type } from './types';
import type { Result, Value } from './values';

export interface Overload {
  member: boolean;
  params: readonly Type[];
  result: Type;
}

export type Run = (...args: Value[]) => Result;
/** Cost of a call beyond its arguments. */
export type Cost = (args: readonly Value[], result: Result) => number;

export interface FunctionEntry {
  overloads: Overload[];
  run: Run;
  cost: Cost | undefined;
}

export type FunctionTable = ReadonlyMap<string, FunctionEntry>;

export interface FunctionSpec {
  /** Signatures called as `f(a, b)`. */
  global?: readonly string[];
  /** Called as `a.f(b)`. */
  member?: readonly string[];
  /** Gets arguments of any type and number that some signature of the name has; answers NO_OVERLOAD for others. */
  run: Run;
  cost?: Cost;
}

/** What several libraries define under one name (`indexOf` of lists and of strings) is tried one after the other. */
export function functionTable(libraries: readonly Readonly<Record<string, FunctionSpec>>[]): FunctionTable {
  const table = new Map<string, FunctionEntry>();
  for (const library of libraries) {
    for (const [name, spec] of Object.entries(library)) {
      const overloads = [
        ...(spec.global ?? []).map((text) => ({ member: false, ...parseSignature(text) })),
        ...(spec.member ?? []).map((text) => ({ member: true, ...parseSignature(text) })),
      ];
      const before = table.get(name);
      if (!before) table.set(name, { overloads, run: spec.run, cost: spec.cost });
      else table.set(name, { overloads: [...before.overloads, ...overloads], run: either(before.run, spec.run), cost: before.cost ?? spec.cost });
    }
  }
  return table;
}

function either(first: Run, second: Run): Run {
  return (...args) => {
    const result = first(...args);
    return typeof result === 'object' && result !== null && 'message' in result && result.message === 'no such overload' ? second(...args) : result;
  };
}

export const TRAVERSAL = 0.1;
const REGEX = 0.25;

/** Of something that reads a text of `size` once. */
export const traversal = (size: number, times = 1): number => Math.ceil(size * times * TRAVERSAL);
/** Of matching a text against an expression, whose states are guessed from its length. */
export const regexCost = (size: number, pattern: number): number => Math.ceil((1 + size) * TRAVERSAL) * Math.ceil(pattern * REGEX);
