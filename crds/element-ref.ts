/** Input elements that differ per index: `$(NAME)` stands for the index's value of the parameter NAME, which is a digest. */

const REFERENCE = /^\$\(([A-Za-z_][A-Za-z0-9_]{0,127})\)$/;
const DIGEST = /^sha256:[0-9a-f]{64}$/;

/** The parameter that `element` refers to; undefined for a digest. */
export const referencedParameter = (element: string): string | undefined => REFERENCE.exec(element)?.[1];

/** The digest for an index with these values of the parameters; undefined when there is none, or it is no digest. */
export function resolveElement(element: string, values: Readonly<Record<string, string>>): string | undefined {
  const name = referencedParameter(element);
  const digest = name === undefined ? element : Object.hasOwn(values, name) ? values[name] : undefined;
  return digest !== undefined && DIGEST.test(digest) ? digest : undefined;
}
