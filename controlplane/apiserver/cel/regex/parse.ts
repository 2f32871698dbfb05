/**
 * Parses regular expressions in Go's syntax (RE2): no back references, no look-around.
 * Bounded: nesting of at most 200 levels, repetition of at most 1000.
 */
import { CelError } from '../values';
import { all, caseFold, negate, perlClass, posixClass, unicodeClass, type Ranges } from './classes';

export type Assertion = 'begin-text' | 'end-text' | 'begin-line' | 'end-line' | 'word-boundary' | 'no-word-boundary';

export type Node =
  | { kind: 'empty' }
  | { kind: 'set'; ranges: Ranges }
  | { kind: 'assert'; assertion: Assertion }
  | { kind: 'sequence'; parts: Node[] }
  | { kind: 'choice'; options: Node[] }
  | { kind: 'group'; node: Node }
  | { kind: 'repeat'; node: Node; min: number; max: number; greedy: boolean };

interface Flags {
  fold: boolean;
  multiLine: boolean;
  dotAll: boolean;
  swapGreed: boolean;
}

const MAX_DEPTH = 200;
const MAX_REPEAT = 1000;

class Malformed extends Error {}

const malformed = (what: string, text: string): Malformed => new Malformed(`error parsing regexp: ${what}: \`${text}\``);

export function parseRegexp(pattern: string): Node | CelError {
  try {
    const parser = new Parser([...pattern], pattern);
    const node = parser.choice({ fold: false, multiLine: false, dotAll: false, swapGreed: false });
    parser.end();
    return node;
  } catch (error) {
    if (error instanceof Malformed) return new CelError(error.message);
    throw error;
  }
}

class Parser {
  #at = 0;
  #depth = 0;
  readonly #names = new Set<string>();

  constructor(
    private readonly chars: readonly string[],
    private readonly pattern: string,
  ) {}

