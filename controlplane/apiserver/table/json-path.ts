/**
 * The JSONPath of printer columns: `.a.b`, `['a.b']`, `.a\.b`, `[0]`, `[-1]`, `[*]`, `[?(@.type=="Ready")]`.
 */
import { isObject, own } from '../schema/schema';

type Step = { key: string } | { index: number } | { all: true } | { where: Step[]; equals: boolean; value: unknown };

/** A compiled path: gives the values that it leads to, in order. */
export type JsonPath = (root: unknown) => unknown[];

const STEP = /\.((?:[^.[\]\\]|\\.)+)|\['((?:[^'\\]|\\.)*)'\]|\["((?:[^"\\]|\\.)*)"\]|\[(-?\d+)\]|(\[\*\]|\.\*)|\[\?\(\s*@([^=!)]+?)\s*(==|!=)\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^)\s]+)\s*\)\]/y;

/** @throws Error that names the path when it is not understood. */
export function compileJsonPath(path: string): JsonPath {
  const steps = parse(path);
  return (root) => walk([root], steps);
}

function parse(path: string): Step[] {
  const text = path.replace(/^\$/, '').replace(/^(?=[^.[])/, '.');
  const steps: Step[] = [];
  const step = new RegExp(STEP); // Filters are parsed in between: each text needs a position of its own.
  while (step.lastIndex < text.length) {
    const match = step.exec(text);
    if (!match) throw new Error(`JSONPath ${JSON.stringify(path)} is not understood`);
    const [, dotted, single, double, index, all, where, operator, value] = match;
    const key = dotted ?? single ?? double;
    if (all !== undefined) steps.push({ all: true });
    else if (key !== undefined) steps.push({ key: key.replace(/\\(.)/g, '$1') });
    else if (index !== undefined) steps.push({ index: Number(index) });
    else steps.push({ where: parse(where), equals: operator === '==', value: literal(value) });
  }
  return steps;
}

function literal(text: string): unknown {
  if (text.startsWith("'")) return text.slice(1, -1).replace(/\\(.)/g, '$1');
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function walk(roots: unknown[], steps: readonly Step[]): unknown[] {
  let values = roots;
  for (const step of steps) values = values.flatMap((value) => next(value, step));
  return values;
}

function next(value: unknown, step: Step): unknown[] {
  if ('key' in step) {
    const child = isObject(value) ? own(value, step.key) : undefined;
    return child === undefined ? [] : [child];
  }
  if ('index' in step) {
    const child: unknown = Array.isArray(value) ? value.at(step.index) : undefined;
    return child === undefined ? [] : [child];
  }
  const items = Array.isArray(value) ? (value as unknown[]) : isObject(value) ? Object.values(value) : [];
  if ('all' in step) return items;
  return items.filter((item) => walk([item], step.where).some((found) => found === step.value) === step.equals);
}
