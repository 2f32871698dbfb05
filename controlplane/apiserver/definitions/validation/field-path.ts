/** Paths to a field of a schema, `.spec.colour` or `.spec['colour']`, as selectable fields and rules name them. */
import { own, type Schema } from '../../schema/schema';

export interface FieldPath {
  names: string[];
  schema: Schema;
}

class Malformed extends Error {}

/** @returns what is wrong with it as text */
export function parseFieldPath(path: string, schema: Schema, brackets = true): FieldPath | string {
  try {
    return parse(path, schema, brackets);
  } catch (error) {
    if (error instanceof Malformed) return error.message;
    throw error;
  }
}

export function fieldPathProblem(path: string, schema: Schema): string | undefined {
  const parsed = parseFieldPath(path, schema);
  return typeof parsed === 'string' ? parsed : undefined;
}

function parse(path: string, root: Schema, brackets: boolean): FieldPath {
  const tokens = path.match(/'(?:[^'\\]|\\.)*'|[.[\]]|[^.[\]]+/g) ?? [];
  const names: string[] = [];
  let schema = root;
  const step = (name: string): void => {
    const { properties, additionalProperties } = schema;
    const next = properties ? own(properties, name) : typeof additionalProperties === 'object' ? additionalProperties : undefined;
    if (!next) throw new Malformed('does not refer to a valid field');
    names.push(name);
    schema = next;
  };
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at];
    if (token === '.') {
      const name = tokens[++at];
      if (name === undefined) throw new Malformed('unexpected end of JSON path');
      step(name);
    } else if (token === '[') {
      if (!brackets) throw new Malformed('array notation is not allowed');
      const name = tokens[++at];
      if (name === undefined) throw new Malformed('unexpected end of JSON path');
      if (name.length < 2 || !name.startsWith("'") || !name.endsWith("'")) throw new Malformed(`expected single quoted string but got ${name}`);
      step(name.slice(1, -1).replace(/\\(.)/g, '$1'));
      const close = tokens[++at];
      if (close === undefined) throw new Malformed('unexpected end of JSON path');
      if (close !== ']') throw new Malformed(`expected ] but got ${close}`);
    } else {
      throw new Malformed(`expected [ or . but got: ${token}`);
    }
  }
  return { names, schema };
}
