import type { IncomingMessage } from 'node:http';

import { openRecord } from './audit/record';
import { firstOpinion, masters, MASTERS, type Decider } from './authorizer';
import { AuthError, type Identity } from './identity';
import { ImpersonatingAuthenticator } from './impersonation';
import { rbacDecider } from './rbac/authorizer';
import { RoleIndex } from './rbac/role-index';
import { binding, clusterRole, sources, user } from './rbac/test-support';

function request(headers: Record<string, string | string[]>): IncomingMessage {
  const distinct = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), Array.isArray(value) ? value : [value]]));
  return { headers: Object.fromEntries(Object.entries(distinct).map(([name, values]) => [name, values.join(', ')])), headersDistinct: distinct } as unknown as IncomingMessage;
}

const root: Identity = { user: 'root', groups: [MASTERS] };
const become = (headers: Record<string, string | string[]>, who: Identity | undefined = root, decide: Decider = masters) =>
  new ImpersonatingAuthenticator({ authenticate: () => Promise.resolve(who) }, decide).authenticate(request(headers));

test.each<[string, Record<string, string | string[]>, Identity]>([
  ['nobody else', { accept: 'x' }, root],
  ['a user', { 'Impersonate-User': 'bob' }, { user: 'bob', groups: ['system:authenticated'] }],
  ['with groups, in their order', { 'Impersonate-User': 'bob', 'Impersonate-Group': ['g2', 'g1', ',,,chameleon'] }, { user: 'bob', groups: ['g2', 'g1', ',,,chameleon', 'system:authenticated'] }],
  ['with a uid', { 'Impersonate-User': 'bob', 'Impersonate-Uid': 'abc123' }, { user: 'bob', groups: ['system:authenticated'], uid: 'abc123' }],
  ['with more', { 'Impersonate-User': 'bob', 'Impersonate-Extra-acme.com%2Fproject': ['a', 'b'] }, { user: 'bob', groups: ['system:authenticated'], extra: { 'acme.com/project': ['a', 'b'] } }],
  ['a service account', { 'Impersonate-User': 'system:serviceaccount:ns:bot' }, { user: 'system:serviceaccount:ns:bot', groups: ['system:serviceaccounts', 'system:serviceaccounts:ns', 'system:authenticated'] }],
  ['a service account with groups of its own', { 'Impersonate-User': 'system:serviceaccount:ns:bot', 'Impersonate-Group': 'g' }, { user: 'system:serviceaccount:ns:bot', groups: ['g', 'system:authenticated'] }],
  ['nobody', { 'Impersonate-User': 'system:anonymous' }, { user: 'system:anonymous', groups: ['system:unauthenticated'] }],
  ['somebody unauthenticated', { 'Impersonate-User': 'bob', 'Impersonate-Group': 'system:unauthenticated' }, { user: 'bob', groups: ['system:unauthenticated'] }],
])('%s', async (_, headers, expected) => {
  expect(await become(headers)).toEqual(expected);
});

test.each([[{ 'Impersonate-Group': 'g' }], [{ 'Impersonate-Uid': '1' }], [{ 'Impersonate-Extra-a': 'b' }]])('%j without a user is a mistake', async (headers) => {
  await expect(become(headers)).rejects.toThrow(/requested \[.+\] without impersonating a user/);
});

test('more groups than anybody needs are refused before any is looked at', async () => {
  let asked = 0;
  const groups = Array.from({ length: 1001 }, (_, n) => `g${n}`);
  await expect(become({ 'Impersonate-User': 'bob', 'Impersonate-Group': groups }, root, () => ({ outcome: asked++ < 0 ? 'none' : 'allow', reason: '' }))).rejects.toThrow('at most 1000');
  expect(asked).toBe(0);
});

test('whoever is nobody stays nobody', async () => {
  const nobody = new ImpersonatingAuthenticator({ authenticate: () => Promise.resolve(undefined) }, masters);
  expect(await nobody.authenticate(request({ 'Impersonate-User': 'root' }))).toBeUndefined();
});

describe('each part needs a right', () => {
  const helper: Identity = { user: 'helper', groups: [] };
  const rule = (resource: string, apiGroup = '', resourceNames?: string[]) => ({ verbs: ['impersonate'], apiGroups: [apiGroup], resources: [resource], ...(resourceNames && { resourceNames }) });
  const having = (...rules: ReturnType<typeof rule>[]): Decider => {
    const index = new RoleIndex(sources({ clusterRoles: [clusterRole('r', rules)], clusterRoleBindings: [binding('b', 'ClusterRole/r', [user('helper')])] }));
    return firstOpinion(masters, rbacDecider(index));
  };
  const full = { 'Impersonate-User': 'bob', 'Impersonate-Group': 'dev', 'Impersonate-Uid': '7', 'Impersonate-Extra-scopes': 'view' };
  const all = [rule('users', '', ['bob']), rule('groups', '', ['dev']), rule('uids', 'authentication.k8s.io', ['7']), rule('userextras/scopes', 'authentication.k8s.io', ['view'])];
  const missing = ['users "bob"', 'groups "dev"', 'uids.authentication.k8s.io "7"', 'userextras.authentication.k8s.io "view"'];

  test('with all of them', async () => {
    expect(await become(full, helper, having(...all))).toEqual({ user: 'bob', groups: ['dev', 'system:authenticated'], uid: '7', extra: { scopes: ['view'] } });
  });

  test.each(missing.map((what, index) => [what, index] as const))('without %s', async (what, index) => {
    const refused = become(full, helper, having(...all.filter((_, at) => at !== index)));
    await expect(refused).rejects.toThrow(AuthError);
    await expect(refused).rejects.toThrow(`${what} is forbidden: User "helper" cannot impersonate resource`);
  });

  test('service accounts by namespace', async () => {
    const index = new RoleIndex(sources({ clusterRoles: [clusterRole('r', [rule('serviceaccounts')])], roleBindings: [binding('b', 'ClusterRole/r', [user('helper')], 'a')] }));
    expect((await become({ 'Impersonate-User': 'system:serviceaccount:a:bot' }, helper, rbacDecider(index)))?.user).toBe('system:serviceaccount:a:bot');
    await expect(become({ 'Impersonate-User': 'system:serviceaccount:b:bot' }, helper, rbacDecider(index))).rejects.toThrow(
      'serviceaccounts "bot" is forbidden: User "helper" cannot impersonate resource "serviceaccounts" in API group "" in the namespace "b"',
    );
  });
});

test('the record says who acted as whom', async () => {
  const req = request({ 'Impersonate-User': 'bob' });
  const record = openRecord(req);
  await new ImpersonatingAuthenticator({ authenticate: () => Promise.resolve(root) }, masters).authenticate(req);
  expect(record).toEqual({ identity: root, impersonated: { user: 'bob', groups: ['system:authenticated'] } });
});
