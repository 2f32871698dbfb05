/** The other core kinds: namespaces, events, leases, service accounts, RBAC, pod templates, reviews, tokens. */
import { apply, del, get, merge, PARTIAL_LIST, post, put, strategic, TABLE, table, type Sequence, type Step } from '../step';

const namespace = (name: string, more: object = {}): object => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name }, ...more });
const namespaces: Step[] = [
  post('create', '/api/v1/namespaces', namespace('${ns}-x', { status: { phase: 'Odd' } })),
  get('get', '/api/v1/namespaces/${ns}-x'),
  get('Table', '/api/v1/namespaces/${ns}-x', { headers: TABLE }),
  get('status', '/api/v1/namespaces/${ns}-x/status'),
  post('bad name', '/api/v1/namespaces', namespace('a.b')),
  post('too long', '/api/v1/namespaces', namespace('x'.repeat(64))),
  post('other label', '/api/v1/namespaces', { ...namespace('${ns}-y'), metadata: { name: '${ns}-y', labels: { 'kubernetes.io/metadata.name': 'other', a: 'b' } } }),
  post('again', '/api/v1/namespaces', namespace('${ns}-x')),
  post('generated', '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { generateName: '${ns}-g-' } }),
  merge('label', '/api/v1/namespaces/${ns}-x', { metadata: { labels: { a: 'b' } } }),
  merge('label of the name', '/api/v1/namespaces/${ns}-x', { metadata: { labels: { 'kubernetes.io/metadata.name': null } } }),
  merge('spec finalizers', '/api/v1/namespaces/${ns}-x', { spec: { finalizers: [] } }),
  put('put', '/api/v1/namespaces/${ns}-x', namespace('${ns}-x')),
  merge('status and metadata', '/api/v1/namespaces/${ns}-x/status', {
    metadata: { annotations: { c: 'd' }, labels: { a: null, 'kubernetes.io/metadata.name': null }, finalizers: ['example.com/hold'] }, spec: { finalizers: [] },
    status: { conditions: [{ type: 'StatusPatch', status: 'True', reason: 'E2E', message: 'Patched' }] },
  }),
  merge('status with a bad label', '/api/v1/namespaces/${ns}-x/status', { metadata: { labels: { a: 'b c' } } }),
  merge('status of another phase', '/api/v1/namespaces/${ns}-x/status', { metadata: { annotations: { e: 'f' } }, status: { phase: 'Terminating' } }),
  get('after the status', '/api/v1/namespaces/${ns}-x'),
  merge('without conditions, by the object', '/api/v1/namespaces/${ns}-x', { metadata: { finalizers: null }, status: { conditions: null } }),
  apply('apply', '/api/v1/namespaces/${ns}-z?fieldManager=a', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: '${ns}-z', labels: { q: 'r' } } }),
  post('with finalizers of its own', '/api/v1/namespaces', namespace('${ns}-w', { spec: { finalizers: ['example.com/x'] } })),
  del('delete of default', '/api/v1/namespaces/default'),
  del('delete of kube-system', '/api/v1/namespaces/kube-system'),
  del('delete, dry run', '/api/v1/namespaces/${ns}-x?dryRun=All'),
  del('delete', '/api/v1/namespaces/${ns}-x'),
];

