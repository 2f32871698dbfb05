import { findKindShape, kindShape, metaShape } from '.';
import { canonicalize } from './canonical';
import { defineShapes } from './parse';
import { canonicalQuantity } from './quantity';

test.each([
  ['1', '1'], ['1000m', '1'], ['0.5', '500m'], ['.5', '500m'], ['1.5', '1500m'], ['1000', '1k'], ['1500', '1500'], ['1024Mi', '1Gi'], ['0.5Gi', '512Mi'], ['1.5Gi', '1536Mi'],
  ['1Ki', '1Ki'], ['0.5Ki', '512'], ['1e3', '1e3'], ['1E3', '1e3'], ['1000e3', '1e6'], ['100n', '100n'], ['0', '0'], ['0Mi', '0'], ['-2', '-2'], ['-1024Ki', '-1Mi'], ['+5', '5'], ['00012', '12'],
])('quantity %s is %s', (text, canonical) => {
  expect(canonicalQuantity(text)).toBe(canonical);
  expect(canonicalQuantity(canonical)).toBe(canonical);
});

test.each(['', 'x', '1x', '1 Gi', 'Gi', '--1', '1.2.3', '1e999', '1'.repeat(65)])('%j is no quantity', (text) => {
  expect(canonicalQuantity(text)).toBeUndefined();
});

test('quantities become canonical wherever a type has them; what is none is refused', () => {
  const template = (resources: object): Record<string, unknown> => ({ template: { spec: { containers: [{ name: 'a', resources }] } } });
  const { schema } = kindShape('', 'v1', 'PodTemplate');
  const value = template({ limits: { cpu: 0.5, memory: '1024Mi', gpu: null } });
  expect(canonicalize(value, schema)).toBeUndefined();
  expect(value).toEqual(template({ limits: { cpu: '500m', memory: '1Gi', gpu: '0' } }));
  expect(canonicalize(template({ limits: { cpu: 'much' } }), schema)).toContain('quantities must match the regular expression');
});

test('shapes know how lists merge, what is required, and the fields of protobuf', () => {
  const { schema, required, fields } = kindShape('', 'v1', 'Service');
  expect(schema.properties?.spec.properties?.ports).toMatchObject({
    type: 'array', 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['port', 'protocol'], 'x-kubernetes-patch-strategy': 'merge', 'x-kubernetes-patch-merge-key': 'port',
  });
  expect([required, fields.map(({ name, path }) => [name, path])]).toEqual([[], [['metadata', [1]], ['spec', [2]], ['status', [3]]]]);
  expect(kindShape('events.k8s.io', 'v1', 'Event').required).toContain('eventTime');
  expect(metaShape('ObjectMeta').fields.map(({ path }) => path[0]).sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 17]);
  expect(findKindShape('', 'v1', 'Nothing')).toBeUndefined();
});

test('a text that is not understood is refused at once', () => {
  expect(() => defineShapes('io.example', 'A: b 1 Nope')).toThrow('shape not understood: Nope');
  expect(() => defineShapes('io.example', 'A: b one')).toThrow('shape not understood: b one');
});
