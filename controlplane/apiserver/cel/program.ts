/** One expression, compiled: parsed, checked against the types of its variables, ready to run many times. Never throws. */
import { formatIssues, type Expr } from './ast';
import { check } from './checker';
import { checkLiterals } from './literals';
import { compile, CostExceeded, InstantiationError, type Evaluate } from './evaluate';
import { functionTable } from './functions';
import { SyntaxIssue } from './lexer';
import { CONVERSIONS } from './library/convert';
import { LISTS } from './library/lists';
import { NAMED_FORMATS } from './library/named-format';
import { NETWORK } from './library/network';
import { QUANTITIES } from './library/quantity';
import { STANDARD } from './library/standard';
import { STRINGS } from './library/strings';
import { URLS } from './library/url';
import { parse } from './parser';
import type { Type, TypeKind } from './types';
import { CelError, type Result, type Value } from './values';

export const FUNCTIONS = functionTable([STANDARD, CONVERSIONS, STRINGS, LISTS, NETWORK, URLS, QUANTITIES, NAMED_FORMATS]);

/** Of one run, in cel-go's units: about a tenth of a second. */
export const CALL_LIMIT = 1_000_000;

export interface Program {
  type: Type;
  /** The variables that the expression reads. */
  reads: ReadonlySet<string>;
  expr: Expr;
  types: ReadonlyMap<Expr, Type>;
  run: (values: readonly (Value | undefined)[], limit?: number) => Outcome;
}

/** `exceeded`: ended for its cost. */
export interface Outcome {
  result: Result;
  cost: number;
  exceeded: boolean;
}

/** What an expression must give, and what is said of one that does not. */
export interface Wanted {
  kind: TypeKind;
  otherwise: string;
}

/** `variables` in the order in which `run` takes their values. */
export function compileExpression(source: string, variables: ReadonlyMap<string, Type>, wanted?: Wanted): Program | CelError {
  try {
    const expr = parse(source);
    const checked = check(expr, variables, FUNCTIONS);
    const issues = checked.issues.length > 0 ? checked.issues : checkLiterals(expr, checked.types);
    if (issues.length > 0) return new CelError(`compilation failed: ${formatIssues(source, issues)}`);
    if (wanted && checked.type.kind !== wanted.kind) return new CelError(wanted.otherwise);
    const { evaluate, slotCount } = compile(expr, [...variables.keys()], FUNCTIONS);
    return { type: checked.type, reads: checked.variables, expr, types: checked.types, run: runner(evaluate, slotCount) };
  } catch (error) {
    if (error instanceof SyntaxIssue) return new CelError(`compilation failed: ${formatIssues(source, error.issues)}`);
    if (error instanceof InstantiationError) return new CelError(`program instantiation failed: ${error.message}`);
    if (error instanceof RangeError) return new CelError(`compilation failed: ${formatIssues(source, [{ at: 0, message: 'expression recursion limit exceeded: 250' }])}`);
    throw error;
  }
}

function runner(evaluate: Evaluate, slotCount: number): Program['run'] {
  return (values, limit = CALL_LIMIT) => {
    const slots = Array.from<Value | undefined>({ length: slotCount });
    for (let i = 0; i < values.length; i++) slots[i] = values[i];
    const run = { slots, cost: 0, limit };
    try {
      return { result: evaluate(run), cost: run.cost, exceeded: false };
    } catch (error) {
      if (error instanceof CostExceeded) return { result: new CelError(error.message), cost: run.cost, exceeded: true };
      // Too deep or too large a value for this process: counted as too costly, as it is.
      if (error instanceof RangeError) return { result: new CelError('operation cancelled: actual cost limit exceeded'), cost: run.cost, exceeded: true };
      throw error;
    }
  };
}