const EVENTS = '/api/v1/namespaces/${ns}/events';
const event = (name: string, more: object = {}): object => ({
  apiVersion: 'v1', kind: 'Event', metadata: { name, namespace: '${ns}' }, involvedObject: { kind: 'ConfigMap', name: 'a', namespace: '${ns}', apiVersion: 'v1', uid: 'u1' },
  reason: 'Testing', message: 'a message', type: 'Normal', source: { component: 'test' }, firstTimestamp: '2020-01-01T00:00:00Z', lastTimestamp: '2020-01-01T00:00:00Z', count: 1, ...more,
});
const events: Step[] = [
  post('create', EVENTS, event('e')),
  post('without involved object', EVENTS, { apiVersion: 'v1', kind: 'Event', metadata: { name: 'n' } }),
  post('involved in another namespace', EVENTS, event('o', { involvedObject: { kind: 'ConfigMap', name: 'a', namespace: 'other' } })),
  post('with an eventTime', EVENTS, event('t', { eventTime: '2020-01-01T00:00:00.000000Z', reportingComponent: 'example.com/test', reportingInstance: 'i', action: 'Do' })),
  post('with an eventTime and nothing else', EVENTS, event('u', { eventTime: '2020-01-01T00:00:00.000000Z' })),
  post('bad type', EVENTS, event('b', { type: 'Odd' })),
  get('list', EVENTS),
  get('Table', EVENTS, { headers: TABLE }),
  get('by field', `${EVENTS}?fieldSelector=involvedObject.uid%3Du1,reason%3DTesting`),
  get('by source', `${EVENTS}?fieldSelector=source%3Dtest`),
  get('by something else', `${EVENTS}?fieldSelector=message%3Dx`),
  merge('count', `${EVENTS}/e`, { count: 2, lastTimestamp: '2020-01-02T00:00:00Z' }),
  get('as events.k8s.io', '/apis/events.k8s.io/v1/namespaces/${ns}/events/e'),
  post('events.k8s.io', '/apis/events.k8s.io/v1/namespaces/${ns}/events', { apiVersion: 'events.k8s.io/v1', kind: 'Event', metadata: { name: 'new', namespace: '${ns}' }, eventTime: '2020-01-01T00:00:00.000000Z', reportingController: 'example.com/c', reportingInstance: 'i', action: 'Do', reason: 'New', regarding: { kind: 'ConfigMap', name: 'a', namespace: '${ns}' }, note: 'hi', type: 'Normal' }),
  post('events.k8s.io without what it needs', '/apis/events.k8s.io/v1/namespaces/${ns}/events', { apiVersion: 'events.k8s.io/v1', kind: 'Event', metadata: { name: 'bad', namespace: '${ns}' }, regarding: { namespace: '${ns}' } }),
  get('that one as core', `${EVENTS}/new`),
  get('Table of events.k8s.io', '/apis/events.k8s.io/v1/namespaces/${ns}/events', { headers: TABLE }),
  del('delete', `${EVENTS}/e`),
];

const LEASES = '/apis/coordination.k8s.io/v1/namespaces/${ns}/leases';
const lease = (name: string, spec: object): object => ({ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name }, spec });
const leases: Step[] = [
  post('create', LEASES, lease('l', { holderIdentity: 'me', leaseDurationSeconds: 15, acquireTime: '2020-01-01T00:00:00.000000Z', renewTime: '2020-01-01T00:00:00.123456Z', leaseTransitions: 0 }), { capture: { rv: 'metadata.resourceVersion' } }),
  post('empty spec', LEASES, lease('e', {})),
  post('no spec', LEASES, { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: 'n' } }),
  ...table<[string, object]>([
    ['duration 0', { leaseDurationSeconds: 0 }],
    ['negative transitions', { leaseTransitions: -1 }],
    ['duration of text', { leaseDurationSeconds: 'x' }],
    ['bad time', { renewTime: 'yesterday' }],
    ['time without fraction', { renewTime: '2020-01-01T00:00:00Z' }],
    ['zone out of range', { renewTime: '2020-01-01T00:00:00.123456+99:99' }],
    ['hours of the zone out of range', { renewTime: '2020-01-01T00:00:00.123456+25:00' }],
    ['day out of range', { renewTime: '2020-02-30T00:00:00.123456Z' }],
    ['empty holder', { holderIdentity: '' }],
    ['fraction', { leaseDurationSeconds: 1.5 }],
    ['too large', { leaseDurationSeconds: 2147483648 }],
    ['unknown strategy', { strategy: 'Odd' }],
  ], (label, spec) => post(label, LEASES, lease(`x-${label.replaceAll(' ', '-')}`, spec))),
  put('put', `${LEASES}/l`, { ...lease('l', { holderIdentity: 'you' }), metadata: { name: 'l', resourceVersion: '${rv}' } }),
  put('put, stale', `${LEASES}/l`, { ...lease('l', { holderIdentity: 'they' }), metadata: { name: 'l', resourceVersion: '${rv}' } }),
  put('put without version', `${LEASES}/l`, lease('l', { holderIdentity: 'they' })),
  get('Table', LEASES, { headers: TABLE }),
  put('put makes', `${LEASES}/made`, lease('made', { holderIdentity: 'they' })),
  del('delete', `${LEASES}/l`),
];

