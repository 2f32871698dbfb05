/** What somebody may not do, in which words: everything here is asked as somebody else (impersonation). */
import { apply, call, del, get, jsonPatch, merge, post, put, type Sequence, type Step, type StepOptions } from '../step';

const alice: StepOptions = { headers: { 'Impersonate-User': 'alice' } };
const account: StepOptions = { headers: { 'Impersonate-User': 'system:serviceaccount:${ns}:bot' } };
const grouped: StepOptions = { headers: { 'Impersonate-User': 'bob', 'Impersonate-Group': 'readers' } };
const CMS = '/api/v1/namespaces/${ns}/configmaps';
const WIDGETS = '/apis/stable.example.com/v1/namespaces/${ns}/widgets';
const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const NSRBAC = `${RBAC}/namespaces/\${ns}`;
const cm = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x' } };
const role = (name: string, rules: object[]): object => ({ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role', metadata: { name }, rules });

const refused: Step[] = [
  get('get', `${CMS}/x`, alice),
  get('list', CMS, alice),
  get('list everywhere', '/api/v1/configmaps', alice),
  get('watch', `${CMS}?watch=true&timeoutSeconds=1`, alice),
  post('create', CMS, cm, alice),
  put('update', `${CMS}/x`, cm, alice),
  merge('patch', `${CMS}/x`, {}, alice),
  jsonPatch('json patch', `${CMS}/x`, [], alice),
  apply('apply', `${CMS}/x?fieldManager=a`, cm, alice),
  del('delete', `${CMS}/x`, undefined, alice),
  del('deletecollection', CMS, undefined, alice),
  get('widget', `${WIDGETS}/x`, alice),
  merge('widget status', `${WIDGETS}/x/status`, {}, alice),
  get('widget scale', `${WIDGETS}/x/scale`, alice),
  get('cluster-scoped list', '/apis/stable.example.com/v1/gadgets', alice),
  get('cluster-scoped one', '/apis/stable.example.com/v1/gadgets/x', alice),
  get('namespaces', '/api/v1/namespaces', alice),
  get('a namespace', '/api/v1/namespaces/${ns}', alice),
  del('delete of a namespace', '/api/v1/namespaces/${ns}', undefined, alice),
  post('token', '/api/v1/namespaces/${ns}/serviceaccounts/bot/token', {}, alice),
  get('unknown resource', '/apis/stable.example.com/v1/nothings', alice),
  get('unknown group', '/apis/nothing.example.com/v1/things', alice),
  get('a path', '/logs', alice),
  get('discovery', '/apis/stable.example.com', alice),
  get('version', '/version', { ...alice, pick: () => 'version' }),
  get('healthz', '/healthz', alice),
  get('list as a service account', CMS, account),
  get('list as nobody', CMS, { headers: { 'Impersonate-User': 'system:anonymous' } }),
  post('who am I', '/apis/authentication.k8s.io/v1/selfsubjectreviews', { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' }, { ...alice, pick: (body) => (body as { status: unknown }).status }),
  post('may I', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview', spec: { resourceAttributes: { verb: 'get', resource: 'configmaps', namespace: '${ns}' } } }, alice),
  get('impersonation by alice', CMS, { headers: { 'Impersonate-User': 'alice', 'Impersonate-Uid': 'u1' } }),
  get('group without a user', CMS, { headers: { 'Impersonate-Group': 'readers' } }),
];

const granted: Step[] = [
  post('role', `${NSRBAC}/roles`, role('reader', [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'list'] }, { apiGroups: [''], resources: ['secrets'], resourceNames: ['one'], verbs: ['get'] }])),
  post('binding', `${NSRBAC}/rolebindings`, { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'RoleBinding', metadata: { name: 'readers' }, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'reader' }, subjects: [{ kind: 'Group', apiGroup: 'rbac.authorization.k8s.io', name: 'readers' }, { kind: 'ServiceAccount', name: 'bot', namespace: '${ns}' }] }),
  get('a group reads', CMS, { ...grouped, until: 200, pick: (body) => (body as { kind: string }).kind }),
  get('an account reads', CMS, { ...account, pick: (body) => (body as { kind: string }).kind }),
  get('another does not', CMS, alice),
  post('reading is not writing', CMS, cm, grouped),
  get('a secret by name', '/api/v1/namespaces/${ns}/secrets/one', grouped),
  get('another secret', '/api/v1/namespaces/${ns}/secrets/two', grouped),
  get('all secrets', '/api/v1/namespaces/${ns}/secrets', grouped),
  get('another namespace', '/api/v1/namespaces/default/configmaps', grouped),
  post('may a group', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview', spec: { resourceAttributes: { verb: 'get', resource: 'configmaps', namespace: '${ns}' } } }, grouped),
  post('role writer', `${NSRBAC}/roles`, role('rbac-writer', [{ apiGroups: ['rbac.authorization.k8s.io'], resources: ['roles', 'rolebindings'], verbs: ['*'] }])),
  post('binding of the writer', `${NSRBAC}/rolebindings`, { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'RoleBinding', metadata: { name: 'writers' }, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'rbac-writer' }, subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'alice' }] }),
  get('it is in effect', `${NSRBAC}/roles/reader`, { ...alice, until: 200, pick: (body) => (body as { kind: string }).kind }),
  post('escalation', `${NSRBAC}/roles`, role('more', [{ apiGroups: [''], resources: ['secrets'], verbs: ['get', 'list'] }]), alice),
  merge('escalation by patch', `${NSRBAC}/roles/rbac-writer`, { rules: [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }] }, alice),
  post('binding to a role of more', `${NSRBAC}/rolebindings`, { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'RoleBinding', metadata: { name: 'more' }, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'reader' }, subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'alice' }] }, alice),
  post('binding to a role that is not there', `${NSRBAC}/rolebindings`, { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'RoleBinding', metadata: { name: 'none' }, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'absent' } }, alice),
  post('no more than one has', `${NSRBAC}/roles`, role('same', [{ apiGroups: ['rbac.authorization.k8s.io'], resources: ['roles'], verbs: ['get'] }]), alice),
  call('DELETE', 'application/json', 'and it may be deleted', `${NSRBAC}/roles/same`, undefined, alice),
];

export const REFUSED: Sequence[] = [
  { name: 'access-refused', steps: refused },
  { name: 'access-granted', steps: granted },
];
