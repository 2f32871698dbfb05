/**
 * Bodies in protobuf. Those in base64 are as Go writes them: each was made by a Go program with k8s.io/api v0.32.13 and the serializer that
 * client-go uses, of an object without a namespace. Bodies that are objects are written by our own encoder, by the field numbers of the same messages.
 */
import { call, get, post, TYPES, type Sequence, type Step, type StepOptions } from '../step';

const IN_NS = '/api/v1/namespaces/${ns}';
const CMS = `${IN_NS}/configmaps`;
const SECRETS = `${IN_NS}/secrets`;
const EVENTS = `${IN_NS}/events`;
const LEASES = '/apis/coordination.k8s.io/v1/namespaces/${ns}/leases';
const NEW_EVENTS = '/apis/events.k8s.io/v1/namespaces/${ns}/events';
const WIDGETS = '/apis/stable.example.com/v1/namespaces/${ns}/widgets';
const RBAC = '/apis/rbac.authorization.k8s.io/v1/namespaces/${ns}';

const GO = {
  configMap: 'azhzAAoPCgJ2MRIJQ29uZmlnTWFwElUKLwoCZ28SABoAIgAqADIAOABCAFoGCgFhEgFiYhMKDWV4YW1wbGUuY29tL3USAsO2EgUKAWESABIMCgFiEgfDvArDtsOfGg0KBWJ5dGVzEgQA/4ABGgAiAA==',
  configMapUpdate: 'azhzAAoPCgJ2MRIJQ29uZmlnTWFwEh4KEgoCZ28SABoAIgAqADIAOABCABIGCgFjEgFkIAEaACIA',
  configMapGenerated: 'azhzAAoPCgJ2MRIJQ29uZmlnTWFwEicKJQoAEgNnby0aACIAKgAyADgAQgByEGV4YW1wbGUuY29tL2hvbGQaACIA',
  secret: 'azhzAAoMCgJ2MRIGU2VjcmV0ElQKLwoCZ28SABoAIgAqADIAOABCAFoGCgFhEgFiYhMKDWV4YW1wbGUuY29tL3USAsO2EgYKAWESAXgSCQoFZW1wdHkSABoGT3BhcXVlIgYKAWISAXkaACIA',
  secretUpdate: 'azhzAAoMCgJ2MRIGU2VjcmV0Eh4KEgoCZ28SABoAIgAqADIAOABCABoAIgYKAWMSAXoaACIA',
  secretBad: 'azhzAAoMCgJ2MRIGU2VjcmV0Ek0KMAoDYmFkEgAaACIAKgAyADgAQgBaBgoBYRIBYmITCg1leGFtcGxlLmNvbS91EgLDthIGCgFhEgF4GhFrdWJlcm5ldGVzLmlvL3RscxoAIgA=',
  lease: 'azhzAAofChZjb29yZGluYXRpb24uazhzLmlvL3YxEgVMZWFzZRJfCi8KAmdvEgAaACIAKgAyADgAQgBaBgoBYRIBYmITCg1leGFtcGxlLmNvbS91EgLDthIsCgpub2RlLTFfYWJjEA8aDAil69zKBhCI6tzDAiIMCKXr3MoGEIjq3MMCKAAaACIA',
  leaseBare: 'azhzAAofChZjb29yZGluYXRpb24uazhzLmlvL3YxEgVMZWFzZRIYChQKBGJhcmUSABoAIgAqADIAOABCABIAGgAiAA==',
  leaseBad: 'azhzAAofChZjb29yZGluYXRpb24uazhzLmlvL3YxEgVMZWFzZRItChMKA2JhZBIAGgAiACoAMgA4AEIAEhYQ////////////ASj+//////////8BGgAiAA==',
  event: 'azhzAAoLCgJ2MRIFRXZlbnQSfAoUCgRnby4xEgAaACIAKgAyADgAQgASIgoJQ29uZmlnTWFwEgdkZWZhdWx0GgJnbyIAKgJ2MTIAOgAaB1N0YXJ0ZWQiCGl0IGJlZ2FuKgYKAWMSAWgyCAil69zKBhAAOggIpevcygYQAECsAkoGTm9ybWFsUgBiAHIAegAaACIA',
  eventMicro: 'azhzAAoLCgJ2MRIFRXZlbnQSjgEKFAoEZ28uMhIAGgAiACoAMgA4AEIAEhgKCU5hbWVzcGFjZRIAGgF4IgAqADIAOgAaB1N0YXJ0ZWQiACoECgASADIAOgBAAEoHV2FybmluZ1IMCKXr3MoGEIjq3MMCWhAIAhIMCKXr3MoGEIjq3MMCYghTdGFydGluZ3INZXhhbXBsZS5jb20vY3oDYy0wGgAiAA==',
  eventsEvent: 'azhzAAoZChBldmVudHMuazhzLmlvL3YxEgVFdmVudBJ8ChQKBGdvLjMSABoAIgAqADIAOABCABIMCKXr3MoGEIjq3MMCIg1leGFtcGxlLmNvbS9jKgNjLTAyCFN0YXJ0aW5nOgdTdGFydGVkQhgKCU5hbWVzcGFjZRIAGgF4IgAqADIAOgBSAW5aBk5vcm1hbGIECgASAGoAcgB4ABoAIgA=',
  deleteNothing: 'azhzAAoTCgJ2MRINRGVsZXRlT3B0aW9ucxIAGgAiAA==',
  deleteDry: 'azhzAAoTCgJ2MRINRGVsZXRlT3B0aW9ucxIRIgpCYWNrZ3JvdW5kKgNBbGwaACIA',
  deleteOtherUid: 'azhzAAoTCgJ2MRINRGVsZXRlT3B0aW9ucxIoEiYKJDExMTExMTExLTIyMjItNDMzMy04NDQ0LTU1NTU1NTU1NTU1NRoAIgA=',
  deleteOrphans: 'azhzAAoTCgJ2MRINRGVsZXRlT3B0aW9ucxIKCAAiBk9ycGhhbhoAIgA=',
  deleteForeground: 'azhzAAonChZjb29yZGluYXRpb24uazhzLmlvL3YxEg1EZWxldGVPcHRpb25zEgwiCkZvcmVncm91bmQaACIA',
  deletePolicyBad: 'azhzAAoTCgJ2MRINRGVsZXRlT3B0aW9ucxIKIghTaWRld2F5cxoAIgA=',
  deleteBoth: 'azhzAAoTCgJ2MRINRGVsZXRlT3B0aW9ucxIOGAEiCkJhY2tncm91bmQaACIA',
} as const;

