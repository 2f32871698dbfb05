/** null where Go has no such value: items of lists, entries of maps, fields. What is stored is read in JSON and in protobuf. */
import { get, merge, post, put, TYPES, type Sequence, type Step } from '../step';

const CORE = '/api/v1/namespaces/${ns}';
const RBAC = '/apis/rbac.authorization.k8s.io/v1/namespaces/${ns}';
const LEASES = '/apis/coordination.k8s.io/v1/namespaces/${ns}/leases';
const WIDGETS = '/apis/stable.example.com/v1/namespaces/${ns}/widgets';
const PROTOBUF = { Accept: TYPES.protobuf };

const object = (apiVersion: string, kind: string, rest: object, metadata: object = {}): object => ({ apiVersion, kind, metadata: { name: 'n', ...metadata }, ...rest });
/** Created, and read in protobuf: alone, in a list, and from a watch. */
const all = (label: string, path: string, body: object, again = body): Step[] => [
  post(label, path, body),
  get(`${label}: get`, `${path}/n`, { headers: PROTOBUF }),
  get(`${label}: list`, path, { headers: PROTOBUF }),
  get(`${label}: list in JSON`, path),
  get(`${label}: watch`, `${path}?watch=true&timeoutSeconds=1`, { headers: PROTOBUF, pick: (seen) => (Array.isArray(seen) ? (seen as unknown[]).length : 1) }),
  put(`${label}: put`, `${path}/n`, again, { headers: PROTOBUF }),
];
const template = (spec: object): object => ({ template: { metadata: { labels: { a: null } }, spec: { containers: [{ name: 'c', image: 'i' }], ...spec } } });
const container = (more: object): object => ({ containers: [{ name: 'c', image: 'i', ...more }] });
const templates: [string, object][] = [
  ['args', container({ args: [null, 'a'], command: [null] })],
  ['env', container({ env: [null] })],
  ['env of a null value', container({ env: [{ name: 'A', value: null, valueFrom: null }] })],
  ['ports', container({ ports: [null] })],
  ['limits', container({ resources: { limits: { cpu: null }, requests: null } })],
  ['node selector', { nodeSelector: { a: null } }],
  ['volumes', { volumes: [null] }],
  ['groups', { securityContext: { supplementalGroups: [null, 1] } }],
];

const steps: Step[] = [
  ...all('config map', `${CORE}/configmaps`, object('v1', 'ConfigMap', { data: { a: null, b: '' }, binaryData: { c: null }, immutable: null }, { labels: { l: null }, annotations: { a: null } }), object('v1', 'ConfigMap', { data: { a: null, b: null } })),
  ...all('secret', `${CORE}/secrets`, object('v1', 'Secret', { data: { a: null }, stringData: { b: null }, type: null }), object('v1', 'Secret', { data: null, stringData: { b: null, c: null } })),
  ...all('account', `${CORE}/serviceaccounts`, object('v1', 'ServiceAccount', { secrets: [null, { name: 's' }], imagePullSecrets: [null] })),
  ...all('event', `${CORE}/events`, object('v1', 'Event', { involvedObject: { namespace: '${ns}' }, series: null, eventTime: null, firstTimestamp: null, related: null, source: null, count: null })),
  ...all('lease', LEASES, object('coordination.k8s.io/v1', 'Lease', { spec: { renewTime: null, holderIdentity: null, leaseDurationSeconds: null } })),
  ...all('role', `${RBAC}/roles`, object('rbac.authorization.k8s.io/v1', 'Role', { rules: [{ apiGroups: [null], resources: [null, 'x'], verbs: [null, 'get'], resourceNames: [null] }] })),
  ...all('binding', `${RBAC}/rolebindings`, object('rbac.authorization.k8s.io/v1', 'RoleBinding', { subjects: null, roleRef: { apiGroup: null, kind: 'Role', name: 'r' } })),
  post('role of a null rule', `${RBAC}/roles`, object('rbac.authorization.k8s.io/v1', 'Role', { rules: [null] }, { name: 'm' })),
  post('binding of a null subject', `${RBAC}/rolebindings`, object('rbac.authorization.k8s.io/v1', 'RoleBinding', { subjects: [null], roleRef: { kind: 'Role', name: 'r' } }, { name: 'm' })),
  post('null finalizer', `${CORE}/configmaps`, object('v1', 'ConfigMap', {}, { name: 'f', finalizers: [null] })),
  post('null owner', `${CORE}/configmaps`, object('v1', 'ConfigMap', {}, { name: 'o', ownerReferences: [null] })),
  post('null manager', `${CORE}/configmaps`, object('v1', 'ConfigMap', {}, { name: 'o', managedFields: [null] })),
  post('null metadata', `${CORE}/configmaps`, { apiVersion: 'v1', kind: 'ConfigMap', metadata: null }),
  post('null name', `${CORE}/configmaps`, object('v1', 'ConfigMap', {}, { name: null })),
  post('null kind', `${CORE}/configmaps`, { apiVersion: null, kind: null, metadata: { name: 'k' } }),
  post('unknown null', `${CORE}/configmaps`, object('v1', 'ConfigMap', { unknown: null }, { name: 'u', unknown: null })),
  ...templates.flatMap(([label, spec], at) => [
    post(`template: ${label}`, `${CORE}/podtemplates`, object('v1', 'PodTemplate', template(spec), { name: `t${at}` })),
    get(`template: ${label}: get`, `${CORE}/podtemplates/t${at}`, { headers: PROTOBUF }),
  ]),
  get('templates', `${CORE}/podtemplates`, { headers: PROTOBUF }),
  merge('merge patch', `${CORE}/serviceaccounts/n`, { imagePullSecrets: [null, { name: 'x' }] }, { headers: PROTOBUF }),
  post('widget', WIDGETS, { apiVersion: 'stable.example.com/v1', kind: 'Widget', metadata: { name: 'w', labels: { l: null }, finalizers: null, ownerReferences: null }, spec: { color: 'red', free: { a: null, b: [null] }, maybe: null } }),
  post('widget of a null finalizer', WIDGETS, { apiVersion: 'stable.example.com/v1', kind: 'Widget', metadata: { name: 'x', finalizers: [null] }, spec: { color: 'red' } }),
  post('widget of a null owner', WIDGETS, { apiVersion: 'stable.example.com/v1', kind: 'Widget', metadata: { name: 'y', ownerReferences: [null] }, spec: { color: 'red' } }),
  get('widgets, partial', WIDGETS, { headers: { Accept: `${TYPES.protobuf};as=PartialObjectMetadataList;v=v1;g=meta.k8s.io` } }),
  post('widget of a null spec', WIDGETS, { apiVersion: 'stable.example.com/v1', kind: 'Widget', metadata: { name: 'z' }, spec: null }),
];

export const NULLS: Sequence[] = [{ name: 'nulls', steps }];
