/** The grammar of label selectors: `a=b, c!=d, e in (f, g), h notin (i), j, !k`. */
import type { LabelRequirement } from '../../store/store';
import { badRequest } from '../http/errors';
import { labelValueProblem, qualifiedNameProblem } from '../schema/object-meta';

const MAX_REQUIREMENTS = 100;
const TOKEN = /\s*(==|!=|=|!|,|\(|\)|<|>|[^\s=!,()<>]+)/y;

/** @throws ApiError 400 that says what was found where. */
export function parseLabelSelector(text: string): LabelRequirement[] {
  const parser = new Parser(tokenize(text), text);
  const requirements: LabelRequirement[] = [];
  if (parser.done) return requirements;
  for (;;) {
    requirements.push(parser.requirement());
    if (requirements.length > MAX_REQUIREMENTS) throw badRequest(`a label selector may have at most ${MAX_REQUIREMENTS} requirements`);
    if (parser.done) return requirements;
    parser.expect(',');
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

const PUNCTUATION = new Set(['==', '!=', '=', '!', ',', '(', ')', '<', '>']);

class Parser {
  #at = 0;
  constructor(
    readonly tokens: readonly string[],
    readonly text: string,
  ) {}

  get done(): boolean {
    return this.#at >= this.tokens.length;
  }

  #peek(): string | undefined {
    return this.tokens[this.#at];
  }

  fail(expected: string): never {
    const found = this.#peek() ?? '';
    throw badRequest(`unable to parse requirement: found '${found}', expected: ${expected} in selector ${JSON.stringify(this.text)}`);
  }

  expect(token: string): void {
    if (this.#peek() !== token) this.fail(`'${token}'`);
    this.#at++;
  }

  #word(expected: string): string {
    const token = this.#peek();
    if (token === undefined || PUNCTUATION.has(token)) this.fail(expected);
    this.#at++;
    return token;
  }

  #key(): string {
    const key = this.#word('identifier');
    const problem = qualifiedNameProblem(key);
    if (problem) throw badRequest(`unable to parse requirement: <nil>: Invalid value: ${JSON.stringify(key)}: ${problem}`);
    return key;
  }

  #checked(key: string, value: string): string {
    const problem = labelValueProblem(value);
    if (problem) throw badRequest(`unable to parse requirement: values[0][${key}]: Invalid value: ${JSON.stringify(value)}: ${problem}`);
    return value;
  }

  requirement(): LabelRequirement {
    if (this.#peek() === '!') {
      this.#at++;
      return { key: this.#key(), operator: 'DoesNotExist', values: [] };
    }
    const key = this.#key();
    const operator = this.#peek();
    if (operator === undefined || operator === ',') return { key, operator: 'Exists', values: [] };
    this.#at++;
    switch (operator) {
      case '=':
      case '==':
      case '!=': {
        const next = this.#peek();
        const value = next === undefined || next === ',' ? '' : this.#checked(key, this.#word('identifier'));
        return { key, operator: operator === '!=' ? 'NotIn' : 'In', values: [value] };
      }
      case 'in':
      case 'notin':
        return { key, operator: operator === 'in' ? 'In' : 'NotIn', values: this.#values(key) };
      default:
        this.#at--;
        return this.fail("in, notin, =, ==, !=");
    }
  }

  #values(key: string): string[] {
    this.expect('(');
    const values = new Set<string>();
    for (;;) {
      const next = this.#peek();
      values.add(next === ',' || next === ')' ? '' : this.#checked(key, this.#word('identifier')));
      if (this.#peek() === ')') break;
      this.expect(',');
    }
    this.#at++;
    return [...values];
  }
}
