/**
 * YAML bodies: one document of JSON's data model, no custom tags, few aliases, bounded nesting and size.
 *
 * The parser keeps about 300 bytes per token (a comma, an indentation, a scalar): 3 MiB of them would take the whole heap. So the tokens
 * are counted first, one at a time, and only what is few enough is parsed, as deep as it may be: at the bound that takes about 0.4 s and 100 MB, whatever the
 * text is. Bigger objects are sent as JSON, as kubectl does.
 */
import { Composer, Lexer, LineCounter, Parser, type CST, type Document, type YAMLError } from 'yaml';

import { badRequest, type ApiError } from '../http/errors';
import { inexactError } from './exact-integers';
import { MAX_DEPTH, type Decoded } from './json';
import { YamlReader } from './yaml-values';

const MAX_ALIASES = 100;
/** Of the parser, which goes by calls: the reader knows better what a level is. */
const MAX_STACK = 2 * MAX_DEPTH;
/** About seven are a line `key: "value"`. */
export const MAX_TOKENS = 300_000;

/** What no text of YAML may hold, not even in quotes. */
const CONTROL = /[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u;

/** Reads the first document; what is behind it is not looked at. @throws ApiError 400 with the parser's line and column, or the bound that was passed; 422: integers that would lose digits. */
export function parseYaml(text: string): Decoded {
  if (CONTROL.test(text)) throw badRequest('yaml: control characters are not allowed');
  const lines = text.replace(/\r(?!\n)/g, '\n');
  const tokens = tokensOf(lines);
  const lineCounter = new LineCounter();
  const document = withoutStacks(() => firstDocument(tokens, lines.length, lineCounter));
  const { explicit, version } = document.directives?.yaml ?? {};
  if (explicit && version !== '1.1') throw badRequest('yaml: found incompatible YAML document');
  // The parser collects every error; making all of them pretty takes quadratic time.
  const problem = document.errors.find(isProblem) ?? document.warnings.find(isProblem);
  if (problem) {
    const { line, col } = lineCounter.linePos(problem.pos[0]);
    throw badRequest(`yaml: line ${line}: ${problem.message.split('\n')[0]} at column ${col}`);
  }
  const reader = new YamlReader((offset) => lineCounter.linePos(offset).line);
  const value = reader.read(document.contents);
  if (reader.inexact.length > 0) throw inexactError(reader.inexact);
  return { value, duplicates: reader.duplicates };
}

/** Tags that nobody knows mean nothing, and there may be more documents. */
const isProblem = ({ code, message }: YAMLError): boolean => code !== 'MULTIPLE_DOCS' && !message.startsWith('Unresolved tag: ');

/** The parser makes an error for every mistake; with their stacks, a text of mistakes would take many times as long as one of values. */
function withoutStacks<T>(parse: () => T): T {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return parse();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** @throws ApiError 400: too many, or nested too deeply in brackets */
function tokensOf(text: string): string[] {
  const tokens: string[] = [];
  let count = 0;
  let aliases = 0;
  let depth = 0;
  for (const token of new Lexer().lex(text)) {
    // An escape may be an error of its own.
    count += token.startsWith('"') ? token.split('\\').length : 1;
    if (count > MAX_TOKENS) throw badRequest(`the body has more than ${MAX_TOKENS} YAML tokens: send JSON`);
    if (token.startsWith('*') && ++aliases > MAX_ALIASES) throw badRequest(`the body has more than ${MAX_ALIASES} YAML aliases: write the values out`);
    if (token === '[' || token === '{') depth += 1;
    else if (token === ']' || token === '}') depth = Math.max(0, depth - 1);
    if (depth > MAX_DEPTH) throw tooDeep();
    tokens.push(token);
  }
  return tokens;
}

/** Scalars are left as they are written: the reader knows what they mean. @throws ApiError 400: nested too deeply in any way */
function firstDocument(tokens: readonly string[], length: number, lineCounter: LineCounter): Document.Parsed {
  const composer = new Composer({ version: '1.1', schema: 'failsafe', resolveKnownTags: false, uniqueKeys: false, prettyErrors: false });
  try {
    const [document] = composer.compose(syntaxOf(tokens, lineCounter), true, length);
    return document;
  } catch (error) {
    // The stack has run out of room.
    if (error instanceof RangeError) throw tooDeep();
    throw error;
  }
}

function* syntaxOf(tokens: readonly string[], lineCounter: LineCounter): Generator<CST.Token> {
  const parser = new Parser(lineCounter.addNewLine);
  lineCounter.addNewLine(0);
  for (const token of tokens) {
    yield* parser.next(token);
    if (parser.stack.length > MAX_STACK) throw tooDeep();
  }
  yield* parser.end();
}

const tooDeep = (): ApiError => badRequest(`the body is nested more than ${MAX_DEPTH} levels deep`);
