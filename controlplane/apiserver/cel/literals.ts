/**
 * Faults that show without running a checked expression: literals that a function would not understand, list and map literals of mixed
 * types (but as arguments of `format`), clauses of `format` that do not fit their arguments.
 */
import type { Expr, Issue } from './ast';
import { clauses, fits, misfit } from './library/format-text';
import { isRegexp } from './regex/regex';
import { parseDuration, parseTimestamp } from './time';
import { formatType, isOptional, type Type } from './types';
import { CelError } from './values';

export function checkLiterals(expr: Expr, types: ReadonlyMap<Expr, Type>): Issue[] {
  const issues: Issue[] = [];
  const report = (at: number, message: string): void => void issues.push({ at, message });
  visit(expr, false, (node, inFormat) => {
    if (node.kind === 'call') checkArguments(node, report);
    if (node.kind === 'list' && !inFormat) oneType(node.elements, node.optional, types, report, true);
    if (node.kind === 'map' && !inFormat) {
      oneType(node.entries.map(({ key }) => key), NO_OPTIONS, types, report, false);
      oneType(node.entries.map(({ value }) => value), new Set([...node.entries.keys()].filter((i) => node.entries[i].optional)), types, report, false);
    }
    if (node.kind === 'call' && node.name === 'format') checkFormat(node, types, report);
  });
  return issues;
}

type Report = (at: number, message: string) => void;
const NO_OPTIONS: ReadonlySet<number> = new Set();

function visit(expr: Expr, inFormat: boolean, enter: (expr: Expr, inFormat: boolean) => void): void {
  enter(expr, inFormat);
  for (const child of childrenOf(expr)) visit(child, inFormat || (expr.kind === 'call' && expr.name === 'format'), enter);
}

function childrenOf(expr: Expr): Expr[] {
  switch (expr.kind) {
    case 'literal':
    case 'ident':
      return [];
    case 'select':
      return [expr.operand];
    case 'call':
      return [...(expr.target ? [expr.target] : []), ...expr.args];
    case 'list':
      return expr.elements;
    case 'map':
      return expr.entries.flatMap(({ key, value }) => [key, value]);
    case 'message':
      return expr.values;
    case 'fold':
      return [expr.range, ...(expr.filter ? [expr.filter] : []), expr.body];
    case 'optional-map':
      return [expr.operand, expr.body];
    default:
      return expr satisfies never;
  }
}

const textOf = (expr: Expr | undefined): string | undefined => (expr?.kind === 'literal' && typeof expr.value === 'string' ? expr.value : undefined);

function checkArguments({ name, target, args }: Expr & { kind: 'call' }, report: Report): void {
  const at = args[0]?.at ?? 0;
  const first = target ? undefined : textOf(args[0]);
  if (name === 'duration' && first !== undefined && parseDuration(first) === undefined) report(at, 'invalid duration argument');
  if (name === 'timestamp' && first !== undefined && parseTimestamp(first) instanceof CelError) report(at, 'invalid timestamp argument');
  if (name !== 'matches') return;
  const pattern = args[target ? 0 : 1];
  const text = textOf(pattern);
  if (text !== undefined && !isRegexp(text)) report(pattern.at, 'invalid matches argument');
}

function oneType(elements: readonly Expr[], optional: ReadonlySet<number>, types: ReadonlyMap<Expr, Type>, report: Report, onlyFirst: boolean): void {
  let expected: string | undefined;
  for (const [index, element] of elements.entries()) {
    const type = types.get(element);
    if (!type) continue;
    const shown = formatType(optional.has(index) && isOptional(type) ? type.params[0] : type);
    expected ??= shown;
    if (shown === expected) continue;
    report(element.at, `expected type '${expected}' but found '${shown}'`);
    if (onlyFirst) return;
  }
}

function checkFormat({ target, args, at }: Expr & { kind: 'call' }, types: ReadonlyMap<Expr, Type>, report: Report): void {
  const text = textOf(target);
  const [list] = args;
  if (text === undefined || list?.kind !== 'list') return;
  const verbs = clauses(text);
  for (const [index, verb] of verbs.entries()) {
    if (index >= list.elements.length) return report(at, `index ${index} out of range`);
    if (verb === undefined) return report(at, 'unexpected end of string');
    const wrong = misfitting(verb, list.elements[index], types);
    if (wrong) return report(wrong === 'clause' ? at : wrong.at, wrong === 'clause' ? misfit(verb, '') : misfit(verb, nameOf(types.get(wrong))));
  }
  if (list.elements.length > verbs.length) report(at, `too many arguments supplied to string.format (expected ${verbs.length}, got ${list.elements.length})`);
}

/** The argument, or the part of it, that the clause cannot show; 'clause': there is no such clause. */
function misfitting(verb: string, expr: Expr, types: ReadonlyMap<Expr, Type>): Expr | 'clause' | undefined {
  const type = types.get(expr);
  const fit = fits(verb, type?.kind ?? 'dyn');
  if (fit === undefined) return 'clause';
  if (!fit) return expr;
  const parts = verb === 's' && (expr.kind === 'list' || expr.kind === 'map') ? childrenOf(expr) : [];
  for (const part of parts) {
    const wrong = misfitting(verb, part, types);
    if (wrong) return wrong;
  }
  return undefined;
}

const RUNTIME_NAMES: Readonly<Record<string, string>> = { timestamp: 'google.protobuf.Timestamp', duration: 'google.protobuf.Duration', null: 'null_type' };
const nameOf = (type: Type | undefined): string => (type ? (RUNTIME_NAMES[type.name] ?? type.name) : 'dyn');
