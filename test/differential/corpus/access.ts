/** Roles, bindings, reviews, tokens, acting as others: who may do what, and how that is refused. */
import { call, del, get, jsonPatch, merge, post, put, TABLE, table, type Sequence, type Step } from '../step';

const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const ROLES = `${RBAC}/namespaces/\${ns}/roles`;
const BINDINGS = `${RBAC}/namespaces/\${ns}/rolebindings`;
const AUTHN = '/apis/authentication.k8s.io/v1';
const AUTHZ = '/apis/authorization.k8s.io/v1';
const ACCOUNTS = '/api/v1/namespaces/${ns}/serviceaccounts';
const CMS = '/api/v1/namespaces/${ns}/configmaps';
const GROUP = 'rbac.authorization.k8s.io';

/** Cluster-scoped names are the sequence's own. */
const own = (name: string): string => `\${ns}-${name}`;
const as = (user: string, group?: string): { headers: Record<string, string> } => ({ headers: { 'Impersonate-User': user, ...(group !== undefined && { 'Impersonate-Group': group }) } });
const rule = (verbs: string[], resources: string[], more: object = {}): object => ({ verbs, apiGroups: [''], resources, ...more });
const role = (name: string, rules: unknown, kind = 'Role'): object => ({ apiVersion: `${GROUP}/v1`, kind, metadata: { name }, rules });
const ref = (kind: string, name: string): object => ({ apiGroup: GROUP, kind, name });
const binding = (name: string, roleRef: unknown, subjects?: unknown, kind = 'RoleBinding'): object => ({ apiVersion: `${GROUP}/v1`, kind, metadata: { name }, roleRef, ...(subjects !== undefined && { subjects }) });
const user = (name: string): object => ({ kind: 'User', apiGroup: GROUP, name });

const roles: Step[] = [
  post('a role', ROLES, role('a', [rule(['get'], ['secrets'])])),
  post('again', ROLES, role('a', [])),
  post('without rules', ROLES, role('empty', undefined)),
  ...table(
    [
      ['no verbs', [rule([], ['secrets'])]],
      ['verbs missing', [{ apiGroups: [''], resources: ['x'] }]],
      ['no groups and resources', [{ verbs: ['get'] }]],
      ['no resources', [{ verbs: ['get'], apiGroups: [''] }]],
      ['URLs', [{ verbs: ['get'], nonResourceURLs: ['/x', '/y'] }]],
      ['URLs and resources', [{ ...rule(['get'], ['x']), nonResourceURLs: ['/x'] }]],
      ['several mistakes', [rule(['get'], ['x']), { verbs: [] }, { verbs: ['get'], nonResourceURLs: ['/x'] }]],
    ] as const,
    (label, rules) => post(label, ROLES, role('bad', rules)),
  ),
  post('unknown field', `${ROLES}?fieldValidation=Strict`, role('strict', [{ ...rule(['get'], ['x']), who: 'me' }])),
  post('name of a path', ROLES, role('a/b', [])),
  post('name with a percent', ROLES, role('a%b', [])),
  post('name with capitals and a colon', ROLES, role('System:Role_1', [rule(['get'], ['x'])])),
  get('name with a colon', `${ROLES}/System:Role_1`),
  merge('another rule', `${ROLES}/a`, { rules: [rule(['get', 'list'], ['secrets'], { resourceNames: ['x'] })] }),
  jsonPatch('a rule less', `${ROLES}/a`, [{ op: 'remove', path: '/rules/0' }]),
  put('replaced', `${ROLES}/a`, role('a', [rule(['*'], ['*'])])),
  get('table', `${ROLES}/a`, { headers: TABLE, pick: (body) => (body as { columnDefinitions: { name: string; type: string; priority: number }[] }).columnDefinitions.map(({ name, type, priority }) => ({ name, type, priority })) }),
  del('deleted', `${ROLES}/a`),
  post('cluster role', `${RBAC}/clusterroles`, role(own('a'), [{ verbs: ['get'], nonResourceURLs: ['/x/*'] }], 'ClusterRole')),
  post('cluster role of both', `${RBAC}/clusterroles`, role(own('b'), [{ ...rule(['get'], ['x']), nonResourceURLs: ['/x'] }], 'ClusterRole')),
  post('aggregation of nothing', `${RBAC}/clusterroles`, { ...role(own('c'), [], 'ClusterRole'), aggregationRule: {} }),
  post('aggregation by bad selectors', `${RBAC}/clusterroles`, {
    ...role(own('d'), [], 'ClusterRole'),
    aggregationRule: { clusterRoleSelectors: [{ matchLabels: { 'a b': 'c d' }, matchExpressions: [{ key: 'x', operator: 'Foo' }, { key: 'x', operator: 'In' }, { key: 'x', operator: 'Exists', values: ['a'] }] }] },
  }),
  del('cluster role deleted', `${RBAC}/clusterroles/${own('a')}`),
];

