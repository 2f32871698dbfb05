/** The grammar of label selectors: `a=b, c!=d, e in (f, g), h notin (i), j, !k, l>5`. */
import type { LabelRequirement } from '../../store/store';
import { badRequest, type ApiError } from '../http/errors';
import { labelValueProblem, qualifiedNameProblem } from '../schema/object-meta';

const MAX_REQUIREMENTS = 100;
const TOKEN = /\s*(==|!=|[=!,()<>]|[^\s=!,()<>]+)/y;

/** @throws ApiError 400 that says what was found where. */
export function parseLabelSelector(text: string): LabelRequirement[] {
  const parser = new Parser(tokenize(text));
  const requirements: LabelRequirement[] = [];
  if (parser.at('')) return requirements;
  parser.begin("!, identifier, or 'end of string'");
  for (;;) {
    requirements.push(parser.requirement());
    if (requirements.length > MAX_REQUIREMENTS) throw badRequest(`a label selector may have at most ${MAX_REQUIREMENTS} requirements`);
    if (parser.at('')) return requirements;
    if (!parser.at(',')) throw parser.found("',' or 'end of string'");
    parser.take();
    parser.begin("identifier after ','");
  }
}

function tokenize(text: string): string[] {
  const tokens: string[] = [];
  const trimmed = text.trim();
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < trimmed.length) {
    const match = TOKEN.exec(trimmed);
    if (!match) throw badRequest(`unable to parse requirement: cannot read selector ${JSON.stringify(text)}`);
    tokens.push(match[1]);
  }
  return tokens;
}

const PUNCTUATION = new Set(['', '==', '!=', '=', '!', ',', '(', ')', '<', '>']);
const OPERATORS = 'in, notin, =, ==, !=, gt, lt';
const unable = (why: string): ApiError => badRequest(`unable to parse requirement: ${why}`);

class Parser {
  #at = 0;
  constructor(private readonly tokens: readonly string[]) {}

  /** '' is the end. */
  get #token(): string {
    return this.tokens[this.#at] ?? '';
  }

  at(token: string): boolean {
    return this.#token === token;
  }

  take(): string {
    const token = this.#token;
    this.#at += 1;
    return token;
  }

  found(expected: string): ApiError {
    return badRequest(`found '${this.#token}', expected: ${expected}`);
  }

  #unable(expected: string, separator = ', '): ApiError {
    return unable(`found '${this.#token}'${separator}expected: ${expected}`);
  }

  /** Stands a requirement here? @throws ApiError 400 */
  begin(expected: string): void {
    if (!this.at('!') && PUNCTUATION.has(this.#token)) throw this.found(expected);
  }

  #word(expected: string): string {
    if (PUNCTUATION.has(this.#token)) throw this.#unable(expected);
    return this.take();
  }

  #key(): string {
    const key = this.#word('identifier');
    const problem = qualifiedNameProblem(key);
    if (problem) throw unable(`<nil>: Invalid value: ${JSON.stringify(key)}: ${problem}`);
    return key;
  }

  requirement(): LabelRequirement {
    if (this.at('!')) {
      this.take();
      return { key: this.#key(), operator: 'DoesNotExist', values: [] };
    }
    const key = this.#key();
    if (this.at('') || this.at(',')) return { key, operator: 'Exists', values: [] };
    const operator = this.#token;
    switch (operator) {
      case '=':
      case '==':
        return { key, operator: 'In', values: checked([this.#value()], key) };
      case '!=':
        return { key, operator: 'NotIn', values: checked([this.#value()], key) };
      case 'in':
      case 'notin':
        return { key, operator: operator === 'in' ? 'In' : 'NotIn', values: checked(this.#values(), key) };
      case '>':
      case '<':
        return { key, operator: operator === '>' ? 'GreaterThan' : 'LessThan', values: checked([wholeNumber(this.#value())], key) };
      default:
        throw this.#unable(OPERATORS);
    }
  }

  /** After an operator: one value, which may be missing. */
  #value(): string {
    this.take();
    return this.at('') || this.at(',') ? '' : this.#word('identifier');
  }

  #values(): string[] {
    this.take();
    if (!this.at('(')) throw this.#unable("'('", ' ');
    this.take();
    const values = new Set<string>();
    for (;;) {
      if (this.at(',') || this.at(')')) values.add('');
      else values.add(this.#word(values.size === 0 ? "',', ')' or identifier" : "',', or identifier"));
      if (this.at(')')) break;
      if (!this.at(',')) throw this.#unable("',' or ')'");
      this.take();
    }
    this.take();
    return [...values].sort();
  }
}

function checked(values: string[], key: string): string[] {
  values.forEach((value, index) => {
    const problem = labelValueProblem(value);
    if (problem) throw unable(`values[${index}][${key}]: Invalid value: ${JSON.stringify(value)}: ${problem}`);
  });
  return values;
}

function wholeNumber(value: string): string {
  if (/^[+-]?\d{1,18}$/.test(value)) return value;
  throw unable(`values[0]: Invalid value: ${JSON.stringify(value)}: for 'Gt', 'Lt' operators, the value must be an integer`);
}
