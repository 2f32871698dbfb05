/** Remembers what a pure function makes of a text: objects say the same few durations and amounts again and again. Errors are not remembered. */

/** Texts that are remembered at least; when there are twice as many, those that were not asked for lately are forgotten. */
const KEPT = 256;

export function memoize<R>(make: (text: string) => R): (text: string) => R {
  let young = new Map<string, R>();
  let old = new Map<string, R>();
  return (text) => {
    let made = young.get(text);
    if (made !== undefined) return made;
    made = old.get(text) ?? make(text);
    if (young.size >= KEPT) {
      old = young;
      young = new Map();
    }
    young.set(text, made);
    return made;
  };
}