const bindings: Step[] = [
  post('of users, groups and accounts', BINDINGS, binding('a', ref('ClusterRole', 'view'), [{ kind: 'User', name: 'ann' }, { kind: 'Group', name: 'lab' }, { kind: 'ServiceAccount', name: 'bot' }, { kind: 'ServiceAccount', name: 'bot', namespace: 'x' }])),
  post('role without its group', BINDINGS, binding('defaulted', { kind: 'Role', name: 'x' })),
  ...table(
    [
      ['no role', {}, undefined],
      ['role of another group', { ...ref('Role', 'x'), apiGroup: 'x' }, undefined],
      ['role of another kind', ref('Robot', 'x'), undefined],
      ['role of two dots', ref('Role', '..'), undefined],
      ['empty subject', ref('Role', 'x'), [{}]],
      ['subject of another kind', ref('Role', 'x'), [{ kind: 'Robot', name: 'x' }]],
      ['user of no group', ref('Role', 'x'), [{ kind: 'User', name: 'x', apiGroup: 'y' }]],
      ['account of a group', ref('Role', 'x'), [{ kind: 'ServiceAccount', name: 'x', apiGroup: 'y' }]],
      ['account of a bad name', ref('Role', 'x'), [{ kind: 'ServiceAccount', name: 'UPPER' }]],
    ] as const,
    (label, roleRef, subjects) => post(label, BINDINGS, binding('bad', roleRef, subjects)),
  ),
  merge('another role', `${BINDINGS}/a`, { roleRef: { name: 'edit' } }),
  put('another role of another kind', `${BINDINGS}/a`, binding('a', ref('Role', 'view'))),
  merge('other subjects', `${BINDINGS}/a`, { subjects: [user('bob')] }),
  post('cluster binding of a Role', `${RBAC}/clusterrolebindings`, binding(own('a'), ref('Role', 'x'), [], 'ClusterRoleBinding')),
  post('cluster binding of an account of no namespace', `${RBAC}/clusterrolebindings`, binding(own('a'), ref('ClusterRole', 'view'), [{ kind: 'ServiceAccount', name: 'x' }], 'ClusterRoleBinding')),
  post('wide', BINDINGS, binding('wide', ref('ClusterRole', 'view'), [user('u1'), user('u2'), { kind: 'Group', name: 'g' }, { kind: 'ServiceAccount', name: 'bot' }])),
  get('wide table', `${BINDINGS}/wide`, { headers: TABLE, pick: (body) => (body as { rows: { cells: unknown[] }[] }).rows.map(({ cells }) => [cells[1], ...cells.slice(3)]) }),
];

