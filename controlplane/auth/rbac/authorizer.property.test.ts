/** Random roles, bindings and requests, changed one by one: the index decides as a model does that looks at everything each time. */
import fc from 'fast-check';

import type { Attributes } from '../authorizer';
import type { Identity } from '../identity';
import { rbacDecider, rulesFor } from './authorizer';
import { RoleIndex } from './role-index';
import { sources, type TestSources } from './test-support';
import { RBAC_GROUP, type ClusterRole, type PolicyRule, type Role, type RoleBinding, type Subject } from './types';

const pick = (...values: string[]) => fc.constantFrom(...values);
const some = (...values: string[]) => fc.subarray(values, { minLength: 1 });
const NAMESPACES = ['a', 'b'];
const ROLE_NAMES = ['r1', 'r2'];

const policyRule: fc.Arbitrary<PolicyRule> = fc.oneof(
  fc.record({
    verbs: some('get', 'list', '*'), apiGroups: some('', 'gleaner.dev', '*'), resources: some('jobs', 'tasks', 'jobs/status', '*/status', '*'),
    resourceNames: fc.option(some('x', 'y'), { nil: undefined }),
  }),
  fc.record({ verbs: some('get', 'post', '*'), nonResourceURLs: some('/metrics', '/ledger/*', '*') }),
);
const subject: fc.Arbitrary<Subject> = fc.oneof(
  pick('alice', 'bob', 'system:serviceaccount:a:bot').map((name) => ({ kind: 'User', apiGroup: RBAC_GROUP, name })),
  pick('dev', 'ops').map((name) => ({ kind: 'Group', apiGroup: RBAC_GROUP, name })),
  fc.record({ kind: fc.constant('ServiceAccount'), name: pick('bot'), namespace: fc.option(pick(...NAMESPACES), { nil: undefined }) }),
);
const rules = fc.array(policyRule, { minLength: 1, maxLength: 4 });
const rarely = fc.integer({ min: 0, max: 5 }).map((n) => n === 0);
const meta = (scoped: boolean, name: string, namespace: string) => ({ name, ...(scoped && { namespace }) });

type Step = (all: TestSources) => void;
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ namespace: pick(...NAMESPACES), name: pick(...ROLE_NAMES), rules, gone: rarely, scoped: fc.boolean() }).map(({ namespace, name, rules, gone, scoped }) => (all: TestSources) => {
    const object: Role = { apiVersion: `${RBAC_GROUP}/v1`, kind: scoped ? 'Role' : 'ClusterRole', metadata: meta(scoped, name, namespace), rules };
    const at = scoped ? all.roles : all.clusterRoles;
    if (gone) at.remove(object as ClusterRole);
    else at.put(object as ClusterRole);
  }),
  fc.record({ namespace: pick(...NAMESPACES), name: pick('b1', 'b2'), to: pick(...ROLE_NAMES), subjects: fc.array(subject, { minLength: 1, maxLength: 4 }), gone: rarely, scoped: fc.boolean(), local: fc.boolean() })
    .map(({ namespace, name, to, subjects, gone, scoped, local }) => (all: TestSources) => {
      const roleRef = { apiGroup: RBAC_GROUP, kind: scoped && local ? 'Role' : 'ClusterRole', name: to };
      const object: RoleBinding = { apiVersion: `${RBAC_GROUP}/v1`, kind: scoped ? 'RoleBinding' : 'ClusterRoleBinding', metadata: meta(scoped, name, namespace), roleRef, subjects };
      const at = scoped ? all.roleBindings : all.clusterRoleBindings;
      if (gone) at.remove(object);
      else at.put(object);
    }),
);

const identity: fc.Arbitrary<Identity> = fc.record({ user: pick('alice', 'bob', 'carol', 'system:serviceaccount:a:bot', 'system:serviceaccount:b:bot'), groups: fc.subarray(['dev', 'ops']) });
const request: fc.Arbitrary<Attributes> = fc.oneof(
  fc.record({ verb: pick('get', 'list'), path: fc.constant(''), resource: fc.record({
    group: pick('', 'gleaner.dev'), plural: pick('jobs', 'tasks'), subresource: pick('', '', 'status'), namespace: pick('', ...NAMESPACES), name: pick('', 'x', 'z'),
    anyNamespace: fc.option(fc.constant(true), { nil: undefined, freq: 8 }),
  }) }),
  fc.record({ verb: pick('get', 'post'), path: pick('/metrics', '/ledger/verify', '/other') }),
);

