/** YAML bodies: one document of JSON's data model, no custom tags, few aliases, bounded nesting. */
import { parseDocument, visit } from 'yaml';

import { badRequest } from '../http/errors';
import { MAX_DEPTH, type Decoded } from './json';

const MAX_ALIASES = 100;

/** @throws ApiError 400 with the parser's line and column. */
export function parseYaml(text: string): Decoded {
  const document = parseDocument(text, { schema: 'core', customTags: [], uniqueKeys: true, prettyErrors: true, stringKeys: true });
  const problem = document.errors[0] ?? document.warnings[0];
  if (problem) throw badRequest(`the body is not valid YAML: ${problem.message.split('\n')[0]}`);
  visit(document, {
    Node: (_, __, path) => {
      if (path.length > 2 * MAX_DEPTH) throw badRequest(`the body is nested more than ${MAX_DEPTH} levels deep`);
    },
    Pair: (_, pair) => {
      if (String(pair.key) === '__proto__') throw badRequest('field name "__proto__" is not allowed');
    },
  });
  try {
    return { value: document.toJS({ maxAliasCount: MAX_ALIASES }), duplicates: [] };
  } catch (error) {
    throw badRequest(`the body is not valid YAML: ${(error as Error).message}`);
  }
}