const bytes = (name: keyof typeof GO): Buffer => Buffer.from(GO[name], 'base64');
const send = (method: string, label: string, path: string, body: keyof typeof GO | Buffer | object, options?: StepOptions): Step =>
  call(method, TYPES.protobuf, label, path, typeof body === 'string' ? bytes(body) : body, options);

const written: Step[] = [
  send('POST', 'configmap', CMS, 'configMap', { capture: { rv: 'metadata.resourceVersion', uid: 'metadata.uid' } }),
  get('configmap, read', `${CMS}/go`),
  send('POST', 'configmap again', CMS, 'configMap'),
  send('POST', 'configmap, dry run', `${CMS}?dryRun=All`, 'configMapGenerated'),
  send('POST', 'configmap with generateName', CMS, 'configMapGenerated'),
  send('PUT', 'configmap, update', `${CMS}/go`, 'configMapUpdate'),
  send('PUT', 'configmap, update once more', `${CMS}/go`, 'configMapUpdate'),
  send('PUT', 'configmap, immutable', `${CMS}/go`, 'configMap'),
  send('PUT', 'configmap, other name', `${CMS}/other`, 'configMap'),
  send('PUT', 'configmap, old version', `${CMS}/go`, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'go', resourceVersion: '${rv}' }, data: { c: 'd' }, immutable: true }),
  send('PUT', 'configmap, uid', `${CMS}/go`, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'go', uid: '${uid}' }, data: { c: 'd' }, immutable: true }),
  send('POST', 'secret', SECRETS, 'secret', { capture: { secret: 'metadata.resourceVersion' } }),
  get('secret, read', `${SECRETS}/go`),
  send('PUT', 'secret, update', `${SECRETS}/go`, 'secretUpdate'),
  send('POST', 'secret, refused', SECRETS, 'secretBad'),
  send('POST', 'lease', LEASES, 'lease', { capture: { lease: 'metadata.resourceVersion' } }),
  get('lease, read', `${LEASES}/go`),
  send('POST', 'lease, bare', LEASES, 'leaseBare', { capture: { bare: 'metadata.resourceVersion' } }),
  send('POST', 'lease, refused', LEASES, 'leaseBad'),
  send('PUT', 'lease without a version', `${LEASES}/go`, 'lease'),
  send('PUT', 'lease, update', `${LEASES}/go`, { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: 'go', resourceVersion: '${lease}' }, spec: { holderIdentity: 'other', leaseTransitions: 1 } }),
  send('POST', 'event of another namespace', EVENTS, 'event'),
  // Events about what is in no namespace, or in default, are in default.
  ...([['1', 'event', 'v1'], ['2', 'eventMicro', 'v1'], ['3', 'eventsEvent', 'events.k8s.io/v1']] as const).flatMap(([number, body, version]) => {
    const [old, renewed] = ['/api/v1', '/apis/events.k8s.io/v1'].map((root) => `${root}/namespaces/default/events`);
    const path = version === 'v1' ? old : renewed;
    return [
      send('POST', `event ${number}`, path, body, { capture: { [body]: 'metadata.resourceVersion' } }),
      get(`event ${number}, read`, `${old}/go.${number}`),
      get(`event ${number}, read as the new kind`, `${renewed}/go.${number}`),
      send('PUT', `event ${number}, update`, `${path}/go.${number}`, body),
      send('DELETE', `event ${number}, delete`, `${path}/go.${number}`, 'deleteNothing'),
    ];
  }),
  ...['default', '${ns}'].map((namespace) =>
    send('POST', `event of ${namespace}`, EVENTS, {
      apiVersion: 'v1', kind: 'Event', metadata: { name: 'ours', namespace: '${ns}' }, involvedObject: { kind: 'ConfigMap', namespace, name: 'go' }, reason: 'Started', message: 'it began', source: { component: 'c' },
      firstTimestamp: '2026-01-02T03:04:05Z', lastTimestamp: '2026-01-02T03:04:05Z', count: 1, type: 'Normal',
    }, { capture: namespace === 'default' ? {} : { event: 'metadata.resourceVersion' } })),
  get('event, read', `${EVENTS}/ours`),
  get('event, read as the new kind', `${NEW_EVENTS}/ours`),
  send('PUT', 'event, update', `${EVENTS}/ours`, {
    apiVersion: 'v1', kind: 'Event', metadata: { name: 'ours', namespace: '${ns}', resourceVersion: '${event}' }, involvedObject: { kind: 'ConfigMap', namespace: '${ns}', name: 'go' }, reason: 'Started', message: 'again', source: { component: 'c' },
    firstTimestamp: '2026-01-02T03:04:05Z', lastTimestamp: '2026-01-02T03:05:05Z', count: 2, type: 'Normal',
  }),
];

