import fc from 'fast-check';

import type { ManagedFieldsEntry } from '../../../crds/meta';
import { withMetadata } from '../resources/crd';
import type { JsonObject } from '../schema/schema';
import { applyConflict } from './apply-errors';
import { ApplyTypeError, FieldManager, type ApplyResult } from './field-manager';
import { FieldSet } from './field-set';
import { LAST_APPLIED } from './last-applied';
import { MAX_UPDATERS } from './managed-fields';
import { typeOfSchema } from './schema-type';
import { StructureError } from './type';
import { inOneTurn } from './steps';
import { ConflictError } from './updater';

const schema = withMetadata({
  type: 'object',
  properties: {
    spec: { type: 'object', properties: { a: { type: 'string' }, b: { type: 'string' }, n: { type: 'integer' } } },
    status: { type: 'object', properties: { phase: { type: 'string' } } },
  },
});
let second = 0;
const timestamp = (): string => new Date(1_700_000_000_000 + 1000 * second).toISOString().replace('.000', '');
interface Made {
  update(...given: Parameters<FieldManager['update']>): ManagedFieldsEntry[] | undefined;
  apply(...given: Parameters<FieldManager['apply']>): ApplyResult;
}
const make = (subresource = '', ignored?: FieldSet): Made => {
  const manager = new FieldManager({ type: typeOfSchema(schema), kind: 'Thing', apiVersion: 'x.dev/v1', subresource, timestamp, ...(ignored && { ignored }) });
  return { update: (...given) => inOneTurn(manager.update(...given)), apply: (...given) => inOneTurn(manager.apply(...given)) };
};
const main = make('', FieldSet.of(['f:status']));

const thing = (spec: JsonObject, metadata: JsonObject = {}): JsonObject => ({ apiVersion: 'x.dev/v1', kind: 'Thing', metadata: { name: 't', uid: 'u', ...metadata }, spec });
const config = (spec: JsonObject, metadata: JsonObject = {}): JsonObject => ({ apiVersion: 'x.dev/v1', kind: 'Thing', metadata: { name: 't', ...metadata }, spec });
/** As the server would store it. */
const stored = ({ object, managedFields }: ApplyResult): JsonObject => ({ ...object, metadata: { ...(object.metadata as JsonObject), managedFields } });
const written = (object: JsonObject, managedFields: unknown): JsonObject => ({ ...object, metadata: { ...(object.metadata as JsonObject), managedFields } });
const owners = (entries: ManagedFieldsEntry[] = []): Record<string, object> =>
  Object.fromEntries(entries.map(({ manager, operation, subresource, fieldsV1 }) => [[manager, operation, subresource].filter(Boolean).join(' '), fieldsV1]));
const conflictsOf = (call: () => unknown): string => {
  try {
    call();
  } catch (error) {
    if (error instanceof ConflictError) return applyConflict(error.conflicts).message;
    throw error;
  }
  return 'none';
};

beforeEach(() => {
  second = 0;
});

test('create: the creator owns everything but what identifies the object and what is ignored', () => {
  const made = { ...thing({ a: '1' }, { labels: { x: 'y' }, resourceVersion: '3' }), status: { phase: 'P' } };
  expect(main.update(undefined, made, undefined, 'me')).toEqual([
    {
      manager: 'me', operation: 'Update', apiVersion: 'x.dev/v1', time: '2023-11-14T22:13:20Z', fieldsType: 'FieldsV1',
      fieldsV1: { 'f:metadata': { 'f:labels': { '.': {}, 'f:x': {} } }, 'f:spec': { '.': {}, 'f:a': {} } },
    },
  ]);
});

test('update: fields go to whoever changes them; a write that changes nothing changes no entry', () => {
  const first = main.update(undefined, thing({ a: '1', b: '1' }), undefined, 'one');
  const live = written(thing({ a: '1', b: '1' }), first);
  second = 5;
  expect(main.update(live, thing({ a: '1', b: '1' }), first, 'two')).toEqual(first);
  const next = main.update(live, thing({ a: '1', b: '2' }), first, 'two');
  expect(owners(next)).toEqual({ 'one Update': { 'f:spec': { '.': {}, 'f:a': {} } }, 'two Update': { 'f:spec': { 'f:b': {} } } });
  expect(next?.map(({ time }) => time)).toEqual(['2023-11-14T22:13:20Z', '2023-11-14T22:13:25Z']);
});

