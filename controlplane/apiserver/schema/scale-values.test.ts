import { finalizerWarnings } from './object-meta';
import { scaleErrors, scaleStatusErrors } from './scale-values';

const PATHS = { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas', labelSelectorPath: '.status.selector' };

test.each<[string, object, string[]]>([
  ['nothing', {}, []],
  ['null above', { spec: null }, []],
  ['good', { spec: { replicas: 0 }, status: { replicas: 2, selector: 'a=b' } }, []],
  ['negative', { spec: { replicas: -1 } }, ['.spec.replicas: Invalid value: -1: should be a non-negative integer']],
  ['too large', { status: { replicas: 2 ** 31 } }, ['.status.replicas: Invalid value: 2147483648: should be less than or equal to 2147483647']],
  ['null', { spec: { replicas: null } }, ['.spec.replicas: Invalid value: 0: .spec.replicas accessor error: <nil> is of the type <nil>, expected int64']],
  ['text', { spec: { replicas: 'x' } }, ['.spec.replicas: Invalid value: 0: .spec.replicas accessor error: x is of the type string, expected int64']],
  ['no object above', { spec: 5 }, ['.spec.replicas: Invalid value: 0: .spec.replicas accessor error: 5 is of the type int64, expected map[string]interface{}']],
  ['selector', { status: { selector: 1.5 } }, ['.status.selector: Invalid value: "": .status.selector accessor error: 1.5 is of the type float64, expected string']],
])('%s', (_, object, expected) => {
  expect(scaleErrors(object as Record<string, unknown>, PATHS).map(({ field, message }) => `${field}: ${message}`)).toEqual(expected);
});

test('of the status, only the status is looked at', () => {
  expect(scaleStatusErrors({ spec: { replicas: -1 } }, PATHS)).toEqual([]);
  expect(scaleStatusErrors({ spec: {}, status: { replicas: -1 } }, undefined)).toEqual([]);
});

test('new finalizers without a path are warned of, Kubernetes\' own and those that were there are not', () => {
  expect(finalizerWarnings({ finalizers: ['b.c', 'a', 'old', 'x.y/z', 'orphan'] }, ['old'])).toEqual([
    'metadata.finalizers: "a": prefer a domain-qualified finalizer name to avoid accidental conflicts with other finalizer writers',
    'metadata.finalizers: "b.c": prefer a domain-qualified finalizer name including a path (/) to avoid accidental conflicts with other finalizer writers',
  ]);
});
