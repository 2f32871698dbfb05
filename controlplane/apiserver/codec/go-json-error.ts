/** What Go's encoding/json says of a text that is no JSON: the words that clients of Kubernetes know. Pure; one pass. */

/** @returns the words for the first mistake; undefined when there is none */
export function goJsonError(text: string): string | undefined {
  return new Scanner(text).problem();
}

const END = 'unexpected end of JSON input';
const WORDS: Readonly<Record<string, string | undefined>> = { t: 'true', f: 'false', n: 'null' };

/** What Go calls the kind of a JSON value. */
export function jsonKind(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'boolean') return 'bool';
  return typeof value;
}

/** What is wrong with a value that must be an object; null is an empty one. */
export function mapProblem(value: unknown): string | undefined {
  if (value === null || jsonKind(value) === 'object') return undefined;
  return `json: cannot unmarshal ${jsonKind(value)} into Go value of type map[string]interface {}`;
}

/** What is wrong with a value that must be the operations of a JSON patch; null is none of them. @param strict whether their fields must have the right types too */
export function listProblem(value: unknown, strict: boolean): string | undefined {
  const wrong = (of: unknown, where: string): string => `json: cannot unmarshal ${jsonKind(of)} into Go ${where}`;
  if (value === null) return undefined;
  if (!Array.isArray(value)) return wrong(value, `value of type ${strict ? '[]handlers.jsonPatchOp' : 'jsonpatch.Patch'}`);
  for (const operation of value as readonly unknown[]) {
    if (operation === null) continue;
    if (jsonKind(operation) !== 'object') return wrong(operation, `value of type ${strict ? 'handlers.jsonPatchOp' : 'jsonpatch.Operation'}`);
    const field = strict && Object.entries(operation as object).find(([name, of]) => TEXTS.has(name) && of !== null && typeof of !== 'string');
    if (field) return wrong(field[1], `struct field jsonPatchOp.${field[0]} of type string`);
  }
  return undefined;
}

const TEXTS = new Set(['op', 'path', 'from']);

class Scanner {
  #at = 0;
  constructor(private readonly text: string) {}

  problem(): string | undefined {
    try {
      this.#value('looking for beginning of value');
      this.#space();
      return this.#at < this.text.length ? this.#invalid('after top-level value') : undefined;
    } catch (error) {
      if (error instanceof Mistake) return error.message;
      throw error;
    }
  }

  get #char(): string {
    const code = this.text.codePointAt(this.#at);
    if (code === undefined) throw new Mistake(END);
    return String.fromCodePoint(code);
  }

  #invalid(where: string): string {
    return `invalid character ${quoted(this.#char)} ${where}`;
  }

  #fail(where: string): never {
    throw new Mistake(this.#invalid(where));
  }

  #expect(char: string, where: string): void {
    if (this.#char !== char) this.#fail(where);
  }

  #space(): void {
    while (this.#at < this.text.length && ' \t\r\n'.includes(this.text[this.#at])) this.#at++;
  }

  /** Containers are walked with a stack: the text may be nested deeply. */
  #value(where: string): void {
    const closers: string[] = [];
    let expected: string | undefined = where;
    for (;;) {
      this.#space();
      if (expected !== undefined) {
        const opened = this.#begin(expected, closers);
        if (opened !== undefined) {
          expected = opened;
          continue;
        }
      }
      for (;;) {
        const closer = closers[closers.length - 1];
        if (closer === undefined) return;
        this.#space();
        const char = this.#char;
        if (char === ',') {
          this.#at++;
          this.#space();
          if (closer === '}') this.#key();
          expected = 'looking for beginning of value';
          break;
        }
        if (char !== closer) this.#fail(closer === '}' ? 'after object key:value pair' : 'after array element');
        this.#at++;
        closers.pop();
      }
    }
  }

  /** Begins a value. @returns what its first part must be when it is a container that is not empty */
  #begin(where: string, closers: string[]): string | undefined {
    const char = this.#char;
    if (char === '{' || char === '[') {
      this.#at++;
      this.#space();
      const closer = char === '{' ? '}' : ']';
      if (this.#char === closer) {
        this.#at++;
        return undefined;
      }
      closers.push(closer);
      if (closer === '}') this.#key();
      return 'looking for beginning of value';
    }
    if (char === '"') this.#string();
    else if (char === '-' || (char >= '0' && char <= '9')) this.#number();
    else if (WORDS[char]) this.#word(WORDS[char]);
    else this.#fail(where);
    return undefined;
  }

  #key(): void {
    this.#expect('"', 'looking for beginning of object key string');
    this.#string();
    this.#space();
    this.#expect(':', 'after object key');
    this.#at++;
  }

  #string(): void {
    this.#at++;
    for (;;) {
      const char = this.#char;
      if (char < ' ') this.#fail('in string literal');
      this.#at += char.length;
      if (char === '"') return;
      if (char !== '\\') continue;
      if (this.#char === 'u') {
        this.#at++;
        for (let digit = 0; digit < 4; digit++) {
          if (!/[0-9a-fA-F]/.test(this.#char)) this.#fail('in \\u hexadecimal character escape');
          this.#at++;
        }
      } else {
        if (!'bfnrt\\/"'.includes(this.#char)) this.#fail('in string escape code');
        this.#at++;
      }
    }
  }

  #word(word: string): void {
    this.#at++;
    for (const expected of word.slice(1)) {
      if (this.#char !== expected) this.#fail(`in literal ${word} (expecting ${quoted(expected)})`);
      this.#at++;
    }
  }

  #number(): void {
    if (this.#char === '-') {
      this.#at++;
      if (!/\d/.test(this.#char)) this.#fail('in numeric literal');
    }
    if (this.text[this.#at] === '0') this.#at++;
    else this.#digits();
    if (this.text[this.#at] === '.') {
      this.#at++;
      if (!/\d/.test(this.#char)) this.#fail('after decimal point in numeric literal');
      this.#digits();
    }
    if (this.text[this.#at] === 'e' || this.text[this.#at] === 'E') {
      this.#at++;
      if (this.text[this.#at] === '+' || this.text[this.#at] === '-') this.#at++;
      if (!/\d/.test(this.#char)) this.#fail('in exponent of numeric literal');
      this.#digits();
    }
  }

  #digits(): void {
    while (/\d/.test(this.text[this.#at] ?? '')) this.#at++;
  }
}

class Mistake extends Error {}

/** A character as Go quotes it. */
function quoted(char: string): string {
  if (char === "'") return "'\\''";
  if (char === '"') return "'\"'";
  const code = char.codePointAt(0) ?? 0;
  const named: Readonly<Record<string, string | undefined>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\\': '\\\\', '\x07': '\\a', '\b': '\\b', '\f': '\\f', '\v': '\\v' };
  // Go looks at bytes, and shows the first one of a character.
  if (code >= 0x80) return `'${String.fromCharCode(Buffer.from(char)[0])}'`;
  if (code < 0x20 || code === 0x7f) return `'${named[char] ?? `\\x${code.toString(16).padStart(2, '0')}`}'`;
  return `'${named[char] ?? char}'`;
}
