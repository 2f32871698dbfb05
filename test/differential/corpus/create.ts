/** POST: configmaps, secrets, custom resources; names, bodies, validation levels. */
import { call, get, post, postYaml, table, type Sequence, type Step } from '../step';

const CMS = '/api/v1/namespaces/${ns}/configmaps';
const SECRETS = '/api/v1/namespaces/${ns}/secrets';
const WIDGETS = '/apis/stable.example.com/v1/namespaces/${ns}/widgets';

const cm = (name: string, more: object = {}): object => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, ...more });
const widget = (name: string, spec: object = {}): object => ({ apiVersion: 'stable.example.com/v1', kind: 'Widget', metadata: { name }, spec: { color: 'red', ...spec } });

const good: Step[] = [
  post('configmap', CMS, cm('a', { data: { k: 'v' } })),
  post('configmap with a manager', `${CMS}?fieldManager=me`, cm('b', { data: { k: 'v' }, binaryData: { b: 'AAEC' }, immutable: true })),
  post('configmap without kind and apiVersion', CMS, { metadata: { name: 'bare' }, data: { x: 'y' } }),
  post('again', CMS, cm('a')),
  post('with labels, annotations, finalizers, owners', CMS, {
    ...cm('full'), metadata: { name: 'full', labels: { a: 'b' }, annotations: { c: 'd' }, finalizers: ['example.com/keep'], ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'a', uid: '11111111-2222-3333-4444-555555555555' }] },
  }),
  post('generateName', CMS, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { generateName: 'gen-' } }, { capture: { gen: 'metadata.name' } }),
  get('the generated one', `${CMS}/\${gen}`),
  post('generateName and name', CMS, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { generateName: 'gen-', name: 'both' } }),
  post('dry run', `${CMS}?dryRun=All`, cm('dry', { data: { k: 'v' } })),
  get('dry run wrote nothing', `${CMS}/dry`),
  post('dry run of one that is there', `${CMS}?dryRun=All`, cm('a')),
  post('dry run with generateName', `${CMS}?dryRun=All`, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { generateName: 'try-' } }),
  post('what only the server sets', CMS, { ...cm('set'), metadata: { name: 'set', uid: 'x', generation: 7, creationTimestamp: '2001-01-01T00:00:00Z', deletionTimestamp: '2001-01-01T00:00:00Z', selfLink: '/x' } }),
  post('empty metadata fields', CMS, { ...cm('empty'), metadata: { name: 'empty', labels: {}, annotations: null, finalizers: [], ownerReferences: [] }, data: {} }),
  postYaml('YAML', CMS, 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: yaml\ndata:\n  a: "1"\n  b: |\n    two\n    lines\n'),
  post('null data value', CMS, cm('nulls', { data: { a: null, b: 'x' } })),
  call('POST', 'application/json; charset=utf-8', 'media type with a parameter', CMS, cm('charset')),
];