const refused: Step[] = table(
  [
    ['list everywhere', 'GET', '/api/v1/secrets'],
    ['list in a namespace', 'GET', '/api/v1/namespaces/${ns}/secrets'],
    ['get', 'GET', '/api/v1/namespaces/${ns}/secrets/s'],
    ['watch', 'GET', '/api/v1/secrets?watch=1'],
    ['watch by path', 'GET', '/api/v1/watch/secrets'],
    ['list of one', 'GET', '/api/v1/namespaces/${ns}/secrets?fieldSelector=metadata.name%3Ds'],
    ['deletecollection', 'DELETE', '/api/v1/namespaces/${ns}/secrets'],
    ['delete', 'DELETE', '/api/v1/namespaces/${ns}/secrets/s'],
    ['a namespace', 'GET', '/api/v1/namespaces/${ns}'],
    ['its status', 'GET', '/api/v1/namespaces/${ns}/status'],
    ['all namespaces', 'GET', '/api/v1/namespaces'],
    ['of an unknown group', 'GET', '/apis/nope.example.com/v1/namespaces/${ns}/foos'],
    ['of an unknown group, subresource', 'GET', '/apis/nope.example.com/v1/foos/x/status'],
    ['of an unknown resource', 'GET', '/api/v1/namespaces/${ns}/foos/x'],
    ['a path', 'GET', '/nope'],
    ['metrics', 'GET', '/metrics'],
    ['a method on a path', 'POST', '/nope'],
    ['issuer discovery', 'GET', '/.well-known/openid-configuration'],
  ] as const,
  (label, method, path) => ({ label, method, path, ...as('nobody-knows') }),
);

const writesRefused: Step[] = [
  post('create', CMS, { metadata: { name: 'x' } }, as('nobody-knows')),
  put('update', `${CMS}/x`, { metadata: { name: 'x' } }, as('nobody-knows')),
  merge('patch', `${CMS}/x`, {}, as('nobody-knows')),
  put('update of a status', '/api/v1/namespaces/${ns}/status', {}, as('nobody-knows')),
  post('create of a token', `${ACCOUNTS}/default/token`, {}, as('nobody-knows')),
];

const reader: Step[] = [
  post('role of one', ROLES, role('one', [rule(['get', 'list', 'watch'], ['configmaps'], { resourceNames: ['x'] })])),
  post('binding', BINDINGS, binding('one', ref('Role', 'one'), [user(own('one'))])),
  get('the one', `${CMS}/x`, { ...as(own('one')), until: 404 }),
  get('another', `${CMS}/y`, as(own('one'))),
  get('all', CMS, as(own('one'))),
  get('all with the name of the one', `${CMS}?fieldSelector=metadata.name%3Dx`, { ...as(own('one')), pick: () => 'listed' }),
  get('all with the name of another', `${CMS}?fieldSelector=metadata.name%3Dy`, as(own('one'))),
  get('all with both', `${CMS}?fieldSelector=metadata.name%3Dx,metadata.name%3Dy`, { ...as(own('one')), pick: () => 'listed' }),
  get('all but the one', `${CMS}?fieldSelector=metadata.name!%3Dx`, as(own('one'))),
];

