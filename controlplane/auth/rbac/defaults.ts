/**
 * The roles and bindings that a control plane brings with it: Kubernetes' own as far as they are about what is served here, and Gleaner's.
 * What Gleaner adds to `view`, `edit` and `admin` comes through aggregation, as extensions do it.
 */
import { GROUP } from '../../../crds/meta';
import { AUTHENTICATED, UNAUTHENTICATED } from '../identity';
import { MASTERS } from '../authorizer';
import { RBAC_GROUP, type ClusterRole, type PolicyRule, type RoleBinding, type Subject } from './types';

/** `false`: what somebody changed stays as it is. */
export const AUTO_UPDATE = 'rbac.authorization.kubernetes.io/autoupdate';
const API_VERSION = `${RBAC_GROUP}/v1`;
const LABELS = { 'kubernetes.io/bootstrapping': 'rbac-defaults' };
const AGGREGATE = `${RBAC_GROUP}/aggregate-to-`;

/** May be bound in a namespace: makes whoever has it an issuer there. */
export const ISSUER_ROLE = 'gleaner-issuer';
export const OPERATOR_ROLE = 'gleaner-operator';
export const VIEWER_ROLE = 'gleaner-viewer';

const READ = ['get', 'list', 'watch'] as const;
const WRITE = ['create', 'delete', 'deletecollection', 'patch', 'update'] as const;
const READ_WRITE = [...READ, ...WRITE] as const;

const rule = (verbs: readonly string[], group: string, ...resources: string[]): PolicyRule => ({ verbs, apiGroups: [group], resources });
const urls = (verbs: readonly string[], ...nonResourceURLs: string[]): PolicyRule => ({ verbs, nonResourceURLs });

function clusterRole(name: string, rules: readonly PolicyRule[], aggregateTo: readonly string[] = []): ClusterRole {
  const labels = { ...LABELS, ...Object.fromEntries(aggregateTo.map((to) => [AGGREGATE + to, 'true'])) };
  return { apiVersion: API_VERSION, kind: 'ClusterRole', metadata: { name, labels, annotations: { [AUTO_UPDATE]: 'true' } }, rules };
}

/** A role that gathers the rules of those labelled for it. */
function gathering(name: string, aggregateTo: readonly string[] = []): ClusterRole {
  const { rules: _none, ...role } = clusterRole(name, [], aggregateTo);
  return { ...role, aggregationRule: { clusterRoleSelectors: [{ matchLabels: { [AGGREGATE + name]: 'true' } }] } };
}

const HEALTH = ['/livez', '/readyz', '/healthz'] as const;
const VERSION = ['/version', '/version/'] as const;
const SUBRESOURCES_OF_READERS = ['jobs/status', 'tasks/status', 'jobs/scale'] as const;
/** What the gateway serves of a namespace; docs/auth.md has the table. */
const GATEWAY_READS = ['jobs/results', 'jobs/explain', 'tasks/log', 'statements'] as const;

const GLEANER_READ: readonly PolicyRule[] = [
  rule(READ, GROUP, 'jobs', 'tasks', ...SUBRESOURCES_OF_READERS),
  rule(['get'], GROUP, ...GATEWAY_READS),
  rule(['get'], GROUP, 'elements'),
];
const GLEANER_EDIT: readonly PolicyRule[] = [
  rule(WRITE, GROUP, 'jobs'),
  rule(['patch', 'update'], GROUP, 'jobs/scale'),
  rule(['create', 'get'], GROUP, 'elements'),
];

