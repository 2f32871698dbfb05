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

const FORBIDDEN = ['$ref', 'not', 'oneOf', 'allOf', 'definitions', 'uniqueItems'];

/** What a kube-apiserver would refuse. */
function faults([path, schema]: [string, JsonSchema]): string[] {
  const untyped = schema['x-kubernetes-int-or-string'] || schema['x-kubernetes-preserve-unknown-fields'];
  const required = schema.required ?? [];
  return [
    ...(typeof schema.type === 'string' || untyped ? [] : [`${path} has no type`]),
    ...FORBIDDEN.filter((keyword) => keyword in schema).map((keyword) => `${path} has ${keyword}`),
    ...(schema.type === 'object' && Boolean(schema.properties) === Boolean(schema.additionalProperties) && !path.endsWith('.metadata')
      ? [`${path} has not either properties or additionalProperties`] : []),
    ...required.filter((name) => !schema.properties?.[name]).map((name) => `${path} requires ${name}, which is not there`),
    ...required.filter((name) => schema.properties?.[name]?.default !== undefined).map((name) => `${path} requires ${name}, which has a default`),
  ];
}

test('every schema is structural', () => {
  expect(schemas.length).toBeGreaterThan(100);
  expect(schemas.flatMap(faults)).toEqual([]);
});

test('everything in a spec is bounded', () => {
  const bounds: Record<string, string[]> = { string: ['maxLength'], array: ['maxItems'], integer: ['minimum', 'maximum'], number: ['minimum', 'maximum'] };
  const unbounded = schemas.filter(([path]) => path.includes('.spec.')).filter(([, schema]) =>
    !schema['enum'] && ((bounds[schema.type ?? ''] ?? []).some((bound) => typeof schema[bound] !== 'number')
      || (schema.additionalProperties && typeof schema['maxProperties'] !== 'number')));
  expect(unbounded.map(([path]) => path)).toEqual([]);
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
