import { StoreFolder } from '../../store/sqlite/test-support';
import { AUTO_UPDATE, CLUSTER_ROLE_BINDING_DEFAULTS, CLUSTER_ROLE_DEFAULTS, ISSUER_ROLE, OPERATOR_ROLE, VIEWER_ROLE } from './defaults';
import { ensureDefaultRoles, reconcileBinding, reconcileRole } from './reconcile';
import { uncovered } from './rules';
import { binding, clusterRole, group, user } from './test-support';
import { CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES, type ClusterRole, type RoleBinding } from './types';

const rule = (...verbs: string[]) => ({ verbs, apiGroups: [''], resources: ['pods'] });

describe('a role', () => {
  const expected: ClusterRole = { ...clusterRole('r', [rule('get', 'list')]), metadata: { name: 'r', labels: { a: 'b' }, annotations: { [AUTO_UPDATE]: 'true' } } };
  test('that is as it should be is not written', () => {
    expect(reconcileRole({ ...expected, rules: [rule('list', 'get', 'watch')] }, expected)).toBeUndefined();
  });
  test('gets what it lacks and keeps what was added', () => {
    const existing = { ...expected, rules: [rule('get', 'delete')], metadata: { ...expected.metadata, labels: { c: 'd' }, uid: '1' } };
    expect(reconcileRole(existing, expected)).toEqual({ ...existing, metadata: { ...existing.metadata, labels: { a: 'b', c: 'd' } }, rules: [rule('get', 'delete'), rule('list')] });
  });
  test('that is not to be updated is left alone', () => {
    expect(reconcileRole(clusterRole('r', [], { metadata: { name: 'r', annotations: { [AUTO_UPDATE]: 'false' } } }), expected)).toBeUndefined();
  });
  test('gets selectors that it lacks; one that should not gather does not', () => {
    const [mine, theirs] = [{ matchLabels: { mine: 'true' } }, { matchLabels: { theirs: 'true' } }];
    const gathers = (...clusterRoleSelectors: (typeof mine | typeof theirs)[]): ClusterRole => ({ ...expected, rules: [rule('get', 'list')], aggregationRule: { clusterRoleSelectors } } as ClusterRole);
    expect(reconcileRole(gathers(theirs), gathers(mine))?.aggregationRule).toEqual({ clusterRoleSelectors: [theirs, mine] });
    expect(reconcileRole(gathers(theirs), expected)).toEqual(expected);
  });
});

describe('a binding', () => {
  const expected: RoleBinding = binding('b', 'ClusterRole/r', [group('g')]);
  test.each<[string, RoleBinding, RoleBinding | 'recreate' | undefined]>([
    ['the same', expected, undefined],
    ['with more subjects', binding('b', 'ClusterRole/r', [user('u'), group('g')]), undefined],
    ['without its subject', binding('b', 'ClusterRole/r', [user('u')]), binding('b', 'ClusterRole/r', [user('u'), group('g')])],
    ['to another role', binding('b', 'ClusterRole/other', [group('g')]), 'recreate'],
  ])('%s', (_, existing, next) => {
    expect(reconcileBinding(existing, expected)).toEqual(next);
  });
});

test('the defaults are made once, mended at the next start, and never taken away from', async () => {
  const folder = await StoreFolder.open();
  try {
    const { store } = folder;
    await ensureDefaultRoles(store);
    const before = await store.list(CLUSTER_ROLES);
    expect(before.items.map(({ metadata }) => metadata.name).sort()).toEqual(CLUSTER_ROLE_DEFAULTS.map(({ metadata }) => metadata.name).sort());
    expect((await store.list(CLUSTER_ROLE_BINDINGS)).items).toHaveLength(CLUSTER_ROLE_BINDING_DEFAULTS.length);
    await ensureDefaultRoles(store);
    expect((await store.list(CLUSTER_ROLES)).resourceVersion).toBe(before.resourceVersion);

    await store.delete(CLUSTER_ROLES, '', 'cluster-admin');
    const viewer = (await store.get<ClusterRole>(CLUSTER_ROLES, '', VIEWER_ROLE))!;
    await store.update<ClusterRole>(CLUSTER_ROLES, { ...viewer, rules: [rule('delete')] });
    const admins = (await store.get<RoleBinding>(CLUSTER_ROLE_BINDINGS, '', 'cluster-admin'))!;
    await store.update<RoleBinding>(CLUSTER_ROLE_BINDINGS, { ...admins, roleRef: { ...admins.roleRef, name: 'other' } });
    await ensureDefaultRoles(store);
    expect((await store.get<ClusterRole>(CLUSTER_ROLES, '', 'cluster-admin'))?.rules).toHaveLength(2);
    const mended = (await store.get<ClusterRole>(CLUSTER_ROLES, '', VIEWER_ROLE))!.rules!;
    expect([mended[0], uncovered(mended, viewer.rules!)]).toEqual([rule('delete'), []]);
    expect((await store.get<RoleBinding>(CLUSTER_ROLE_BINDINGS, '', 'cluster-admin'))?.roleRef.name).toBe('cluster-admin');
  } finally {
    await folder.remove();
  }
});

test('the operator can make issuers and viewers without being able to make operators', () => {
  const rulesOf = (name: string) => CLUSTER_ROLE_DEFAULTS.find(({ metadata }) => metadata.name === name)!.rules!;
  const bind = rulesOf(OPERATOR_ROLE).filter(({ verbs }) => verbs.includes('bind'));
  expect(bind).toEqual([{ verbs: ['bind'], apiGroups: ['rbac.authorization.k8s.io'], resources: ['clusterroles'], resourceNames: [ISSUER_ROLE, VIEWER_ROLE] }]);
  expect(rulesOf(OPERATOR_ROLE).some(({ verbs }) => verbs.includes('escalate') || verbs.includes('impersonate'))).toBe(false);
});
