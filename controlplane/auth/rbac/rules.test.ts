import type { Attributes } from '../authorizer';
import { breakdown, compact, ruleAllows, showRule, uncovered } from './rules';
import type { PolicyRule } from './types';

const rule = (verbs: string, apiGroups: string, resources: string, resourceNames = ''): PolicyRule => ({
  verbs: verbs.split(' '), apiGroups: apiGroups.split(' '), resources: resources.split(' '), ...(resourceNames !== '' && { resourceNames: resourceNames.split(' ') }),
});
const url = (verbs: string, ...nonResourceURLs: string[]): PolicyRule => ({ verbs: verbs.split(' '), nonResourceURLs });
/** `get jobs/status.gleaner.dev x` */
function asks(text: string): Attributes {
  const [verb, what, name = ''] = text.split(' ');
  if (what.startsWith('/')) return { verb, path: what };
  const [full, ...group] = what.split('.');
  const [plural, subresource = ''] = full.split('/');
  return { verb, resource: { group: group.join('.'), plural, subresource, namespace: 'n', name }, path: '' };
}

test.each<[PolicyRule, string, boolean]>([
  [rule('get', '', 'pods'), 'get pods x', true],
  [rule('get', '', 'pods'), 'list pods', false],
  [rule('*', '*', '*'), 'escalate roles.rbac.authorization.k8s.io x', true],
  [rule('*', '*', '*'), 'get pods/log x', true],
  [rule('*', '*', '*'), 'get /metrics', false],
  [rule('get', 'apps', 'pods'), 'get pods x', false],
  [rule('get', '', 'pods'), 'get pods/log x', false],
  [rule('get', '', 'pods/log'), 'get pods/log x', true],
  [rule('get', '', 'pods/log'), 'get pods x', false],
  [rule('get', '', '*/log'), 'get pods/log x', true],
  [rule('get', '', '*/log'), 'get pods/blog x', false],
  [rule('get', '', '*/log'), 'get pods x', false],
  [rule('get', '', 'pods', 'x'), 'get pods x', true],
  [rule('get', '', 'pods', 'x'), 'get pods y', false],
  [rule('list', '', 'pods', 'x'), 'list pods', false],
  [url('get', '/healthz'), 'get /healthz', true],
  [url('get', '/healthz'), 'get /healthz/', false],
  [url('get', '/healthz/*'), 'get /healthz/etcd', true],
  [url('get', '/healthz/*'), 'get /healthz', false],
  [url('*', '*'), 'post /anything', true],
  [url('get', '/a'), 'get pods', false],
])('%j, %s: %s', (given, asked, expected) => {
  expect(ruleAllows(given, asks(asked))).toBe(expected);
});

test('a rule consists of one part per verb, group, resource and name', () => {
  expect(breakdown(rule('get list', '', 'pods', 'a b'))).toEqual([
    { apiGroups: [''], resources: ['pods'], verbs: ['get'], resourceNames: ['a'] },
    { apiGroups: [''], resources: ['pods'], verbs: ['get'], resourceNames: ['b'] },
    { apiGroups: [''], resources: ['pods'], verbs: ['list'], resourceNames: ['a'] },
    { apiGroups: [''], resources: ['pods'], verbs: ['list'], resourceNames: ['b'] },
  ]);
  expect(breakdown(url('get post', '/a'))).toEqual([url('get', '/a'), url('post', '/a')]);
});

test.each<[string, PolicyRule[], PolicyRule, string[]]>([
  ['the same', [rule('get', '', 'pods')], rule('get', '', 'pods'), []],
  ['one verb more', [rule('get', '', 'pods')], rule('get list', '', 'pods'), ['{APIGroups:[""], Resources:["pods"], Verbs:["list"]}']],
  ['several together cover', [rule('get', '', 'pods'), rule('list', '', 'pods')], rule('get list', '', 'pods'), []],
  ['a star is held by a star only', [rule('get list watch', '', 'pods')], rule('*', '', 'pods'), ['{APIGroups:[""], Resources:["pods"], Verbs:["*"]}']],
  ['a named object is less than all', [rule('get', '', 'pods')], rule('get', '', 'pods', 'x'), []],
  ['all are more than a named object', [rule('get', '', 'pods', 'x')], rule('get', '', 'pods'), ['{APIGroups:[""], Resources:["pods"], Verbs:["get"]}']],
  ['every resource has every subresource', [rule('get', '', '*')], rule('get', '', 'pods/log'), []],
  ['a subresource of all', [rule('get', '', '*/log')], rule('get', '', 'pods/log'), []],
  ['a URL below a star', [url('get', '/a/*')], url('get', '/a/b'), []],
  ['a star above a URL', [url('get', '/a/b')], url('get', '/a/*'), ['{NonResourceURLs:["/a/*"], Verbs:["get"]}']],
  ['resources do not cover URLs', [rule('*', '*', '*')], url('get', '/a'), ['{NonResourceURLs:["/a"], Verbs:["get"]}']],
])('%s', (_, held, wanted, missing) => {
  expect(compact(uncovered(held, [wanted])).map(showRule)).toEqual(missing);
});

test('missing rights of one resource are shown together, as kube-apiserver shows them', () => {
  expect(compact(uncovered([], [rule('get list', '', 'pods secrets', 'x')])).map(showRule)).toEqual([
    '{APIGroups:[""], Resources:["pods"], ResourceNames:["x"], Verbs:["get" "list"]}',
    '{APIGroups:[""], Resources:["secrets"], ResourceNames:["x"], Verbs:["get" "list"]}',
  ]);
});
