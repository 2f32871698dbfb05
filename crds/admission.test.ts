import { parse } from 'yaml';
import { type ManifestCase, MANIFESTS } from '../test/fixtures/manifests/table';
import { admit, type FieldError, formatFieldError } from './admission';
import { JOBS } from './meta';
import { RESOURCES } from './resources';

type Manifest = { kind: string; spec?: unknown };
const plain = (manifest: object | string): Manifest => (typeof manifest === 'string' ? parse(manifest) : structuredClone(manifest)) as Manifest;

function errorsOf({ manifest, old }: ManifestCase): FieldError[] {
  const object = plain(manifest);
  const resource = RESOURCES.find(({ kind }) => kind === object.kind);
  return admit(resource?.name ?? '', object, old);
}

test('the table has what it should', () => {
  const refused = MANIFESTS.filter(({ expect: outcome }) => outcome !== 'accepted');
  expect(refused.length).toBeGreaterThanOrEqual(45);
  expect(MANIFESTS.length - refused.length).toBeGreaterThanOrEqual(15);
  expect(new Set(MANIFESTS.map(({ name }) => name)).size).toBe(MANIFESTS.length);
  expect(new Set(MANIFESTS.flatMap(({ manifest }) => (typeof manifest === 'string' ? [] : [(manifest as Manifest).kind])))).toEqual(new Set(RESOURCES.map(({ kind }) => kind)));
});

const rows = (layer: string): [string, ManifestCase][] =>
  MANIFESTS.filter(({ expect: outcome }) => (outcome === 'accepted' ? 'accepted' : outcome.layer) === layer).map((row) => [row.name, row]);

test.each(rows('accepted'))('accepted: %s', (_name, row) => expect(errorsOf(row)).toEqual([]));

test.each(rows('admission'))('refused: %s', (_name, row) => {
  if (row.expect === 'accepted') throw new Error('not a refusal');
  const errors = errorsOf(row).map((error) => ({ field: error.field, line: formatFieldError(error) }));
  expect(errors).toContainEqual({ field: row.expect.field, line: expect.stringContaining(row.expect.words) });
});

// What the schema refuses, class-validator refuses at the same field; both come from the same decorators.
const ONLY_SCHEMA = new Set(['a label that no label can be', 'an input twice']);
test.each(rows('schema').filter(([name]) => !ONLY_SCHEMA.has(name)))('refused without the schema too: %s', (_name, row) => {
  if (row.expect === 'accepted') throw new Error('not a refusal');
  const errors = errorsOf(row).map((error) => ({ field: error.field, line: formatFieldError(error) }));
  expect(errors).toContainEqual({ field: row.expect.field, line: expect.stringContaining(row.expect.words) });
});

test('objects of any shape get an answer', () => {
  const odd: unknown[] = [null, 1, 'x', [], {}, [[]], { a: null }, true, Number.NaN, JSON.parse('{"__proto__":{"x":1},"constructor":{"prototype":1}}')];
  const names = ['runtime', 'template', 'completions', 'parameters', 'rateTier', 'retry', 'success', 'maxCost'];
  for (const value of odd) {
    expect(admit(JOBS, { spec: value }).length).toBeGreaterThan(0);
    for (const name of names) {
      const spec = { runtime: 'shell', completions: 1, template: { program: { script: 'x' } }, [name]: value };
      for (const { field } of admit(JOBS, { spec }, { spec })) expect(field).toMatch(/^spec/);
    }
    expect(admit(JOBS, { spec: { template: { env: [value], inputs: value, resources: value, program: value } } }).length).toBeGreaterThan(0);
  }
  expect(Object.getOwnPropertyNames(Object.prototype)).not.toContain('x');
});

test('the number of errors is bounded', () => {
  const env = Array.from({ length: 250 }, () => ({ name: '1', value: 1 }));
  expect(admit(JOBS, { spec: { runtime: 'shell', completions: 1, template: { program: { script: 'x' }, env } } })).toHaveLength(100);
});

test('resources of others have no problems', () => expect(admit('configmaps', { data: 1 })).toEqual([]));

test("the lines are Kubernetes'", () => {
  const lines = (['Required', 'Invalid', 'NotSupported', 'Forbidden', 'TooLong', 'TooMany', 'TypeInvalid'] as const).map((type) =>
    formatFieldError({ field: 'spec.x', type, value: 'v', message: 'm' }));
  expect(lines).toEqual(['spec.x: Required value: m', 'spec.x: Invalid value: "v": m', 'spec.x: Unsupported value: "v": m', 'spec.x: Forbidden: m',
    'spec.x: Too long: m', 'spec.x: Too many: m', 'spec.x: Invalid value: "v": m']);
  expect(formatFieldError({ field: 'f', type: 'Invalid', value: 'x'.repeat(9999), message: 'm' }).length).toBeLessThan(600);
});