const others: Step[] = (
  [
    ['account', `${IN_NS}/serviceaccounts`, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'go' }, imagePullSecrets: [{ name: 'registry' }], automountServiceAccountToken: false }],
    ['template', `${IN_NS}/podtemplates`, { apiVersion: 'v1', kind: 'PodTemplate', metadata: { name: 'go' }, template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i:1', env: [{ name: 'A', value: 'b' }], ports: [{ containerPort: 80 }], resources: { limits: { cpu: '500m' } } }] } } }],
    ['role', `${RBAC}/roles`, { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role', metadata: { name: 'go' }, rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get'] }] }],
    ['binding', `${RBAC}/rolebindings`, { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'RoleBinding', metadata: { name: 'go' }, subjects: [{ kind: 'User', name: 'ann' }], roleRef: { kind: 'Role', name: 'go', apiGroup: 'rbac.authorization.k8s.io' } }],
  ] as const
).flatMap(([name, path, object]) => [
  send('POST', name, path, object, { capture: { [name]: 'metadata.resourceVersion' } }),
  send('PUT', `${name}, update`, `${path}/go`, { ...object, metadata: { name: 'go', resourceVersion: `\${${name}}`, labels: { c: 'd' } } }),
  send('PUT', `${name}, old version`, `${path}/go`, { ...object, metadata: { name: 'go', resourceVersion: `\${${name}}` } }),
]);

