/**
 * A definition that becomes stricter: objects that were good stay changeable, as long as what is wrong with them is left alone. Expected as
 * kube-apiserver 1.32 answers (`test/differential/corpus/defining.ts` asks it the same).
 */
import { CRDS_PATH, define, definition, read, version } from '../support/definitions';
import { sharedServer } from '../support/shared-server';

const LOOSE = { name: { type: 'string' }, n: { type: 'integer' } };
const TIGHT = { name: { type: 'string', maxLength: 3 }, n: { type: 'integer', maximum: 5 } };
const RULES = { 'x-kubernetes-validations': [{ rule: 'self.a != "bad"', message: 'a may not be bad' }] };
const shape = (fields: object, more: object = {}): object => ({
  ...fields,
  atomic: { type: 'array', items: { type: 'object', properties: fields } },
  keyed: { type: 'array', 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['id'], items: { type: 'object', required: ['id'], properties: { id: { type: 'string' }, ...fields } } },
  map: { type: 'object', additionalProperties: { type: 'object', properties: fields } },
  tags: { type: 'array', items: { type: 'string' } },
  ruled: { type: 'object', properties: { a: { type: 'string' }, b: { type: 'string' } } },
  pairs: { type: 'array', 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['id'], items: { type: 'object', required: ['id'], properties: { id: { type: 'string' } } } },
  ...more,
});
const BAD = { name: 'long name' };

const server = sharedServer();
const PATH = '/apis/example.com/v1/namespaces/default/things';

beforeAll(async () => {
  await define(server, definition({ plural: 'things', kind: 'Thing', versions: [version('v1', shape(LOOSE))] }));
  const made = await server.request('POST', PATH, {
    body: {
      apiVersion: 'example.com/v1', kind: 'Thing', metadata: { name: 'a' },
      spec: { ...BAD, n: 9, atomic: [BAD, { name: 'ok' }], keyed: [{ id: '1', ...BAD }, { id: '2', name: 'ok' }], map: { x: BAD, y: { name: 'ok' } }, tags: ['a', 'a'], ruled: { a: 'bad', b: 'x' }, pairs: [{ id: '1' }, { id: '2' }] },
    },
  });
  expect(made.code).toBe(201);
  const crd = await read(server, 'things.example.com');
  const tight = shape(TIGHT, {
    tags: { type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'string' } },
    ruled: { type: 'object', properties: { a: { type: 'string' }, b: { type: 'string' } }, ...RULES },
    pairs: { ...(shape({}) as { pairs: object }).pairs, maxItems: 1 },
  });
  const versions = [{ ...version('v1', {}), schema: { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', required: ['needed'], properties: { ...tight, needed: { type: 'string' } } } } } } }];
  expect((await server.request('PUT', `${CRDS_PATH}/things.example.com`, { body: { ...crd, spec: { ...crd.spec, versions } } })).code).toBe(200);
});

test.each<[string, object, string[]]>([
  ['metadata only', { metadata: { labels: { a: 'b' } } }, []],
  ['a good field beside bad ones', { spec: { needed: 'x' } }, []],
  ['a bad field to another bad value', { spec: { needed: 'x', name: 'longer name' } }, ['spec.name: Too long: may not be more than 3 bytes']],
  ['a bad field to a good value', { spec: { needed: 'x', n: 1 } }, []],
  ['another item of an atomic list', { spec: { needed: 'x', atomic: [BAD, { name: 'new' }] } }, ['spec.atomic[0].name: Too long: may not be more than 3 bytes']],
  ['another item of a keyed list', { spec: { needed: 'x', keyed: [{ id: '1', ...BAD }, { id: '2', name: 'new' }] } }, []],
  ['a keyed list in another order, with a new bad item', { spec: { needed: 'x', keyed: [{ id: '3', ...BAD }, { id: '1', ...BAD }] } }, ['spec.keyed[0].name: Too long: may not be more than 3 bytes']],
  ['a keyed list that is too long, in another order', { spec: { needed: 'x', pairs: [{ id: '2' }, { id: '1' }] } }, []],
  ['a keyed list that is too long, with another key', { spec: { needed: 'x', pairs: [{ id: '2' }, { id: '3' }] } }, ['spec.pairs: Too many: 2: must have at most 1 items']],
  ['another entry of a map', { spec: { needed: 'x', map: { y: { name: 'new' } } } }, []],
  ['a new bad entry of a map', { spec: { needed: 'x', map: { z: BAD } } }, ['spec.map.z.name: Too long: may not be more than 3 bytes']],
  ['a list that should be a set, and was none', { spec: { needed: 'x', tags: ['a', 'a', 'b'] } }, []],
  ['a rule about what is left alone', { spec: { needed: 'x', name: 'ok' } }, []],
  ['a rule about what is changed', { spec: { needed: 'x', ruled: { b: 'y' } } }, ['spec.ruled: Invalid value: "object": a may not be bad']],
  ['the spec is changed, and what it needs is not there', { spec: { n: 2 } }, ['spec.needed: Required value']],
])('%s', async (_, patch, refusals) => {
  const { code, json } = await server.merge(`${PATH}/a?dryRun=All`, patch);
  const causes = json.details?.causes?.map(({ field, message }) => `${field}: ${message}`) ?? [];
  const told = causes.filter((cause) => !cause.includes('some validation rules were not checked'));
  expect([code, told]).toEqual([refusals.length === 0 ? 200 : 422, refusals]);
});

test('new objects are judged in full', async () => {
  const { code, json } = await server.request('POST', `${PATH}?dryRun=All`, { body: { apiVersion: 'example.com/v1', kind: 'Thing', metadata: { name: 'b' }, spec: { needed: 'x', ...BAD, tags: ['a', 'a'] } } });
  expect([code, json.details.causes?.map(({ field }) => field).sort()]).toEqual([422, ['<nil>', 'spec.name', 'spec.tags[1]']]);
});
