/**
 * Parses CEL expressions. Bounded: text of at most 100,000 code points, nesting of at most 250 levels (as in cel-go).
 * The macros has, all, exists, exists_one, map, filter, optMap and optFlatMap become nodes of their own.
 */
import type { Expr, Issue, MapEntry } from './ast';
import { expandGlobal, expandMember } from './macros';
import { syntaxIssue, SyntaxIssue, tokenize, type Token } from './lexer';
import { int, isInt, UInt } from './values';

const MAX_DEPTH = 250;
const MAX_CODE_POINTS = 100_000;
const PRIMARY = "{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}";

const RESERVED = new Set(['as', 'break', 'const', 'continue', 'else', 'for', 'function', 'if', 'import', 'let', 'loop', 'package', 'namespace', 'return', 'var', 'void', 'while']);

/** Binary operators below the ternary, weakest first. */
const LEVELS: readonly Readonly<Record<string, string>>[] = [
  { '||': '_||_' },
  { '&&': '_&&_' },
  { '==': '_==_', '!=': '_!=_', '<': '_<_', '<=': '_<=_', '>': '_>_', '>=': '_>=_', in: '@in' },
  { '+': '_+_', '-': '_-_' },
  { '*': '_*_', '/': '_/_', '%': '_%_' },
];

/** @throws SyntaxIssue */
export function parse(source: string): Expr {
  if (source.length > MAX_CODE_POINTS) throw syntaxIssue(0, `expression code point size exceeds limit: size: ${[...source].length}, limit ${MAX_CODE_POINTS}`);
  const { tokens, issues } = tokenize(source);
  const parser = new Parser(tokens, [...source]);
  try {
    const expr = parser.expression();
    parser.end();
    if (issues.length === 0 && parser.issues.length === 0) return expr;
  } catch (error) {
    if (!(error instanceof SyntaxIssue)) throw error;
    parser.issues.push(...error.issues);
  }
  throw new SyntaxIssue([...issues, ...parser.issues]);
}

class Parser {
  #index = 0;
  #depth = 0;

  /** What was passed over. */
  readonly issues: Issue[] = [];

  constructor(
    private readonly tokens: readonly Token[],
    private readonly chars: readonly string[],
  ) {}

  end(): void {
    const token = this.#peek();
    if (token.kind !== 'end') throw this.#unexpected(token, '<EOF>', this.tokens[this.#index + 1]?.kind === 'end');
  }

  expression(): Expr {
    if (++this.#depth > MAX_DEPTH) throw syntaxIssue(this.#peek().at, `expression recursion limit exceeded: ${MAX_DEPTH}`);
    const condition = this.#binary(0);
    let result = condition;
    if (this.#is('?')) {
      const { at } = this.#next();
      const yes = this.#binary(0);
      this.#expect(':');
      result = { kind: 'call', name: '_?_:_', args: [condition, yes, this.expression()], at };
    }
    this.#depth--;
    return result;
  }

  #binary(level: number): Expr {
    if (level === LEVELS.length) return this.#unary();
    let left = this.#binary(level + 1);
    for (;;) {
      const token = this.#peek();
      const name = token.kind === 'punctuation' || token.text === 'in' ? LEVELS[level][token.text] : undefined;
      if (name === undefined || token.kind === 'string') return left;
      this.#next();
      left = { kind: 'call', name, args: [left, this.#binary(level + 1)], at: token.at };
    }
  }

  #unary(): Expr {
    const token = this.#peek();
    const operator = this.#is('!') ? '!' : this.#is('-') ? '-' : undefined;
    if (operator === undefined) return this.#member();
    let count = 0;
    while (this.#is(operator)) {
      this.#next();
      count++;
    }
    if (operator === '-' && count === 1) {
      const number = this.#peek();
      if (number.kind === 'int' || number.kind === 'double') {
        this.#next();
        return this.#members(this.#number(number, true, token.at));
      }
    }
    const operand = this.#is('!') || this.#is('-') ? this.#deeper() : this.#member();
    return count % 2 === 0 ? operand : { kind: 'call', name: operator === '!' ? '!_' : '-_', args: [operand], at: token.at };
  }

  #deeper(): Expr {
    if (++this.#depth > MAX_DEPTH) throw syntaxIssue(this.#peek().at, `expression recursion limit exceeded: ${MAX_DEPTH}`);
    const result = this.#unary();
    this.#depth--;
    return result;
  }

  #member(): Expr {
    return this.#members(this.#primary());
  }

