/** Roles and bindings for tests, and a cache of them that tests change by hand. */
import type { KubeObject } from '../../../crds/meta';
import type { ObjectSource, RoleSources } from './role-index';
import { RBAC_GROUP, type ClusterRole, type PolicyRule, type Role, type RoleBinding, type Subject } from './types';

const API_VERSION = `${RBAC_GROUP}/v1`;

export const clusterRole = (name: string, rules: readonly PolicyRule[], more: Partial<ClusterRole> = {}): ClusterRole => ({ apiVersion: API_VERSION, kind: 'ClusterRole', metadata: { name }, rules, ...more });
export const role = (namespace: string, name: string, rules: readonly PolicyRule[]): Role => ({ apiVersion: API_VERSION, kind: 'Role', metadata: { namespace, name }, rules });

/** `to`: `ClusterRole/name` or `Role/name`; cluster-wide without a namespace. */
export function binding(name: string, to: string, subjects: readonly Subject[], namespace?: string): RoleBinding {
  const [kind, of] = to.split('/');
  return {
    apiVersion: API_VERSION, kind: namespace === undefined ? 'ClusterRoleBinding' : 'RoleBinding',
    metadata: { name, ...(namespace !== undefined && { namespace }) }, roleRef: { apiGroup: RBAC_GROUP, kind, name: of }, subjects,
  };
}

export const user = (name: string): Subject => ({ kind: 'User', apiGroup: RBAC_GROUP, name });
export const group = (name: string): Subject => ({ kind: 'Group', apiGroup: RBAC_GROUP, name });
export const account = (name: string, namespace?: string): Subject => ({ kind: 'ServiceAccount', name, ...(namespace !== undefined && { namespace }) });

const keyOf = ({ metadata }: KubeObject): string => `${metadata.namespace ?? ''}/${metadata.name}`;

export class Objects<T extends KubeObject> implements ObjectSource<T> {
  readonly #objects = new Map<string, T>();
  #handler: Parameters<ObjectSource<T>['onChange']>[0] = () => undefined;

  constructor(objects: readonly T[] = []) {
    for (const each of objects) this.#objects.set(keyOf(each), each);
  }

  values(): Iterable<T> {
    return this.#objects.values();
  }

  onChange(handler: Parameters<ObjectSource<T>['onChange']>[0]): () => void {
    this.#handler = handler;
    return () => (this.#handler = () => undefined);
  }

  put(object: T): void {
    const old = this.#objects.get(keyOf(object));
    this.#objects.set(keyOf(object), object);
    this.#handler([old ? { type: 'MODIFIED', object, old } : { type: 'ADDED', object }]);
  }

  remove(object: T): void {
    const old = this.#objects.get(keyOf(object));
    if (!old) return;
    this.#objects.delete(keyOf(object));
    this.#handler([{ type: 'DELETED', object: old, old }]);
  }
}

export type TestSources = { [K in keyof RoleSources]: RoleSources[K] extends ObjectSource<infer T> ? Objects<T> : never };

export function sources(all: { roles?: Role[]; roleBindings?: RoleBinding[]; clusterRoles?: ClusterRole[]; clusterRoleBindings?: RoleBinding[] } = {}): TestSources {
  return {
    roles: new Objects(all.roles), roleBindings: new Objects(all.roleBindings),
    clusterRoles: new Objects(all.clusterRoles), clusterRoleBindings: new Objects(all.clusterRoleBindings),
  };
}
