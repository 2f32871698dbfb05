/** One entry of `x-kubernetes-validations`, compiled for the schema that it stands in. */
import type { Schema } from '../schema/schema';
import type { Declared } from './declare';
import { compileExpression, type Program } from './program';
import { optionalOf, type Type } from './types';
import { CelError } from './values';

export interface ValidationRule {
  rule: string;
  message?: string;
  messageExpression?: string;
  reason?: string;
  fieldPath?: string;
  optionalOldSelf?: boolean;
}

export interface CompiledRule {
  source: ValidationRule;
  /** undefined: the rule is empty, or `error` says what is wrong with it. */
  program?: Program;
  error?: string;
  usesOldSelf: boolean;
  optionalOldSelf: boolean;
  messageProgram?: Program;
  messageError?: string;
  /** What `fieldPath` adds to a field; '' without one. */
  fieldPath: string;
}

/** The rules of one schema, without those below it. */
export function rulesOf(schema: Schema): ValidationRule[] {
  return (schema['x-kubernetes-validations'] ?? []) as ValidationRule[];
}

export function compileRule(source: ValidationRule, declared: Declared, schema: Schema): CompiledRule {
  const compiled: CompiledRule = { source, usesOldSelf: false, optionalOldSelf: source.optionalOldSelf === true, fieldPath: '' };
  if (String(source.rule ?? '').trim() === '') return compiled;
  const { type } = declared;
  const variables = new Map<string, Type>([['self', type], ['oldSelf', source.optionalOldSelf ? optionalOf(type) : type]]);
  const program = compileExpression(source.rule, variables, { kind: 'bool', otherwise: 'cel expression must evaluate to a bool' });
  if (program instanceof CelError) return { ...compiled, error: program.message };
  compiled.program = program;
  compiled.usesOldSelf = program.reads.has('oldSelf');
  if (source.messageExpression) {
    const message = compileExpression(source.messageExpression, variables, { kind: 'string', otherwise: 'must evaluate to a string' });
    if (message instanceof CelError) compiled.messageError = `messageExpression ${message.message.replace(/^program /, '')}`;
    else compiled.messageProgram = message;
  }
  if (source.fieldPath) compiled.fieldPath = fieldPath(source.fieldPath, schema) ?? '';
  return compiled;
}

/** `.a.b['c']` as a path below the schema; undefined: it leads to no field. */
export function fieldPath(path: string, schema: Schema): string | undefined {
  let rest = path;
  let result = '';
  let current: Schema | undefined = schema;
  while (rest !== '') {
    const match = /^\.([^.[\]]+)|^\['((?:[^'\\]|\\.)*)'\]/.exec(rest);
    if (!match || !current) return undefined;
    const name = match[1] ?? match[2].replaceAll(/\\(.)/g, (_, char: string) => UNESCAPED[char] ?? char);
    if (current.properties) {
      const next: Schema | undefined = Object.hasOwn(current.properties, name) ? current.properties[name] : undefined;
      if (!next) return undefined;
      result += result === '' ? name : `.${name}`;
      current = next;
    } else if (typeof current.additionalProperties === 'object') {
      result += `[${name}]`;
      current = current.additionalProperties;
    } else return undefined;
    rest = rest.slice(match[0].length);
  }
  return result === '' ? undefined : result;
}

const UNESCAPED: Readonly<Record<string, string>> = { a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };

/** What a broken rule says without a message of its own. */
export const ruleText = ({ rule, message }: ValidationRule): string => (message ? message.trim() : rule.trim());
export const ruleMessage = (rule: ValidationRule): string => (rule.message ? rule.message.trim() : `failed rule: ${ruleText(rule)}`);