const granting: Step[] = [
  post('cluster role of what the granter has', `${RBAC}/clusterroles`, role(own('more'), [rule(['get', 'list', 'delete'], ['secrets', 'pods'])], 'ClusterRole')),
  post('role of the granter', ROLES, role('granter', [rule(['get', 'list'], ['secrets']), { verbs: ['*'], apiGroups: [GROUP], resources: ['rolebindings'] }, { verbs: ['get', 'create', 'update', 'patch'], apiGroups: [GROUP], resources: ['roles'] }])),
  post('binding of the granter', BINDINGS, binding('granter', ref('Role', 'granter'), [user(own('granter'))])),
  get('is bound', `${ROLES}/none`, { ...as(own('granter')), until: 404 }),
  post('a role of what it has', ROLES, role('less', [rule(['get'], ['secrets'], { resourceNames: ['x'] })]), as(own('granter'))),
  post('a role of more', ROLES, role('more', [rule(['get', 'delete'], ['secrets', 'pods']), { verbs: ['get'], apiGroups: ['x', 'y'], resources: ['z/status'], resourceNames: ['a', 'b'] }]), as(own('granter'))),
  post('a role of everything', ROLES, role('all', [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }]), as(own('granter'))),
  post('a broken role of more', ROLES, role('broken', [{ verbs: [] }, rule(['delete'], ['pods'])]), as(own('granter'))),
  merge('more into a role', `${ROLES}/less`, { rules: [rule(['delete'], ['secrets'])] }, as(own('granter'))),
  merge('a label of a role of more', `${ROLES}/granter`, { metadata: { labels: { a: 'b' } } }, as(own('granter'))),
  post('a binding of a role it has', BINDINGS, binding('b1', ref('Role', 'less'), [user('x')]), as(own('granter'))),
  post('a binding of more', BINDINGS, binding('b2', ref('ClusterRole', own('more')), [user('x')]), as(own('granter'))),
  post('a binding of everything', BINDINGS, binding('b3', ref('ClusterRole', 'cluster-admin'), [user('x')]), as(own('granter'))),
  post('a binding of nothing', BINDINGS, binding('b4', ref('Role', 'none')), as(own('granter'))),
  post('a binding of a cluster role that is not there', BINDINGS, binding('b5', ref('ClusterRole', own('none'))), as(own('granter'))),
  post('a cluster role', `${RBAC}/clusterroles`, role(own('x'), [], 'ClusterRole'), as(own('granter'))),
];

const sar = (spec: unknown, kind = 'SubjectAccessReview'): object => ({ apiVersion: 'authorization.k8s.io/v1', kind, ...(spec !== undefined && { spec }) });
const of = (verb: string, resource: string, more: object = {}): object => ({ resourceAttributes: { namespace: '${ns}', verb, resource, ...more } });

