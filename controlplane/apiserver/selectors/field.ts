/** The grammar of field selectors: `metadata.name=x,status.phase!=Running`; `\` escapes `,`, `=` and itself. */
import type { FieldRequirement } from '../../store/store';
import { badRequest } from '../http/errors';

const MAX_REQUIREMENTS = 100;

/**
 * @param selectable paths that may be used besides `metadata.name` and `metadata.namespace`
 * @throws ApiError 400: no operator, or a field that cannot be selected by
 */
export function parseFieldSelector(text: string, selectable: readonly string[]): FieldRequirement[] {
  if (text.trim() === '') return [];
  const terms = splitUnescaped(text).filter((term) => term !== '');
  if (terms.length > MAX_REQUIREMENTS) throw badRequest(`a field selector may have at most ${MAX_REQUIREMENTS} requirements`);
  return terms.map((term) => parseTerm(term, text, selectable));
}

function parseTerm(term: string, text: string, selectable: readonly string[]): FieldRequirement {
  const match = /^([^=!\\]+)(!=|==|=)(.*)$/s.exec(term);
  if (!match) throw badRequest(`invalid selector: '${text}'; can't understand '${term}'`);
  const [, path, operator, raw] = match;
  if (path !== 'metadata.name' && path !== 'metadata.namespace' && !selectable.includes(path)) {
    throw badRequest(`field label not supported: ${path}`);
  }
  return { path, operator: operator === '!=' ? '!=' : '=', value: unescape(raw, text) };
}

function splitUnescaped(text: string): string[] {
  const terms: string[] = [];
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === ',') {
      terms.push(text.slice(start, at));
      start = at + 1;
    }
  }
  return [...terms, text.slice(start)];
}

function unescape(value: string, text: string): string {
  if (/(?<!\\)(?:\\\\)*=/.test(value)) throw badRequest(`invalid selector: '${text}'; unescaped '=' in a value`);
  return value.replace(/\\(.)/g, (_, char: string) => {
    if (char !== ',' && char !== '=' && char !== '\\') throw badRequest(`invalid selector: '${text}'; invalid escape '\\${char}'`);
    return char;
  });
}
