import { negotiate, plainForm } from './accept';
import { invalidError } from './errors';
import { parseResourcePath } from './request-info';

test.each([
  ['/api/v1/namespaces', ['v1', 'namespaces', '', '', '']],
  ['/api/v1/namespaces/lab', ['v1', 'namespaces', '', 'lab', '']],
  ['/api/v1/namespaces/lab/status', ['v1', 'namespaces', '', 'lab', 'status']],
  ['/api/v1/namespaces/lab/secrets', ['v1', 'secrets', 'lab', '', '']],
  ['/api/v1/namespaces/lab/secrets/x', ['v1', 'secrets', 'lab', 'x', '']],
  ['/apis/gleaner.dev/v1alpha1/jobs', ['gleaner.dev/v1alpha1', 'jobs', '', '', '']],
  ['/apis/gleaner.dev/v1alpha1/namespaces/lab/jobs/pi/scale', ['gleaner.dev/v1alpha1', 'jobs', 'lab', 'pi', 'scale']],
  ['/apis/gleaner.dev/v1alpha1/agents/a%20b', ['gleaner.dev/v1alpha1', 'agents', '', 'a b', '']],
])('%s', (path, expected) => {
  const { groupVersion, plural, namespace, name, subresource } = parseResourcePath(path) ?? {};
  expect([groupVersion, plural, namespace, name, subresource]).toEqual(expected);
});

test.each(['/', '/metrics', '/api/v1', '/apis/gleaner.dev/v1alpha1', '/api/v1//secrets', '/api/v1/secrets/a%2Fb', '/api/v1/secrets/%', '/api/v1/namespaces/a/secrets/b/c/d'])(
  '%s is no path of a resource',
  (path) => {
    expect(parseResourcePath(path)).toBeUndefined();
  },
);

test.each([
  [undefined, { as: 'object' }],
  ['*/*', { as: 'object' }],
  ['application/json', { as: 'object' }],
  ['application/vnd.kubernetes.protobuf', { as: 'object', protobuf: true }],
  ['application/vnd.kubernetes.protobuf,application/json', { as: 'object', protobuf: true }],
  ['application/json,application/vnd.kubernetes.protobuf', { as: 'object' }],
  ['application/vnd.kubernetes.protobuf, */*', { as: 'object', protobuf: true }],
  ['application/vnd.kubernetes.protobuf;stream=watch', { as: 'object', protobuf: true }],
  ['application/vnd.kubernetes.protobuf;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json', { as: 'PartialObjectMetadata', version: 'v1', protobuf: true }],
  ['application/vnd.kubernetes.protobuf;as=Table;g=meta.k8s.io;v=v1,application/json;as=Table;g=meta.k8s.io;v=v1', { as: 'Table', version: 'v1' }],
  ['application/json;as=Table;v=v1;g=meta.k8s.io,application/json', { as: 'Table', version: 'v1' }],
  ['application/json;as=Table;v=v9;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io', { as: 'Table', version: 'v1beta1' }],
  ['application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1', { as: 'PartialObjectMetadataList', version: 'v1' }],
  ['application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList', { as: 'APIGroupDiscoveryList', version: 'v2' }],
  ['application/yaml', { as: 'object', yaml: true }],
  ['application/yaml;q=0.5, application/json', { as: 'object' }],
  ['application/json;q=0.5,application/yaml', { as: 'object', yaml: true }],
  ['application/json, application/yaml', { as: 'object' }],
  ['*/*, application/yaml;q=0.5', { as: 'object', yaml: true }],
  ['application/yaml;q=0.5, */*', { as: 'object' }],
  ['application/yaml;as=Table;v=v1;g=meta.k8s.io,application/json', { as: 'Table', version: 'v1', yaml: true }],
  ['application/yaml;as=Table;v=v9;g=meta.k8s.io,application/json', { as: 'object' }],
  ['application/yaml;as=APIGroupDiscoveryList;v=v2;g=apidiscovery.k8s.io', { as: 'APIGroupDiscoveryList', version: 'v2', yaml: true }],
  ['application/yaml;stream=watch,application/json', { as: 'object' }],
  ['application/vnd.kubernetes.protobuf;as=Table;g=meta.k8s.io;v=v1,application/yaml', { as: 'object', yaml: true }],
])('Accept: %s', (header, expected) => {
  expect(negotiate(header)).toEqual(expected);
});

test('what cannot be answered is 406', () => {
  expect(() => negotiate('application/*')).toThrow('406: Not Acceptable\n\nAvailable representations: application/json, application/yaml, application/vnd.kubernetes.protobuf');
  expect(() => negotiate('application/vnd.kubernetes.protobuf', ({ protobuf }) => !protobuf)).toThrow('only the following media types are accepted');
  for (const header of ['application/json;g=meta.k8s.io;v=v1', 'application/json;v=v1', '*/*;g=meta.k8s.io']) expect(() => negotiate(header)).toThrow('only the following media types are accepted');
  expect(() => negotiate('application/yaml;as=Nope')).toThrow('only the following media types are accepted: application/json, application/yaml');
  expect(() => negotiate('application/yaml;stream=watch')).toThrow('only the following media types are accepted');
  expect(() => negotiate('application/yaml', ({ yaml }) => !yaml, 'application/json')).toThrow('Available representations: application/json');
});

test.each([
  [undefined, 'json'], ['application/json', 'json'], ['application/yaml', 'yaml'], ['application/json, application/yaml', 'json'], ['text/html, application/yaml', 'yaml'],
  ['application/yaml;as=Table;v=v1;g=meta.k8s.io', 'json'], ['application/yaml;as=Table;v=v1;g=meta.k8s.io,application/yaml', 'yaml'],
  ['application/vnd.kubernetes.protobuf', 'protobuf'], ['application/vnd.kubernetes.protobuf, */*', 'protobuf'], ['application/vnd.kubernetes.protobuf;as=Table;g=meta.k8s.io;v=v1', 'json'],
])('a refusal for Accept: %s is in %s', (header, written) => {
  const { yaml, protobuf } = plainForm(header);
  expect([yaml, protobuf]).toEqual([written === 'yaml' ? true : undefined, written === 'protobuf' ? true : undefined]);
});

test('an Invalid status lists its causes; equal lines once', () => {
  const cause = { reason: 'FieldValueRequired', field: 'spec', message: 'Required value' } as const;
  const one = invalidError({ group: 'gleaner.dev', kind: 'Job' }, 'x', [cause, cause]).status;
  expect(one).toEqual({
    kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', code: 422, reason: 'Invalid',
    message: 'Job.gleaner.dev "x" is invalid: spec: Required value',
    details: { name: 'x', group: 'gleaner.dev', kind: 'Job', causes: [cause, cause] },
  });
  expect(invalidError({ group: '', kind: 'Secret' }, 'x', [cause, { ...cause, field: 'y' }]).message).toBe('Secret "x" is invalid: [spec: Required value, y: Required value]');
});
