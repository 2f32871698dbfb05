/** Names that clash, definitions that change, kubectl's cache; warnings; compression: after discovery.sh and get.sh. */
import { partOf, piped, settled, type Command, type Scenario } from '../scenario';

const definition = (group: string, names: string, scope = 'Namespaced', schema = 'properties: {spec: {type: object, properties: {test: {type: string}}}}'): string => `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: ${/plural: ([\w-]+)/.exec(names)?.[1] ?? ''}.${group}}
spec:
  group: ${group}
  scope: ${scope}
  names: ${names}
  versions:
  - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, ${schema}}}}
`;
const object = (group: string, kind: string, name: string): string => `apiVersion: ${group}/v1\nkind: ${kind}\nmetadata: {name: ${name}}\nspec: {test: test}\n`;
const established = (name: string): string => `wait --for=condition=Established crd/${name} --timeout=20s`;
/** Makes the definition and waits until objects of it are served. */
const defined = (file: string, name: string): (string | Command)[] => [`create -f FILES/${file}`, established(name), settled(`get ${name} -A`)];

/** `configmap` stays the name of configmaps, whatever definitions call themselves. */
const shadows = (file: string): (string | Command)[] => [
  'get configmap',
  ...defined(file, 'examples.test.com'),
  'create -f FILES/example.yaml',
  'get examples.test.com',
  'get examples.test.com/test-crd-example -o name',
  'get configmap',
  'get configmaps',
  partOf('api-resources --cached -o name', /^examples\.test\.com$/gm),
  partOf('api-resources -o name', /^examples\.test\.com$/gm),
  'get examples.test.com',
  'get configmap',
  'delete examples.test.com/test-crd-example',
  'delete crd examples.test.com',
];

