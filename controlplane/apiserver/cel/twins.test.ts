/** Every rule of Gleaner's own kinds is said twice, in CEL and in TypeScript: both must say the same of every row of the table of manifests. */
import { parse } from 'yaml';

import { admit, admitChecks } from '../../../crds/admission';
import { loadCrds } from '../../../crds/load-crds';
import type { KubeObject } from '../../../crds/meta';
import { RESOURCES } from '../../../crds/resources';
import { MANIFESTS, type ManifestCase } from '../../../test/fixtures/manifests/table';
import { applyDefaults } from '../schema/default';
import { prune } from '../schema/prune';
import type { Schema } from '../schema/schema';
import { validate } from '../schema/validate';
import { checkRules, compileErrors, compileRules } from './rules';

const schemas = new Map(loadCrds().map((crd) => [crd.spec.names.kind, crd.spec.versions[0].schema.openAPIV3Schema as Schema]));

test.each([...schemas])('the rules of %s compile', (_, schema) => {
  expect(compileErrors(schema, 'schema')).toEqual([]);
  expect(compileRules(schema) !== undefined).toBe(JSON.stringify(schema).includes('x-kubernetes-validations'));
});

const plain = (manifest: object | string): KubeObject => (typeof manifest === 'string' ? (parse(manifest, { uniqueKeys: false }) as KubeObject) : (structuredClone(manifest) as KubeObject));

/** Rows whose object the schema accepts: only those reach the rules. */
const ROWS = MANIFESTS.flatMap((row): [string, ManifestCase, KubeObject, KubeObject | undefined][] => {
  if (row.expect !== 'accepted' && row.expect.layer !== 'admission') return [];
  const [object, old] = [plain(row.manifest), row.old && plain(row.old)];
  const schema = schemas.get(object.kind!)!;
  for (const each of old ? [object, old] : [object]) {
    prune(each, schema);
    applyDefaults(each, schema);
  }
  return validate(object, schema).length > 0 ? [] : [[row.name, row, object, old]];
});

const fields = (errors: readonly { field: string }[]): string[] => [...new Set(errors.map(({ field }) => field))].sort();

test('most rows reach the rules', () => expect(ROWS.length).toBeGreaterThan(60));

test.each(ROWS)('%s', (_, row, object, old) => {
  const resource = RESOURCES.find(({ kind }) => kind === object.kind)!;
  // On a cluster, the webhook runs the checks.
  const cluster = [...checkRules(object, schemas.get(object.kind!)!, { old }), ...admitChecks(resource.name, object)];
  expect(fields(cluster)).toEqual(fields(admit(resource.name, object, old)));
  expect(cluster.length > 0).toBe(row.expect !== 'accepted');
});
