/**
 * Bodies as Go writes them are read as Go means them.
 *
 * The bytes were made by a Go program with k8s.io/api and k8s.io/apimachinery v0.32.13: each object was given its apiVersion and kind, as
 * client-go does it, and encoded with the serializer of runtime/serializer/protobuf. What is expected is what encoding/json wrote of the
 * same object, without fields that are null or an empty text: in Go they are
 * the same as fields that are absent.
 */
import { parseProtobuf } from './protobuf';
import { toProtobuf } from './to-protobuf';

test.each<[string, string, object]>([
  [
    'a Lease',
    [
      'azhzAAofChZjb29yZGluYXRpb24uazhzLmlvL3YxEgVMZWFzZRKiAQpyCgZsZWFkZXISABoHZGVmYXVsdCIAKgAyATc4AEIAWgYKAWESAWJiCAoCw7wSAsO2akAKCUNvbmZpZ01hcBoF',
      'b3duZXIiJDBmMGYwZjBmLTAwMDAtNDAwMC04MDAwLTAwMDAwMDAwMDAwMioCdjEwATgAEiwKCm5vZGUtMV9hYmMQDxoMCKXr3MoGEIjq3MMCIgwIpevcygYQiOrcwwIoABoAIgA=',
    ].join(''),
    {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name: 'leader', namespace: 'default', resourceVersion: '7', labels: { a: 'b' }, annotations: { 'ü': 'ö' }, ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid: '0f0f0f0f-0000-4000-8000-000000000002', controller: true, blockOwnerDeletion: false }] },
      spec: { holderIdentity: 'node-1_abc', leaseDurationSeconds: 15, acquireTime: '2026-01-02T03:04:05.678901Z', renewTime: '2026-01-02T03:04:05.678901Z', leaseTransitions: 0 },
    },
  ],
  [
    'an Event with everything',
    [
      'azhzAAoLCgJ2MRIFRXZlbnQSwQIKHgoHc3VtLjE3YxIAGgdkZWZhdWx0IgAqADIAOABCABJiCgNKb2ISB2RlZmF1bHQaA3N1bSIkMGYwZjBmMGYtMDAwMC00MDAwLTgwMDAtMDAwMDAw',
      'MDAwMDAxKhRnbGVhbmVyLmRldi92MWFscGhhMTICNDI6DXNwZWMudGVtcGxhdGUaB1N0YXJ0ZWQiEjMgb2YgNSBjb21wbGV0aW9ucyoTCglzY2hlZHVsZXISBm5vZGUtMTIICKXr3MoG',
      'EAA6CAil69zKBhAAQKwCSgZOb3JtYWxSDAil69zKBhCI6tzDAloQCAISDAil69zKBhCI6tzDAmIIU3RhcnRpbmdqHAoJQ29uZmlnTWFwEgAaBWlucHV0IgAqADIAOgByFWV4YW1wbGUu',
      'Y29tL3NjaGVkdWxlcnoLc2NoZWR1bGVyLTAaACIA',
    ].join(''),
    {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: 'sum.17c', namespace: 'default' },
      involvedObject: { kind: 'Job', namespace: 'default', name: 'sum', uid: '0f0f0f0f-0000-4000-8000-000000000001', apiVersion: 'gleaner.dev/v1alpha1', resourceVersion: '42', fieldPath: 'spec.template' },
      reason: 'Started',
      message: '3 of 5 completions',
      source: { component: 'scheduler', host: 'node-1' },
      firstTimestamp: '2026-01-02T03:04:05Z',
      lastTimestamp: '2026-01-02T03:04:05Z',
      count: 300,
      type: 'Normal',
      eventTime: '2026-01-02T03:04:05.678901Z',
      series: { count: 2, lastObservedTime: '2026-01-02T03:04:05.678901Z' },
      action: 'Starting',
      related: { kind: 'ConfigMap', name: 'input' },
      reportingComponent: 'example.com/scheduler',
      reportingInstance: 'scheduler-0',
    },
  ],
  [
    'an Event with hardly anything',
    'azhzAAoLCgJ2MRIFRXZlbnQSTgobCgRiYXJlEgAaB2RlZmF1bHQiACoAMgA4AEIAEhUKABIHZGVmYXVsdBoAIgAqADIAOgAaACIAKgQKABIAMgA6AEAASgBSAGIAcgB6ABoAIgA=',
    {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: 'bare', namespace: 'default' },
      involvedObject: { namespace: 'default' },
      source: {},
    },
  ],
  [
    'an Event of events.k8s.io',
    [
      'azhzAAoZChBldmVudHMuazhzLmlvL3YxEgVFdmVudBK6AgoeCgdzdW0uMTdkEgAaB2RlZmF1bHQiACoAMgA4AEIAEgwIpevcygYQiOrcwwIaEAgCEgwIpevcygYQiOrcwwIiFWV4YW1w',
      'bGUuY29tL3NjaGVkdWxlcioLc2NoZWR1bGVyLTAyCFN0YXJ0aW5nOgdTdGFydGVkQmIKA0pvYhIHZGVmYXVsdBoDc3VtIiQwZjBmMGYwZi0wMDAwLTQwMDAtODAwMC0wMDAwMDAwMDAw',
      'MDEqFGdsZWFuZXIuZGV2L3YxYWxwaGExMgI0MjoNc3BlYy50ZW1wbGF0ZUocCglDb25maWdNYXASABoFaW5wdXQiACoAMgA6AFISMyBvZiA1IGNvbXBsZXRpb25zWgZOb3JtYWxiDQoJ',
      'c2NoZWR1bGVyEgBqCAil69zKBhAAcggIpevcygYQAHgDGgAiAA==',
    ].join(''),
    {
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      metadata: { name: 'sum.17d', namespace: 'default' },
      eventTime: '2026-01-02T03:04:05.678901Z',
      series: { count: 2, lastObservedTime: '2026-01-02T03:04:05.678901Z' },
      reportingController: 'example.com/scheduler',
      reportingInstance: 'scheduler-0',
      action: 'Starting',
      reason: 'Started',
      regarding: { kind: 'Job', namespace: 'default', name: 'sum', uid: '0f0f0f0f-0000-4000-8000-000000000001', apiVersion: 'gleaner.dev/v1alpha1', resourceVersion: '42', fieldPath: 'spec.template' },
      related: { kind: 'ConfigMap', name: 'input' },
      note: '3 of 5 completions',
      type: 'Normal',
      deprecatedSource: { component: 'scheduler' },
      deprecatedFirstTimestamp: '2026-01-02T03:04:05Z',
      deprecatedLastTimestamp: '2026-01-02T03:04:05Z',
      deprecatedCount: 3,
    },
  ],
  [
    'an Event of events.k8s.io with hardly anything',
    [
      'azhzAAoZChBldmVudHMuazhzLmlvL3YxEgVFdmVudBJTChsKBGJhcmUSABoHZGVmYXVsdCIAKgAyADgAQgASDAil69zKBhCI6tzDAiIAKgAyADoAQg4KABIAGgAiACoAMgA6AFIAWgBi',
      'BAoAEgBqAHIAeAAaACIA',
    ].join(''),
    {
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      metadata: { name: 'bare', namespace: 'default' },
      eventTime: '2026-01-02T03:04:05.678901Z',
      regarding: {},
      deprecatedSource: {},
    },
  ],
  [
    'a ServiceAccount',
    [
      'azhzAAoUCgJ2MRIOU2VydmljZUFjY291bnQSVAovCgZydW5uZXISABoHZGVmYXVsdCIAKgAyADgAQgByEGV4YW1wbGUuY29tL2hvbGQSEwoAEgAaBXRva2VuIgAqADIAOgAaCgoIcmVn',
      'aXN0cnkgABoAIgA=',
    ].join(''),
    {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: 'runner', namespace: 'default', finalizers: ['example.com/hold'] },
      secrets: [{ name: 'token' }],
      imagePullSecrets: [{ name: 'registry' }],
      automountServiceAccountToken: false,
    },
  ],
  [
    'a ConfigMap',
    [
      'azhzAAoPCgJ2MRIJQ29uZmlnTWFwElAKKAoAEglzZXR0aW5ncy0aB2RlZmF1bHQiACoAMgA4AEIICKXr3MoGEAASBQoBYRIAEgwKAWISB8O8CsO2w58aDQoFYnl0ZXMSBAD/gAEgARoA',
      'IgA=',
    ].join(''),
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { generateName: 'settings-', namespace: 'default', creationTimestamp: '2026-01-02T03:04:05Z' },
      immutable: true,
      data: { a: '', b: 'ü\nöß' },
      binaryData: { bytes: 'AP+AAQ==' },
    },
  ],
  [
    'a TokenRequest',
    [
      'azhzAAooChhhdXRoZW50aWNhdGlvbi5rOHMuaW8vdjESDFRva2VuUmVxdWVzdBJrChAKABIAGgAiACoAMgA4AEIAElEKB2dsZWFuZXIKBW90aGVyGjkKBlNlY3JldBICdjEaBXRva2Vu',
      'IiQwZjBmMGYwZi0wMDAwLTQwMDAtODAwMC0wMDAwMDAwMDAwMDMggYCAgBAaBAoAEgAaACIA',
    ].join(''),
    {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      metadata: {},
      spec: { audiences: ['gleaner', 'other'], expirationSeconds: 4294967297, boundObjectRef: { kind: 'Secret', apiVersion: 'v1', name: 'token', uid: '0f0f0f0f-0000-4000-8000-000000000003' } },
      status: {},
    },
  ],
])('%s', (_, base64, expected) => {
  expect(parseProtobuf(Buffer.from(base64, 'base64')).value).toEqual(expected);
  // What is written means the same.
  expect(parseProtobuf(toProtobuf(expected) ?? Buffer.alloc(0)).value).toEqual(expected);
});

