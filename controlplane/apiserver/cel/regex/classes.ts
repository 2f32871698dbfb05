/** Sets of code points as ranges, and the named ones of Go's regular expressions. */

export type Ranges = [number, number][];

const MAX = 0x10ffff;

export const all = (): Ranges => [[0, MAX]];

/** Sorted, without overlaps. */
export function normalize(ranges: Ranges): Ranges {
  const sorted = ranges.map(([low, high]): [number, number] => [low, high]).sort((a, b) => a[0] - b[0]);
  const joined: Ranges = [];
  for (const range of sorted) {
    const last = joined[joined.length - 1];
    if (last && range[0] <= last[1] + 1) last[1] = Math.max(last[1], range[1]);
    else joined.push(range);
  }
  return joined;
}

export function negate(ranges: Ranges): Ranges {
  const result: Ranges = [];
  let next = 0;
  for (const [low, high] of normalize(ranges)) {
    if (low > next) result.push([next, low - 1]);
    next = high + 1;
  }
  if (next <= MAX) result.push([next, MAX]);
  return result;
}

/** The set with the other cases of its characters. Large ranges are only folded in the scripts that have cases. */
export function caseFold(ranges: Ranges): Ranges {
  const result: Ranges = [...ranges];
  for (const [low, high] of ranges) {
    for (let code = low; code <= Math.min(high, 0x24ff); code++) {
      const char = String.fromCodePoint(code);
      for (const other of [char.toLowerCase(), char.toUpperCase()]) {
        const folded = other.codePointAt(0)!;
        if (folded !== code && other.length === String.fromCodePoint(folded).length) result.push([folded, folded]);
      }
    }
  }
  // Beyond simple mappings: the Kelvin sign and the long s.
  if (includes(result, 0x6b)) result.push([0x212a, 0x212a]);
  if (includes(result, 0x73)) result.push([0x17f, 0x17f]);
  return normalize(result);
}

export function includes(ranges: Ranges, code: number): boolean {
  for (const [low, high] of ranges) if (code >= low && code <= high) return true;
  return false;
}

const DIGIT: Ranges = [[48, 57]];
const SPACE: Ranges = [[9, 10], [12, 13], [32, 32]];
const WORD: Ranges = [[48, 57], [65, 90], [95, 95], [97, 122]];

/** `d`, `W`, …; undefined: no class. */
export function perlClass(name: string): Ranges | undefined {
  switch (name) {
    case 'd':
      return DIGIT;
    case 'D':
      return negate(DIGIT);
    case 's':
      return SPACE;
    case 'S':
      return negate(SPACE);
    case 'w':
      return WORD;
    case 'W':
      return negate(WORD);
    default:
      return undefined;
  }
}

const POSIX: Readonly<Record<string, Ranges>> = {
  alnum: [[48, 57], [65, 90], [97, 122]], alpha: [[65, 90], [97, 122]], ascii: [[0, 127]], blank: [[9, 9], [32, 32]], cntrl: [[0, 31], [127, 127]],
  digit: DIGIT, graph: [[33, 126]], lower: [[97, 122]], print: [[32, 126]], punct: [[33, 47], [58, 64], [91, 96], [123, 126]],
  space: [[9, 13], [32, 32]], upper: [[65, 90]], word: WORD, xdigit: [[48, 57], [65, 70], [97, 102]],
};

export function posixClass(name: string): Ranges | undefined {
  return Object.hasOwn(POSIX, name) ? POSIX[name] : undefined;
}

const unicode = new Map<string, Ranges | undefined>();

/** A general category or a script; undefined: neither. */
export function unicodeClass(name: string): Ranges | undefined {
  if (name === 'Any') return all();
  if (!unicode.has(name)) unicode.set(name, collect(name));
  return unicode.get(name);
}

function collect(name: string): Ranges | undefined {
  let expression: RegExp;
  try {
    expression = new RegExp(`^\\p{${/^[A-Z][a-z]?$/.test(name) ? 'gc' : 'sc'}=${name}}$`, 'u');
  } catch {
    return undefined; // Not a name that Unicode knows.
  }
  const ranges: Ranges = [];
  for (let code = 0; code <= MAX; code++) {
    if (code >= 0xd800 && code < 0xe000) continue;
    if (!expression.test(String.fromCodePoint(code))) continue;
    const last = ranges[ranges.length - 1];
    if (last?.[1] === code - 1) last[1] = code;
    else ranges.push([code, code]);
  }
  return ranges;
}
