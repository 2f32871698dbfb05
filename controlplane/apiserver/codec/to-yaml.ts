/**
 * Values as YAML, as kube-apiserver writes it: block style, keys in order, no aliases, lines as long as their text.
 *
 * What any reader of YAML 1.1 or 1.2 gets is what was written: text that could be read as something else (`yes`, `1e3`, a date) is quoted. Text
 * is made directly, without a tree of nodes, so that an answer takes no more memory than its JSON does.
 */
const INDENT = '  ';
/** Keys beyond this stand behind a `?`: YAML has no longer ones in the short form. */
const MAX_KEY_CHARS = 128;

const MAX_PIECES = 4096;

/** Begins like a word or a path, and holds nothing that YAML gives a meaning to. */
const PLAIN = /^[A-Za-z_/](?:[!-"$-9;-~]|:(?=[!-~])| (?=[!-"$-~])|#(?<=[!-~]#))*$/;
/** Words that are no text in YAML 1.1. */
const WORDS = /^(?:y|yes|n|no|on|off|true|false|null)$/i;
/** Shown as it is, line by line; begins with a line that shows the indentation. */
const BLOCK = /^[!-~\u00a1-\u2027\u202a-\ud7ff][\n -~\u00a1-\u2027\u202a-\ud7ff]*$/;
/** What JSON leaves as it is, and YAML takes for the end of a line or for no character. */
const SPECIAL = /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g;
const HALVES = /\p{Surrogate}/gu;

/** @param value what JSON can say */
export function toYaml(value: unknown): string {
  const out = new Text();
  writeValue(out, value, '', '');
  // It stands behind nothing.
  return out.whole().replace(/^[ \n]/, '');
}

/** Joined now and then: pieces are small, and there may be millions. */
class Text {
  #whole = '';
  #pieces: string[] = [];

  push(...pieces: readonly string[]): void {
    for (const piece of pieces) this.#pieces.push(piece);
    if (this.#pieces.length > MAX_PIECES) this.#join();
  }

  whole(): string {
    this.#join();
    return this.#whole;
  }

  #join(): void {
    this.#whole += this.#pieces.join('');
    this.#pieces = [];
  }
}

/** Writes what comes behind `key:` or `-`, to the end of its line or lines. */
function writeValue(out: Text, value: unknown, pad: string, listPad: string): void {
  if (Array.isArray(value)) {
    if (value.length === 0) return out.push(' []\n');
    out.push('\n');
    return writeList(out, value, listPad);
  }
  if (typeof value === 'object' && value !== null) {
    const keys = Object.keys(value).sort();
    if (keys.length === 0) return out.push(' {}\n');
    out.push('\n');
    return writeMap(out, value as Record<string, unknown>, keys, pad);
  }
  out.push(' ', typeof value === 'string' ? text(value, pad) : JSON.stringify(value), '\n');
}

function writeMap(out: Text, map: Record<string, unknown>, keys: readonly string[], pad: string, first = pad): void {
  let before = first;
  for (const key of keys) {
    const shown = line(key);
    if (shown.length > MAX_KEY_CHARS) out.push(before, '? ', shown, '\n', pad, ':');
    else out.push(before, shown, ':');
    writeValue(out, map[key], pad + INDENT, pad);
    before = pad;
  }
}

function writeList(out: Text, list: readonly unknown[], pad: string, first = pad): void {
  let before = first;
  for (const item of list) {
    out.push(before, '-');
    before = pad;
    const inner = pad + INDENT;
    if (Array.isArray(item) && item.length > 0) writeList(out, item, inner, ' ');
    else if (typeof item === 'object' && item !== null && Object.keys(item).length > 0) writeMap(out, item as Record<string, unknown>, Object.keys(item).sort(), inner, ' ');
    else writeValue(out, item, inner, inner);
  }
}

function text(value: string, pad: string): string {
  if (!value.includes('\n') || !BLOCK.test(value)) return line(value);
  const chomping = !value.endsWith('\n') ? '-' : value.endsWith('\n\n') ? '+' : '';
  const lines = (chomping === '-' ? value : value.slice(0, -1)).split('\n');
  return `|${chomping}\n${lines.map((each) => (each === '' ? '' : pad + each)).join('\n')}`;
}

/** On one line. */
function line(value: string): string {
  if (PLAIN.test(value) && !WORDS.test(value)) return value;
  return JSON.stringify(value.replace(HALVES, '\ufffd')).replace(SPECIAL, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