// Seconds as Go's time.Parse gives them.
test.each([
  ['2020-01-01T00:00:00.123456Z', '2020-01-01T00:00:00.123456Z'],
  ['2020-01-01T00:00:00.123456+24:00', '2019-12-31T00:00:00.123456Z'],
  ['2020-01-01T00:00:00.123456-23:60', '2020-01-02T00:00:00.123456Z'],
  ['2020-01-01T00:00:00,123456Z', '2020-01-01T00:00:00.123456Z'],
  ['1969-12-31T23:59:59.500000Z', '1969-12-31T23:59:59.500000Z'],
  ['0099-01-01T00:00:00.000000+00:00', '0099-01-01T00:00:00.000000Z'],
  ['2020-01-01T00:00:00.123456+99:99', '2019-12-27T19:21:00.123456Z'],
  ['yesterday', '1970-01-01T00:00:00.000000Z'],
])('the time %s is written as %s', (renewTime, expected) => {
  const lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: {}, spec: { renewTime } };
  expect(parseProtobuf(toProtobuf(lease) ?? Buffer.alloc(0)).value).toEqual({ ...lease, spec: { renewTime: expected } });
});

test.each<[string, object, object]>([
  ['of texts', { kind: 'Role', rules: [{ verbs: [null, 'get'], resources: null }] }, { kind: 'Role', rules: [{ verbs: ['', 'get'] }] }],
  ['of objects', { kind: 'Role', rules: [null, { verbs: ['get'] }] }, { kind: 'Role', rules: [{}, { verbs: ['get'] }] }],
  ['as a map', { kind: 'ConfigMap', data: { a: null, b: 'c' }, binaryData: { d: null } }, { kind: 'ConfigMap', data: { a: '', b: 'c' }, binaryData: { d: '' } }],
  ['of lists', { kind: 'SubjectAccessReview', spec: { extra: { a: null, b: [null] } } }, { kind: 'SubjectAccessReview', spec: { extra: { a: [], b: [''] } } }],
  ['that is none', { kind: 'ConfigMap', data: 5 }, { kind: 'ConfigMap' }],
])('nulls in a list or map %s are written as what is empty', (_, given, written) => {
  const groups: Readonly<Record<string, string>> = { Role: 'rbac.authorization.k8s.io/v1', SubjectAccessReview: 'authorization.k8s.io/v1', ConfigMap: 'v1' };
  const typed = (object: object): object => ({ apiVersion: groups[(object as { kind: string }).kind], metadata: { name: 'n' }, ...object });
  expect(parseProtobuf(toProtobuf(typed(given)) ?? Buffer.alloc(0)).value).toEqual(typed(written));
});

test('an integer that is none is written as 0', () => {
  const lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: {}, spec: { leaseTransitions: 'many' } };
  expect(parseProtobuf(toProtobuf(lease) ?? Buffer.alloc(0)).value).toEqual({ ...lease, spec: { leaseTransitions: 0 } });
});
