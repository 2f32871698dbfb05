import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { GENERATED_DIR, loadCrds } from '../load-crds';
import { RESOURCES } from '../resources';
import { generatedFiles } from './generate';
import type { JsonSchema } from './registry';

test('the committed files are what the classes say', () => {
  const files = generatedFiles();
  expect(readdirSync(GENERATED_DIR).sort()).toEqual([...files.keys()].sort());
  for (const [name, text] of files) expect(readFileSync(join(GENERATED_DIR, name), 'utf8')).toBe(text);
});

test('loadCrds gives the table\'s resources', () => {
  expect(loadCrds().map(({ metadata, spec }) => [metadata.name, spec.names.kind, spec.names.shortNames, spec.scope])).toEqual(
    RESOURCES.map((resource) => [resource.name, resource.kind, resource.shortNames, resource.scope]));
});

/** Every schema below `schema` with its path. */
function walk(schema: JsonSchema, path: string): [string, JsonSchema][] {
  const children = [
    ...Object.entries(schema.properties ?? {}).map(([name, child]): [string, JsonSchema] => [`${path}.${name}`, child]),
    ...(schema.items ? [[`${path}[]`, schema.items] as [string, JsonSchema]] : []),
    ...(schema.additionalProperties ? [[`${path}{}`, schema.additionalProperties] as [string, JsonSchema]] : []),
  ];
  return [[path, schema], ...children.flatMap(([at, child]) => walk(child, at))];
}

const schemas = loadCrds().flatMap((crd) => walk(crd.spec.versions[0]?.schema.openAPIV3Schema as JsonSchema, crd.spec.names.kind));

test.each(schemas)('%s is structural', (path, schema) => {
  if (!schema['x-kubernetes-int-or-string'] && !schema['x-kubernetes-preserve-unknown-fields']) expect(schema.type).toEqual(expect.any(String));
  for (const keyword of ['$ref', 'not', 'oneOf', 'allOf', 'definitions', 'uniqueItems']) expect(schema).not.toHaveProperty([keyword]);
  if (schema.type === 'object') expect(Boolean(schema.properties) !== Boolean(schema.additionalProperties) || path.endsWith('.metadata')).toBe(true);
  for (const name of schema.required ?? []) {
    expect(Object.keys(schema.properties ?? {})).toContain(name);
    expect(schema.properties?.[name]?.default).toBeUndefined();
  }
});

const leaves = schemas.filter(([path]) => path.includes('.spec.'));
test.each(leaves)('%s is bounded', (_path, schema) => {
  if (schema.type === 'string' && !schema['enum']) expect(schema['maxLength']).toEqual(expect.any(Number));
  if (schema.type === 'array') expect(schema['maxItems']).toEqual(expect.any(Number));
  if (schema.type === 'integer') expect([schema['minimum'], schema['maximum']]).toEqual([expect.any(Number), expect.any(Number)]);
  if (schema.additionalProperties) expect(schema['maxProperties']).toEqual(expect.any(Number));
});

test('every field explains itself', () => {
  const silent = schemas.filter(([path, schema]) => /\.(spec|status)(\.|$)/.test(path) && !/(\[\]|\{\})$/.test(path) && !schema.description);
  expect(silent.map(([path]) => path)).toEqual([]);
});

test('defaults of a Job', () => {
  const withDefault = schemas.filter(([path, schema]) => path.startsWith('Job.') && schema.default !== undefined).map(([path, schema]) => [path, schema.default]);
  expect(Object.fromEntries(withDefault)).toEqual({
    'Job.spec.template.resources': { cpu: '1', memory: '256Mi', scratch: '1Gi', pids: 128 },
    'Job.spec.template.resources.cpu': '1',
    'Job.spec.template.resources.memory': '256Mi',
    'Job.spec.template.resources.scratch': '1Gi',
    'Job.spec.template.resources.pids': 128,
    'Job.spec.template.timeout': '10m',
    'Job.spec.template.gracePeriod': '10s',
    'Job.spec.rateTier': 'standard',
    'Job.spec.priority': 0,
    'Job.spec.retry': { limit: 3, backoff: '5s' },
    'Job.spec.retry.limit': 3,
    'Job.spec.retry.backoff': '5s',
    'Job.spec.suspend': false,
  });
});

test("columns are api's", () => {
  const columns = Object.fromEntries(loadCrds().map((crd) => [crd.spec.names.kind, crd.spec.versions[0]?.additionalPrinterColumns?.map(({ name }) => name).join(' ')]));
  expect(columns).toEqual({
    Job: 'STATUS COMPLETIONS ACTIVE FAILED TIER COST DURATION AGE',
    Task: 'INDEX PHASE AGENT PROGRESS ATTEMPTS COST AGE',
    Agent: 'STATUS OS/ARCH CPU MEMORY RUNNING LAST-SEEN',
    RateTier: 'CPU-HOUR GIB-HOUR GIB-OUT PRIORITY',
    Runtime: 'IMAGE DIGEST CACHED-ON',
    Account: 'KIND AVAILABLE HELD LIFETIME',
  });
});
