/** The grammar of field selectors: `metadata.name=x,status.phase!=Running`; `\` escapes `,`, `=` and itself. */
import type { FieldRequirement } from '../../store/store';
import { badRequest } from '../http/errors';

const MAX_REQUIREMENTS = 100;

/** What a resource's objects may be selected by. */
export interface Selectable {
  /** Besides `metadata.name` and `metadata.namespace`. */
  selectableFields: readonly string[];
  /** One of Kubernetes' own kinds: those that have no fields of their own say so otherwise. */
  core: boolean;
  namespaced?: boolean;
}

/** @throws ApiError 400: no operator, a bad escape, or a field that cannot be selected by */
export function parseFieldSelector(text: string, selectable: Selectable): FieldRequirement[] {
  if (text === '') return [];
  const terms = splitUnescaped(text).filter((term) => term !== '');
  if (terms.length > MAX_REQUIREMENTS) throw badRequest(`a field selector may have at most ${MAX_REQUIREMENTS} requirements`);
  return terms.map((term) => parseTerm(term, text, selectable));
}

function parseTerm(term: string, text: string, { selectableFields, core, namespaced = true }: Selectable): FieldRequirement {
  const match = /^(.*?)(!=|==|=)(.*)$/s.exec(term);
  if (!match) throw badRequest(`invalid selector: '${text}'; can't understand '${term}'`);
  const [, path, operator, raw] = match;
  const value = unescape(raw);
  const always = path === 'metadata.name' || (path === 'metadata.namespace' && (core || namespaced));
  if (!always && !selectableFields.includes(path)) {
    const plain = core && selectableFields.length === 0;
    throw badRequest(plain ? `${JSON.stringify(path)} is not a known field selector: only "metadata.name", "metadata.namespace"` : `field label not supported: ${path}`);
  }
  return { path, operator: operator === '!=' ? '!=' : '=', value };
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

const fail = (why: string): never => {
  throw badRequest(`invalid field selector: ${why}`);
};

function unescape(value: string): string {
  return value.replace(/\\(.?)|[,=]/gs, (found: string, escaped: string | undefined) => {
    if (escaped === undefined) return fail(`unescaped character in value: ${found.codePointAt(0)}`);
    if (escaped !== ',' && escaped !== '=' && escaped !== '\\') return fail(`invalid escape sequence: \\${escaped}`);
    return escaped;
  });
}
