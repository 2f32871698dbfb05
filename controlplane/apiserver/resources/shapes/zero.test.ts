import { completeShape, kindShape, zeroShape } from '.';

test.each<[string, string, string, object]>([
  ['', 'v1', 'ConfigMap', {}],
  ['', 'v1', 'Namespace', { spec: {}, status: {} }],
  ['', 'v1', 'PodTemplate', { template: { metadata: { creationTimestamp: null }, spec: { containers: null } } }],
  ['coordination.k8s.io', 'v1', 'Lease', { spec: {} }],
])('of which nothing was set: %s %s %s', (group, version, kind, expected) => {
  expect(zeroShape(kindShape(group, version, kind))).toEqual(expected);
});

test('what is always said is added, and what is empty goes; metadata is left alone', () => {
  const event = { metadata: { name: 'e', labels: {} }, involvedObject: { kind: 'Pod' }, reason: '', count: 0 };
  completeShape(event, kindShape('', 'v1', 'Event'));
  expect(event).toEqual({
    metadata: { name: 'e', labels: {} }, involvedObject: { kind: 'Pod' }, reason: '', count: 0, source: {},
    firstTimestamp: null, lastTimestamp: null, eventTime: null, reportingComponent: '', reportingInstance: '',
  });
  const config = { data: {}, binaryData: { a: 'AA==' } };
  completeShape(config, kindShape('', 'v1', 'ConfigMap'));
  expect(config).toEqual({ binaryData: { a: 'AA==' } });
  const role = { rules: [] };
  completeShape(role, kindShape('rbac.authorization.k8s.io', 'v1', 'Role'));
  expect(role).toEqual({ rules: null });
});

test('objects of one shape do not share what was added', () => {
  const [a, b] = [{}, {}] as { spec?: Record<string, unknown> }[];
  completeShape(a, kindShape('', 'v1', 'Namespace'));
  completeShape(b, kindShape('', 'v1', 'Namespace'));
  Object.assign(a.spec ?? {}, { finalizers: ['x'] });
  expect(b.spec).toEqual({});
});
