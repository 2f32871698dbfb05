/**
 * Nobody grants what they do not have: a role may hold, and a binding may give, only rights of the one who writes it in that namespace;
 * but for those who may `escalate` that role, or `bind` the role that is bound. Members of `system:masters` may everything.
 */
import type { KubeObject } from '../../../crds/meta';
import { MASTERS, type Decider } from '../authorizer';
import { AuthError, type Identity } from '../identity';
import { rulesFor } from './authorizer';
import type { RoleIndex } from './role-index';
import { compact, showList, showRule, uncovered } from './rules';
import { RBAC_GROUP, type ClusterRole, type PolicyRule, type RoleBinding } from './types';

const EVERYTHING: readonly PolicyRule[] = [
  { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
  { verbs: ['*'], nonResourceURLs: ['*'] },
];

export interface RbacWrite {
  identity: Identity;
  /** roles, rolebindings, clusterroles, clusterrolebindings */
  plural: string;
  /** '' for what is cluster-scoped. */
  namespace: string;
  /** As the URL says; '' on create. */
  requestName: string;
  object: KubeObject;
  old?: KubeObject;
}

/** @throws AuthError 403 for rights that the writer does not have */
export function refuseEscalation(index: RoleIndex, decide: Decider, write: RbacWrite): void {
  const { identity, old, object } = write;
  if (identity.groups.includes(MASTERS)) return;
  if (old && onlyForCollection(object, old)) return;
  if (write.plural === 'roles' || write.plural === 'clusterroles') checkRole(index, decide, write);
  else checkBinding(index, decide, write);
}

function checkRole(index: RoleIndex, decide: Decider, { identity, plural, namespace, requestName, object, old }: RbacWrite): void {
  const resource = { group: RBAC_GROUP, plural, subresource: '', namespace, name: requestName };
  if (decide(identity, { verb: 'escalate', resource, path: '' }).outcome === 'allow') return;
  const role = object as ClusterRole;
  refuseMissing(index, identity, plural, namespace, object.metadata.name, role.rules ?? []);
  if (plural === 'clusterroles' && (aggregates(role) || (old !== undefined && aggregates(old as ClusterRole)))) {
    if (uncovered(rulesFor(index, identity, namespace).rules, EVERYTHING).length > 0) {
      throw forbidden(plural, object.metadata.name, 'must have cluster-admin privileges to use the aggregationRule');
    }
  }
}

const aggregates = ({ aggregationRule }: ClusterRole): boolean => (aggregationRule?.clusterRoleSelectors ?? []).length > 0;

function checkBinding(index: RoleIndex, decide: Decider, { identity, plural, namespace, object }: RbacWrite): void {
  const binding = object as RoleBinding;
  const { roleRef } = binding;
  // Another kind, group or no name fails validation, which comes after this.
  if (typeof roleRef !== 'object' || roleRef === null || (roleRef.kind !== 'Role' && roleRef.kind !== 'ClusterRole')) return;
  const { apiGroup: group, kind, name } = roleRef;
  const resource = { group, plural: kind === 'Role' ? 'roles' : 'clusterroles', subresource: '', namespace, name };
  if (decide(identity, { verb: 'bind', resource, path: '' }).outcome === 'allow') return;
  const role = index.roleOf({ ...binding, metadata: { ...binding.metadata, namespace } });
  if (!role) throw notFound(plural, name);
  refuseMissing(index, identity, plural, namespace, object.metadata.name, role.rules);
}

function refuseMissing(index: RoleIndex, identity: Identity, plural: string, namespace: string, name: string, wanted: readonly PolicyRule[]): void {
  const { rules, error } = rulesFor(index, identity, namespace);
  const missing = uncovered(rules, wanted.filter(({ verbs }) => Array.isArray(verbs)));
  if (missing.length === 0) return;
  const lines = [...new Set(compact(missing).map(showRule))].sort();
  const unresolved = error === '' ? '' : `; resolution errors: [${error}]`;
  const who = `user ${JSON.stringify(identity.user)} (groups=${showList(identity.groups)})`;
  throw forbidden(plural, name, `${who} is attempting to grant RBAC permissions not currently held:\n${lines.join('\n')}${unresolved}`);
}

function forbidden(plural: string, name: string, why: string): AuthError {
  return new AuthError(403, 'Forbidden', `${plural}.${RBAC_GROUP} ${JSON.stringify(name)} is forbidden: ${why}`, { name, group: RBAC_GROUP, kind: plural });
}

/** Of the role, named as kube-apiserver names it: by the resource of the request. */
function notFound(plural: string, name: string): AuthError {
  return new AuthError(404, 'NotFound', `${plural}.${RBAC_GROUP} ${JSON.stringify(name)} not found`, { name, group: RBAC_GROUP, kind: plural });
}

/** Whether only what the garbage collector writes differs: owners and finalizers. */
function onlyForCollection(object: KubeObject, old: KubeObject): boolean {
  return same(withoutCollected(object), withoutCollected(old));
}

function withoutCollected(object: KubeObject): object {
  const metadata: Record<string, unknown> = { ...object.metadata };
  for (const field of ['ownerReferences', 'finalizers', 'managedFields', 'resourceVersion']) delete metadata[field];
  return { ...object, metadata };
}

/** Equal whatever the order of fields; empty and absent count as the same. */
function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 0 ? undefined : value.map(sorted);
  if (typeof value !== 'object' || value === null) return value ?? undefined;
  const entries = Object.entries(value).filter(([, each]) => each !== null && each !== undefined);
  return Object.fromEntries(entries.sort(([x], [y]) => (x < y ? -1 : 1)).map(([key, each]) => [key, sorted(each)]));
}
