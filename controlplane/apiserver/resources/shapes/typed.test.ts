import { CORE_KINDS } from '../core-kinds';
import { metadataProblem, typedProblem, typeMetaProblem } from './typed';

function schemaOf(name: string) {
  const resource = CORE_KINDS.find((each) => each.name === name);
  if (!resource) throw new Error(`no ${name}`);
  return resource.schema;
}

// As kube-apiserver 1.32 says it.
test.each<[string, object, string | undefined]>([
  ['configmaps', { data: { a: '1' }, immutable: true, metadata: { name: 'a', labels: { a: 'b' } } }, undefined],
  ['configmaps', { data: null, immutable: null, metadata: null }, undefined],
  ['configmaps', { nobodyKnows: 5 }, undefined],
  ['configmaps', { data: { a: 5 } }, 'json: cannot unmarshal number into Go struct field ConfigMap.data of type string'],
  ['configmaps', { data: ['a'] }, 'json: cannot unmarshal array into Go struct field ConfigMap.data of type map[string]string'],
  ['configmaps', { immutable: 'yes' }, 'json: cannot unmarshal string into Go struct field ConfigMap.immutable of type bool'],
  ['configmaps', { metadata: 'x' }, 'json: cannot unmarshal string into Go struct field ConfigMap.metadata of type v1.ObjectMeta'],
  ['configmaps', { metadata: { labels: { a: true } } }, 'json: cannot unmarshal bool into Go struct field ObjectMeta.metadata.labels of type string'],
  ['configmaps', { metadata: { finalizers: [{}] } }, 'json: cannot unmarshal object into Go struct field ObjectMeta.metadata.finalizers of type string'],
  ['configmaps', { binaryData: { a: '%%' } }, 'illegal base64 data at input byte 0'],
  ['configmaps', { binaryData: { a: 'QQ=' } }, 'illegal base64 data at input byte 2'],
  ['configmaps', { binaryData: { a: 'QUFB\nQQ==' } }, undefined],
  ['secrets', { data: { a: 5 } }, 'json: cannot unmarshal number into Go struct field Secret.data of type []uint8'],
  ['leases.coordination.k8s.io', { spec: { leaseDurationSeconds: 'x' } }, 'json: cannot unmarshal string into Go struct field LeaseSpec.spec.leaseDurationSeconds of type int32'],
  ['leases.coordination.k8s.io', { spec: { leaseDurationSeconds: 1.5 } }, 'json: cannot unmarshal number 1.5 into Go struct field LeaseSpec.spec.leaseDurationSeconds of type int32'],
  ['leases.coordination.k8s.io', { spec: { leaseDurationSeconds: 2 ** 31 } }, 'json: cannot unmarshal number 2147483648 into Go struct field LeaseSpec.spec.leaseDurationSeconds of type int32'],
  ['leases.coordination.k8s.io', { spec: { renewTime: 'yesterday' } }, 'parsing time "yesterday" as "2006-01-02T15:04:05.000000Z07:00": cannot parse "yesterday" as "2006"'],
  ['leases.coordination.k8s.io', { spec: { renewTime: '2020-01-01T00:00:00Z' } }, 'parsing time "2020-01-01T00:00:00Z" as "2006-01-02T15:04:05.000000Z07:00": cannot parse "Z" as ".000000"'],
  ['leases.coordination.k8s.io', { spec: { renewTime: '2020-01-01T00:00:00.123456+02:00' } }, undefined],
  ...([
    ['2020-01-01T00:00:00.123456+24:60', undefined], ['2024-02-29T00:00:00.123456Z', undefined],
    ['2020-01-01T00:00:00.123456+99:99', ': time zone offset minute out of range'], ['2020-01-01T00:00:00.123456-23:61', ': time zone offset minute out of range'],
    ['2020-01-01T00:00:00.123456+25:00', ': time zone offset hour out of range'], ['2020-01-01T00:00:00.123456x99:x0', ': time zone offset hour out of range'],
    ['2020-01-01T00:00:00.123456x09:00', ' as "2006-01-02T15:04:05.000000Z07:00": cannot parse "x09:00" as "Z07:00"'],
    ['2020-01-01T00:00:00.123456+9:00', ' as "2006-01-02T15:04:05.000000Z07:00": cannot parse "+9:00" as "Z07:00"'],
    ['2020-01-01T00:00:00.123456', ' as "2006-01-02T15:04:05.000000Z07:00": cannot parse "" as "Z07:00"'],
    ['2020-02-30T00:00:00.123456Z', ': day out of range'], ['1900-02-29T00:00:00.123456Z', ': day out of range'], ['2020-01-00T00:00:00.123456Z', ': day out of range'],
    ['2020-02-99T00:00:00.123456+99:00', ': time zone offset hour out of range'], ['2020-02-30T00:00:00.123456+01:00x', ': extra text: "x"'],
  ] as const).map(([renewTime, rest]): [string, object, string | undefined] => ['leases.coordination.k8s.io', { spec: { renewTime } }, rest && `parsing time "${renewTime}"${rest}`]),
  ['events', { firstTimestamp: '2020-01-01T00:00:00,5Z' }, undefined],
  ['events', { firstTimestamp: '2020-13-01T00:00:00Z' }, 'parsing time "2020-13-01T00:00:00Z": month out of range'],
  ['events', { firstTimestamp: '2020-01-01T00:00:00.5Z' }, undefined],
  ['events', { firstTimestamp: 5 }, 'json: cannot unmarshal number into Go struct field Event.firstTimestamp of type string'],
  ['events', { firstTimestamp: '2020-01-01T00:00:00Zx' }, 'parsing time "2020-01-01T00:00:00Zx": extra text: "x"'],
])('%s %j', (name, object, expected) => {
  const { kind } = CORE_KINDS.find((each) => each.name === name) ?? { kind: '' };
  expect(typedProblem(object as Record<string, unknown>, schemaOf(name), kind)).toBe(expected);
});

test.each<[unknown, string | undefined]>([
  [undefined, undefined],
  [{ name: 'x', annotations: { a: null } }, undefined],
  [[], 'json: cannot unmarshal array into Go value of type v1.ObjectMeta'],
  [{ labels: { a: 1 } }, 'json: cannot unmarshal number into Go struct field ObjectMeta.labels of type string'],
  [{ ownerReferences: [{ uid: 5 }] }, 'json: cannot unmarshal number into Go struct field OwnerReference.ownerReferences.uid of type string'],
])('metadata of a custom resource: %j', (metadata, expected) => {
  expect(metadataProblem(metadata)).toBe(expected);
});

test.each<[unknown, string]>([
  [null, ''],
  [{ apiVersion: 'v1', kind: 'X' }, ''],
  [{ kind: 5 }, 'json: cannot unmarshal number into Go struct field .kind of type string'],
  [[], 'json: cannot unmarshal array into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }'],
])('what says which kind it is: %j', (value, expected) => {
  expect(typeMetaProblem(value) ?? '').toBe(expected);
});