const bad: Step[] = [
  ...table<[string, object]>([
    ['no name', { apiVersion: 'v1', kind: 'ConfigMap', metadata: {} }],
    ['no metadata', { apiVersion: 'v1', kind: 'ConfigMap' }],
    ['upper case name', cm('Bad')],
    ['name with underscore', cm('a_b')],
    ['name too long', cm('x'.repeat(254))],
    ['name that is empty text', cm('')],
    ['generateName that is bad', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { generateName: 'Bad_' } }],
    ['other kind', { ...cm('x'), kind: 'Secret' }],
    ['other version', { ...cm('x'), apiVersion: 'v2' }],
    ['other group', { ...cm('x'), apiVersion: 'apps/v1' }],
    ['other namespace', { ...cm('x'), metadata: { name: 'x', namespace: 'other' } }],
    ['resourceVersion', { ...cm('x'), metadata: { name: 'x', resourceVersion: '5' } }],
    ['bad resourceVersion', { ...cm('x'), metadata: { name: 'x', resourceVersion: 'abc' } }],
    ['bad label key', { ...cm('x'), metadata: { name: 'x', labels: { 'a b': 'c' } } }],
    ['bad label value', { ...cm('x'), metadata: { name: 'x', labels: { a: 'b c' } } }],
    ['label value too long', { ...cm('x'), metadata: { name: 'x', labels: { a: 'b'.repeat(64) } } }],
    ['bad annotation key', { ...cm('x'), metadata: { name: 'x', annotations: { 'a b/c': 'd' } } }],
    ['annotations too large', { ...cm('x'), metadata: { name: 'x', annotations: { a: 'x'.repeat(262145) } } }],
    ['bad finalizer', { ...cm('x'), metadata: { name: 'x', finalizers: ['nope'] } }],
    ['finalizer with spaces', { ...cm('x'), metadata: { name: 'x', finalizers: ['a b/c'] } }],
    ['owner without uid', { ...cm('x'), metadata: { name: 'x', ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'a' }] } }],
    ['owner without anything', { ...cm('x'), metadata: { name: 'x', ownerReferences: [{}] } }],
    ['owner of a strange version', { ...cm('x'), metadata: { name: 'x', ownerReferences: [{ apiVersion: 'a/b/c', kind: 'ConfigMap', name: 'a', uid: 'u' }] } }],
    ['owner that is an event', { ...cm('x'), metadata: { name: 'x', ownerReferences: [{ apiVersion: 'v1', kind: 'Event', name: 'a', uid: 'u' }] } }],
    ['two controllers', { ...cm('x'), metadata: { name: 'x', ownerReferences: [{ apiVersion: 'v1', kind: 'A', name: 'a', uid: 'u', controller: true }, { apiVersion: 'v1', kind: 'A', name: 'b', uid: 'v', controller: true }] } }],
    ['managedFields that are bad', { ...cm('x'), metadata: { name: 'x', managedFields: [{ manager: 'a', operation: 'Nope', fieldsType: 'FieldsV1', fieldsV1: {} }] } }],
    ['bad key', cm('x', { data: { 'a b': 'x' } })],
    ['key of dots', cm('x', { data: { '..': 'x' } })],
    ['key too long', cm('x', { data: { ['k'.repeat(254)]: 'x' } })],
    ['key twice', cm('x', { data: { a: 'x' }, binaryData: { a: 'AA==' } })],
    ['binaryData that is not base64', cm('x', { binaryData: { a: '%%' } })],
    ['data of a number', cm('x', { data: { a: 1 } })],
    ['data that is a list', cm('x', { data: ['a'] })],
    ['data too large', cm('x', { data: { a: 'x'.repeat(1048577) } })],
    ['immutable that is text', cm('x', { immutable: 'yes' })],
    ['metadata that is text', { apiVersion: 'v1', kind: 'ConfigMap', metadata: 'x' }],
    ['labels that are a list', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x', labels: ['a'] } }],
    ['label that is a number', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x', labels: { a: 1 } } }],
    ['name that is a number', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 5 } }],
    ['kind that is a number', { apiVersion: 'v1', kind: 5, metadata: { name: 'x' } }],
  ], (label, body) => post(label, CMS, body)),
  post('no body', CMS, ''),
  post('no JSON', CMS, '{'),
  post('trailing text', CMS, '{"metadata":{"name":"x"}} x'),
  post('a list', CMS, '[]'),
  post('a number', CMS, '5'),
  post('null', CMS, 'null'),
  postYaml('bad YAML', CMS, 'a: [1'),
  call('POST', 'text/plain', 'text/plain', CMS, 'x'),
  call('POST', 'application/xml', 'unknown media type', CMS, '<x/>'),
  call('POST', 'application/vnd.kubernetes.protobuf', 'protobuf that is none', CMS, 'hello'),
  post('to a name', `${CMS}/x`, cm('x')),
  post('missing namespace', '/api/v1/namespaces/nowhere-at-all/configmaps', cm('x')),
  post('all namespaces', '/api/v1/configmaps', cm('x')),
  post('dryRun of another word', `${CMS}?dryRun=Some`, cm('x')),
  post('fieldValidation of another word', `${CMS}?fieldValidation=Loose`, cm('x')),
  post('manager too long', `${CMS}?fieldManager=${'m'.repeat(129)}`, cm('x')),
  post('manager of strange characters', `${CMS}?fieldManager=a%07`, cm('x')),
];

