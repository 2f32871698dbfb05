/** Calls that are macros become nodes of their own; every other call stays one. */
import type { Expr, FoldKind } from './ast';
import { syntaxIssue } from './lexer';

const FOLDS: Readonly<Record<string, FoldKind>> = { all: 'all', exists: 'exists', exists_one: 'existsOne', existsOne: 'existsOne', map: 'map', filter: 'filter' };

/** `name(args)` */
export function expandGlobal(name: string, args: Expr[], at: number): Expr {
  if (name !== 'has' || args.length !== 1) return { kind: 'call', name, args, at };
  const [field] = args;
  if (field.kind !== 'select' || field.test) throw syntaxIssue(field.at, 'invalid argument to has() macro');
  return { ...field, test: true, at };
}

/** `target.name(args)` */
export function expandMember(target: Expr, name: string, args: Expr[], at: number): Expr {
  const fold = Object.hasOwn(FOLDS, name) ? FOLDS[name] : undefined;
  if (fold !== undefined && args.length === 2) {
    return { kind: 'fold', fold, variable: variableName(args[0], foldComplaint(fold)), range: target, body: args[1], at };
  }
  if (fold === 'map' && args.length === 3) {
    return { kind: 'fold', fold, variable: variableName(args[0], foldComplaint(fold)), range: target, filter: args[1], body: args[2], at };
  }
  if ((name === 'optMap' || name === 'optFlatMap') && args.length === 2) {
    return { kind: 'optional-map', operand: target, variable: variableName(args[0], `${name}() variable name must be a simple identifier`), body: args[1], flat: name === 'optFlatMap', at };
  }
  return { kind: 'call', name, target, args, at };
}

const foldComplaint = (fold: FoldKind): string => (fold === 'map' || fold === 'filter' ? 'argument is not an identifier' : 'argument must be a simple name');

function variableName(expr: Expr, complaint: string): string {
  if (expr.kind !== 'ident' || expr.name.startsWith('.')) throw syntaxIssue(expr.at, complaint);
  if (expr.name === '__result__' || expr.name === '@result') throw syntaxIssue(expr.at, 'iteration variable overwrites accumulator variable');
  return expr.name;
}
