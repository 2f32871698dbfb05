/** Which rules an aggregated ClusterRole has: those of every ClusterRole that one of its selectors matches, in the order of their names. Pure. */
import type { LabelSelector, LabelSelectorRequirement, ClusterRole, PolicyRule } from '../../auth/rbac/types';

/** The aggregated roles whose rules are not what they should be, with the rules that they should have. */
export function planAggregation(roles: readonly ClusterRole[]): { role: ClusterRole; rules: PolicyRule[] }[] {
  const byName = [...roles].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  return byName.flatMap((role) => {
    if (!role.aggregationRule) return [];
    const rules = gathered(role, byName);
    return JSON.stringify(rules.map(canonical)) === JSON.stringify((role.rules ?? []).map(canonical)) ? [] : [{ role, rules }];
  });
}

function gathered(role: ClusterRole, byName: readonly ClusterRole[]): PolicyRule[] {
  const rules = new Map<string, PolicyRule>();
  for (const selector of role.aggregationRule?.clusterRoleSelectors ?? []) {
    for (const other of byName) {
      if (other.metadata.name === role.metadata.name || !selects(selector, other.metadata.labels ?? {})) continue;
      for (const rule of other.rules ?? []) {
        const key = JSON.stringify(canonical(rule));
        if (!rules.has(key)) rules.set(key, rule);
      }
    }
  }
  return [...rules.values()];
}

const canonical = ({ verbs, apiGroups, resources, resourceNames, nonResourceURLs }: PolicyRule): unknown[] =>
  [verbs, apiGroups, resources, resourceNames, nonResourceURLs].map((each) => each ?? []);

/** An empty selector matches everything. */
export function selects({ matchLabels = {}, matchExpressions = [] }: LabelSelector, labels: Readonly<Record<string, string>>): boolean {
  return Object.entries(matchLabels).every(([key, value]) => labels[key] === value) && matchExpressions.every((each) => holds(each, labels));
}

function holds({ key, operator, values = [] }: LabelSelectorRequirement, labels: Readonly<Record<string, string>>): boolean {
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    default:
      return false; // Validation lets no other in.
  }
}
