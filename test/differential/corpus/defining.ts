/** Definitions that are made, changed and deleted: what becomes of their objects. Each sequence has an API group of its own. */
import { apply, del, get, jsonPatch, merge, post, put, table, TABLE, type Sequence, type Step } from '../step';

const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const GROUP = '${ns}.example.com';
const API = `/apis/${GROUP}`;
const inNamespace = (version: string): string => `${API}/${version}/namespaces/\${ns}/things`;

interface Version {
  name: string;
  [more: string]: unknown;
}

const version = (name: string, properties: object, more: object = {}): Version => ({
  name, served: true, storage: name === 'v1',
  schema: { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties }, status: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } } } },
  ...more,
});

function definition(versions: readonly Version[], more: object = {}, metadata: object = {}): object {
  return {
    apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: `things.${GROUP}`, ...metadata },
    spec: { group: GROUP, scope: 'Namespaced', names: { plural: 'things', kind: 'Thing', shortNames: ['th'] }, versions, ...more },
  };
}

const thing = (name: string, spec: object, apiVersion = 'v1', metadata: object = {}): object => ({ apiVersion: `${GROUP}/${apiVersion}`, kind: 'Thing', metadata: { name, ...metadata }, spec });
const path = `${CRDS}/things.${GROUP}`;
const served = (name: string): Step => get(`until ${name} is served`, inNamespace(name), { until: 200 });
const replaceVersions = (label: string, versions: readonly Version[]): Step => jsonPatch(label, path, [{ op: 'replace', path: '/spec/versions', value: versions }]);

const COLOUR = { colour: { type: 'string', default: 'red' }, size: { type: 'integer' } };

const versions: Step[] = [
  post('define', CRDS, definition([
    version('v1', COLOUR), version('v1beta1', { ...COLOUR, extra: { type: 'string' } }, { deprecated: true }),
    version('v2', { size: { type: 'integer' }, shape: { type: 'string', default: 'round' } }),
    version('v0', {}, { deprecated: true, deprecationWarning: 'v0 is not what you want', additionalPrinterColumns: [{ name: 'Size', type: 'integer', jsonPath: '.spec.size' }] }),
    version('v9', {}, { served: false }), version('v3', COLOUR),
  ])),
  served('v1'), served('v2'), served('v1beta1'), served('v0'), served('v3'),
  get('group', API),
  get('resources', `${API}/v1`), get('resources of another version', `${API}/v0`), get('a version that is not served', `${API}/v9`),
  get('objects of a version that is not served', inNamespace('v9')),
  post('create in v1', inNamespace('v1'), thing('a', { size: 1 })),
  post('create in v2', inNamespace('v2'), thing('b', { size: 2, shape: 'flat', colour: 'gone' }, 'v2')),
  post('create in v1beta1, with what the storage version does not know', inNamespace('v1beta1'), thing('c', { extra: 'x' }, 'v1beta1')),
  ...['v1', 'v2', 'v1beta1', 'v0'].flatMap((name) => [
    get(`get a in ${name}`, `${inNamespace(name)}/a`), get(`get b in ${name}`, `${inNamespace(name)}/b`), get(`list in ${name}`, inNamespace(name)),
    get(`table in ${name}`, `${inNamespace(name)}?includeObject=None`, { headers: TABLE }),
  ]),
  apply('apply in v3', `${inNamespace('v3')}/d?fieldManager=m`, thing('d', { size: 4 }, 'v3')),
  apply('apply it in v1', `${inNamespace('v1')}/d?fieldManager=m`, thing('d', { size: 5 })),
  apply('another manager, in v3', `${inNamespace('v3')}/d?fieldManager=n`, thing('d', { size: 6 }, 'v3')),
  merge('a patch in v3', `${inNamespace('v3')}/d?fieldManager=p`, { spec: { colour: 'blue' } }),
  apply('a conflict with who wrote in another version', `${inNamespace('v1')}/d?fieldManager=n`, thing('d', { colour: 'green' })),
  post('the wrong version in the body', inNamespace('v1'), thing('e', {}, 'v2')),
  get('a field of no version', `${inNamespace('v1')}?fieldSelector=spec.size%3D1`),
  del('delete in v2', `${inNamespace('v2')}/a`),
  del('delete all in v1beta1', inNamespace('v1beta1')),
];