test('managers are told apart by operation and subresource', () => {
  const applied = stored(main.apply(undefined, config({ a: '1' }), 'me', false));
  const status = make('status', FieldSet.of(['f:spec'])).update(applied, { ...thing({ a: '1' }), status: { phase: 'P' } }, undefined, 'me');
  const spec = main.update(written(applied, status), thing({ a: '1', b: '2' }), status, 'me');
  expect(Object.keys(owners(spec))).toEqual(['me Apply', 'me Update', 'me Update status']);
});

test('objects without owners stay so until they are applied to; then those before are one', () => {
  const live = thing({ a: '1', b: '2' });
  expect(main.update(live, thing({ a: '3', b: '2' }), undefined, 'me')).toBeUndefined();
  const result = main.apply(live, config({ a: '1' }), 'me', false);
  expect(owners(result.managedFields)).toEqual({
    'me Apply': { 'f:spec': { 'f:a': {} } },
    'before-first-apply Update': { 'f:spec': { '.': {}, 'f:a': {}, 'f:b': {} } },
  });
  expect(conflictsOf(() => main.apply(live, config({ b: '5' }), 'me', false))).toBe('Apply failed with 1 conflict: conflict with "before-first-apply" using x.dev/v1: .spec.b');
});

test('a request may set or reset owners, but not through a subresource; what cannot be read counts as none', () => {
  const live = stored(main.apply(undefined, config({ a: '1' }), 'me', false));
  const before = (live.metadata as JsonObject).managedFields;
  for (const reset of [[], [{}]]) expect(main.update(live, thing({ a: '1' }), reset, 'x')).toBeUndefined();
  const given = [{ manager: 'other', operation: 'Apply', apiVersion: 'x.dev/v1', fieldsType: 'FieldsV1', fieldsV1: { 'f:spec': { 'f:a': {} } } }];
  expect(main.update(live, thing({ a: '1' }), given, 'x')).toEqual(given);
  expect(make('status').update(live, thing({ a: '1' }), [], 'x')).toEqual(before);
  for (const bad of [[{ manager: 'x' }], 'x', [1], [{ ...given[0], fieldsType: 'V9' }], [{ ...given[0], fieldsV1: { nope: {} } }], [{ ...given[0], apiVersion: '' }]]) {
    expect(main.update(live, thing({ a: '1' }), bad, 'x')).toEqual(before);
  }
});

test('entries of versions that are not served any more go', () => {
  const old = [{ manager: 'old', operation: 'Update', apiVersion: 'x.dev/v0', fieldsType: 'FieldsV1', fieldsV1: { 'f:spec': {} } }];
  expect(owners(main.update(written(thing({ a: '1' }), old), thing({ a: '2' }), old, 'me'))).toEqual({ 'me Update': { 'f:spec': { 'f:a': {} } } });
});

test('more updaters than are kept apart become one, oldest first; appliers stay', () => {
  let live = stored(main.apply(undefined, config({ a: '0' }), 'applier', false));
  for (let index = 1; index <= MAX_UPDATERS + 5; index++) {
    second = index;
    const next = thing({ a: '0' }, { labels: Object.fromEntries(Array.from({ length: index }, (_, at) => [`l${at}`, 'x'])) });
    live = written(next, main.update(live, next, (live.metadata as JsonObject).managedFields, `m${String(index).padStart(2, '0')}`));
  }
  const names = Object.keys(owners((live.metadata as JsonObject).managedFields as ManagedFieldsEntry[]));
  expect(names).toHaveLength(MAX_UPDATERS + 1);
  expect(names.slice(0, 3)).toEqual(['applier Apply', 'ancient-changes Update', 'm07 Update']);
});

test('apply: removal of what is given up, conflicts with words and causes, force', () => {
  const first = stored(main.apply(undefined, config({ a: '1', b: '1' }, { labels: { x: '1' } }), 'one', false));
  const less = main.apply(first, config({ a: '1' }), 'one', false);
  expect(less.object).toMatchObject({ spec: { a: '1' } });
  expect(less.object.spec).toEqual({ a: '1' });
  expect(less.object.metadata).toEqual({ name: 't' });
  expect(conflictsOf(() => main.apply(first, config({ a: '2', b: '2' }), 'two', false))).toBe('Apply failed with 2 conflicts: conflicts with "one":\n- .spec.a\n- .spec.b');
  const forced = main.apply(first, config({ a: '2' }), 'two', true);
  expect(owners(forced.managedFields)).toEqual({
    'one Apply': { 'f:metadata': { 'f:labels': { 'f:x': {} } }, 'f:spec': { 'f:b': {} } },
    'two Apply': { 'f:spec': { 'f:a': {} } },
  });
});