const discovery: Scenario = {
  name: 'discovery',
  files: {
    'short.yaml': definition('test.com', '{plural: examples, singular: example, shortNames: [configmap], kind: Example}'),
    'singular.yaml': definition('test.com', '{plural: examples, singular: configmap, kind: Example}'),
    'plural.yaml': definition('test.com', '{plural: configmaps, singular: myconfigmap, kind: MyConfigMap}'),
    'example.yaml': object('test.com', 'Example', 'test-crd-example'),
    'foos.yaml': definition('bar.com', '{plural: foos, singular: foo, shortNames: [exmp], kind: Foo, categories: [all]}'),
    'foo.yaml': object('bar.com', 'Foo', 'test-crd-foo'),
    'exmp.yaml': definition('test.com', '{plural: examples, singular: example, shortNames: [exmp], kind: Example}'),
    'cluster.yaml': definition('scope.example.com', '{plural: movers, kind: Mover}', 'Cluster'),
    'namespaced.yaml': definition('scope.example.com', '{plural: movers, kind: Mover}'),
    'mover.yaml': object('scope.example.com', 'Mover', 'm'),
    'mock.yaml': definition('mock.example.com', '{plural: mock-resources, singular: mock-resource, kind: MockResource, listKind: MockResources}', 'Namespaced',
      'properties: {spec: {type: object, additionalProperties: true, properties: {test: {type: object, additionalProperties: {type: array, items: {type: string}}}}}}'),
    'mock-valid.yaml': definition('mock.example.com', '{plural: mock-resources, singular: mock-resource, kind: MockResource, listKind: MockResources}', 'Namespaced',
      'properties: {spec: {type: object, properties: {test: {type: object, additionalProperties: {type: array, items: {type: string}}}}}}'),
  },
  commands: [
    'get unknownresourcetype',
    'get cm',
    ...shadows('short.yaml'),
    ...shadows('singular.yaml'),
    ...defined('plural.yaml', 'configmaps.test.com'),
    'get configmaps',
    'get configmaps.test.com',
    'get myconfigmap',
    'delete crd configmaps.test.com',
    'get configmaps',
    // Short names of two definitions.
    ...defined('foos.yaml', 'foos.bar.com'),
    'create -f FILES/foo.yaml',
    'get exmp',
    'get all',
    ...defined('exmp.yaml', 'examples.test.com'),
    partOf('api-resources -o name', /^(?:examples\.test|foos\.bar)\.com$/gm),
    'get examples.test.com',
    'get exmp',
    'delete crd foos.bar.com examples.test.com',
    // The scope changes, and kubectl's cache knows the old one.
    ...defined('cluster.yaml', 'movers.scope.example.com'),
    'apply -f FILES/mover.yaml',
    'get movers',
    'api-resources --api-group=scope.example.com',
    'delete -f FILES/cluster.yaml',
    'api-resources --api-group=scope.example.com',
    ...defined('namespaced.yaml', 'movers.scope.example.com'),
    'api-resources --api-group=scope.example.com',
    'apply -f FILES/mover.yaml',
    'get movers -n k-discovery',
    'delete -f FILES/mover.yaml',
    'delete -f FILES/namespaced.yaml',
    // What resources there are.
    'api-resources --api-group=stable.example.com --namespaced=false',
    'api-resources --api-group=stable.example.com --namespaced=true -o name',
    'api-resources --api-group=stable.example.com --verbs=list,create -o wide',
    'api-resources --api-group=stable.example.com --verbs=list,fly',
    'api-resources --api-group=stable.example.com --categories=examples',
    'api-resources --api-group=stable.example.com --sort-by=kind',
    'api-resources --api-group=stable.example.com --sort-by=age',
    'api-resources --api-group=stable.example.com --cached',
    'api-resources --api-group=rbac.authorization.k8s.io -o wide',
    'api-resources --api-group=coordination.k8s.io -o wide',
    'api-resources --api-group=apiextensions.k8s.io -o wide',
    'api-resources --api-group=authorization.k8s.io -o wide',
    'api-resources --api-group=authentication.k8s.io -o wide',
    'api-resources --api-group=events.k8s.io -o wide',
    partOf('api-resources --no-headers', /^(?:configmaps|secrets|namespaces|serviceaccounts|podtemplates|events|jobs|tasks|agents|widgets) .*(?: v1|example\.com\/v1|gleaner\.dev\/v1alpha1) .*$/gm),
    'api-resources extra',
    partOf('api-versions', /^(?:v1|gleaner\.dev\/.*|stable\.example\.com\/.*|(?:authentication|authorization|coordination|events|rbac\.authorization|apiextensions)\.k8s\.io\/v1)$/gm),
    'api-versions extra',
    // The document follows.
    'create -f FILES/mock.yaml',
    ...defined('mock-valid.yaml', 'mock-resources.mock.example.com'),
    settled('explain mock-resource'),
    'explain mock-resource.spec.test',
    'explain mock-resource --recursive',
    'explain mock-resource --output=plaintext-openapiv2 --api-version=mock.example.com/v2',
    'delete crd mock-resources.mock.example.com',
  ],
};

const big = 'x'.repeat(60_000);
const warnings: Scenario = {
  name: 'warnings',
  files: { 'big.txt': big },
  commands: [
    'get widgets.v1beta1.stable.example.com',
    'get widgets.v1beta1.stable.example.com --warnings-as-errors',
    'get widgets --warnings-as-errors',
    piped('create -f - --warnings-as-errors', 'apiVersion: stable.example.com/v1beta1\nkind: Widget\nmetadata: {name: w}\nspec: {color: red}\n'),
    piped('apply -f - --warnings-as-errors --validate=warn', 'apiVersion: stable.example.com/v1\nkind: Widget\nmetadata: {name: w}\nspec: {color: red, odd: 1}\n'),
    'delete widget w --warnings-as-errors',
    'create configmap cm-one --from-file=FILES/big.txt',
    'create configmap cm-two --from-file=FILES/big.txt',
    'create configmap cm-three --from-file=FILES/big.txt',
    partOf('get configmaps -o name --v=8', /Vary: Accept-Encoding/g),
    partOf('get configmaps -o name --v=8 --disable-compression=true', /Vary: Accept-Encoding/g),
    partOf('get configmap cm-one -o name --v=8', /Vary: Accept-Encoding/g),
    'get configmaps --disable-compression',
    'delete configmaps cm-one cm-two cm-three',
  ],
};

export const DISCOVERY_SCENARIOS: readonly Scenario[] = [discovery, warnings];
