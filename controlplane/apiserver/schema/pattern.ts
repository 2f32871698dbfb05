/**
 * Patterns of schemas. Kubernetes' are Go's (RE2), which differ from JavaScript's in syntax here and there: what is common to both means
 * the same; inline flags at the start, Go's classes and anchors are translated. Unanchored, as in JSON Schema.
 */

const compiled = new Map<string, RegExp>();
const MAX_COMPILED = 1000;

const CLASSES: Readonly<Record<string, string>> = {
  alnum: '0-9A-Za-z', alpha: 'A-Za-z', ascii: '\\x00-\\x7F', blank: '\\t ', cntrl: '\\x00-\\x1F\\x7F', digit: '0-9', graph: '!-~',
  lower: 'a-z', print: ' -~', punct: '!-\\/:-@\\[-`{-~', space: '\\t\\n\\v\\f\\r ', upper: 'A-Z', word: '0-9A-Za-z_', xdigit: '0-9A-Fa-f',
};

/** @throws SyntaxError */
export function compiledPattern(pattern: string): RegExp {
  let expression = compiled.get(pattern);
  if (!expression) {
    expression = toRegExp(pattern);
    if (compiled.size >= MAX_COMPILED) compiled.clear();
    compiled.set(pattern, expression);
  }
  return expression;
}

function toRegExp(pattern: string): RegExp {
  const [, flags = '', rest] = /^(?:\(\?([ims]+)\))?([\s\S]*)$/.exec(pattern) as RegExpExecArray;
  if (/\(\?<?[=!]|\\[1-9]/.test(rest.replace(/\\[^1-9]/g, ''))) throw new SyntaxError('lookaround and backreferences are not supported');
  const text = rest
    .replace(/\[:(\^?)(\w+):\]/g, (whole, not: string, name: string) => (not === '' && Object.hasOwn(CLASSES, name) ? CLASSES[name] : whole))
    .replace(/\\A/g, '^')
    .replace(/\\z/g, '$')
    .replace(/\(\?P</g, '(?<');
  try {
    return new RegExp(text, `${flags}u`);
  } catch {
    // Go allows escapes of characters that need none, which JavaScript does without the flag only.
    return new RegExp(text, flags);
  }
}
