/**
 * The engine against recorded verdicts of Kubernetes' own (`test/support/kube-apiserver/cel` records them): every expression and every
 * schema must be accepted, refused or found broken with the same words.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import fc from 'fast-check';

import { PACKAGE_ROOT } from '../../../crds/package-info';
import type { Schema } from '../schema/schema';
import { declare } from './declare';
import { estimateCost } from './estimate';
import { compileExpression } from './program';
import { compileRule } from './rule';
import { checkRules, compileErrors, ruleErrors } from './rules';
import { DYN } from './types';

const fixture = <T>(name: string): T => JSON.parse(readFileSync(join(PACKAGE_ROOT, 'test', 'fixtures', 'cel', name), 'utf8')) as T;

interface Expressions {
  schema: Schema;
  object: object;
  /** `maxCost`: as estimated from the schema. */
  rules: { rule: string; compile?: string; errors?: string[]; maxCost?: number }[];
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

test.each(rules.flatMap(({ rule, maxCost }): [string, number][] => (maxCost === undefined ? [] : [[rule, maxCost]])))('the cost of %s', (rule, maxCost) => {
  const declared = declare(schema, true)!;
  const program = compileRule({ rule }, declared, schema).program!;
  // The largest are beyond what a number holds exactly.
  expect(estimateCost(program.expr, program.types, declared) / Math.max(1, maxCost)).toBeCloseTo(maxCost === 0 ? 0 : 1, 9);
});

test('a definition whose rules may cost too much is refused, naming them', () => {
  const walk = { rule: 'self.all(x, self.all(y, x + y > 0))' };
  const listOf = (maxItems: number | undefined): Schema => ({ type: 'array', ...(maxItems && { maxItems }), items: { type: 'integer' }, 'x-kubernetes-validations': [walk] });
  const errorsOf = (properties: Record<string, Schema>): string[] => lines(compileErrors({ type: 'object', properties }, 'schema'));
  const advice = '(try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)';
  expect(errorsOf({ a: listOf(100) })).toEqual([]);
  expect(errorsOf({ a: listOf(undefined) })[0]).toBe(`schema.properties[a].x-kubernetes-validations[0].rule: Forbidden: estimated rule cost exceeds budget by factor of more than 100x ${advice}`);
  expect(errorsOf({ a: listOf(2000) })).toEqual([`schema.properties[a].x-kubernetes-validations[0].rule: Forbidden: estimated rule cost exceeds budget by factor of 2.8x ${advice}`]);
  const together = errorsOf(Object.fromEntries(Array.from({ length: 15 }, (_, i) => [`p${i}`, listOf(1100)])));
  expect(together).toHaveLength(5);
  expect(together[0]).toBe('schema.properties[p0].x-kubernetes-validations[0].rule: Forbidden: contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema');
  expect(together[4]).toBe(`schema: Forbidden: x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema exceeds budget by factor of 1.271325x ${advice}`);
});

test('old values can only be asked for where there are some', () => {
  const changed: Schema = { type: 'integer', 'x-kubernetes-validations': [{ rule: 'self == oldSelf' }] };
  const of = (list: Schema): string[] => lines(compileErrors({ type: 'object', properties: { l: list } }, 'schema'));
  const keyed: Schema = { type: 'array', maxItems: 5, 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['k'], items: { type: 'object', required: ['k'], properties: { k: { type: 'string', maxLength: 5 }, v: changed } } };
  expect(of({ type: 'array', maxItems: 5, items: changed })).toEqual(['schema.properties[l].items.x-kubernetes-validations[0].rule: Invalid value: "self == oldSelf": oldSelf cannot be used on the uncorrelatable portion of the schema within schema.properties[l]']);
  expect(of(keyed)).toEqual([]);
  expect(of({ type: 'integer', 'x-kubernetes-validations': [{ rule: 'self > 0', optionalOldSelf: true }] })).toEqual(['schema.properties[l].x-kubernetes-validations[0].optionalOldSelf: Invalid value: true: may not be set if oldSelf is not used in rule']);
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

test('whatever the text, it is refused or runs within its limit', () => {
  const words = [...new Set(rules.flatMap(({ rule }) => rule.match(/'[^']*'|\w+|\s|[^\w\s]+/g) ?? []))];
  const text = fc.oneof(fc.array(fc.constantFrom(...words), { maxLength: 30 }).map((parts) => parts.join('')), fc.string({ unit: 'binary', maxLength: 60 }));
  fc.assert(
    fc.property(text, (source) => {
      const program = compileExpression(source, new Map([['self', DYN]]));
      expect('message' in program ? typeof program.message : program.run(['x'], 10_000).cost).toBeDefined();
    }),
    { numRuns: 2000 },
  );
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