const deleted: Step[] = [
  send('DELETE', 'dry run', `${CMS}/go`, 'deleteDry'),
  send('DELETE', 'other uid', `${CMS}/go`, 'deleteOtherUid'),
  send('DELETE', 'unknown policy', `${CMS}/go`, 'deletePolicyBad'),
  send('DELETE', 'policy and orphanDependents', `${CMS}/go`, 'deleteBoth'),
  send('DELETE', 'its own uid, old version', `${CMS}/go`, { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid: '${uid}', resourceVersion: '1' } }),
  send('DELETE', 'an object for options', `${CMS}/go`, 'configMap'),
  get('still there', `${CMS}/go`),
  send('DELETE', 'its own uid', `${CMS}/go`, { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid: '${uid}' } }),
  send('DELETE', 'what is gone', `${CMS}/go`, 'deleteNothing'),
  send('DELETE', 'secret, delete', `${SECRETS}/go`, 'deleteNothing'),
  send('DELETE', 'lease in the foreground, options of its group', `${LEASES}/go`, 'deleteForeground'),
  send('DELETE', 'lease, orphans', `${LEASES}/bare`, 'deleteOrphans'),
  send('DELETE', 'event, delete', `${EVENTS}/ours`, 'deleteNothing'),
  post('custom resource', WIDGETS, { apiVersion: 'stable.example.com/v1', kind: 'Widget', metadata: { name: 'go' }, spec: { color: 'red' } }, { headers: { Accept: TYPES.json } }),
  send('DELETE', 'custom resource, unknown policy', `${WIDGETS}/go`, 'deletePolicyBad'),
  send('DELETE', 'custom resource, delete', `${WIDGETS}/go`, 'deleteNothing'),
  send('DELETE', 'all custom resources', WIDGETS, 'deleteNothing'),
  send('DELETE', 'role, delete', `${RBAC}/roles/go`, 'deleteNothing'),
  send('DELETE', 'binding, delete', `${RBAC}/rolebindings/go`, 'deleteNothing'),
  send('DELETE', 'all secrets, dry run', SECRETS, 'deleteDry'),
  send('DELETE', 'all leases', LEASES, 'deleteNothing'),
];

const refused: Step[] = [
  send('POST', 'empty', CMS, Buffer.alloc(0)),
  send('POST', 'nothing but its beginning', CMS, bytes('configMap').subarray(0, 4)),
  send('POST', 'cut off', CMS, bytes('configMap').subarray(0, -20)),
  send('POST', 'JSON', CMS, Buffer.from('{"metadata":{"name":"x"}}')),
  send('POST', 'another kind', CMS, 'secret'),
  send('POST', 'options', CMS, 'deleteNothing'),
  send('PATCH', 'a patch', `${CMS}/kube-root-ca.crt`, 'configMap'),
  send('POST', 'strict', `${CMS}?fieldValidation=Strict`, 'configMapUpdate'),
];

/** Last, as the answer tells a revision that is known to be another. */
const shown: Step[] = [
  send('DELETE', 'account, delete', `${IN_NS}/serviceaccounts/go`, 'deleteNothing'),
  send('DELETE', 'template, delete', `${IN_NS}/podtemplates/go`, 'deleteNothing'),
];

const sequence: Sequence = { name: 'protobuf-bodies', steps: [...written, ...others, ...deleted, ...refused, ...shown] };

export const PROTOBUF_BODIES: Sequence[] = [
  sequence,
  { name: 'protobuf-both-ways', like: sequence.name, steps: sequence.steps.map((step) => ({ ...step, headers: { Accept: TYPES.protobuf, ...step.headers } })) },
];
