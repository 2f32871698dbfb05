/** Patterns of schemas, in Go's syntax and meaning; matched in time linear in the text, which is bounded as well. Unanchored. */
import { compileRegexp, Regexp } from '../cel/regex/regex';

/** Characters of text times characters of pattern: a fraction of a second. */
const MAX_WORK = 20_000_000;

/** What is wrong with the pattern itself; undefined: nothing. */
export function patternProblem(pattern: string): string | undefined {
  const compiled = compileRegexp(pattern);
  return compiled instanceof Regexp ? undefined : compiled.message;
}

/** What is wrong with `text`; undefined: it matches. */
export function mismatch(text: string, pattern: string): string | undefined {
  const compiled = compileRegexp(pattern);
  if (!(compiled instanceof Regexp)) return `should match '${pattern}, but pattern is invalid: ${compiled.message}'`;
  if (text.length * pattern.length > MAX_WORK) return `is too long to be matched against '${pattern}': give the field a maxLength`;
  return compiled.test(text) ? undefined : `should match '${pattern}'`;
}
