/** Decides by roles and bindings. */
import type { Attributes, Decider, Decision } from '../authorizer';
import type { Identity } from '../identity';
import { subjectFor, type CompiledRole, type RoleIndex } from './role-index';
import { ruleAllows } from './rules';
import { RBAC_GROUP, type PolicyRule, type RoleBinding } from './types';

const NO_OPINION = { outcome: 'none', reason: '' } as const;

/** Hardly anybody asks for the reason: it is made when somebody does. */
class Allowed implements Decision {
  readonly outcome = 'allow';

  constructor(private readonly identity: Identity, private readonly binding: RoleBinding) {}

  get reason(): string {
    return `RBAC: allowed by ${describe(this.identity, this.binding)}`;
  }
}

/** Never denies: what no role allows is left to others. The reason names the binding that allows, or the roles that are missing. */
export function rbacDecider(index: RoleIndex): Decider {
  return (identity, attributes) => {
    const { resource } = attributes;
    const namespace = resource?.anyNamespace ? '*' : (resource?.namespace ?? '');
    let missing: RoleBinding[] | undefined;
    for (const group of index.bindings(identity, namespace)) {
      for (const binding of group) {
        const role = index.roleOf(binding);
        if (!role) (missing ??= []).push(binding);
        else if (roleAllows(role, attributes)) return new Allowed(identity, binding);
      }
    }
    return missing ? { outcome: 'none', reason: `RBAC: ${missingRoles(missing)}` } : NO_OPINION;
  };
}

function roleAllows({ byResource, urls }: CompiledRole, attributes: Attributes): boolean {
  const allows = (rule: PolicyRule): boolean => ruleAllows(rule, attributes);
  const { resource } = attributes;
  if (!resource) return urls.some(allows);
  const { plural, subresource } = resource;
  if (byResource.get('*')?.some(allows)) return true;
  if (subresource === '') return byResource.get(plural)?.some(allows) ?? false;
  return (byResource.get(`${plural}/${subresource}`)?.some(allows) ?? false) || (byResource.get(`*/${subresource}`)?.some(allows) ?? false);
}

/** `ClusterRoleBinding "admins" of ClusterRole "cluster-admin" to Group "lab"` */
function describe(identity: Identity, binding: RoleBinding): string {
  const { metadata: { namespace = '', name }, roleRef } = binding;
  const subject = subjectFor(identity, binding);
  const of = subject?.kind === 'ServiceAccount' ? `${subject.name}/${subject.namespace || namespace}` : (subject?.name ?? '');
  const which = namespace === '' ? `ClusterRoleBinding ${JSON.stringify(name)}` : `RoleBinding ${JSON.stringify(`${name}/${namespace}`)}`;
  return `${which} of ${roleRef.kind} ${JSON.stringify(roleRef.name)} to ${subject?.kind ?? ''} ${JSON.stringify(of)}`;
}

function missingRoles(bindings: readonly RoleBinding[]): string {
  const words = [...new Set(bindings.map(({ roleRef: { kind, name } }) => `${kind.toLowerCase()}.${RBAC_GROUP} ${JSON.stringify(name)} not found`))];
  return words.length === 1 ? words[0] : `[${words.join(', ')}]`;
}

/** Every rule that applies to the identity in a namespace ('': at the cluster scope), and what could not be resolved. */
export function rulesFor(index: RoleIndex, identity: Identity, namespace: string): { rules: PolicyRule[]; error: string } {
  const rules: PolicyRule[] = [];
  const missing: RoleBinding[] = [];
  for (const binding of new Set(index.bindings(identity, namespace).flatMap((group) => [...group]))) {
    const role = index.roleOf(binding);
    if (role) rules.push(...role.rules);
    else missing.push(binding);
  }
  return { rules, error: missing.length === 0 ? '' : missingRoles(missing) };
}