const ACCOUNTS = '/api/v1/namespaces/${ns}/serviceaccounts';
const accounts: Step[] = [
  post('create', ACCOUNTS, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'bot' }, secrets: [{ name: 's' }], imagePullSecrets: [{ name: 'p' }], automountServiceAccountToken: false }),
  get('get', `${ACCOUNTS}/bot`),
  get('Table', `${ACCOUNTS}/bot`, { headers: TABLE }),
  strategic('strategic: secrets by name', `${ACCOUNTS}/bot`, { secrets: [{ name: 't' }] }),
  merge('merge', `${ACCOUNTS}/bot`, { secrets: [] }),
  post('token', `${ACCOUNTS}/bot/token`, { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} }, { capture: { token: 'status.token' } }),
  post('token with audiences', `${ACCOUNTS}/bot/token`, { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { audiences: ['a', 'b'], expirationSeconds: 3600 } }),
  post('token too short', `${ACCOUNTS}/bot/token`, { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 60 } }),
  post('token too long', `${ACCOUNTS}/bot/token`, { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 4294967297 } }),
  post('token of an absent one', `${ACCOUNTS}/absent/token`, { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} }),
  post('token bound to a missing secret', `${ACCOUNTS}/bot/token`, { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { boundObjectRef: { kind: 'Secret', apiVersion: 'v1', name: 'absent' } } }),
  post('whoami with the token', '/apis/authentication.k8s.io/v1/selfsubjectreviews', { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' }, { token: '${token}', pick: (body) => { const { status } = body as { status: { userInfo: { extra?: object } } }; delete status.userInfo.extra; return status; } }),
  get('what the token may not', '/api/v1/namespaces/${ns}/configmaps', { token: '${token}' }),
  get('what the token may not, by name', '/api/v1/namespaces/${ns}/secrets/x', { token: '${token}' }),
  get('cluster scope with the token', '/api/v1/namespaces', { token: '${token}' }),
  get('path with the token', '/metrics', { token: '${token}' }),
  post('token review', '/apis/authentication.k8s.io/v1/tokenreviews', { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token: 'wrong' } }),
  post('token review without token', '/apis/authentication.k8s.io/v1/tokenreviews', { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: {} }),
  del('delete', `${ACCOUNTS}/bot`),
];