const changes: Step[] = [
  post('define', CRDS, definition([version('v1', { a: { type: 'string' }, old: { type: 'string' }, list: { type: 'array', items: { type: 'object', properties: { k: { type: 'string' } } } } })])),
  served('v1'),
  post('an object', inNamespace('v1'), thing('a', { a: 'x', old: 'y', list: [{ k: '1' }, {}] })),
  replaceVersions('change what it says', [
    version('v1', { a: { type: 'string' }, b: { type: 'object', default: {}, properties: { c: { type: 'integer', default: 3 } } }, list: { type: 'array', items: { type: 'object', properties: { k: { type: 'string' }, d: { type: 'boolean', default: true } } } } }),
    version('v2', {}),
  ]),
  served('v2'),
  get('defaults that came later, fields that went', `${inNamespace('v1')}/a`),
  get('in a list', inNamespace('v1')),
  merge('a write keeps them', `${inNamespace('v1')}/a`, { metadata: { labels: { x: 'y' } } }),
  ...table<[string, string, object]>([
    ['of the group', '/spec/group', { value: 'other.example.com' }],
    ['of the kind', '/spec/names/kind', { value: 'Other' }],
    ['of the plural', '/spec/names/plural', { value: 'others' }],
    ['of the scope', '/spec/scope', { value: 'Cluster' }],
    ['of the schema, to one that is none', '/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/bad', { value: {} }],
  ], (label, at, more) => jsonPatch(`change ${label}`, path, [{ op: 'add', path: at, ...more }])),
  replaceVersions('move the storage version', [version('v1', {}, { storage: false }), version('v2', {}, { storage: true })]),
  get('both are stored versions now', path, { pick: (body) => (body as { status: { storedVersions: string[] } }).status.storedVersions }),
  replaceVersions('drop a version that objects are stored in', [version('v2', {}, { storage: true })]),
  merge('say that none is', `${path}/status`, { status: { storedVersions: ['v2'] } }),
  put('without a resourceVersion', path, definition([version('v2', {}, { storage: true })])),
  merge('the spec through the status', `${path}/status`, { spec: { scope: 'Cluster' } }),
  merge('names that are none through the status', `${path}/status`, { status: { acceptedNames: { plural: 'X Y' } } }),
];

const TIGHT = { name: { type: 'string', maxLength: 3 }, n: { type: 'integer', maximum: 5 } };
const LOOSE = { name: { type: 'string' }, n: { type: 'integer' } };
const shape = (fields: object): object => ({
  ...fields,
  needed: { type: 'string' },
  atomic: { type: 'array', 'x-kubernetes-list-type': 'atomic', items: { type: 'object', properties: fields } },
  keyed: { type: 'array', 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['id'], items: { type: 'object', required: ['id'], properties: { id: { type: 'string' }, ...fields } } },
  map: { type: 'object', additionalProperties: { type: 'object', properties: fields } },
  whole: { type: 'object', 'x-kubernetes-map-type': 'atomic', properties: fields },
  tags: { type: 'array', items: { type: 'string' } },
});
const BAD = { name: 'long name' };

