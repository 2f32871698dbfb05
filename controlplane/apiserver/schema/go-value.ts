/** Values as Go prints them (`%#v`), which is how kube-apiserver's messages show what was wrong. */
import { isObject } from './schema';

/** A text as Go's `%q` shows it. */
const NAMED: Readonly<Record<string, string>> = { '\\u0007': '\\a', '\\u000b': '\\v' };
export const quoted = (text: string): string =>
  JSON.stringify(text)
    .replace(/\\u00[01][0-9a-f]/g, (escape) => NAMED[escape] ?? `\\x${escape.slice(4)}`)
    .replace(/[\u007f-\u00a0\u2028\u2029]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** A number as Go's `%v` shows it: an exponent from 21 digits on, with at least two digits. */
function number(value: number): string {
  return String(value).replace(/e([+-])(\d)$/, 'e$10$2');
}

/** A value as Go's `%v` shows it: `map[a:1]`, `[x y]`, `<nil>`. */
export function goPlain(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(goPlain).join(' ')}]`;
  if (isObject(value)) return `map[${Object.keys(value).sort().map((key) => `${key}:${goPlain(value[key])}`).join(' ')}]`;
  return value === null || value === undefined ? '<nil>' : typeof value === 'number' ? number(value) : String(value);
}

/** `map[string]interface {}{"a":1}`, `[]interface {}{"x"}`; fields in the order of their names. */
export function goValue(value: unknown): string {
  if (typeof value === 'string') return quoted(value);
  if (typeof value === 'number') return number(value);
  if (Array.isArray(value)) return `[]interface {}{${value.map(goValue).join(', ')}}`;
  if (isObject(value)) {
    const fields = Object.keys(value).sort().map((key) => `${quoted(key)}:${goValue(value[key])}`);
    return `map[string]interface {}{${fields.join(', ')}}`;
  }
  return value === null || value === undefined ? 'interface {}(nil)' : String(value);
}
