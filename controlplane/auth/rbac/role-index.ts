/**
 * Roles and bindings in memory, found by subject: a decision reads no store and looks only at the bindings of the one who asks.
 *
 * Invariants: follows its sources change by change, so it is as new as they are; bounded by the objects in the store. A binding whose
 * role is missing gives nothing until the role is there.
 */
import type { KubeObject } from '../../../crds/meta';
import { serviceAccountUser, type Identity } from '../identity';
import type { ClusterRole, PolicyRule, Role, RoleBinding, Subject } from './types';

/** What the index needs of a cache. */
export interface ObjectSource<T extends KubeObject> {
  values(): Iterable<T>;
  onChange(handler: (changes: readonly { type: 'ADDED' | 'MODIFIED' | 'DELETED'; object: T; old?: T }[]) => void): () => void;
}

export interface RoleSources {
  roles: ObjectSource<Role>;
  roleBindings: ObjectSource<RoleBinding>;
  clusterRoles: ObjectSource<ClusterRole>;
  clusterRoleBindings: ObjectSource<RoleBinding>;
}

/** A role's rules by the resources that they name, and those for URLs. */
export interface CompiledRole {
  rules: readonly PolicyRule[];
  byResource: ReadonlyMap<string, readonly PolicyRule[]>;
  urls: readonly PolicyRule[];
}

type Bindings = Map<string, RoleBinding>;

const userKey = (name: string): string => `U${name}`;
const groupKey = (name: string): string => `G${name}`;

export class RoleIndex {
  /** `namespace/name`; of a ClusterRole `/name`. */
  readonly #roles = new Map<string, CompiledRole>();
  readonly #cluster = new Map<string, Bindings>();
  /** By subject, then namespace. */
  readonly #namespaced = new Map<string, Map<string, Bindings>>();
  readonly #unsubscribe: (() => void)[] = [];

  /** @param sources filled already */
  constructor({ roles, roleBindings, clusterRoles, clusterRoleBindings }: RoleSources) {
    this.#follow(roles, (role) => this.#putRole(role), (role) => this.#roles.delete(roleKey(role)));
    this.#follow(clusterRoles, (role) => this.#putRole(role), (role) => this.#roles.delete(roleKey(role)));
    this.#follow(roleBindings, (binding) => this.#bind(binding), (binding) => this.#unbind(binding));
    this.#follow(clusterRoleBindings, (binding) => this.#bind(binding), (binding) => this.#unbind(binding));
  }

  stop(): void {
    for (const each of this.#unsubscribe.splice(0)) each();
  }

  /** The rules that a binding refers to; undefined when there is no such role. */
  roleOf({ roleRef: { kind, name }, metadata }: RoleBinding): CompiledRole | undefined {
    return this.#roles.get(kind === 'Role' ? `${metadata.namespace ?? ''}/${name}` : `/${name}`);
  }

  /** ClusterRoleBindings of the identity, then RoleBindings in the namespace ('*': in any; '': none), each in groups by subject. */
  bindings(identity: Identity, namespace: string): Iterable<RoleBinding>[] {
    const subjects = keysOf(identity);
    const found: Iterable<RoleBinding>[] = [];
    for (const subject of subjects) {
      const bound = this.#cluster.get(subject);
      if (bound) found.push(bound.values());
    }
    if (namespace === '') return found;
    for (const subject of subjects) {
      const spaces = this.#namespaced.get(subject);
      if (!spaces) continue;
      if (namespace === '*') for (const bound of spaces.values()) found.push(bound.values());
      else {
        const bound = spaces.get(namespace);
        if (bound) found.push(bound.values());
      }
    }
    return found;
  }

  #follow<T extends KubeObject>(source: ObjectSource<T>, put: (object: T) => void, remove: (object: T) => void): void {
    for (const object of source.values()) put(object);
    this.#unsubscribe.push(
      source.onChange((changes) => {
        for (const { type, object, old } of changes) {
          if (old) remove(old);
          if (type === 'DELETED') remove(object);
          else put(object);
        }
      }),
    );
  }

  #putRole(role: Role): void {
    this.#roles.set(roleKey(role), compile(role.rules ?? []));
  }

  #bind(binding: RoleBinding): void {
    const { namespace = '', name } = binding.metadata;
    for (const subject of subjectsOf(binding)) {
      if (namespace === '') entry(this.#cluster, subject).set(name, binding);
      else entry(spaceOf(this.#namespaced, subject), namespace).set(name, binding);
    }
  }

  #unbind(binding: RoleBinding): void {
    const { namespace = '', name } = binding.metadata;
    for (const subject of subjectsOf(binding)) {
      const bySubject = namespace === '' ? this.#cluster : this.#namespaced.get(subject);
      const key = namespace === '' ? subject : namespace;
      const bound = bySubject?.get(key);
      bound?.delete(name);
      if (bound?.size === 0) bySubject?.delete(key);
      if (this.#namespaced.get(subject)?.size === 0) this.#namespaced.delete(subject);
    }
  }
}

function entry(map: Map<string, Bindings>, key: string): Bindings {
  let found = map.get(key);
  if (!found) map.set(key, (found = new Map()));
  return found;
}

function spaceOf(map: Map<string, Map<string, Bindings>>, subject: string): Map<string, Bindings> {
  let found = map.get(subject);
  if (!found) map.set(subject, (found = new Map()));
  return found;
}

const roleKey = ({ metadata: { namespace = '', name } }: Role): string => `${namespace}/${name}`;

function compile(rules: readonly PolicyRule[]): CompiledRole {
  const byResource = new Map<string, PolicyRule[]>();
  for (const rule of rules) {
    for (const resource of new Set(rule.resources ?? [])) {
      const known = byResource.get(resource);
      if (known) known.push(rule);
      else byResource.set(resource, [rule]);
    }
  }
  return { rules, byResource, urls: rules.filter(({ nonResourceURLs }) => (nonResourceURLs ?? []).length > 0) };
}

/** Under which keys a binding is found: service accounts are users. */
function subjectsOf({ subjects, metadata }: RoleBinding): Set<string> {
  return new Set((subjects ?? []).flatMap((subject) => keyOfSubject(subject, metadata.namespace ?? '') ?? []));
}

function keyOfSubject({ kind, name, namespace }: Subject, bindingNamespace: string): string | undefined {
  switch (kind) {
    case 'User':
      return userKey(name);
    case 'Group':
      return groupKey(name);
    case 'ServiceAccount': {
      const of = namespace || bindingNamespace;
      return of === '' ? undefined : userKey(serviceAccountUser(of, name));
    }
    default:
      return undefined;
  }
}

const keys = new WeakMap<Identity, readonly string[]>();

/** Under which keys an identity's bindings are found. Identities of tokens are the same objects every time. */
function keysOf(identity: Identity): readonly string[] {
  let found = keys.get(identity);
  if (!found) keys.set(identity, (found = [userKey(identity.user), ...identity.groups.map(groupKey)]));
  return found;
}

/** The first subject of a binding that the identity is. */
export function subjectFor(identity: Identity, { subjects, metadata }: RoleBinding): Subject | undefined {
  const own = keysOf(identity);
  return (subjects ?? []).find((subject) => own.includes(keyOfSubject(subject, metadata.namespace ?? '') ?? ''));
}
