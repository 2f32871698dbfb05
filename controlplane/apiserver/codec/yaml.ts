/**
 * YAML bodies: one document of JSON's data model, no custom tags, few aliases, bounded nesting and size.
 *
 * The parser keeps about 300 bytes per token (a comma, an indentation, a scalar): 3 MiB of them would take the whole heap. So the tokens
 * are counted first, one at a time, and only what is small enough is parsed: at the bound that takes about 0.4 s and 100 MB, whatever the
 * text is. Bigger objects are sent as JSON, as kubectl does.
 */
import { isNode, isPair, isScalar, isSeq, Lexer, LineCounter, parseDocument, visit, type Scalar, type Tags, type YAMLMap } from 'yaml';

import { badRequest } from '../http/errors';
import { inexactError, isInexact, MAX_INEXACT, type InexactInteger } from './exact-integers';
import { MAX_DEPTH, MAX_DUPLICATES, type Decoded } from './json';

const MAX_ALIASES = 100;
/** About seven are a line `key: "value"`. */
export const MAX_TOKENS = 300_000;

/** As Kubernetes reads YAML: `yes` and `on` are true, `010` is 8; no times, binary data, sets, or keys that merge. */
const jsonTags = (tags: Tags): Tags =>
  tags
    .filter((tag) => typeof tag === 'string' || (JSON_TAGS.has(tag.tag) && !('format' in tag && tag.format === 'TIME')))
    .map((tag) => (typeof tag !== 'string' && 'test' in tag && tag.test?.test('.') ? { ...tag, test: DECIMAL } : tag));
/** A dot alone is text. */
const DECIMAL = /^[-+]?(?:[0-9][0-9_]*\.[0-9_]*|\._*[0-9][0-9_]*)$/;
const JSON_TAGS = new Set(['map', 'seq', 'str', 'null', 'bool', 'int', 'float'].map((name) => `tag:yaml.org,2002:${name}`));

/** @throws ApiError 400 with the parser's line and column, or the bound that was passed; 422: integers that would lose digits. */
export function parseYaml(text: string): Decoded {
  checkSize(text);
  const lineCounter = new LineCounter();
  const document = withoutStacks(() => parseDocument(text, { schema: 'yaml-1.1', customTags: jsonTags, uniqueKeys: false, prettyErrors: false, lineCounter, stringKeys: true }));
  // The parser collects every error; making all of them pretty takes quadratic time.
  const problem = document.errors[0] ?? document.warnings[0];
  if (problem) {
    const { line, col } = lineCounter.linePos(problem.pos[0]);
    throw badRequest(`yaml: line ${line}: ${problem.message.split('\n')[0]} at column ${col}`);
  }
  const duplicates: string[] = [];
  const inexact: InexactInteger[] = [];
  visit(document, {
    Node: (_, __, ancestors) => {
      if (ancestors.length > 2 * MAX_DEPTH) throw badRequest(`the body is nested more than ${MAX_DEPTH} levels deep`);
    },
    Alias: (_, { source }, ancestors) => {
      if (ancestors.some((node) => isNode(node) && 'anchor' in node && node.anchor === source)) throw badRequest(`yaml: *${source} is inside of what it stands for`);
    },
    Scalar: (key, scalar, ancestors) => {
      if (typeof scalar.value !== 'number' || Number.isSafeInteger(scalar.value) || inexact.length >= MAX_INEXACT) return;
      if (!Number.isFinite(scalar.value)) throw badRequest(`json: unsupported value: ${scalar.value > 0 ? '+Inf' : scalar.value < 0 ? '-Inf' : 'NaN'}`);
      const digits = inexactDigits(scalar, scalar.value);
      if (digits !== undefined) inexact.push({ field: pathOf(ancestors, key), digits });
    },
    Map: (_, map) => noteNames(map, lineCounter, duplicates),
  });
  if (inexact.length > 0) throw inexactError(inexact);
  try {
    return { value: document.toJS({ maxAliasCount: MAX_ALIASES }), duplicates };
  } catch (error) {
    throw badRequest(`yaml: ${(error as Error).message}`);
  }
}

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

function checkSize(text: string): void {
  let tokens = 0;
  let aliases = 0;
  let depth = 0;
  for (const token of new Lexer().lex(text)) {
    // An escape may be an error of its own.
    tokens += token.startsWith('"') ? token.split('\\').length : 1;
    if (tokens > MAX_TOKENS) throw badRequest(`the body has more than ${MAX_TOKENS} YAML tokens: send JSON`);
    if (token.startsWith('*') && ++aliases > MAX_ALIASES) throw badRequest(`the body has more than ${MAX_ALIASES} YAML aliases: write the values out`);
    if (token === '[' || token === '{') depth += 1;
    else if (token === ']' || token === '}') depth = Math.max(0, depth - 1);
    if (depth > MAX_DEPTH) throw badRequest(`the body is nested more than ${MAX_DEPTH} levels deep`);
  }
}

/** What is written where an integer of 64 bits would lose digits; an exponent or a fraction makes no integer. */
function inexactDigits({ source = '', format }: Scalar, value: number): string | undefined {
  if (format !== undefined) return format !== 'EXP' && Number.isInteger(value) && Math.abs(value) <= 2 ** 63 ? source : undefined;
  const digits = source.replaceAll('_', '');
  return /^[-+]?\d{1,19}$/.test(digits) && isInexact(BigInt(digits)) ? digits : undefined;
}

function pathOf(ancestors: readonly unknown[], key: unknown): string {
  let path = '';
  ancestors.forEach((node, at) => {
    if (isPair(node)) path += `${path === '' ? '' : '.'}${nameOf(node.key)}`;
    else if (isSeq(node)) path += `[${at + 1 < ancestors.length ? node.items.indexOf(ancestors[at + 1]) : String(key)}]`;
  });
  return path;
}

function noteNames(map: YAMLMap, lines: LineCounter, duplicates: string[]): void {
  const seen = new Set<string>();
  for (const { key } of map.items) {
    const name = nameOf(key);
    if (seen.has(name) && duplicates.length < MAX_DUPLICATES) duplicates.push(`line ${lineOf(key, lines)}: key ${JSON.stringify(name)} already set in map`);
    seen.add(name);
  }
}

const lineOf = (key: unknown, lines: LineCounter): number => lines.linePos((isNode(key) && key.range?.[0]) || 0).line;

const nameOf = (key: unknown): string => String(isScalar(key) ? key.value : key);