const ratcheting: Step[] = [
  post('define', CRDS, definition([version('v1', shape(LOOSE))])),
  served('v1'),
  post('an object', inNamespace('v1'), thing('a', { ...BAD, n: 9, atomic: [BAD, { name: 'ok' }], keyed: [{ id: '1', ...BAD }, { id: '2', name: 'ok' }], map: { x: BAD, y: { name: 'ok' } }, whole: BAD, tags: ['a', 'a'] })),
  replaceVersions('tighten', [
    version('v1', {}, {
      schema: { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', required: ['needed'], properties: { ...shape(TIGHT), tags: { type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'string' } } } } } } },
    }),
    version('v2', {}),
  ]),
  served('v2'),
  post('new objects are judged', `${inNamespace('v1')}?dryRun=All`, thing('b', { needed: 'x', ...BAD })),
  ...table<[string, object]>([
    ['metadata only', { metadata: { labels: { a: 'b' } } }],
    ['a good field beside bad ones', { spec: { needed: 'x' } }],
    ['a bad field to another bad value', { spec: { needed: 'x', name: 'longer name' } }],
    ['a bad field to a good value', { spec: { needed: 'x', n: 1 } }],
    ['an item of an atomic list', { spec: { needed: 'x', atomic: [BAD, { name: 'new' }] } }],
    ['an item of a keyed list', { spec: { needed: 'x', keyed: [{ id: '1', ...BAD }, { id: '2', name: 'new' }] } }],
    ['a keyed list in another order, with a new bad item', { spec: { needed: 'x', keyed: [{ id: '3', ...BAD }, { id: '1', ...BAD }] } }],
    ['an entry of a map', { spec: { needed: 'x', map: { y: { name: 'new' }, z: { name: 'new' } } } }],
    ['a new bad entry of a map', { spec: { needed: 'x', map: { z: BAD } } }],
    ['a field of an atomic map', { spec: { needed: 'x', whole: { n: 1 } } }],
    ['a set that was none', { spec: { needed: 'x', tags: ['a', 'a', 'b'] } }],
    ['everything as it was, and something new', { spec: { needed: 'x' }, metadata: { annotations: { a: 'b' } } }],
    ['the field that is needed, again absent', { spec: { n: 2 } }],
  ], (label, patch) => merge(label, `${inNamespace('v1')}/a?dryRun=All`, patch)),
];

const deletion: Step[] = [
  post('define', CRDS, definition([version('v1', {}, { subresources: { status: {} } })])),
  served('v1'),
  post('an object', inNamespace('v1'), thing('free', {})),
  post('an object that is held', inNamespace('v1'), thing('held', {}, 'v1', { finalizers: ['example.com/hold'] })),
  del('delete with a wrong uid', path, { preconditions: { uid: 'x' } }),
  del('delete', path),
  get('free is gone', `${inNamespace('v1')}/free`, { until: 404 }),
  post('nothing new', inNamespace('v1'), thing('late', {})),
  get('held goes', `${inNamespace('v1')}/held`),
  del('delete again', path, undefined, { pick: () => 'as the deletion goes on' }),
  merge('let it go', `${inNamespace('v1')}/held`, { metadata: { finalizers: null } }, { pick: () => 'gone' }),
  get('the definition is gone', path, { until: 404 }),
  get('so are its paths', `${API}/v1`, { until: 404 }),
];

const unusual: Step[] = [
  post('empty', CRDS, { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: 'x' } }),
  post('unknown field', `${CRDS}?fieldValidation=Strict`, { ...definition([version('v1', {})]), spek: {} }),
  post('unknown field of a schema', `${CRDS}?fieldValidation=Strict`, definition([version('v1', { a: { type: 'string', wrong: 1 } })])),
  post('a field of the wrong type', CRDS, definition([{ ...version('v1', {}), served: 'yes' }])),
  post('try it', `${CRDS}?dryRun=All&fieldManager=m`, definition([version('v1', { any: { type: 'array', items: { type: 'object', additionalProperties: { type: 'string', nullable: false, description: '' } } } })], { preserveUnknownFields: false, names: { plural: 'things', kind: 'Thing', shortNames: [], categories: ['all'] } })),
  get('nothing was made', path),
  apply('apply', `${path}?fieldManager=m`, definition([version('v1', {})])),
  served('v1'),
  // Kubernetes answers the first one late: by then, all conditions are written.
  post('an object', inNamespace('v1'), thing('a', {})),
  apply('apply again', `${path}?fieldManager=m`, definition([version('v1', {})])),
  apply('another manager', `${path}?fieldManager=n`, definition([version('v1', { b: { type: 'string' } })])),
  apply('by force', `${path}?fieldManager=n&force=true`, definition([version('v1', { b: { type: 'string' } })])),
  get('table', `${path}`, { headers: TABLE }),
  get('by a field', `${CRDS}?fieldSelector=spec.group%3Dx`),
  del('away', path),
];

const anything = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
const scale = { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas', labelSelectorPath: '.status.selector' };

const scaled: Step[] = [
  post('define', CRDS, definition([version('v1', {}, { subresources: { status: {}, scale }, schema: { openAPIV3Schema: { type: 'object', properties: { spec: anything, status: anything } } } })], { scope: 'Cluster' })),
  get('until it is served', `${API}/v1/things`, { until: 200 }),
  ...table<[string, unknown]>([['negative', -1], ['text', 'x'], ['too large', 3e9], ['a fraction', 1.5], ['null', null], ['an object', { a: 1 }]],
    (label, replicas) => post(`replicas: ${label}`, `${API}/v1/things?dryRun=All`, thing('a', { replicas }))),
  post('an object', `${API}/v1/things`, thing('a', { replicas: 2 })),
  ...table<[string, unknown]>([['negative', { replicas: -1 }], ['text', { replicas: 'x' }], ['too large', { replicas: 3e9 }], ['a selector that is none', { selector: 5 }], ['good', { replicas: 3, selector: 'a=b' }]],
    (label, status) => merge(`status: ${label}`, `${API}/v1/things/a/status?dryRun=All`, { status })),
  ...table<[string]>([['plain'], ['with.dots'], ['example.com/path'], ['orphan']],
    (finalizer) => post(`finalizer ${finalizer}`, `${API}/v1/things?dryRun=All`, thing('b', {}, 'v1', { finalizers: [finalizer] }))),
  get('by a namespace that there is none of', `${API}/v1/things?fieldSelector=metadata.namespace%3Dx`),
  del('away', path, undefined, { pick: () => 'going' }),
];

export const DEFINING: readonly Sequence[] = [
  { name: 'defining-versions', steps: versions },
  { name: 'defining-changes', steps: changes },
  { name: 'defining-ratcheting', steps: ratcheting },
  { name: 'defining-deletion', steps: deletion },
  { name: 'defining-unusual', steps: unusual },
  { name: 'defining-scaled', steps: scaled },
];
