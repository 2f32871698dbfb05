/** Whoever is let grant rights has them: no request is allowed by what was granted that was not allowed to the granter. */
import fc from 'fast-check';

import type { Attributes } from '../authorizer';
import { AuthError, type Identity } from '../identity';
import { rbacDecider } from './authorizer';
import { refuseEscalation } from './escalation';
import { RoleIndex } from './role-index';
import { ruleAllows } from './rules';
import { binding, clusterRole, role, sources, user } from './test-support';
import type { PolicyRule } from './types';

const some = (...values: string[]) => fc.subarray(values, { minLength: 1 });
const VERBS = ['get', 'list', 'bind', 'escalate'];
const GROUPS = ['', 'gleaner.dev'];
const PLURALS = ['jobs', 'tasks'];
const NAMES = ['', 'x', 'y'];
const resourceRule: fc.Arbitrary<PolicyRule> = fc.record({
  verbs: some('get', 'list', '*'), apiGroups: some(...GROUPS, '*'), resources: some('jobs', 'tasks', 'jobs/status', '*/status', '*'),
  resourceNames: fc.option(some('x', 'y'), { nil: undefined }),
});
const urlRule: fc.Arbitrary<PolicyRule> = fc.record({ verbs: some('get', 'list', '*'), nonResourceURLs: some('/a', '/a/b', '/a/*', '/*', '*') });
const rules = (from: fc.Arbitrary<PolicyRule>) => fc.array(from, { minLength: 1, maxLength: 3 });

const requests: Attributes[] = [
  ...VERBS.flatMap((verb) => GROUPS.flatMap((group) => PLURALS.flatMap((plural) => ['', 'status', 'scale'].flatMap((subresource) => NAMES.map((name) => ({ verb, resource: { group, plural, subresource, namespace: 'a', name }, path: '' })))))),
  ...VERBS.flatMap((verb) => ['/a', '/a/b', '/a/b/c', '/ab', '/c', '/'].map((path) => ({ verb, path }))),
];
const ann: Identity = { user: 'ann', groups: [] };

const allowedTo = (decide: ReturnType<typeof rbacDecider>, attributes: Attributes): boolean => decide(ann, attributes).outcome === 'allow';

function granted(call: () => void): boolean {
  try {
    call();
    return true;
  } catch (error) {
    if (error instanceof AuthError) return false;
    throw error;
  }
}

test('a ClusterRole, and a binding of one', () => {
  let grants = 0;
  const any = fc.oneof(resourceRule, urlRule);
  fc.assert(fc.property(rules(any), fc.oneof({ weight: 3, arbitrary: rules(any) }, { weight: 1, arbitrary: fc.constant(undefined) }), (held, wanted) => {
    const want = wanted ?? held;
    const index = new RoleIndex(sources({ clusterRoles: [clusterRole('held', held), clusterRole('wanted', want)], clusterRoleBindings: [binding('b', 'ClusterRole/held', [user('ann')])] }));
    const decide = rbacDecider(index);
    const write = { identity: ann, namespace: '', requestName: '' };
    const byRole = granted(() => refuseEscalation(index, decide, { ...write, plural: 'clusterroles', object: clusterRole('new', want) }));
    const byBinding = granted(() => refuseEscalation(index, decide, { ...write, plural: 'clusterrolebindings', object: binding('new', 'ClusterRole/wanted', [user('bob')]) }));
    const excess = requests.filter((each) => want.some((rule) => ruleAllows(rule, each)) && !allowedTo(decide, each));
    // Who may everything to all resources of all groups may escalate and bind too, and is let through by that right.
    const special = held.some(({ verbs, apiGroups = [], resources = [] }) => verbs.includes('*') && apiGroups.includes('*') && resources.includes('*'));
    if (byRole || byBinding) grants += 1;
    expect((byRole || byBinding) && !special ? excess : []).toEqual([]);
    expect(wanted === undefined ? byRole && byBinding : true).toBe(true);
  }), { numRuns: 1500 });
  expect(grants).toBeGreaterThan(300);
});

test('a Role: what is held in another namespace does not count', () => {
  let refusedElsewhere = 0;
  fc.assert(fc.property(rules(resourceRule), (held) => {
    const index = new RoleIndex(sources({ roles: [role('a', 'held', held)], roleBindings: [binding('b', 'Role/held', [user('ann')], 'a')] }));
    const decide = rbacDecider(index);
    const grant = (namespace: string): boolean => granted(() => refuseEscalation(index, decide, { identity: ann, plural: 'roles', namespace, requestName: '', object: role(namespace, 'new', held) }));
    expect(grant('a')).toBe(true);
    expect(grant('b')).toBe(false);
    refusedElsewhere += 1;
  }), { numRuns: 300 });
  expect(refusedElsewhere).toBe(300);
});
