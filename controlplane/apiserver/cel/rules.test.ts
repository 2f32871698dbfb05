/**
 * The engine against recorded verdicts of Kubernetes' own (`test/support/kube-apiserver/cel` records them): every expression and every
 * schema must be accepted, refused or found broken with the same words.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { PACKAGE_ROOT } from '../../../crds/package-info';
import type { Schema } from '../schema/schema';
import { compileExpression } from './program';
import { checkRules, compileErrors, ruleErrors } from './rules';
import { DYN } from './types';

const fixture = <T>(name: string): T => JSON.parse(readFileSync(join(PACKAGE_ROOT, 'test', 'fixtures', 'cel', name), 'utf8')) as T;

interface Expressions {
  schema: Schema;
  object: object;
  rules: { rule: string; compile?: string; errors?: string[] }[];
}

const { schema, object, rules } = fixture<Expressions>('expressions.json');
const lines = (errors: readonly { field: string; message: string }[]): string[] => errors.map(({ field, message }) => `${field}: ${message}`);

test('there are enough expressions, of each outcome', () => {
  expect(rules.length).toBeGreaterThan(390);
  expect(rules.filter(({ compile }) => compile).length).toBeGreaterThan(80);
  expect(rules.filter(({ errors }) => errors).length).toBeGreaterThan(60);
});

test.each(rules.map((row): [string, (typeof rules)[number]] => [row.rule, row]))('%s', (rule, { compile, errors = [] }) => {
  const withRule: Schema = { ...schema, 'x-kubernetes-validations': [{ rule, message: 'M' }] };
  const complaints = compileErrors(withRule, 'schema').filter(({ reason }) => reason === 'FieldValueInvalid');
  expect(complaints.map(({ field }) => field)).toEqual(compile ? ['schema.x-kubernetes-validations[0].rule'] : []);
  expect(complaints.every(({ message }) => message.endsWith(`: ${compile}`))).toBe(true);
  expect(compile ? [] : lines(checkRules(object, withRule))).toEqual(errors);
});

interface SchemaCase {
  name: string;
  schema: Schema;
  object: object;
  old?: object;
  errors: string[];
}

test.each(fixture<SchemaCase[]>('schemas.json').map((row): [string, SchemaCase] => [row.name, row]))('%s', (_, row) => {
  const options = row.old ? { old: row.old, warn: () => undefined } : {};
  expect(lines(checkRules(row.object, row.schema, options)).sort()).toEqual(row.errors);
});

test('what is tolerated is said as a warning', () => {
  const warnings: string[] = [];
  const positive: Schema = { type: 'object', properties: { a: { type: 'integer', 'x-kubernetes-validations': [{ rule: 'self > 0' }] } } };
  expect(checkRules({ a: 0 }, positive, { old: { a: 0 }, warn: (text) => warnings.push(text) })).toEqual([]);
  expect(warnings).toEqual(['a: Invalid value: "integer": failed rule: self > 0']);
  // A write of the status tolerates nothing.
  expect(checkRules({ a: 0 }, positive, { old: { a: 0 } })).toHaveLength(1);
});

test('rules are not evaluated for an object that they cannot make sense of', () => {
  const positive: Schema = { type: 'object', 'x-kubernetes-validations': [{ rule: 'self.a > 0' }], properties: { a: { type: 'integer' } } };
  const [error] = ruleErrors([{ reason: 'FieldValueTypeInvalid', field: 'a', message: '' }], { a: 'x' }, positive, {});
  expect(error).toEqual({
    reason: 'FieldValueInvalid',
    field: '<nil>',
    message: 'Invalid value: "null": some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
  });
  expect(ruleErrors([{ reason: 'FieldValueTypeInvalid', field: 'a', message: '' }], { a: 'x' }, { type: 'object' }, {})).toEqual([]);
  expect(ruleErrors([{ reason: 'FieldValueInvalid', field: 'a', message: '' }], { a: 1 }, positive, {})).toEqual([]);
});

test.each([
  ['deep', '('.repeat(5000) + '1' + ')'.repeat(5000)],
  ['many minus', `${'-!'.repeat(5000)}1`],
  ['a long chain', `self${'.a'.repeat(40_000)}`],
  ['many operands', `1${' + 1'.repeat(20_000)} == 1`],
  ['too long', `'${'x'.repeat(100_001)}' == ''`],
  ['nested lists', '['.repeat(2000) + ']'.repeat(2000)],
  ['nested regular expression', `'a'.matches('${'('.repeat(3000)}a${')'.repeat(3000)}')`],
  ['repeated repetition', "'a'.matches('((((a{1000}){1000}){1000}){1000})')"],
])('an expression that is %s is refused or run, and nothing breaks', (_, source) => {
  const program = compileExpression(source, new Map([['self', DYN]]));
  expect('message' in program ? program.message : program.run([{} as never])).toBeDefined();
});