  #members(start: Expr): Expr {
    let expr = start;
    for (;;) {
      if (this.#is('.')) {
        const dot = this.#next();
        const optional = this.#is('?');
        if (optional) this.#next();
        const name = this.#fieldName(dot);
        if (!optional && this.#is('(')) {
          const open = this.#next();
          const args = this.#arguments(')');
          expr = expandMember(expr, name.text, args, open.at);
        } else {
          expr = { kind: 'select', operand: expr, field: name.text, test: false, optional, at: dot.at };
        }
      } else if (this.#is('[')) {
        const open = this.#next();
        const optional = this.#is('?');
        if (optional) this.#next();
        const index = this.expression();
        this.#expect(']');
        expr = { kind: 'call', name: optional ? '_[?_]' : '_[_]', args: [expr, index], at: open.at };
      } else if (this.#is('{') && isQualified(expr)) {
        expr = this.#message(expr, this.#next().at);
      } else return expr;
    }
  }

  #primary(): Expr {
    const token = this.#next();
    const { at } = token;
    switch (token.kind) {
      case 'int':
      case 'uint':
      case 'double':
        return this.#number(token, false, at);
      case 'string':
        return { kind: 'literal', value: token.content ?? '', at };
      case 'bytes':
        return { kind: 'literal', value: token.bytes ?? new Uint8Array(), at };
      case 'ident':
        return this.#word(token);
      case 'end':
        throw this.#unexpected(token, PRIMARY);
      case 'punctuation':
        break;
      default:
        return token.kind satisfies never;
    }
    switch (token.text) {
      case '(': {
        const inner = this.expression();
        this.#expect(')');
        return inner;
      }
      case '[':
        return this.#list(at);
      case '{':
        return this.#map(at);
      case '.':
        return this.#rooted(token);
      default:
        if (!startsExpression(this.#peek())) throw this.#unexpected(token, PRIMARY);
        this.issues.push(...this.#unexpected(token, PRIMARY, true).issues);
        return this.#primary();
    }
  }

  #word(token: Token): Expr {
    const { text, at } = token;
    if (text === 'true' || text === 'false') return { kind: 'literal', value: text === 'true', at };
    if (text === 'null') return { kind: 'literal', value: null, at };
    if (RESERVED.has(text)) throw syntaxIssue(at, `reserved identifier: ${text}`);
    if (text === 'in') throw this.#unexpected(token, PRIMARY);
    if (!this.#is('(')) return { kind: 'ident', name: text, at };
    const open = this.#next();
    return expandGlobal(text, this.#arguments(')'), open.at);
  }

  /** `.name`: never a variable of a comprehension. */
  #rooted(dot: Token): Expr {
    const name = this.#peek();
    if (name.kind !== 'ident') throw this.#noAlternative(dot, name);
    if (RESERVED.has(name.text)) throw syntaxIssue(dot.at, `reserved identifier: ${name.text}`);
    const { text, at } = this.#next();
    if (!this.#is('(')) return { kind: 'ident', name: `.${text}`, at };
    const open = this.#next();
    return { kind: 'call', name: `.${text}`, args: this.#arguments(')'), at: open.at };
  }

  #number(token: Token, negative: boolean, at: number): Expr {
    const text = `${negative ? '-' : ''}${token.text}`;
    if (token.kind === 'double') {
      const value = Number(text);
      if (!Number.isFinite(value)) throw syntaxIssue(at, 'invalid double literal');
      return { kind: 'literal', value, at };
    }
    if (token.kind === 'uint') {
      const value = BigInt(token.text.slice(0, -1));
      if (value >= 2n ** 64n) throw syntaxIssue(at, 'invalid uint literal');
      return { kind: 'literal', value: new UInt(value), at };
    }
    const value = negative ? -BigInt(token.text) : BigInt(token.text);
    if (!isInt(value)) throw syntaxIssue(at, 'invalid int literal');
    return { kind: 'literal', value: int(value) as bigint, at };
  }

  #list(at: number): Expr {
    const elements: Expr[] = [];
    const optional = new Set<number>();
    if (this.#is(',')) this.#next();
    else while (!this.#is(']')) {
      if (this.#is('?')) {
        this.#next();
        optional.add(elements.length);
      }
      elements.push(this.expression());
      if (!this.#is(',')) break;
      this.#next();
    }
    this.#expect(']', "{']', ','}");
    return { kind: 'list', elements, optional, at };
  }

  #map(at: number): Expr {
    const entries: MapEntry[] = [];
    if (this.#is(',')) this.#next();
    else while (!this.#is('}')) {
      const optional = this.#is('?');
      if (optional) this.#next();
      const key = this.expression();
      this.#expect(':');
      entries.push({ key, value: this.expression(), optional });
      if (!this.#is(',')) break;
      this.#next();
    }
    this.#expect('}', "{'}', ','}");
    return { kind: 'map', entries, at };
  }

  #message(name: Expr, at: number): Expr {
    const values: Expr[] = [];
    while (!this.#is('}')) {
      this.#identifier();
      this.#expect(':');
      values.push(this.expression());
      if (!this.#is(',')) break;
      this.#next();
    }
    this.#expect('}');
    return { kind: 'message', name: qualifiedName(name) ?? '', values, at };
  }

  #arguments(close: string): Expr[] {
    const args: Expr[] = [];
    if (!this.#is(close)) {
      args.push(this.expression());
      while (this.#is(',')) {
        this.#next();
        args.push(this.expression());
      }
    }
    this.#expect(close);
    return args;
  }

  /** A field or function name may be a reserved word; `in`, `true`, `false` and `null` are never names. */
  #fieldName(dot: Token): Token {
    const token = this.#peek();
    if (token.kind !== 'ident') throw this.#noAlternative(dot, token);
    return this.#identifier();
  }

  #identifier(): Token {
    const token = this.#next();
    if (token.kind !== 'ident' || ['in', 'true', 'false', 'null'].includes(token.text)) throw this.#unexpected(token, 'IDENTIFIER');
    return token;
  }

  #noAlternative(dot: Token, token: Token): SyntaxIssue {
    const between = this.chars.slice(dot.at, token.kind === 'end' ? undefined : token.at).join('');
    return syntaxIssue(token.at, `Syntax error: no viable alternative at input '${between}${token.kind === 'end' ? '' : token.text}'`);
  }

  #expect(text: string, expected = `'${text}'`): void {
    const token = this.#next();
    if (token.kind === 'punctuation' && token.text === text) return;
    if (token.kind === 'end' && (text === ')' || text === ']')) throw syntaxIssue(token.at, `Syntax error: missing '${text}' at '<EOF>'`);
    if (this.#is(text)) {
      // One token too many, as it seems: what follows is read without it.
      this.issues.push(...this.#unexpected(token, expected, true).issues);
      this.#next();
      return;
    }
    throw this.#unexpected(token, expected);
  }

  #unexpected(token: Token, expected: string, extraneous = false): SyntaxIssue {
    return syntaxIssue(token.at, `Syntax error: ${extraneous ? 'extraneous' : 'mismatched'} input '${token.text}' expecting ${expected}`);
  }

  #peek(): Token {
    return this.tokens[this.#index];
  }

  #next(): Token {
    const token = this.tokens[this.#index];
    if (token.kind !== 'end') this.#index++;
    return token;
  }

  #is(text: string): boolean {
    const token = this.#peek();
    return token.kind === 'punctuation' && token.text === text;
  }
}

const STARTS = new Set(['[', '{', '(', '.', '-', '!']);

function startsExpression({ kind, text }: Token): boolean {
  if (kind === 'punctuation') return STARTS.has(text);
  return kind !== 'end' && !(kind === 'ident' && text === 'in');
}

function isQualified(expr: Expr): boolean {
  return qualifiedName(expr) !== undefined;
}

/** `a.b.c` when the expression is nothing but names. */
export function qualifiedName(expr: Expr): string | undefined {
  if (expr.kind === 'ident') return expr.name;
  if (expr.kind !== 'select' || expr.test || expr.optional) return undefined;
  const prefix = qualifiedName(expr.operand);
  return prefix === undefined ? undefined : `${prefix}.${expr.field}`;
}