test('apply: nothing new keeps the time, and the object', () => {
  const first = stored(main.apply(undefined, config({ a: '1' }), 'one', false));
  second = 9;
  const again = main.apply(first, config({ a: '1' }), 'one', false);
  expect(stored(again)).toEqual(first);
});

test('apply: fields that are ignored are not owned', () => {
  const { managedFields } = main.apply(undefined, { ...config({ a: '1' }), status: { phase: 'P' } }, 'one', false);
  expect(owners(managedFields)).toEqual({ 'one Apply': { 'f:spec': { 'f:a': {} } } });
});

test('apply: what does not fit the schema is refused with all its fields', () => {
  const bad = (): unknown => main.apply(undefined, config({ a: 1, nope: 2 }), 'one', false);
  expect(bad).toThrow(ApplyTypeError);
  expect(bad).toThrow('errors:\n  .spec.a: expected string, got 1\n  .spec.nope: field not declared in schema');
});

function outcome(apply: () => ApplyResult): string {
  try {
    const { managedFields = [], object } = apply();
    const owned = managedFields.some(({ manager }) => manager === 'first' || manager === 'second');
    return owned && object.spec !== undefined ? 'applied' : 'applied without owners';
  } catch (error) {
    const known = [ApplyTypeError, ConflictError, StructureError].some((kind) => error instanceof kind);
    return known ? 'refused' : String(error);
  }
}

test('whatever is sent, it is applied or refused in one of the known ways; what is applied has its owner', () => {
  const live = stored(main.apply(undefined, config({ a: '1', b: '2' }, { labels: { x: '1' } }), 'first', false));
  const anything = fc.jsonValue({ maxDepth: 4 }) as fc.Arbitrary<unknown>;
  const spec = fc.record({ a: fc.oneof(fc.string(), anything), n: fc.oneof(fc.integer(), anything) }, { requiredKeys: [] });
  const metadata = fc.record({ labels: anything, finalizers: fc.oneof(fc.array(fc.string()), anything), ownerReferences: anything }, { requiredKeys: [] });
  fc.assert(
    fc.property(fc.oneof(spec, anything), metadata, anything, fc.boolean(), (asked, meta, entries, force) => {
      const object = { ...config({}, meta), spec: asked };
      expect(outcome(() => main.apply(live, object, 'second', force))).toMatch(/^(applied|refused)$/);
      const owned = main.update(live, object, entries, 'third');
      expect(owned === undefined || Array.isArray(owned)).toBe(true);
    }),
    { numRuns: 500 },
  );
});

describe('after client-side apply', () => {
  const applied = { ...config({ a: '1', b: '1' }) };
  const annotations = { [LAST_APPLIED]: JSON.stringify(applied) };
  const csa = (spec: JsonObject, changedBy?: string): JsonObject => {
    const made = thing({ a: '1', b: '1' }, { annotations });
    const live = written(made, main.update(undefined, made, undefined, 'kubectl-client-side-apply'));
    const next = thing(spec, { annotations });
    return changedBy ? written(next, main.update(live, next, (live.metadata as JsonObject).managedFields, changedBy)) : live;
  };

  test('kubectl may change what the annotation says, and the annotation follows', () => {
    const { object } = main.apply(csa({}), config({ a: '2' }), 'kubectl', false);
    expect(object.spec).toEqual({ a: '2', b: '1' });
    const said = ((object.metadata as JsonObject).annotations as Record<string, string>)[LAST_APPLIED];
    expect(JSON.parse(said)).toEqual(config({ a: '2' }));
  });

  test('others may not; nor may kubectl what somebody changed since', () => {
    expect(conflictsOf(() => main.apply(csa({}), config({ a: '2' }), 'flux', false))).toContain('conflict with "kubectl-client-side-apply"');
    const changed = csa({ a: '1', b: '5' }, 'somebody');
    expect(conflictsOf(() => main.apply(changed, config({ a: '2', b: '2' }), 'kubectl', false))).toBe(
      'Apply failed with 1 conflict: conflict with "somebody" using x.dev/v1: .spec.b',
    );
  });
});
