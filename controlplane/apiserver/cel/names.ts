/** Property names as CEL identifiers: `x.y` is `x__dot__y`, `namespace` is `__namespace__`. */

const RESERVED = new Set([
  'true', 'false', 'null', 'in', 'as', 'break', 'const', 'continue', 'else', 'for', 'function', 'if', 'import', 'let', 'loop', 'package', 'namespace', 'return', 'var', 'void', 'while',
]);
const ESCAPES: Readonly<Record<string, string>> = { __: '__underscores__', '.': '__dot__', '-': '__dash__', '/': '__slash__' };
const UNESCAPES: Readonly<Record<string, string>> = { underscores: '__', dot: '.', dash: '-', slash: '/' };

/** undefined: rules cannot read a property of this name. */
export function escapeName(name: string): string | undefined {
  if (!/^[A-Za-z_./-][A-Za-z0-9_./-]*$/.test(name)) return undefined;
  if (RESERVED.has(name)) return `__${name}__`;
  return name.replaceAll(/__|[-./]/g, (part) => ESCAPES[part]);
}

/** undefined: no property has this identifier. */
export function unescapeName(escaped: string): string | undefined {
  let valid = true;
  const name = escaped.replaceAll(/__[^_]+__/g, (part) => {
    const content = part.slice(2, -2);
    if (Object.hasOwn(UNESCAPES, content)) return UNESCAPES[content];
    if (!RESERVED.has(content) || part.length !== escaped.length) valid = false;
    return content;
  });
  return valid ? name : undefined;
}
