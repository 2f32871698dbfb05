import { firstOpinion, masters, MASTERS } from '../authorizer';
import { AuthError, type Identity } from '../identity';
import { rbacDecider } from './authorizer';
import { refuseEscalation, type RbacWrite } from './escalation';
import { RoleIndex } from './role-index';
import { binding, clusterRole, group, role, sources, user } from './test-support';
import { RBAC_GROUP, type ClusterRole, type PolicyRule } from './types';

const reads: PolicyRule = { verbs: ['get', 'list'], apiGroups: [''], resources: ['pods'] };
const writes: PolicyRule = { verbs: ['create'], apiGroups: [''], resources: ['pods'] };
const EVERYTHING: PolicyRule[] = [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }, { verbs: ['*'], nonResourceURLs: ['*'] }];
const may = (verb: string, plural: string, resourceNames?: string[]): PolicyRule => ({ verbs: [verb], apiGroups: [RBAC_GROUP], resources: [plural], ...(resourceNames && { resourceNames }) });

const alice: Identity = { user: 'alice', groups: ['lab', 'system:authenticated'] };

/** alice may read pods in namespace a and what `more` says everywhere. */
function world(more: PolicyRule[] = []) {
  const index = new RoleIndex(sources({
    clusterRoles: [clusterRole('reads', [reads]), clusterRole('writes', [reads, writes]), clusterRole('more', more)],
    roles: [role('a', 'local', [writes])],
    roleBindings: [binding('b', 'ClusterRole/reads', [user('alice')], 'a')],
    clusterRoleBindings: [binding('m', 'ClusterRole/more', [group('lab')])],
  }));
  return { index, decide: firstOpinion(masters, rbacDecider(index)) };
}

function refusal(write: Partial<RbacWrite> & Pick<RbacWrite, 'plural' | 'object'>, more: PolicyRule[] = []): string | undefined {
  const { index, decide } = world(more);
  try {
    refuseEscalation(index, decide, { identity: alice, namespace: 'a', requestName: '', ...write });
    return undefined;
  } catch (error) {
    if (error instanceof AuthError) return error.message;
    throw error;
  }
}

const NOT_HELD = 'user "alice" (groups=["lab" "system:authenticated"]) is attempting to grant RBAC permissions not currently held:\n';

describe('roles', () => {
  test('of what the writer has', () => {
    expect(refusal({ plural: 'roles', object: role('a', 'r', [reads]) })).toBeUndefined();
  });
  test('of more are refused in the words of kube-apiserver, with only what is missing', () => {
    expect(refusal({ plural: 'roles', object: role('a', 'r', [reads, writes, { verbs: ['get', 'delete'], apiGroups: [''], resources: ['secrets'] }]) })).toBe(
      `roles.${RBAC_GROUP} "r" is forbidden: ${NOT_HELD}{APIGroups:[""], Resources:["pods"], Verbs:["create"]}\n{APIGroups:[""], Resources:["secrets"], Verbs:["get" "delete"]}`,
    );
  });
  test('what one has in a namespace one has not in another, nor everywhere', () => {
    expect(refusal({ plural: 'roles', namespace: 'b', object: role('b', 'r', [reads]) })).toContain(NOT_HELD);
    expect(refusal({ plural: 'clusterroles', namespace: '', object: clusterRole('r', [reads]) })).toContain(NOT_HELD);
  });
  test('whoever may escalate them may write any', () => {
    expect(refusal({ plural: 'roles', object: role('a', 'r', [writes]) }, [may('escalate', 'roles')])).toBeUndefined();
    expect(refusal({ plural: 'roles', requestName: 'r', object: role('a', 'r', [writes]) }, [may('escalate', 'roles', ['r'])])).toBeUndefined();
    expect(refusal({ plural: 'roles', requestName: 's', object: role('a', 's', [writes]) }, [may('escalate', 'roles', ['r'])])).toContain(NOT_HELD);
    expect(refusal({ plural: 'clusterroles', namespace: '', object: clusterRole('r', [writes]) }, [may('escalate', 'roles')])).toContain(NOT_HELD);
  });
  test('that gather rules need everything', () => {
    const gathers = (name: string): ClusterRole => clusterRole(name, [], { aggregationRule: { clusterRoleSelectors: [{ matchLabels: { x: 'y' } }] } });
    const why = `clusterroles.${RBAC_GROUP} "r" is forbidden: must have cluster-admin privileges to use the aggregationRule`;
    expect(refusal({ plural: 'clusterroles', namespace: '', object: gathers('r') })).toBe(why);
    expect(refusal({ plural: 'clusterroles', namespace: '', object: clusterRole('r', []), old: gathers('r') })).toBe(why);
    expect(refusal({ plural: 'clusterroles', namespace: '', object: gathers('r') }, EVERYTHING)).toBeUndefined();
  });
  test('in which only owners and finalizers change are the garbage collector\'s', () => {
    const old = role('a', 'r', [writes]);
    const object = { ...old, metadata: { ...old.metadata, finalizers: ['x/y'] } };
    expect(refusal({ plural: 'roles', object, old })).toBeUndefined();
    expect(refusal({ plural: 'roles', object: { ...object, metadata: { ...object.metadata, labels: { a: 'b' } } }, old })).toContain(NOT_HELD);
  });
});

