/** What tests of Kubernetes' own suites (test/integration/apiserver) ask for. */
import { apply, get, jsonPatch, merge, post, put, type Sequence, type Step } from '../step';

const CMS = '/api/v1/namespaces/${ns}/configmaps';
const WIDGETS = '/apis/stable.example.com/v1/namespaces/${ns}/widgets';
const owner = (uid: string, more: object = {}): object => ({ apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid, ...more });
const [ONE, OTHER] = ['a0f0f0f0-0000-4000-8000-000000000001', 'a0f0f0f0-0000-4000-8000-000000000002'];
const owned = (name: string, ...ownerReferences: object[]): object => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, ownerReferences } });
const pick = (): string => 'what is warned of';

const owners: Step[] = [
  post('twice the same', CMS, owned('a', owner(ONE), owner(ONE)), { pick }),
  get('kept once', `${CMS}/a`),
  post('another of the same uid', CMS, owned('b', owner(ONE), owner(ONE, { controller: true }), owner(OTHER), owner(OTHER)), { pick }),
  put('put', `${CMS}/a`, owned('a', owner(OTHER), owner(OTHER), owner(ONE), owner(ONE)), { pick }),
  merge('merge patch', `${CMS}/a`, { metadata: { ownerReferences: [owner(ONE), owner(ONE)] } }, { pick }),
  jsonPatch('JSON patch', `${CMS}/a`, [{ op: 'add', path: '/metadata/ownerReferences/-', value: owner(ONE) }]),
  apply('apply', `${CMS}/a?fieldManager=x&force=true`, owned('a', owner(ONE), owner(ONE))),
  post('of a widget', WIDGETS, { apiVersion: 'stable.example.com/v1', kind: 'Widget', metadata: { name: 'w', ownerReferences: [owner(ONE), owner(ONE)] }, spec: { color: 'red' } }),
];

const widget = (color: string): object => ({ apiVersion: 'stable.example.com/v1', kind: 'Widget', metadata: { name: 'w' }, spec: { color } });
const TWICE = '{\n  "apiVersion": "stable.example.com/v1",\n  "kind": "Widget",\n  "metadata": {"name": "t"},\n  "spec": {\n    "color": "red",\n    "color": "blue",\n    "nope": 1\n  }\n}\n';
const OPS = '[{"op": "replace", "path": "/spec/color", "value": "blue", "foo": 1}, {"op": "add", "path": "/spec/nope", "path": "/spec/unknown", "value": 2, "bar": 3}]';
const AS_JSON = { headers: { 'Content-Type': 'application/json-patch+json' } };

const strict: Step[] = [
  post('widget', WIDGETS, widget('red')),
  jsonPatch('JSON patch, strict', `${WIDGETS}/w?fieldValidation=Strict`, OPS, AS_JSON),
  jsonPatch('JSON patch, warn', `${WIDGETS}/w?fieldValidation=Warn`, OPS, { ...AS_JSON, pick }),
  jsonPatch('JSON patch, ignore', `${WIDGETS}/w?fieldValidation=Ignore`, OPS, { ...AS_JSON, pick }),
  jsonPatch('JSON patch of a core kind, strict', `${CMS}/none?fieldValidation=Strict`, OPS, AS_JSON),
  apply('apply of JSON, strict', `${WIDGETS}/t?fieldManager=x&fieldValidation=Strict`, TWICE),
  apply('apply of JSON, warn', `${WIDGETS}/t?fieldManager=x&fieldValidation=Warn`, TWICE),
  apply('apply of JSON, warn of what is twice', `${WIDGETS}/t?fieldManager=x`, TWICE.replace(',\n    "nope": 1', ''), { pick }),
  jsonPatch('too many operations', `${WIDGETS}/w`, Array.from({ length: 10_001 }, () => ({ op: 'test', path: '/kind', value: 'Widget' }))),
  post('a group without a name', CMS, { apiVersion: '/v1', kind: 'ConfigMap', metadata: { name: 'slash' } }),
  get('export', `${CMS}/slash?export=true`),
  get('export, bare', `${CMS}/slash?export`),
  get('export, false', `${CMS}/slash?export=false`),
  get('export of a widget', `${WIDGETS}/w?export=1`),
  get('export of a list', `${CMS}?export=true`),
];

export const SUITES: Sequence[] = [
  { name: 'suites-owners', steps: owners },
  { name: 'suites-strict', steps: strict },
];
