/** Below the verbs: paths, methods, media types, sizes, credentials. */
import { call, del, get, merge, post, put, type Sequence, type Step } from '../step';

const CMS = '/api/v1/namespaces/${ns}/configmaps';
const WIDGETS = '/apis/stable.example.com/v1/namespaces/${ns}/widgets';
const cm = (name: string, data: object = {}): object => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data });

const paths: Step[] = [
  get('unknown path', '/nothing/here'),
  get('unknown group', '/apis/nothing.example.com/v1/things'),
  get('unknown group, discovery', '/apis/nothing.example.com'),
  get('unknown version', '/apis/coordination.k8s.io/v7/leases'),
  get('unknown core version', '/api/v2/configmaps'),
  get('unknown core resource', '/api/v1/namespaces/${ns}/nothings'),
  get('unknown core resource with a name', '/api/v1/namespaces/${ns}/nothings/x'),
  get('unknown subresource', `${CMS}/a/nothing`),
  get('deep path', `${CMS}/a/b/c/d`),
  get('upper case', '/api/v1/ConfigMaps'),
  get('group without version', '/apis/stable.example.com/widgets'),
  get('unknown openapi', '/openapi/v3/apis/nothing.example.com/v1'),
  get('unknown openapi version', '/openapi/v9'),
  get('namespaced resource at cluster scope, by name', '/api/v1/configmaps/x'),
  get('cluster-scoped one in a namespace', '/api/v1/namespaces/${ns}/namespaces'),
  get('healthz', '/healthz'),
  get('livez', '/livez'),
  get('readyz', '/readyz'),
  post('post to healthz', '/healthz', {}),
  post('post to version', '/version', {}),
  post('post to discovery', '/apis', {}),
  post('post to a group', '/apis/stable.example.com', {}),
  get('slash at the end of a list', `${CMS}/`),
];

const methods: Step[] = [
  post('a', CMS, cm('a')),
  post('widget', WIDGETS, { apiVersion: 'stable.example.com/v1', kind: 'Widget', metadata: { name: 'a' }, spec: { color: 'red' } }),
  put('put to a collection', CMS, cm('a')),
  merge('patch of a collection', CMS, {}),
  post('post to an object', `${CMS}/a`, cm('a')),
  put('put to a collection of widgets', WIDGETS, {}),
  merge('patch of a collection of widgets', WIDGETS, {}),
  call('HEAD', 'application/json', 'head', `${CMS}/a`),
  call('OPTIONS', 'application/json', 'options', `${CMS}/a`),
  call('PROPFIND', 'application/json', 'unknown method', `${CMS}/a`),
  call('PROPFIND', 'application/json', 'unknown method of a widget', `${WIDGETS}/a`),
  del('delete of all namespaces at once', '/api/v1/configmaps'),
  put('put of namespaces', '/api/v1/namespaces', {}),
  del('delete of namespaces', '/api/v1/namespaces'),
  call('PATCH', 'text/plain', 'patch of unknown type', `${CMS}/a`, '{}'),
  call('PATCH', 'application/json', 'patch of JSON', `${CMS}/a`, '{}'),
  call('PATCH', 'application/strategic-merge-patch+json', 'strategic of a widget', `${WIDGETS}/a`, '{}'),
  call('PATCH', 'text/plain', 'patch of unknown type of a widget', `${WIDGETS}/a`, '{}'),
  call('PATCH', 'application/merge-patch+json; charset=utf-8', 'patch type with a parameter', `${CMS}/a`, '{"data":{"x":"y"}}'),
  call('PATCH', 'application/apply-patch+cbor', 'apply in CBOR', `${CMS}/a`, 'x'),
  call('PUT', 'text/plain', 'put of unknown type', `${CMS}/a`, 'x'),
  call('DELETE', 'text/plain', 'delete with unknown type', `${CMS}/a`, 'x'),
  call('POST', 'application/yaml', 'widget of unknown type in YAML', WIDGETS, 'kind: Widget\napiVersion: v9\n'),
  call('POST', 'text/plain', 'widget of unknown media type', WIDGETS, 'x'),
];

const sizes: Step[] = [
  post('too large', CMS, cm('large', { a: 'x'.repeat(3 * 1024 * 1024) })),
  post('widget too large', WIDGETS, { apiVersion: 'stable.example.com/v1', kind: 'Widget', metadata: { name: 'a' }, spec: { color: 'red', free: { a: 'x'.repeat(3 * 1024 * 1024) } } }),
  post('long name', CMS, cm(`${'n'.repeat(250)}.ab`)),
  post('free object, deep', WIDGETS, { apiVersion: 'stable.example.com/v1', kind: 'Widget', metadata: { name: 'deep' }, spec: { color: 'red', free: JSON.parse(`${'{"a":'.repeat(50)}1${'}'.repeat(50)}`) as unknown } }),
];

const credentials: Step[] = [
  get('no token', CMS, { token: '' }),
  get('wrong token', CMS, { token: 'wrong' }),
  get('wrong token for version', '/version', { token: 'wrong', pick: () => 'version' }),
  get('version without a token', '/version', { token: '', pick: () => 'version' }),
  get('healthz without a token', '/healthz', { token: '' }),
  get('discovery with a wrong token', '/apis', { token: 'wrong' }),
  get('odd authorization', CMS, { token: '', headers: { Authorization: 'Basic abc' } }),
  get('bearer without a token', CMS, { token: '', headers: { Authorization: 'Bearer' } }),
];

const timeouts: Step[] = [
  get('version', '/version?timeout=invalid'),
  get('discovery', '/apis?timeout=1x'),
  get('healthz', '/healthz?timeout=.'),
  get('nothing', '/nothing?timeout=5'),
  get('without a token', '/version?timeout=invalid', { token: '' }),
  get('a list', `${CMS}?timeout=invalid`),
  get('longer than is given', '/version?timeout=3m', { pick: () => 'version' }),
  get('none', '/version?timeout=0s', { pick: () => 'version' }),
];

export const PROTOCOL: Sequence[] = [
  { name: 'paths', steps: paths },
  { name: 'timeouts', steps: timeouts },
  { name: 'methods', steps: methods },
  { name: 'sizes', steps: sizes },
  { name: 'credentials', steps: credentials },
];