  end(): void {
    if (this.#at < this.chars.length) throw malformed('unexpected )', this.pattern);
  }

  choice(outer: Flags): Node {
    if (++this.#depth > MAX_DEPTH) throw malformed('expression nests too deeply', this.pattern);
    const flags = { ...outer };
    const options: Node[] = [];
    let parts: Node[] = [];
    while (this.#at < this.chars.length && this.#peek() !== ')') {
      if (this.#take('|')) {
        options.push({ kind: 'sequence', parts });
        parts = [];
        continue;
      }
      const start = this.#at;
      const atom = this.#atom(flags);
      if (atom) parts.push(this.#repeats(atom, flags, start));
    }
    options.push({ kind: 'sequence', parts });
    this.#depth--;
    return options.length === 1 ? options[0] : { kind: 'choice', options };
  }

  #peek(): string {
    return this.chars[this.#at] ?? '';
  }

  #take(char: string): boolean {
    if (this.#peek() !== char) return false;
    this.#at++;
    return true;
  }

  /** undefined: only flags were set. */
  #atom(flags: Flags): Node | undefined {
    const char = this.chars[this.#at++];
    switch (char) {
      case '(':
        return this.#group(flags);
      case '[':
        return { kind: 'set', ranges: this.#class(flags) };
      case '.':
        return { kind: 'set', ranges: flags.dotAll ? all() : negate([[10, 10]]) };
      case '^':
        return { kind: 'assert', assertion: flags.multiLine ? 'begin-line' : 'begin-text' };
      case '$':
        return { kind: 'assert', assertion: flags.multiLine ? 'end-line' : 'end-text' };
      case '\\':
        return this.#escape(flags);
      case '*':
      case '+':
      case '?':
      case '{': {
        const start = --this.#at;
        const repeats = this.#bounds() !== undefined;
        if (repeats) this.#take('?');
        if (repeats) throw malformed('missing argument to repetition operator', this.chars.slice(start, this.#at).join(''));
        this.#at++;
        return this.#literal(char.codePointAt(0)!, flags);
      }
      default:
        return this.#literal(char.codePointAt(0)!, flags);
    }
  }

  #literal(code: number, flags: Flags): Node {
    const ranges: Ranges = [[code, code]];
    return { kind: 'set', ranges: flags.fold ? caseFold(ranges) : ranges };
  }

  #group(flags: Flags): Node | undefined {
    const start = this.#at - 1;
    let inner = flags;
    if (this.#take('?')) {
      const rest = this.chars.slice(this.#at, this.#at + 100).join('');
      const name = /^P?<([^>]*)>/.exec(rest);
      if (name) {
        if (!/^[A-Za-z_0-9]+$/.test(name[1])) throw malformed('invalid named capture', `(?${name[0]}`);
        if (this.#names.has(name[1])) throw malformed('duplicate capture group name', name[1]);
        this.#names.add(name[1]);
        this.#at += [...name[0]].length;
      } else {
        const set = /^([imsU]*)(?:-([imsU]+))?([:)])/.exec(rest);
        if (!set) throw malformed('invalid or unsupported Perl syntax', `(?${rest.slice(0, /^(<?[=!]|[<P]?)/.exec(rest)?.[0].length || 1)}`);
        this.#at += set[0].length;
        const target = set[3] === ')' ? flags : { ...flags };
        for (const flag of set[1]) setFlag(target, flag, true);
        for (const flag of set[2] ?? '') setFlag(target, flag, false);
        if (set[3] === ')') return undefined;
        inner = target;
      }
    }
    const node = this.choice(inner);
    if (!this.#take(')')) throw malformed('missing closing )', this.pattern);
    if (this.#at < start) throw malformed('unexpected )', this.pattern);
    return { kind: 'group', node };
  }

  #escape(flags: Flags): Node {
    const char = this.chars[this.#at];
    if (char === undefined) throw malformed('trailing backslash at end of expression', '');
    switch (char) {
      case 'A':
        this.#at++;
        return { kind: 'assert', assertion: 'begin-text' };
      case 'z':
        this.#at++;
        return { kind: 'assert', assertion: 'end-text' };
      case 'b':
        this.#at++;
        return { kind: 'assert', assertion: 'word-boundary' };
      case 'B':
        this.#at++;
        return { kind: 'assert', assertion: 'no-word-boundary' };
      case 'Q':
        return this.#quoted(flags);
      default: {
        const ranges = this.#classEscape(flags) ?? this.#codes(this.#character());
        return { kind: 'set', ranges: flags.fold ? caseFold(ranges) : ranges };
      }
    }
  }

  #codes(code: number): Ranges {
    return [[code, code]];
  }

  #quoted(flags: Flags): Node {
    this.#at++;
    const parts: Node[] = [];
    while (this.#at < this.chars.length) {
      if (this.chars[this.#at] === '\\' && this.chars[this.#at + 1] === 'E') {
        this.#at += 2;
        break;
      }
      parts.push(this.#literal(this.chars[this.#at++].codePointAt(0)!, flags));
    }
    return { kind: 'sequence', parts };
  }

  /** `\d`, `\pL`, `\p{Greek}` after the backslash; undefined: one character. */
  #classEscape(flags: Flags): Ranges | undefined {
    const char = this.#peek();
    const perl = perlClass(char);
    if (perl) {
      this.#at++;
      return perl;
    }
    if (char !== 'p' && char !== 'P') return undefined;
    const rest = this.chars.slice(this.#at + 1, this.#at + 60).join('');
    const name = /^(?:\{(\^?[A-Za-z_]+)\}|([A-Z]))/.exec(rest);
    const ranges = name ? unicodeClass((name[1] ?? name[2]).replace('^', '')) : undefined;
    if (!name || !ranges) throw malformed('invalid character class range', `\\${char}${name?.[0] ?? rest.slice(0, 1)}`);
    this.#at += 1 + name[0].length;
    const negated = (char === 'P') !== (name[1]?.startsWith('^') ?? false);
    const folded = flags.fold ? caseFold(ranges) : ranges;
    return negated ? negate(folded) : folded;
  }

  #character(): number {
    const char = this.chars[this.#at++];
    const rest = this.chars.slice(this.#at, this.#at + 12).join('');
    const take = (match: RegExpExecArray, radix: number): number => {
      this.#at += match[0].length;
      const code = Number.parseInt(match[1], radix);
      if (code > 0x10ffff) throw malformed('invalid escape sequence', `\\${char}${match[0]}`);
      return code;
    };
    const simple: Readonly<Record<string, number>> = { a: 7, f: 12, t: 9, n: 10, r: 13, v: 11 };
    if (Object.hasOwn(simple, char)) return simple[char];
    if (char === 'x') {
      const hex = /^\{([0-9a-fA-F]+)\}|^([0-9a-fA-F]{2})/.exec(rest);
      if (hex) return take(Object.assign(hex, { 1: hex[1] ?? hex[2] }), 16);
    }
    if (/[0-7]/.test(char)) {
      const octal = char === '0' ? /^([0-7]{0,2})/.exec(rest) : /^([0-7]{1,2})/.exec(rest);
      if (octal && (char === '0' || octal[0] !== '')) {
        this.#at += octal[0].length;
        return Number.parseInt(char + octal[1], 8);
      }
    }
    if (/^[!-/:-@[-`{-~]$/.test(char) && char !== '') return char.codePointAt(0)!;
    throw malformed('invalid escape sequence', `\\${char}`);
  }

  #class(flags: Flags): Ranges {
    const start = this.#at - 1;
    const missing = (): Malformed => malformed('missing closing ]', this.chars.slice(start).join(''));
    const negated = this.#take('^');
    const ranges: Ranges = [];
    let first = true;
    for (;;) {
      const char = this.chars[this.#at];
      if (char === undefined) throw missing();
      if (char === ']' && !first) break;
      first = false;
      const rest = this.chars.slice(this.#at, this.#at + 20).join('');
      const posix = /^\[:(\^?)([a-z]+):\]/.exec(rest);
      if (posix) {
        const found = posixClass(posix[2]);
        if (!found) throw malformed('invalid character class range', posix[0]);
        ranges.push(...(posix[1] ? negate(found) : found));
        this.#at += posix[0].length;
        continue;
      }
      if (char === '\\') {
        this.#at++;
        const found = this.#at < this.chars.length ? this.#classEscape(flags) : undefined;
        if (found) {
          ranges.push(...found);
          continue;
        }
        this.#at--;
      }
      const low = this.#classCharacter(missing);
      let high = low;
      if (this.#peek() === '-' && (this.chars[this.#at + 1] ?? ']') !== ']') {
        this.#at++;
        high = this.#classCharacter(missing);
        if (high < low) throw malformed('invalid character class range', this.chars.slice(this.#at - 3, this.#at).join(''));
      }
      ranges.push([low, high]);
    }
    this.#at++;
    const folded = flags.fold ? caseFold(ranges) : ranges;
    return negated ? negate(folded) : folded;
  }

  #classCharacter(missing: () => Malformed): number {
    const char = this.chars[this.#at];
    if (char === undefined) throw missing();
    this.#at++;
    if (char !== '\\') return char.codePointAt(0)!;
    if (this.#at >= this.chars.length) throw malformed('trailing backslash at end of expression', '');
    return this.#character();
  }

  #repeats(atom: Node, flags: Flags, start: number): Node {
    let node = atom;
    let repeated = false;
    for (;;) {
      const before = this.#at;
      const bounds = this.#bounds();
      if (!bounds) return node;
      if (repeated) throw malformed('invalid nested repetition operator', this.chars.slice(before - 1, this.#at).join(''));
      const [min, max] = bounds;
      if (min > MAX_REPEAT || (max !== Infinity && (max > MAX_REPEAT || max < min))) throw malformed('invalid repeat count', this.chars.slice(before, this.#at).join(''));
      const lazy = this.#take('?');
      node = { kind: 'repeat', node, min, max, greedy: lazy === flags.swapGreed };
      repeated = true;
      if (this.#at - start > this.chars.length) return node;
    }
  }

  #bounds(): [number, number] | undefined {
    if (this.#take('*')) return [0, Infinity];
    if (this.#take('+')) return [1, Infinity];
    if (this.#take('?')) return [0, 1];
    const braces = this.#peek() === '{' ? /^\{(\d+)(,(\d*))?\}/.exec(this.chars.slice(this.#at, this.#at + 24).join('')) : null;
    if (!braces) return undefined;
    this.#at += braces[0].length;
    const min = Number(braces[1]);
    return [min, braces[2] === undefined ? min : braces[3] === '' ? Infinity : Number(braces[3])];
  }
}

function setFlag(flags: Flags, flag: string, value: boolean): void {
  if (flag === 'i') flags.fold = value;
  else if (flag === 'm') flags.multiLine = value;
  else if (flag === 's') flags.dotAll = value;
  else flags.swapGreed = value;
}
