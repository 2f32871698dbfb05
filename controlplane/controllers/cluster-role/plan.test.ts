import { clusterRole } from '../../auth/rbac/test-support';
import type { ClusterRole, LabelSelector } from '../../auth/rbac/types';
import { planAggregation, selects } from './plan';

const rule = (verb: string) => ({ verbs: [verb], apiGroups: [''], resources: ['pods'] });
const part = (name: string, verb: string, labels: Record<string, string>): ClusterRole => clusterRole(name, [rule(verb)], { metadata: { name, labels } });
const whole = (rules: ClusterRole['rules'], ...clusterRoleSelectors: LabelSelector[]): ClusterRole => clusterRole('whole', rules ?? [], { aggregationRule: { clusterRoleSelectors } });
const A = { matchLabels: { to: 'a' } };

test('a role gathers the rules of those that it selects, each once, by name, without its own', () => {
  const roles = [part('z', 'list', { to: 'a' }), part('b', 'get', { to: 'a' }), part('c', 'get', { to: 'a' }), part('other', 'delete', { to: 'x' }), whole([rule('watch')], A)];
  expect(planAggregation(roles)).toEqual([{ role: roles[4], rules: [rule('get'), rule('list')] }]);
  expect(planAggregation([roles[0], roles[1], whole([rule('get'), rule('list')], A)])).toEqual([]);
});

test('what nothing matches is empty; a role that gathers nothing is not touched', () => {
  expect(planAggregation([whole([rule('get')], A)])).toEqual([{ role: whole([rule('get')], A), rules: [] }]);
  expect(planAggregation([clusterRole('plain', [rule('get')])])).toEqual([]);
});

test.each<[LabelSelector, boolean]>([
  [{}, true],
  [{ matchLabels: { a: 'b' } }, true],
  [{ matchLabels: { a: 'c' } }, false],
  [{ matchExpressions: [{ key: 'a', operator: 'In', values: ['b', 'c'] }] }, true],
  [{ matchExpressions: [{ key: 'x', operator: 'In', values: ['b'] }] }, false],
  [{ matchExpressions: [{ key: 'x', operator: 'NotIn', values: ['b'] }] }, true],
  [{ matchExpressions: [{ key: 'a', operator: 'NotIn', values: ['b'] }] }, false],
  [{ matchExpressions: [{ key: 'a', operator: 'Exists' }, { key: 'constructor', operator: 'DoesNotExist' }] }, true],
  [{ matchExpressions: [{ key: 'a', operator: 'DoesNotExist' }] }, false],
  [{ matchLabels: { a: 'b' }, matchExpressions: [{ key: 'a', operator: 'Exists' }] }, true],
])('%j: %s', (selector, expected) => {
  expect(selects(selector, { a: 'b' })).toBe(expected);
});