describe('bindings', () => {
  test('of a role that the writer has', () => {
    expect(refusal({ plural: 'rolebindings', object: binding('x', 'ClusterRole/reads', [user('bob')], 'a') })).toBeUndefined();
  });
  test('of a role with more', () => {
    expect(refusal({ plural: 'rolebindings', object: binding('x', 'ClusterRole/writes', [user('bob')], 'a') })).toBe(
      `rolebindings.${RBAC_GROUP} "x" is forbidden: ${NOT_HELD}{APIGroups:[""], Resources:["pods"], Verbs:["create"]}`,
    );
    expect(refusal({ plural: 'rolebindings', object: binding('x', 'Role/local', [user('bob')], 'a') })).toContain(NOT_HELD);
    expect(refusal({ plural: 'clusterrolebindings', namespace: '', object: binding('x', 'ClusterRole/reads', [user('bob')]) })).toContain(NOT_HELD);
  });
  test('whoever may bind a role may bind it there', () => {
    const bind = may('bind', 'clusterroles', ['writes']);
    expect(refusal({ plural: 'rolebindings', object: binding('x', 'ClusterRole/writes', [user('bob')], 'a') }, [bind])).toBeUndefined();
    expect(refusal({ plural: 'rolebindings', object: binding('x', 'Role/local', [user('bob')], 'a') }, [bind])).toContain(NOT_HELD);
  });
  test('of a role that is not there', () => {
    expect(refusal({ plural: 'rolebindings', object: binding('x', 'ClusterRole/none', [user('bob')], 'a') })).toBe(`rolebindings.${RBAC_GROUP} "none" not found`);
  });
  test('of nothing are for validation to refuse', () => {
    expect(refusal({ plural: 'rolebindings', object: { ...binding('x', 'Pod/x', [], 'a') } })).toBeUndefined();
    expect(refusal({ plural: 'rolebindings', object: { ...binding('x', 'Role/x', [], 'a'), roleRef: null } as never })).toBeUndefined();
  });
});

test('masters may grant anything', () => {
  expect(refusal({ identity: { user: 'root', groups: [MASTERS] }, plural: 'clusterroles', namespace: '', object: clusterRole('r', EVERYTHING) })).toBeUndefined();
});

test('roles that cannot be found are said with the refusal', () => {
  const index = new RoleIndex(sources({ roleBindings: [binding('b', 'Role/gone', [user('alice')], 'a')] }));
  expect(() => refuseEscalation(index, rbacDecider(index), { identity: alice, plural: 'roles', namespace: 'a', requestName: '', object: role('a', 'r', [reads]) }))
    .toThrow(`; resolution errors: [role.${RBAC_GROUP} "gone" not found]`);
});
