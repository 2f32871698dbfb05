/** The JSONPath of printer columns and selectors: what it leads to in an object, as client-go finds it. */
import { isObject, own } from '../schema/schema';
import { JsonPathSyntaxError, parseJsonPath, type Step } from './json-path-parse';

/** A compiled path: gives the values that it leads to, in order; none where it does not fit the object. */
export type JsonPath = (root: unknown) => unknown[];

/** Values looked at on the way. */
const MAX_VALUES = 10_000;

/** The path does not fit the value. */
class Unfit extends Error {}

/** @throws JsonPathSyntaxError when the path is not understood */
export function compileJsonPath(path: string): JsonPath {
  const steps = parseJsonPath(path);
  return (root) => {
    try {
      return walk([root], steps);
    } catch (error) {
      if (error instanceof Unfit) return [];
      throw error;
    }
  };
}

/** Why a path is not understood; undefined: it is. */
export function jsonPathProblem(path: string): string | undefined {
  try {
    parseJsonPath(path);
    return undefined;
  } catch (error) {
    if (error instanceof JsonPathSyntaxError) return error.message;
    throw error;
  }
}

function walk(roots: readonly unknown[], steps: readonly Step[]): unknown[] {
  let values = [...roots];
  for (const step of steps) {
    values = next(values, step);
    if (values.length > MAX_VALUES) throw new Unfit('too many values');
  }
  return values;
}

const isNull = (value: unknown): boolean => value === null || value === undefined;

function next(values: readonly unknown[], step: Step): unknown[] {
  switch (step.kind) {
    case 'field':
      return values.flatMap((value) => {
        const child = isObject(value) ? own(value, step.name) : undefined;
        return child === undefined ? [] : [child];
      });
    case 'wildcard':
      return values.flatMap(contentOf);
    case 'recursive':
      return values.flatMap((value) => descend(value, []));
    case 'slice':
      return sliced(values, step);
    case 'union':
      return step.parts.flatMap((part) => walk(values, part));
    case 'filter':
      return values.flatMap((value) => filtered(value, step));
    case 'literal':
      return values.map(() => step.value);
    case 'unknown':
      throw new Unfit(`unrecognized identifier ${step.name}`);
  }
}

function contentOf(value: unknown): unknown[] {
  if (Array.isArray(value)) return value as unknown[];
  return isObject(value) ? Object.values(value) : [];
}

/** The value and all containers below it. */
function descend(value: unknown, found: unknown[]): unknown[] {
  const content = contentOf(value);
  if (content.length === 0) return found;
  if (found.length >= MAX_VALUES) throw new Unfit('too many values');
  found.push(value);
  for (const each of content) descend(each, found);
  return found;
}

/** Ends with the first value of which the slice is empty, as client-go does. */
function sliced(values: readonly unknown[], step: Step & { kind: 'slice' }): unknown[] {
  const result: unknown[] = [];
  for (const value of values) {
    if (isNull(value)) continue;
    if (!Array.isArray(value)) throw new Unfit('no list');
    const { length } = value;
    const asked = step.start ?? 0;
    const start = asked < 0 ? asked + length : asked;
    let end = step.single ? asked + 1 : (step.end ?? length);
    if (end < 0 || (end === 0 && step.single)) end += length;
    if (start === end) return result;
    if (start >= length || start < 0 || end > length || end < 0 || start > end) throw new Unfit('index out of bounds');
    const by = step.step ?? 1;
    if (by <= 0) throw new Unfit('step must be > 0');
    for (let at = start; at < end; at += by) result.push(value[at]);
  }
  return result;
}

function filtered(value: unknown, { left, operator, right }: Step & { kind: 'filter' }): unknown[] {
  if (!Array.isArray(value)) throw new Unfit('no list');
  return (value as unknown[]).filter((item) => {
    if (operator === 'exists') return exists(item, left);
    const lefts = walk([item], left);
    if (lefts.length === 0) return false;
    const rights = walk([item], right);
    if (rights.length === 0) return false;
    if (lefts.length > 1 || rights.length > 1) throw new Unfit('can only compare one element at a time');
    return compare(lefts[0], rights[0], operator);
  });
}

function exists(item: unknown, steps: readonly Step[]): boolean {
  try {
    return walk([item], steps).length > 0;
  } catch (error) {
    if (error instanceof Unfit) return false;
    throw error;
  }
}

const kindOf = (value: unknown): string => (typeof value === 'number' ? (Number.isInteger(value) ? 'integer' : 'float') : typeof value);

function compare(a: unknown, b: unknown, operator: string): boolean {
  if (isNull(a) || isNull(b) || kindOf(a) !== kindOf(b) || typeof a === 'object') throw new Unfit('incompatible types for comparison');
  const x = a as string | number;
  const y = b as string | number;
  if (operator !== '==' && operator !== '!=' && typeof a === 'boolean') throw new Unfit('invalid type for comparison');
  switch (operator) {
    case '==':
      return x === y;
    case '!=':
      return x !== y;
    case '<':
      return x < y;
    case '<=':
      return x <= y;
    case '>':
      return x > y;
    case '>=':
      return x >= y;
    default:
      throw new Unfit(`unrecognized filter operator ${operator}`);
  }
}