const fields: Step[] = (['Strict', 'Warn', 'Ignore', ''] as const).flatMap((mode) => {
  const query = mode === '' ? '' : `?fieldValidation=${mode}`;
  const name = mode === '' ? 'default' : mode.toLowerCase();
  return [
    post(`${name}: unknown field`, `${CMS}${query}`, cm(`u-${name}`, { nope: 1, data: { a: 'b' } })),
    post(`${name}: unknown field in metadata`, `${CMS}${query}`, { ...cm(''), metadata: { name: `m-${name}`, colour: 'x' } }),
    post(`${name}: repeated field`, `${CMS}${query}`, `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"r-${name}","name":"r-${name}"},"data":{"a":"1"},"data":{"b":"2"}}`),
    post(`${name}: repeated key`, `${CMS}${query}`, `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"k-${name}"},"data":{"a":"1","a":"2"}}`),
    postYaml(`${name}: YAML repeated and unknown`, `${CMS}${query}`, `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: y-${name}}\nfoo: bar\ndata:\n  a: x\n  a: y\n`),
    post(`${name}: other case`, `${CMS}${query}`, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: `c-${name}`, Labels: { a: 'b' } }, Data: { a: 'b' } }),
    post(`${name}: widget unknown fields`, `${WIDGETS}${query}`, { ...widget(`u-${name}`, { nope: 1, parts: [{ name: 'a', x: 1, deep: { a: 'x', b: 'y' } }, { name: 'b', y: 2 }], nested: { inner: { z: 1 } }, free: { any: 'thing' } }), extra: true, status: { phase: 'x', odd: 1 } }),
    post(`${name}: widget repeated fields`, `${WIDGETS}${query}`, `{"apiVersion":"stable.example.com/v1","kind":"Widget","metadata":{"name":"r-${name}","labels":{"a":"1","a":"2"}},"spec":{"color":"red","color":"green","parts":[{"name":"a","name":"b"}],"nope":1,"nope":2}}`),
    postYaml(`${name}: widget YAML`, `${WIDGETS}${query}`, `apiVersion: stable.example.com/v1\nkind: Widget\nmetadata: {name: y-${name}}\nspec:\n  color: red\n  color: blue\n  what: 1\n  parts:\n  - name: a\n    name: c\n    odd: 1\n`),
    post(`${name}: widget metadata unknown`, `${WIDGETS}${query}`, { ...widget('x'), metadata: { name: `m-${name}`, odd: 1, ownerReferences: [{ apiVersion: 'v1', kind: 'A', name: 'a', uid: 'u', odd: 2 }] } }),
  ];
});

const secret = (name: string, more: object): object => ({ apiVersion: 'v1', kind: 'Secret', metadata: { name }, ...more });
const secrets: Step[] = [
  post('opaque', SECRETS, secret('a', { data: { a: 'eA==' }, stringData: { b: 'y' } })),
  get('read back', `${SECRETS}/a`),
  post('bad base64', SECRETS, secret('b', { data: { a: '!!' } })),
  post('tls without its keys', SECRETS, secret('c', { type: 'kubernetes.io/tls', data: { a: 'eA==' } })),
  post('tls', SECRETS, secret('d', { type: 'kubernetes.io/tls', data: { 'tls.crt': 'eA==', 'tls.key': 'eA==' } })),
  post('dockerconfigjson that is no JSON', SECRETS, secret('e', { type: 'kubernetes.io/dockerconfigjson', data: { '.dockerconfigjson': 'eA==' } })),
  post('dockerconfigjson without its key', SECRETS, secret('f', { type: 'kubernetes.io/dockerconfigjson' })),
  post('basic-auth', SECRETS, secret('g', { type: 'kubernetes.io/basic-auth', stringData: { username: 'u', password: 'p' } })),
  post('basic-auth without either', SECRETS, secret('h', { type: 'kubernetes.io/basic-auth' })),
  post('ssh-auth without key', SECRETS, secret('i', { type: 'kubernetes.io/ssh-auth' })),
  post('service-account-token without account', SECRETS, secret('j', { type: 'kubernetes.io/service-account-token' })),
  post('bad key', SECRETS, secret('k', { stringData: { 'a b': 'x' } })),
  post('immutable', SECRETS, secret('l', { immutable: true, stringData: { a: 'x' } })),
  post('too large', SECRETS, secret('m', { data: { a: Buffer.alloc(1048577, 'x').toString('base64') } })),
  post('own type', SECRETS, secret('n', { type: 'example.com/own' })),
];

export const CREATE: Sequence[] = [
  { name: 'create', steps: good },
  { name: 'create-bad', steps: bad },
  { name: 'field-validation', steps: fields },
  { name: 'secrets', steps: secrets },
];
