/** Server-side apply and managedFields through sequences of writes. */
import { apply, del, get, jsonPatch, merge, post, put, type Sequence, type Step } from '../step';

const CMS = '/api/v1/namespaces/${ns}/configmaps';
const WIDGETS = '/apis/stable.example.com/v1/namespaces/${ns}/widgets';
const cm = (name: string, data: object = {}, more: object = {}): object => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, ...more }, data });
const widget = (name: string, spec: object, more: object = {}): object => ({ apiVersion: 'stable.example.com/v1', kind: 'Widget', metadata: { name, ...more }, spec });

const core: Step[] = [
  apply('create', `${CMS}/a?fieldManager=one`, cm('a', { a: '1', b: '1' }), { capture: { rv: 'metadata.resourceVersion' } }),
  apply('again', `${CMS}/a?fieldManager=one`, cm('a', { a: '1', b: '1' })),
  apply('by another, no conflict', `${CMS}/a?fieldManager=two`, cm('a', { c: '1' }, { labels: { l: 'x' } })),
  apply('conflict', `${CMS}/a?fieldManager=two`, cm('a', { a: '2', b: '2', c: '1' })),
  apply('forced', `${CMS}/a?fieldManager=two&force=true`, cm('a', { a: '2', c: '1' })),
  apply('given up', `${CMS}/a?fieldManager=one`, cm('a', { a: '2' })),
  apply('shared', `${CMS}/a?fieldManager=three`, cm('a', { a: '2' })),
  apply('no longer shared', `${CMS}/a?fieldManager=two`, cm('a', { c: '1' })),
  merge('update by another', `${CMS}/a?fieldManager=upd`, { data: { a: '5' } }),
  apply('conflict with an update', `${CMS}/a?fieldManager=one`, cm('a', { a: '6' })),
  apply('dry run', `${CMS}/a?fieldManager=one&force=true&dryRun=All`, cm('a', { a: '6' })),
  apply('empty data', `${CMS}/a?fieldManager=two`, cm('a', {})),
  apply('without a manager', `${CMS}/a`, cm('a')),
  apply('of another kind', `${CMS}/a?fieldManager=one`, { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'a' } }),
  apply('of another version', `${CMS}/a?fieldManager=one`, { apiVersion: 'v2', kind: 'ConfigMap', metadata: { name: 'a' } }),
  apply('without kind', `${CMS}/a?fieldManager=one`, { metadata: { name: 'a' } }),
  apply('of another name', `${CMS}/a?fieldManager=one`, cm('b')),
  apply('of another namespace', `${CMS}/a?fieldManager=one`, cm('a', {}, { namespace: 'other' })),
  apply('without a name', `${CMS}/a?fieldManager=one`, { apiVersion: 'v1', kind: 'ConfigMap', data: { n: 'n' } }),
  apply('with managedFields', `${CMS}/a?fieldManager=one`, cm('a', {}, { managedFields: [{ manager: 'x' }] })),
  apply('with a stale version', `${CMS}/a?fieldManager=one&force=true`, cm('a', { s: '1' }, { resourceVersion: '${rv}' })),
  apply('with another uid', `${CMS}/a?fieldManager=one&force=true`, cm('a', { s: '1' }, { uid: 'other' })),
  apply('unknown field', `${CMS}/a?fieldManager=one`, { ...cm('a'), nope: 1 }),
  apply('unknown field, strict', `${CMS}/a?fieldManager=one&fieldValidation=Strict`, { ...cm('a'), nope: 1 }),
  apply('wrong type', `${CMS}/a?fieldManager=one`, { ...cm('a'), data: { a: 5 } }),
  apply('repeated field', `${CMS}/a?fieldManager=rep`, 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {r: "1", r: "2"}\n'),
  apply('repeated field, strict', `${CMS}/a?fieldManager=rep&fieldValidation=Strict`, 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {r: "1", r: "2"}\n'),
  apply('no YAML', `${CMS}/a?fieldManager=one`, 'a: [1'),
  apply('a list', `${CMS}/a?fieldManager=one`, '- 1\n'),
  apply('text', `${CMS}/a?fieldManager=one`, 'hello'),
  apply('empty', `${CMS}/a?fieldManager=one`, ''),
  apply('force of another word', `${CMS}/a?fieldManager=one&force=perhaps`, cm('a', { w: '1' })),
  apply('to a new one with a uid', `${CMS}/new?fieldManager=one`, cm('new', {}, { uid: 'u' })),
  apply('to a new one with a version', `${CMS}/new?fieldManager=one`, cm('new', {}, { resourceVersion: '5' })),
  apply('to a collection', `${CMS}?fieldManager=one`, cm('new')),
  apply('in a missing namespace', '/api/v1/namespaces/nowhere-at-all/configmaps/a?fieldManager=one', cm('a')),
  apply('invalid', `${CMS}/inv?fieldManager=one`, cm('inv', { 'a b': 'x' })),
  apply('finalizers and owners', `${CMS}/own?fieldManager=one`, cm('own', {}, { finalizers: ['example.com/a'], ownerReferences: [{ apiVersion: 'v1', kind: 'A', name: 'a', uid: 'u1' }] })),
  apply('more of them', `${CMS}/own?fieldManager=two`, cm('own', {}, { finalizers: ['example.com/b'], ownerReferences: [{ apiVersion: 'v1', kind: 'A', name: 'b', uid: 'u2' }] })),
  get('in the end', `${CMS}/a`),
];

const custom: Step[] = [
  apply('create', `${WIDGETS}/w?fieldManager=one`, widget('w', { color: 'red', parts: [{ name: 'a', count: 1 }], tags: ['x'], numbers: [1], limits: { a: '1' } })),
  apply('parts are merged', `${WIDGETS}/w?fieldManager=two`, widget('w', { color: 'red', parts: [{ name: 'b' }], tags: ['y'], limits: { b: '1' } })),
  apply('atomic list conflicts', `${WIDGETS}/w?fieldManager=two`, widget('w', { color: 'red', numbers: [2] })),
  apply('part conflict', `${WIDGETS}/w?fieldManager=two`, widget('w', { color: 'red', parts: [{ name: 'a', count: 5 }] })),
  apply('forced', `${WIDGETS}/w?fieldManager=two&force=true`, widget('w', { color: 'blue', parts: [{ name: 'a', count: 5 }] })),
  apply('unknown field', `${WIDGETS}/w?fieldManager=two`, widget('w', { color: 'red', nope: 1 })),
  apply('wrong type', `${WIDGETS}/w?fieldManager=two`, widget('w', { color: 'red', parts: 'x' })),
  apply('duplicate key', `${WIDGETS}/w?fieldManager=two`, widget('w', { color: 'red', parts: [{ name: 'a' }, { name: 'a' }] })),
  apply('set with a duplicate', `${WIDGETS}/w?fieldManager=two`, widget('w', { color: 'red', tags: ['a', 'a'] })),
  apply('item without key', `${WIDGETS}/w?fieldManager=two`, widget('w', { color: 'red', parts: [{ count: 1 }] })),
  apply('invalid', `${WIDGETS}/w?fieldManager=two&force=true`, widget('w', { color: 'pink' })),
  apply('null', `${WIDGETS}/w?fieldManager=two&force=true`, widget('w', { color: 'blue', maybe: null })),
  apply('free content', `${WIDGETS}/w?fieldManager=three`, widget('w', { color: 'blue', free: { x: { y: [1, { z: 2 }] } } })),
  apply('status of the object', `${WIDGETS}/w?fieldManager=three`, { ...widget('w', { color: 'blue' }), status: { phase: 'no' } }),
  apply('status', `${WIDGETS}/w/status?fieldManager=st`, { apiVersion: 'stable.example.com/v1', kind: 'Widget', metadata: { name: 'w' }, status: { phase: 'Up', conditions: [{ type: 'Ready', status: 'True' }] } }),
  apply('status by another', `${WIDGETS}/w/status?fieldManager=st2`, { apiVersion: 'stable.example.com/v1', kind: 'Widget', metadata: { name: 'w' }, status: { phase: 'Down', conditions: [{ type: 'Other', status: 'True' }] } }),
  apply('status of an absent one', `${WIDGETS}/absent/status?fieldManager=st`, { apiVersion: 'stable.example.com/v1', kind: 'Widget', metadata: { name: 'absent' }, status: {} }),
  apply('through v1beta1', '/apis/stable.example.com/v1beta1/namespaces/${ns}/widgets/w?fieldManager=beta', { apiVersion: 'stable.example.com/v1beta1', kind: 'Widget', metadata: { name: 'w' }, spec: { color: 'blue', high: 5 } }),
  apply('through v1beta1 in v1', '/apis/stable.example.com/v1beta1/namespaces/${ns}/widgets/w?fieldManager=beta', widget('w', { color: 'blue' })),
  get('in the end', `${WIDGETS}/w`),
];

const managers: Step[] = [
  post('create', CMS, cm('m', { a: '1' }), { headers: { 'User-Agent': 'tool/1.0 (x)' } }),
  put('put by another', `${CMS}/m`, cm('m', { a: '2', b: '1' }), { headers: { 'User-Agent': 'other/2' } }),
  ...Array.from({ length: 12 }, (_, index) => merge(`manager ${index}`, `${CMS}/m?fieldManager=many-${index}`, { data: { [`k${index}`]: 'x' } }, { pick: howManyManagers })),
  get('old ones are joined', `${CMS}/m`, { pick: howManyManagers }),
  jsonPatch('none any more', `${CMS}/m`, [{ op: 'replace', path: '/metadata/managedFields', value: [{}] }]),
  apply('before-first-apply', `${CMS}/m?fieldManager=first`, cm('m', { a: '9' })),
  apply('before-first-apply, forced', `${CMS}/m?fieldManager=first&force=true`, cm('m', { a: '9' })),
  post('given managedFields', CMS, { ...cm('g', { a: '1' }), metadata: { name: 'g', managedFields: [{ manager: 'gave', operation: 'Update', apiVersion: 'v1', time: '2020-01-01T00:00:00Z', fieldsType: 'FieldsV1', fieldsV1: { 'f:data': { 'f:a': {} } } }] } }),
  post('managedFields without fieldsType', CMS, { ...cm('h'), metadata: { name: 'h', managedFields: [{ manager: 'gave', operation: 'Update', apiVersion: 'v1' }] } }),
  del('delete', `${CMS}/m`),
];

/** Which of several of one second are the oldest is chance. */
function howManyManagers(body: unknown): unknown {
  const { managedFields } = (body as { metadata: { managedFields: { manager: string }[] } }).metadata;
  return [managedFields.length, managedFields.some(({ manager }) => manager === 'ancient-changes')];
}

export const APPLYING: Sequence[] = [
  { name: 'apply-core', steps: core },
  { name: 'apply-custom', steps: custom },
  { name: 'managers', steps: managers },
];