const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const NSRBAC = `${RBAC}/namespaces/\${ns}`;
const role = (name: string, rules: unknown): object => ({ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role', metadata: { name }, rules });
const binding = (name: string, more: object): object => ({ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'RoleBinding', metadata: { name }, ...more });
const rbac: Step[] = [
  post('role', `${NSRBAC}/roles`, role('r', [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'list'] }])),
  post('role without rules', `${NSRBAC}/roles`, role('empty', null)),
  post('role of a bad name', `${NSRBAC}/roles`, role('a%b', [])),
  post('role of a name with colons', `${NSRBAC}/roles`, role('a:b', [])),
  post('rule without verbs', `${NSRBAC}/roles`, role('bad', [{ apiGroups: [''], resources: ['x'] }])),
  post('rule without groups', `${NSRBAC}/roles`, role('bad', [{ resources: ['x'], verbs: ['get'] }])),
  post('rule without resources', `${NSRBAC}/roles`, role('bad', [{ apiGroups: [''], verbs: ['get'] }])),
  post('non-resource URLs in a role', `${NSRBAC}/roles`, role('bad', [{ nonResourceURLs: ['/x'], verbs: ['get'] }])),
  post('cluster role', `${RBAC}/clusterroles`, { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata: { name: '${ns}-cr' }, rules: [{ nonResourceURLs: ['/x'], verbs: ['get'] }, { apiGroups: ['*'], resources: ['*'], verbs: ['*'], resourceNames: ['n'] }] }),
  post('aggregated cluster role', `${RBAC}/clusterroles`, { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata: { name: '${ns}-agg' }, aggregationRule: { clusterRoleSelectors: [{ matchLabels: { agg: '${ns}' } }] }, rules: [] }),
  post('binding', `${NSRBAC}/rolebindings`, binding('b', { roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'r' }, subjects: [{ kind: 'User', name: 'someone' }, { kind: 'ServiceAccount', name: 'bot', namespace: '${ns}' }] })),
  post('binding without subjects', `${NSRBAC}/rolebindings`, binding('bare', { roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'r' } })),
  post('binding without role', `${NSRBAC}/rolebindings`, binding('x', {})),
  post('binding of a strange kind', `${NSRBAC}/rolebindings`, binding('x', { roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Thing', name: 'r' } })),
  post('binding of a strange subject', `${NSRBAC}/rolebindings`, binding('x', { roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'r' }, subjects: [{ kind: 'Robot', name: 'x' }, { kind: 'User' }, { kind: 'ServiceAccount', name: 'x' }] })),
  merge('change of roleRef', `${NSRBAC}/rolebindings/b`, { roleRef: { name: 'other' } }),
  merge('change of subjects', `${NSRBAC}/rolebindings/b`, { subjects: [{ kind: 'Group', name: 'g' }] }),
  post('cluster role binding', `${RBAC}/clusterrolebindings`, { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRoleBinding', metadata: { name: '${ns}-crb' }, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: '${ns}-cr' }, subjects: [{ kind: 'Group', apiGroup: 'rbac.authorization.k8s.io', name: 'g' }] }),
  get('roles as Table', `${NSRBAC}/roles`, { headers: TABLE }),
  get('bindings as Table', `${NSRBAC}/rolebindings`, { headers: TABLE }),
  get('cluster role as Table', `${RBAC}/clusterroles/\${ns}-cr`, { headers: TABLE }),
  get('cluster role binding as Table', `${RBAC}/clusterrolebindings/\${ns}-crb`, { headers: TABLE }),
  get('roles as partials', `${NSRBAC}/roles`, { headers: PARTIAL_LIST }),
  del('delete', `${NSRBAC}/roles/r`),
];

const AUTHZ = '/apis/authorization.k8s.io/v1';
const review = (kind: string, spec: object): object => ({ apiVersion: 'authorization.k8s.io/v1', kind, spec });
const reviews: Step[] = [
  post('self access', `${AUTHZ}/selfsubjectaccessreviews`, review('SelfSubjectAccessReview', { resourceAttributes: { verb: 'get', resource: 'configmaps', namespace: '${ns}' } }), { pick: withoutReason }),
  post('self access without attributes', `${AUTHZ}/selfsubjectaccessreviews`, review('SelfSubjectAccessReview', {})),
  post('self access with both', `${AUTHZ}/selfsubjectaccessreviews`, review('SelfSubjectAccessReview', { resourceAttributes: { verb: 'get' }, nonResourceAttributes: { path: '/', verb: 'get' } })),
  post('self access of a path', `${AUTHZ}/selfsubjectaccessreviews`, review('SelfSubjectAccessReview', { nonResourceAttributes: { path: '/x', verb: 'get' } }), { pick: withoutReason }),
  post('access of another', `${AUTHZ}/subjectaccessreviews`, review('SubjectAccessReview', { user: 'nobody', resourceAttributes: { verb: 'get', resource: 'configmaps', namespace: '${ns}' } })),
  post('access of nobody', `${AUTHZ}/subjectaccessreviews`, review('SubjectAccessReview', { resourceAttributes: { verb: 'get', resource: 'configmaps' } })),
  post('local access', `${AUTHZ}/namespaces/\${ns}/localsubjectaccessreviews`, review('LocalSubjectAccessReview', { user: 'nobody', resourceAttributes: { verb: 'get', resource: 'configmaps', namespace: '${ns}' } })),
  post('local access elsewhere', `${AUTHZ}/namespaces/\${ns}/localsubjectaccessreviews`, review('LocalSubjectAccessReview', { user: 'nobody', resourceAttributes: { verb: 'get', resource: 'configmaps', namespace: 'other' } })),
  post('rules', `${AUTHZ}/selfsubjectrulesreviews`, review('SelfSubjectRulesReview', { namespace: '${ns}' }), { pick: (body) => Object.keys((body as { status: object }).status).sort() }),
  post('rules without namespace', `${AUTHZ}/selfsubjectrulesreviews`, review('SelfSubjectRulesReview', {})),
  post('whoami', '/apis/authentication.k8s.io/v1/selfsubjectreviews', { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' }, { pick: (body) => Object.keys(body as object).sort() }),
  get('get of reviews', `${AUTHZ}/selfsubjectaccessreviews`),
  del('delete of reviews', `${AUTHZ}/selfsubjectaccessreviews`),
  post('review of unknown kind', `${AUTHZ}/selfsubjectaccessreviews`, review('SubjectAccessReview', {})),
];

/** Which rule allows it is told in words that name the server's own roles. */
function withoutReason(body: unknown): unknown {
  const { status } = body as { status?: { reason?: string } };
  delete status?.reason;
  return body;
}

const TEMPLATES = '/api/v1/namespaces/${ns}/podtemplates';
const templates: Step[] = [
  post('create', TEMPLATES, { apiVersion: 'v1', kind: 'PodTemplate', metadata: { name: 'p' }, template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } } }, { pick: (body) => (body as { metadata: object }).metadata }),
  get('list of none', `${TEMPLATES}?labelSelector=x%3Dy`),
  merge('label', `${TEMPLATES}/p`, { metadata: { labels: { l: 'm' } } }, { pick: (body) => (body as { metadata: object }).metadata }),
  del('delete', `${TEMPLATES}/p`),
  get('gone', `${TEMPLATES}/p`),
];

export const KINDS: Sequence[] = [
  { name: 'namespaces', steps: namespaces },
  { name: 'events', steps: events },
  { name: 'leases', steps: leases },
  { name: 'accounts', steps: accounts },
  { name: 'rbac', steps: rbac },
  { name: 'reviews', steps: reviews },
  { name: 'templates', steps: templates },
];