// ---------------------------------------------------------------- the model: as the documentation of RBAC says it, without any index

const matches = (set: readonly string[] | undefined, value: string): boolean => (set ?? []).some((each) => each === '*' || each === value);

function modelRule(rule: PolicyRule, { verb, resource, path }: Attributes): boolean {
  if (!matches(rule.verbs, verb)) return false;
  if (!resource) return (rule.nonResourceURLs ?? []).some((each) => (each.endsWith('*') ? path.startsWith(each.slice(0, -1)) : each === path));
  const { group, plural, subresource, name } = resource;
  const full = subresource === '' ? plural : `${plural}/${subresource}`;
  const ofResource = (rule.resources ?? []).some((each) => each === '*' || each === full || (subresource !== '' && each === `*/${subresource}`));
  return matches(rule.apiGroups, group) && ofResource && (rule.resourceNames === undefined || rule.resourceNames.includes(name));
}

function applies(to: Subject, who: Identity, namespace: string): boolean {
  if (to.kind === 'User') return to.name === who.user;
  if (to.kind === 'Group') return who.groups.includes(to.name);
  const of = to.namespace ?? namespace;
  return of !== '' && who.user === `system:serviceaccount:${of}:${to.name}`;
}

function modelRules(all: TestSources, who: Identity, attributes: Attributes): PolicyRule[] {
  const { resource } = attributes;
  const inScope = (each: RoleBinding): boolean => resource?.anyNamespace === true || each.metadata.namespace === resource?.namespace;
  const bound = [...all.clusterRoleBindings.values(), ...[...all.roleBindings.values()].filter(inScope)]
    .filter(({ subjects, metadata }) => (subjects ?? []).some((each) => applies(each, who, metadata.namespace ?? '')));
  return bound.flatMap(({ roleRef, metadata }) => {
    const found = roleRef.kind === 'Role'
      ? [...all.roles.values()].find((each) => each.metadata.name === roleRef.name && each.metadata.namespace === metadata.namespace)
      : [...all.clusterRoles.values()].find((each) => each.metadata.name === roleRef.name);
    return [...(found?.rules ?? [])];
  });
}

const ALLOWED_BY = /^RBAC: allowed by (ClusterRoleBinding "b\d"|RoleBinding "b\d\/[ab]") of (ClusterRole|Role) "r\d" to (User|Group|ServiceAccount) ".+"$/;

test('the index decides as the model, whatever came before', () => {
  let allowed = 0;
  fc.assert(
    fc.property(fc.array(step, { minLength: 10, maxLength: 40, size: 'max' }), fc.array(fc.tuple(identity, request), { minLength: 1, maxLength: 8 }), (steps, asked) => {
      const all = sources();
      const index = new RoleIndex(all);
      const decide = rbacDecider(index);
      for (const each of steps) {
        each(all);
        for (const [who, attributes] of asked) {
          const expected = modelRules(all, who, attributes).some((rule) => modelRule(rule, attributes));
          const { outcome, reason } = decide(who, attributes);
          expect(outcome).toBe(expected ? 'allow' : 'none');
          expect(reason).toMatch(expected ? ALLOWED_BY : /^$|not found/);
          if (expected) allowed += 1;
        }
      }
      // The rules that are listed are those that decide.
      for (const [who, attributes] of asked) {
        if (attributes.resource?.anyNamespace) continue;
        const shown = (list: readonly PolicyRule[]): string[] => [...new Set(list.map((each) => JSON.stringify(each)))].sort();
        expect(shown(rulesFor(index, who, attributes.resource?.namespace ?? '').rules)).toEqual(shown(modelRules(all, who, attributes)));
      }
      // An index that is made now is the same as one that followed along.
      const fresh = rbacDecider(new RoleIndex(all));
      for (const [who, attributes] of asked) expect(fresh(who, attributes).outcome).toBe(decide(who, attributes).outcome);
    }),
    { numRuns: 400 },
  );
  // Neither side is right by refusing everything.
  expect(allowed).toBeGreaterThan(1000);
});