const access: Step[] = [
  post('role', ROLES, role('reads', [rule(['get'], ['configmaps'])])),
  post('binding', BINDINGS, binding('reads', ref('Role', 'reads'), [{ kind: 'Group', name: own('lab') }, user(own('ann')), { kind: 'ServiceAccount', name: 'bot' }])),
  get('is bound', `${CMS}/none`, { ...as(own('ann')), until: 404 }),
  ...table(
    [
      ['allowed', { user: own('ann'), ...of('get', 'configmaps') }],
      ['allowed by group', { groups: [own('lab')], ...of('get', 'configmaps') }],
      ['allowed as an account', { user: 'system:serviceaccount:${ns}:bot', ...of('get', 'configmaps', { name: 'x' }) }],
      ['another verb', { user: own('ann'), ...of('list', 'configmaps') }],
      ['another group', { user: own('ann'), ...of('get', 'configmaps', { group: 'x' }) }],
      ['a subresource', { user: own('ann'), ...of('get', 'configmaps', { subresource: 'x' }) }],
      ['elsewhere', { user: own('ann'), resourceAttributes: { verb: 'get', resource: 'configmaps', namespace: 'default' } }],
      ['everywhere', { user: own('ann'), resourceAttributes: { verb: 'get', resource: 'configmaps' } }],
      ['masters', { groups: ['system:masters'], ...of('delete', 'configmaps') }],
      ['a path', { groups: ['system:unauthenticated'], nonResourceAttributes: { path: '/healthz', verb: 'get' } }],
      ['a path that is not allowed', { groups: ['system:unauthenticated'], nonResourceAttributes: { path: '/metrics', verb: 'get' } }],
      ['extra', { user: own('ann'), extra: { a: ['b', 'c'] }, uid: '7', ...of('get', 'configmaps') }],
      ['empty', {}],
      ['no spec', undefined],
      ['both', { user: 'a', resourceAttributes: {}, nonResourceAttributes: {} }],
      ['nobody', of('get', 'configmaps')],
    ] as const,
    (label, spec) => post(label, `${AUTHZ}/subjectaccessreviews`, sar(spec)),
  ),
  post('local', `${AUTHZ}/namespaces/\${ns}/localsubjectaccessreviews`, sar({ user: own('ann'), ...of('get', 'configmaps') }, 'LocalSubjectAccessReview')),
  post('local of elsewhere', `${AUTHZ}/namespaces/\${ns}/localsubjectaccessreviews`, sar({ user: 'a', resourceAttributes: { namespace: 'y', verb: 'get', resource: 'configmaps' } }, 'LocalSubjectAccessReview')),
  post('local of a path', `${AUTHZ}/namespaces/\${ns}/localsubjectaccessreviews`, sar({ user: 'a', nonResourceAttributes: { path: '/x', verb: 'get' } }, 'LocalSubjectAccessReview')),
  post('local of no namespace', `${AUTHZ}/localsubjectaccessreviews`, sar({ user: 'a', ...of('get', 'x') }, 'LocalSubjectAccessReview')),
  post('self', `${AUTHZ}/selfsubjectaccessreviews`, sar(of('get', 'configmaps'), 'SelfSubjectAccessReview'), as(own('ann'))),
  post('self, refused', `${AUTHZ}/selfsubjectaccessreviews`, sar(of('list', 'secrets'), 'SelfSubjectAccessReview'), as(own('ann'))),
  post('self, master', `${AUTHZ}/selfsubjectaccessreviews`, sar(of('list', 'secrets'), 'SelfSubjectAccessReview')),
  post('self, anonymous', `${AUTHZ}/selfsubjectaccessreviews`, sar(of('list', 'secrets'), 'SelfSubjectAccessReview'), { token: '' }),
  post('self, unknown field', `${AUTHZ}/selfsubjectaccessreviews`, sar({ ...of('list', 'secrets'), bogus: 1 }, 'SelfSubjectAccessReview')),
  post('self, unknown field, strict', `${AUTHZ}/selfsubjectaccessreviews?fieldValidation=Strict`, sar({ ...of('list', 'secrets'), bogus: 1 }, 'SelfSubjectAccessReview')),
  post('rules', `${AUTHZ}/selfsubjectrulesreviews`, sar({ namespace: '${ns}' }, 'SelfSubjectRulesReview'), as(own('ann'), 'system:unauthenticated')),
  post('rules of no namespace', `${AUTHZ}/selfsubjectrulesreviews`, sar({ namespace: '' }, 'SelfSubjectRulesReview')),
  get('reviews are not read', `${AUTHZ}/subjectaccessreviews`),
  get('a review is not read', `${AUTHZ}/subjectaccessreviews/x`),
  del('reviews are not deleted', `${AUTHZ}/subjectaccessreviews`),
  get('discovery of reviews', AUTHZ),
];

const self = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };

const identities: Step[] = [
  post('as a user', `${AUTHN}/selfsubjectreviews`, self, as('ann')),
  post('as a user of a group', `${AUTHN}/selfsubjectreviews`, self, as('ann', 'lab')),
  post('as an account', `${AUTHN}/selfsubjectreviews`, self, as('system:serviceaccount:a:b')),
  post('as nobody', `${AUTHN}/selfsubjectreviews`, self, as('system:anonymous')),
  post('as a user with everything', `${AUTHN}/selfsubjectreviews`, self, { headers: { 'Impersonate-User': 'ann', 'Impersonate-Uid': '7', 'Impersonate-Extra-acme.com%2Fproject': 'x' } }),
  post('as somebody unauthenticated', `${AUTHN}/selfsubjectreviews`, self, as('ann', 'system:unauthenticated')),
  post('of no kind', `${AUTHN}/selfsubjectreviews`, {}, as('ann')),
  post('anonymous', `${AUTHN}/selfsubjectreviews`, self, { token: '' }),
  post('as a table', `${AUTHN}/selfsubjectreviews`, self, { headers: TABLE }),
  get('not read', `${AUTHN}/selfsubjectreviews`),
  post('not to a name', `${AUTHN}/selfsubjectreviews/x`, self),
  get('discovery', AUTHN),
  post('no token', `${AUTHN}/tokenreviews`, { spec: { token: '' } }),
  post('reviewed by who may not', `${AUTHN}/tokenreviews`, { spec: { token: 'x' } }, as('nobody-knows')),
  call('PUT', 'application/json', 'not put', `${AUTHN}/tokenreviews`, {}),
  get('acting as somebody, by who may not', CMS, { headers: { 'Impersonate-User': 'ann' }, token: '' }),
];

