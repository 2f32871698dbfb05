/** Every rule of Gleaner's own kinds is said twice, in CEL and in TypeScript: both must say the same of every row of the table of manifests. */
import fc from 'fast-check';
import { parse } from 'yaml';

import { admit, admitAccepted, admitChecks } from '../../../crds/admission';
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
  expect(admitAccepted(resource.name, object, old)).toEqual(admit(resource.name, object, old));
});

/** Every place in a value, as the object that holds it and its key. */
function places(value: unknown): [Record<string, unknown>, string][] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, child]): [Record<string, unknown>, string][] => [[value as Record<string, unknown>, key], ...places(child)]);
}

test('of whatever the schema accepts, class-validator has nothing more to say', () => {
  const odd = fc.oneof(
    fc.constantFrom<unknown>(undefined, null, '', 0, -1, 1.5, 2 ** 53, true, [], {}, [null], '1h30m', '500m', '1Gi', '$(A)', 'x'.repeat(300), ['a', 'a'], { from: 3, to: 1 }),
    fc.jsonValue({ maxDepth: 2 }), fc.string({ maxLength: 20 }), fc.integer(),
  );
  const edits = fc.array(fc.tuple(fc.nat(), odd), { minLength: 1, maxLength: 3 });
  let reached = 0;
  fc.assert(
    fc.property(fc.nat(ROWS.length - 1), edits, (at, changes) => {
      const object = structuredClone(ROWS[at][2]);
      for (const [place, value] of changes) {
        const all = places((object as { spec?: unknown }).spec);
        const [holder, key] = all[place % all.length] ?? [];
        if (holder) holder[key!] = structuredClone(value);
      }
      const schema = schemas.get(object.kind!)!;
      prune(object, schema);
      applyDefaults(object, schema);
      fc.pre(validate(object, schema).length === 0);
      reached += 1;
      const resource = RESOURCES.find(({ kind }) => kind === object.kind)!;
      const [said, more] = [admitAccepted(resource.name, object), admit(resource.name, object)];
      // class-validator keeps rules over several fields from being checked while one of these is wrong by itself.
      expect(said).toEqual(expect.arrayContaining(more));
      expect(more.length > 0).toBe(said.length > 0);
    }),
    { numRuns: 2000, maxSkipsPerRun: 100 },
  );
  expect(reached).toBeGreaterThanOrEqual(2000);
});
