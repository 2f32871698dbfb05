/** Cuts a CEL expression into tokens. Offsets are in code points. */
import type { Issue } from './ast';

export type TokenKind = 'end' | 'ident' | 'int' | 'uint' | 'double' | 'string' | 'bytes' | 'punctuation';

export interface Token {
  kind: TokenKind;
  /** As written. */
  text: string;
  at: number;
  /** Of a string: its content. */
  content?: string;
  bytes?: Uint8Array;
}

export class SyntaxIssue extends Error {
  constructor(readonly issues: readonly Issue[]) {
    super(issues[0]?.message);
  }
}

export function syntaxIssue(at: number, message: string): SyntaxIssue {
  return new SyntaxIssue([{ at, message }]);
}

const SPACE = /^[\t\n\f\r ]+/;
const COMMENT = /^\/\/[^\n]*/;
const NUMBER = /^(?:\d+\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|\.\d+(?:[eE][+-]?\d+)?|0x[0-9a-fA-F]+[uU]?|\d+[uU]?)/;
const IDENT = /^[_a-zA-Z][_a-zA-Z0-9]*/;
const STRING_START = /^(?:[rR][bB]?|[bB][rR]?)?("""|'''|"|')/;
const PUNCTUATION = /^(?:==|!=|<=|>=|&&|\|\||[-+*/%!<>?:.,()[\]{}])/;

/** Characters that begin no token are reported and left out. */
export function tokenize(source: string): { tokens: Token[]; issues: Issue[] } {
  const tokens: Token[] = [];
  const issues: Issue[] = [];
  let rest = source;
  let at = 0;
  const take = (text: string): void => {
    rest = rest.slice(text.length);
    at += [...text].length;
  };
  for (;;) {
    const skipped = SPACE.exec(rest) ?? COMMENT.exec(rest);
    if (skipped) {
      take(skipped[0]);
      continue;
    }
    if (rest === '') break;
    const start = STRING_START.exec(rest);
    if (start) {
      const token = readString(rest, start, at);
      if ('message' in token) issues.push({ at, message: unrecognized(token.message) });
      else tokens.push(token);
      take('message' in token ? token.message : token.text);
      continue;
    }
    const number = NUMBER.exec(rest);
    const word = number ?? IDENT.exec(rest) ?? PUNCTUATION.exec(rest);
    if (!word) {
      // The first character of `&&`, `||` and `==` is given up together with the next one.
      const wrong = Array.from(rest.slice(0, 4)).slice(0, /^[&|=]/.test(rest) ? 2 : 1).join('');
      issues.push({ at, message: unrecognized(wrong) });
      take(wrong);
      continue;
    }
    tokens.push({ kind: number ? numberKind(word[0]) : /^[_a-zA-Z]/.test(word[0]) ? 'ident' : 'punctuation', text: word[0], at });
    take(word[0]);
  }
  tokens.push({ kind: 'end', text: '<EOF>', at });
  return { tokens, issues };
}

const unrecognized = (text: string): string => `Syntax error: token recognition error at: '${text.replaceAll('\n', '\\n')}'`;

function numberKind(text: string): TokenKind {
  if (/[uU]$/.test(text)) return 'uint';
  return /^0x|^\d+$/.test(text) ? 'int' : 'double';
}

/** `message`: the text that no string is. */
function readString(rest: string, start: RegExpExecArray, at: number): Token | { message: string } {
  const prefix = start[0].slice(0, start[0].length - start[1].length).toLowerCase();
  const quote = start[1];
  const raw = prefix.includes('r');
  let index = start[0].length;
  let content = '';
  for (;;) {
    if (index >= rest.length || (quote.length === 1 && (rest[index] === '\n' || rest[index] === '\r'))) {
      return { message: rest.slice(0, index + (index < rest.length ? 1 : 0)) };
    }
    if (rest.startsWith(quote, index)) break;
    if (rest[index] !== '\\') {
      content += rest[index++];
    } else if (raw) {
      content += rest.slice(index, index + 1);
      index++;
    } else {
      const escape = unescape(rest.slice(index, index + 12), prefix.includes('b'));
      if (!escape) return { message: rest.slice(0, index + 2) };
      content += escape.text;
      index += escape.length;
    }
  }
  const text = rest.slice(0, index + quote.length);
  if (!prefix.includes('b')) return { kind: 'string', text, at, content };
  return { kind: 'bytes', text, at, bytes: toBytes(content) };
}

/** In bytes literals, escapes above 0x7f are kept in a private form until here: U+F700 + byte. */
const BYTE_BASE = 0x10f700;

function toBytes(content: string): Uint8Array {
  const bytes: number[] = [];
  for (const char of content) {
    const code = char.codePointAt(0)!;
    if (code >= BYTE_BASE && code < BYTE_BASE + 256) bytes.push(code - BYTE_BASE);
    else bytes.push(...Buffer.from(char));
  }
  return Uint8Array.from(bytes);
}

const SIMPLE: Readonly<Record<string, string>> = { a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v', '\\': '\\', '"': '"', "'": "'", '`': '`', '?': '?' };
const ESCAPES = [/^\\x([0-9a-fA-F]{2})/i, /^\\u([0-9a-fA-F]{4})/, /^\\U([0-9a-fA-F]{8})/, /^\\([0-3][0-7]{2})/];

function unescape(text: string, bytes: boolean): { text: string; length: number } | undefined {
  const simple = SIMPLE[text[1]];
  if (simple !== undefined) return { text: simple, length: 2 };
  for (const [index, pattern] of ESCAPES.entries()) {
    const match = pattern.exec(text);
    if (!match) continue;
    const code = Number.parseInt(match[1], index === 3 ? 8 : 16);
    const unicode = index === 1 || index === 2;
    if (unicode && (bytes || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))) break;
    return { text: String.fromCodePoint(bytes ? BYTE_BASE + code : code), length: match[0].length };
  }
  return undefined;
}