const request = (spec: object, metadata?: object): object => ({ apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', ...(metadata && { metadata }), spec });

const tokens: Step[] = [
  post('account', ACCOUNTS, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'bot' } }),
  post('a token', `${ACCOUNTS}/bot/token`, request({ audiences: ['x'] })),
  post('for a while', `${ACCOUNTS}/bot/token`, request({ audiences: ['x'], expirationSeconds: 1200 }, { name: 'bot' })),
  post('of no kind', `${ACCOUNTS}/bot/token`, { spec: { audiences: ['x'] } }),
  post('too short', `${ACCOUNTS}/bot/token`, request({ expirationSeconds: 599 })),
  post('too long', `${ACCOUNTS}/bot/token`, request({ expirationSeconds: 4294967297 })),
  post('for another account', `${ACCOUNTS}/bot/token`, request({}, { name: 'other' })),
  post('for another namespace', `${ACCOUNTS}/bot/token`, request({}, { namespace: 'other' })),
  post('for an account that is not there', `${ACCOUNTS}/none/token`, request({})),
  post('bound to a ConfigMap', `${ACCOUNTS}/bot/token`, request({ boundObjectRef: { kind: 'ConfigMap', apiVersion: 'v1', name: 'x' } })),
  post('bound to a Secret that is not there', `${ACCOUNTS}/bot/token`, request({ boundObjectRef: { kind: 'Secret', apiVersion: 'v1', name: 'x' } })),
  post('bound to a Pod that is not there', `${ACCOUNTS}/bot/token`, request({ boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: 'zz' } })),
  post('bound to a Node that is not there', `${ACCOUNTS}/bot/token`, request({ boundObjectRef: { kind: 'Node', apiVersion: 'v1', name: 'zz' } })),
  post('bound to a Pod of another group', `${ACCOUNTS}/bot/token`, request({ boundObjectRef: { kind: 'Pod', apiVersion: 'apps/v1', name: 'zz' } })),
  get('tokens are not read', `${ACCOUNTS}/bot/token`),
  post('to be used', `${ACCOUNTS}/bot/token`, request({}), { capture: { token: 'status.token' } }),
  get('used', CMS, { token: '${token}' }),
  post('who it is', `${AUTHN}/selfsubjectreviews`, self, { token: '${token}' }),
  post('reviewed', `${AUTHN}/tokenreviews`, { spec: { token: '${token}' } }),
  post('reviewed for others', `${AUTHN}/tokenreviews`, { spec: { token: '${token}', audiences: ['vault'] } }),
  // Which revision it is answered with is a matter of deleting.
  del('account deleted', `${ACCOUNTS}/bot`, undefined, { pick: (body) => (body as { metadata: { name: string } }).metadata.name }),
  get('used after that', CMS, { token: '${token}', until: 401 }),
];

export const ACCESS: Sequence[] = [
  { name: 'roles', steps: roles },
  { name: 'role-bindings', steps: bindings },
  { name: 'refused', steps: [...refused, ...writesRefused] },
  { name: 'one-object', steps: reader },
  { name: 'granting', steps: granting },
  { name: 'access-reviews', steps: access },
  { name: 'identities', steps: identities },
  { name: 'account-tokens', steps: tokens },
];
