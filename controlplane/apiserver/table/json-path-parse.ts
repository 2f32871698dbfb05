/** Parses the JSONPath of Kubernetes (client-go's template language, without text around it) into steps. */

export type Step =
  | { kind: 'field'; name: string }
  | { kind: 'wildcard' }
  | { kind: 'recursive' }
  | { kind: 'slice'; start?: number; end?: number; step?: number; /** One item: `[n]`. */ single: boolean }
  | { kind: 'union'; parts: readonly (readonly Step[])[] }
  | { kind: 'filter'; left: readonly Step[]; right: readonly Step[]; operator: string }
  | { kind: 'literal'; value: string | number | boolean }
  | { kind: 'unknown'; name: string };

/** A path that is not understood. */
export class JsonPathSyntaxError extends Error {}

const TERMINATOR = /[\s.,[\]$@{}]/;
const FILTER = /^([^!<>=]+)([!<>=]+)(.+?)$/s;
const SLICE = /^(-?\d*)(:-?\d*)?(:-?\d*)?$/;
const MAX_STEPS = 100;
const MAX_DEPTH = 8;

/** @throws JsonPathSyntaxError */
export function parseJsonPath(path: string, depth = 0): Step[] {
  if (depth > MAX_DEPTH) throw new JsonPathSyntaxError('nested too deeply');
  const steps: Step[] = [];
  let at = 0;
  while (at < path.length) {
    if (steps.length > MAX_STEPS) throw new JsonPathSyntaxError(`more than ${MAX_STEPS} steps`);
    const rest = path.slice(at);
    const char = rest[0];
    if (rest.startsWith('[?(')) at += filter(rest, steps, depth);
    else if (rest.startsWith('..')) {
      if (steps.at(-1)?.kind === 'recursive') throw new JsonPathSyntaxError('invalid multiple recursive descent');
      steps.push({ kind: 'recursive' });
      at += 2;
      if (/[\p{L}\d_]/u.test(path[at] ?? '')) at += field(path.slice(at), steps);
    } else if (char === ' ' || char === '@' || char === '$') at += 1;
    else if (char === '[') at += brackets(rest, steps, depth);
    else if (char === '"' || char === "'") at += quotedText(rest, steps);
    else if (char === '.') at += 1 + field(rest.slice(1), steps);
    else if (/[+\-\d]/.test(char)) at += number(rest, steps);
    else if (/[\p{L}_]/u.test(char)) at += identifier(rest, steps);
    else throw new JsonPathSyntaxError(`unrecognized character in action: ${char}`);
  }
  return steps;
}

/** Each of these gives the characters that it took. */
function field(text: string, steps: Step[]): number {
  let end = 0;
  while (end < text.length && (text[end] === '\\' || !TERMINATOR.test(text[end]))) end += text[end] === '\\' ? 2 : 1;
  const name = text.slice(0, end);
  steps.push(name === '*' ? { kind: 'wildcard' } : { kind: 'field', name: name.replaceAll('\\', '') });
  return Math.min(end, text.length);
}

function brackets(text: string, steps: Step[], depth: number): number {
  const end = text.indexOf(']');
  if (end < 0) throw new JsonPathSyntaxError('unterminated array');
  const inside = text.slice(1, end) === '*' ? ':' : text.slice(1, end);
  const parts = inside.split(',');
  if (parts.length > 1) {
    steps.push({ kind: 'union', parts: parts.map((part) => parseJsonPath(`[${part.trim()}]`, depth + 1)) });
    return end + 1;
  }
  const key = /^'([^']*)'$/.exec(inside);
  if (key) {
    steps.push(...parseJsonPath(`.${key[1]}`, depth + 1));
    return end + 1;
  }
  const match = SLICE.exec(inside);
  if (!match) throw new JsonPathSyntaxError(`invalid array index ${inside}`);
  const of = (part: string | undefined, skip: number): number | undefined => (part === undefined || part.slice(skip) === '' ? undefined : Number(part.slice(skip)));
  if ([of(match[1], 0), of(match[2], 1), of(match[3], 1)].some(Number.isNaN)) throw new JsonPathSyntaxError(`invalid array index ${inside}`);
  const start = of(match[1], 0);
  const until = of(match[2], 1);
  const step = of(match[3], 1);
  steps.push({
    kind: 'slice', single: match[2] === undefined,
    ...(start !== undefined && { start }), ...(until !== undefined && { end: until }), ...(step !== undefined && { step }),
  });
  return end + 1;
}

function filter(text: string, steps: Step[], depth: number): number {
  let at = '[?('.length;
  let quote: string | undefined;
  let closed = false;
  for (; ; at++) {
    const char = text[at];
    if (char === undefined || char === '\n') throw new JsonPathSyntaxError('unterminated filter');
    if (char === '"' || char === "'") {
      if (quote === undefined) quote = char;
      else if (char === quote && text[at - 1] !== '\\') closed = true;
    } else if (char === ')' && (quote !== undefined) === closed) break;
  }
  if (text[at + 1] !== ']') throw new JsonPathSyntaxError('unclosed array expect ]');
  const inside = text.slice('[?('.length, at);
  const match = FILTER.exec(inside);
  steps.push(
    match
      ? { kind: 'filter', left: parseJsonPath(match[1], depth + 1), operator: match[2], right: parseJsonPath(match[3], depth + 1) }
      : { kind: 'filter', left: parseJsonPath(inside, depth + 1), operator: 'exists', right: [] },
  );
  return at + 2;
}

function quotedText(text: string, steps: Step[]): number {
  let end = 1;
  while (end < text.length && (text[end] !== text[0] || text[end - 1] === '\\')) end++;
  if (end >= text.length) throw new JsonPathSyntaxError('unterminated quoted string');
  steps.push({ kind: 'literal', value: text.slice(1, end).replace(/\\(.)/gs, '$1') });
  return end + 1;
}

function number(text: string, steps: Step[]): number {
  const [digits] = /^[+-]?[\d.]*/.exec(text) as RegExpExecArray;
  const value = Number(digits);
  if (digits === '' || Number.isNaN(value)) throw new JsonPathSyntaxError(`cannot parse number ${digits}`);
  steps.push({ kind: 'literal', value });
  return digits.length;
}

function identifier(text: string, steps: Step[]): number {
  let end = 0;
  while (end < text.length && !TERMINATOR.test(text[end])) end++;
  const name = text.slice(0, end);
  steps.push(name === 'true' || name === 'false' ? { kind: 'literal', value: name === 'true' } : { kind: 'unknown', name });
  return end;
}
