/** The tree of a CEL expression. `at` is the offset, in code points, that a message about the node points to (as cel-go chooses it). */
import type { Value } from './values';

export type FoldKind = 'all' | 'exists' | 'existsOne' | 'map' | 'filter';

export interface MapEntry {
  key: Expr;
  value: Expr;
  /** `?key: value`: left out when the optional value has none. */
  optional: boolean;
}

export type Expr = { at: number } & (
  | { kind: 'literal'; value: Value }
  | { kind: 'ident'; name: string }
  /** `test`: `has(operand.field)`. `optional`: `operand.?field`. */
  | { kind: 'select'; operand: Expr; field: string; test: boolean; optional: boolean }
  | { kind: 'call'; name: string; target?: Expr; args: Expr[] }
  | { kind: 'list'; elements: Expr[]; optional: ReadonlySet<number> }
  | { kind: 'map'; entries: MapEntry[] }
  | { kind: 'message'; name: string; values: Expr[] }
  /** A macro over a list or a map's keys. `filter` only for the three-argument form of `map`. */
  | { kind: 'fold'; fold: FoldKind; variable: string; range: Expr; filter?: Expr; body: Expr }
  /** `operand.optMap(variable, body)`; `flat`: optFlatMap. */
  | { kind: 'optional-map'; operand: Expr; variable: string; body: Expr; flat: boolean }
);

/** One complaint about an expression's text. */
export interface Issue {
  at: number;
  message: string;
}

/** The issues of one expression in cel-go's form, with the line and a mark below it. */
export function formatIssues(source: string, issues: readonly Issue[]): string {
  const lines = source.split('\n').map((line) => [...line]);
  return [...issues]
    .sort((a, b) => a.at - b.at)
    .map(({ at, message }) => {
      let line = 0;
      let column = at;
      while (line < lines.length - 1 && column > lines[line].length) column -= lines[line++].length + 1;
      const text = lines[line] ?? [];
      const wide = (char: string | undefined): boolean => char !== undefined && Buffer.byteLength(char) > 1;
      const marks = text.slice(0, column).map((char) => (wide(char) ? '．' : '.'));
      const shown = text.join('').replaceAll('\t', ' ');
      return `ERROR: <input>:${line + 1}:${column + 1}: ${message}\n | ${shown}\n | ${marks.join('')}${wide(text[column]) ? '＾' : '^'}`;
    })
    .join('\n');
}
