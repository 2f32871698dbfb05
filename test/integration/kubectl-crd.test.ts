/** A definition that is not Gleaner's is served like its own: nothing in the API server knows a kind by name. */
import type { CustomResourceDefinition } from '../../controlplane/apiserver/resources/crd';
import { sharedKubectl } from '../support/shared-server';

const WIDGETS: CustomResourceDefinition = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'widgets.example.com' },
  spec: {
    group: 'example.com',
    scope: 'Cluster',
    names: { plural: 'widgets', singular: 'widget', kind: 'Widget', shortNames: ['wd'], categories: ['toys'] },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        selectableFields: [{ jsonPath: '.spec.colour' }],
        additionalPrinterColumns: [
          { name: 'Ready', type: 'string', jsonPath: '.spec.conditions[?(@.type=="Ready")].status' },
          { name: 'Port', type: 'string', jsonPath: '.spec.port', priority: 1 },
        ],
        subresources: { scale: { specReplicasPath: '.spec.size.count', statusReplicasPath: '.spec.size.count' } },
        schema: {
          openAPIV3Schema: {
            type: 'object',
            description: 'A Widget does nothing.',
            properties: {
              spec: {
                type: 'object',
                properties: {
                  colour: { type: 'string', description: 'Its colour.', enum: ['red', 'blue'], default: 'red' },
                  port: { 'x-kubernetes-int-or-string': true },
                  size: { type: 'object', properties: { count: { type: 'integer', minimum: 0, maximum: 9 } } },
                  free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
                  conditions: {
                    type: 'array',
                    'x-kubernetes-list-type': 'map',
                    'x-kubernetes-list-map-keys': ['type'],
                    items: { type: 'object', required: ['type'], properties: { type: { type: 'string' }, status: { type: 'string' } } },
                  },
                },
              },
            },
          },
        },
      },
    ],
  },
};

const { k } = sharedKubectl({ crds: [WIDGETS] });

const create = (name: string, spec: string): Promise<string> =>
  k.ok(['create', '-f', '-'], { input: `apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: ${name}}\nspec: ${spec}\n` });

test('create, columns, selectable fields, categories, explain', async () => {
  await create('a', '{port: 80, free: {any: {thing: [1]}}, conditions: [{type: Ready, status: "True"}]}');
  await create('b', '{colour: blue, port: http}');
  expect(await k.ok(['get', 'wd'])).toMatch(/^NAME +READY\na +True\nb *\n$/);
  expect(await k.ok(['get', 'toys', '-o', 'wide', '--no-headers'])).toMatch(/^a +True +80\nb +http\n$/);
  expect(await k.ok(['get', 'wd', '--field-selector=spec.colour=red', '-o', 'name'])).toBe('widget.example.com/a\n');
  expect(await k.ok(['get', 'wd', 'a', '-o', 'jsonpath={.spec}'])).toBe(
    '{"colour":"red","conditions":[{"status":"True","type":"Ready"}],"free":{"any":{"thing":[1]}},"port":80}',
  );
  expect(await k.ok(['explain', 'wd.spec.colour'])).toMatch(/Its colour\./);
});

test('scale goes to the path of the definition, within the bounds of its schema', async () => {
  await create('c', '{}');
  await k.ok(['scale', 'wd', 'c', '--replicas=3']);
  expect(await k.ok(['get', 'wd', 'c', '-o', 'jsonpath={.spec.size.count}'])).toBe('3');
  expect(await k.fails(['scale', 'wd', 'c', '--replicas=10'])).toContain('spec.size.count in body should be less than or equal to 9');
});

test('refusals name kind, field and value', async () => {
  await expect(create('d', '{colour: green}')).rejects.toThrow('The Widget "d" is invalid: spec.colour: Unsupported value: "green": supported values: "red", "blue"');
  await expect(create('d', '{conditions: [{type: A}, {type: A}]}')).rejects.toThrow('spec.conditions[1]: Duplicate value: map[string]interface {}{"type":"A"}');
  await expect(create('d', '{shape: round}')).rejects.toThrow('unknown field "spec.shape"');
  expect(await k.fails(['get', 'wd', 'd'])).toContain('widgets.example.com "d" not found');
});