export const CLUSTER_ROLE_DEFAULTS: readonly ClusterRole[] = [
  clusterRole('cluster-admin', [rule(['*'], '*', '*'), urls(['*'], '*')]),
  clusterRole('system:discovery', [urls(['get'], ...HEALTH, ...VERSION, '/openapi', '/openapi/*', '/api', '/api/*', '/apis', '/apis/*')]),
  clusterRole('system:monitoring', [urls(['get'], '/metrics', ...HEALTH, '/livez/*', '/readyz/*', '/healthz/*')]),
  clusterRole('system:basic-user', [
    rule(['create'], 'authorization.k8s.io', 'selfsubjectaccessreviews', 'selfsubjectrulesreviews'),
    rule(['create'], 'authentication.k8s.io', 'selfsubjectreviews'),
  ]),
  clusterRole('system:public-info-viewer', [urls(['get'], ...HEALTH, ...VERSION)]),
  gathering('admin'),
  gathering('edit', ['admin']),
  gathering('view', ['edit']),
  clusterRole('system:aggregate-to-admin', [
    rule(['create'], 'authorization.k8s.io', 'localsubjectaccessreviews'),
    rule(READ_WRITE, RBAC_GROUP, 'roles', 'rolebindings'),
  ], ['admin']),
  clusterRole('system:aggregate-to-edit', [
    rule(READ, '', 'secrets'),
    rule(['impersonate'], '', 'serviceaccounts'),
    rule(WRITE, '', 'serviceaccounts', 'configmaps', 'secrets', 'events'),
    rule(['create'], '', 'serviceaccounts/token'),
    rule(READ_WRITE, 'coordination.k8s.io', 'leases'),
  ], ['edit']),
  clusterRole('system:aggregate-to-view', [
    rule(READ, '', 'pods', 'serviceaccounts', 'services', 'configmaps', 'podtemplates'),
    rule(READ, '', 'events', 'pods/status', 'namespaces/status', 'pods/log'),
    rule(READ, '', 'namespaces'),
    rule(READ, 'events.k8s.io', 'events'),
  ], ['view']),
  clusterRole('system:auth-delegator', [
    rule(['create'], 'authentication.k8s.io', 'tokenreviews'),
    rule(['create'], 'authorization.k8s.io', 'subjectaccessreviews'),
  ]),
  clusterRole('system:service-account-issuer-discovery', [
    urls(['get'], '/.well-known/openid-configuration', '/.well-known/openid-configuration/', '/openid/v1/jwks', '/openid/v1/jwks/'),
  ]),
  clusterRole('gleaner-aggregate-to-view', GLEANER_READ, ['view']),
  clusterRole('gleaner-aggregate-to-edit', GLEANER_EDIT, ['edit']),
  clusterRole('gleaner-catalog', [rule(READ, GROUP, 'runtimes', 'ratetiers')]),
  clusterRole(ISSUER_ROLE, [
    ...GLEANER_READ,
    ...GLEANER_EDIT,
    rule(READ, '', 'pods', 'events'),
    rule(['get'], '', 'pods/log', 'namespaces'),
    rule(READ, 'events.k8s.io', 'events'),
  ]),
  clusterRole(VIEWER_ROLE, [
    ...GLEANER_READ,
    rule(READ, GROUP, 'agents', 'runtimes', 'ratetiers', 'accounts', 'agents/status', 'runtimes/status', 'ratetiers/status', 'accounts/status'),
    rule(READ, '', 'pods', 'events', 'namespaces'),
    rule(['get'], '', 'pods/log'),
    rule(READ, 'events.k8s.io', 'events'),
    urls(['get'], '/ledger/verify', '/metrics'),
  ]),
  clusterRole(OPERATOR_ROLE, [
    rule(['*'], GROUP, '*'),
    rule(READ_WRITE, '', 'namespaces', 'serviceaccounts'),
    rule(['create'], '', 'serviceaccounts/token'),
    rule(READ, '', 'pods', 'events', 'configmaps', 'namespaces/status'),
    rule(['get'], '', 'pods/log'),
    rule(READ, 'events.k8s.io', 'events'),
    rule(READ_WRITE, RBAC_GROUP, 'rolebindings'),
    rule(READ, RBAC_GROUP, 'roles', 'clusterroles', 'clusterrolebindings'),
    { ...rule(['bind'], RBAC_GROUP, 'clusterroles'), resourceNames: [ISSUER_ROLE, VIEWER_ROLE] },
    urls(['*'], '/ledger/*', '/tokens', '/metrics'),
  ]),
];

const group = (name: string): Subject => ({ apiGroup: RBAC_GROUP, kind: 'Group', name });

/** A binding that is named as its role. */
function clusterRoleBinding(name: string, ...groups: string[]): RoleBinding {
  return {
    apiVersion: API_VERSION, kind: 'ClusterRoleBinding',
    metadata: { name, labels: LABELS, annotations: { [AUTO_UPDATE]: 'true' } },
    roleRef: { apiGroup: RBAC_GROUP, kind: 'ClusterRole', name },
    subjects: groups.map(group),
  };
}

export const CLUSTER_ROLE_BINDING_DEFAULTS: readonly RoleBinding[] = [
  clusterRoleBinding('cluster-admin', MASTERS),
  clusterRoleBinding('system:monitoring', 'system:monitoring'),
  clusterRoleBinding('system:discovery', AUTHENTICATED),
  clusterRoleBinding('system:basic-user', AUTHENTICATED),
  clusterRoleBinding('system:public-info-viewer', AUTHENTICATED, UNAUTHENTICATED),
  clusterRoleBinding('system:service-account-issuer-discovery', 'system:serviceaccounts'),
  clusterRoleBinding('gleaner-catalog', AUTHENTICATED),
];
