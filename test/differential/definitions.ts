/** The neutral custom resources that the corpus uses on both servers. */

export const GROUP = 'stable.example.com';

const spec = {
  type: 'object',
  required: ['color'],
  properties: {
    color: { type: 'string', enum: ['red', 'green', 'blue'], description: 'What it looks like.' },
    size: { type: 'integer', minimum: 1, maximum: 100, default: 10 },
    big: { type: 'integer', format: 'int64' },
    small: { type: 'integer', format: 'int32' },
    ratio: { type: 'number', multipleOf: 0.5 },
    above: { type: 'number', exclusiveMinimum: true, minimum: 0 },
    replicas: { type: 'integer', minimum: 0 },
    on: { type: 'boolean' },
    code: { type: 'string', pattern: '^[a-z]{2,4}$', minLength: 2, maxLength: 6 },
    since: { type: 'string', format: 'date-time' },
    day: { type: 'string', format: 'date' },
    wait: { type: 'string', format: 'duration' },
    link: { type: 'string', format: 'uri' },
    ip: { type: 'string', format: 'ipv4' },
    mail: { type: 'string', format: 'email' },
    id: { type: 'string', format: 'uuid' },
    bytes: { type: 'string', format: 'byte' },
    port: { 'x-kubernetes-int-or-string': true },
    maybe: { type: 'string', nullable: true },
    tags: { type: 'array', maxItems: 3, 'x-kubernetes-list-type': 'set', items: { type: 'string' } },
    numbers: { type: 'array', minItems: 1, items: { type: 'integer' } },
    unique: { type: 'array', items: { type: 'string', maxLength: 5 } },
    parts: {
      type: 'array', 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'],
      items: { type: 'object', required: ['name'], properties: { name: { type: 'string' }, count: { type: 'integer', default: 1 }, deep: { type: 'object', properties: { a: { type: 'string' } } } } },
    },
    limits: { type: 'object', maxProperties: 2, additionalProperties: { type: 'string' } },
    free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
    either: { type: 'object', properties: { a: { type: 'string' }, b: { type: 'string' } }, oneOf: [{ required: ['a'] }, { required: ['b'] }] },
    template: { type: 'object', 'x-kubernetes-embedded-resource': true, 'x-kubernetes-preserve-unknown-fields': true },
    low: { type: 'integer' },
    high: { type: 'integer' },
    fixed: { type: 'string', 'x-kubernetes-validations': [{ rule: 'self == oldSelf', message: 'fixed may not change' }] },
    nested: { type: 'object', properties: { inner: { type: 'object', properties: { value: { type: 'string', default: 'x' } } } } },
  },
  'x-kubernetes-validations': [
    { rule: '!has(self.low) || !has(self.high) || self.low <= self.high', message: 'low must not be above high', reason: 'FieldValueForbidden', fieldPath: '.low' },
    { rule: '!has(self.on) || !self.on || has(self.code)', messageExpression: '"a " + self.color + " widget that is on needs a code"' },
  ],
} as const;

const status = {
  type: 'object',
  properties: {
    phase: { type: 'string' },
    replicas: { type: 'integer' },
    selector: { type: 'string' },
    conditions: {
      type: 'array', 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['type'],
      items: { type: 'object', required: ['type'], properties: { type: { type: 'string' }, status: { type: 'string' }, message: { type: 'string' } } },
    },
  },
} as const;

const widgetVersion = {
  served: true,
  schema: { openAPIV3Schema: { type: 'object', description: 'A Widget is an example.', properties: { spec, status } } },
  subresources: { status: {}, scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas', labelSelectorPath: '.status.selector' } },
  selectableFields: [{ jsonPath: '.spec.color' }, { jsonPath: '.spec.size' }],
  additionalPrinterColumns: [
    { name: 'Color', type: 'string', jsonPath: '.spec.color', description: 'What it looks like.' },
    { name: 'Size', type: 'integer', jsonPath: '.spec.size', priority: 1 },
    { name: 'On', type: 'boolean', jsonPath: '.spec.on' },
    { name: 'Ratio', type: 'number', jsonPath: '.spec.ratio', format: 'double' },
    { name: 'Parts', type: 'string', jsonPath: '.spec.parts[*].name' },
    { name: 'Ready', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
    { name: 'Since', type: 'date', jsonPath: '.spec.since' },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
  ],
} as const;

export const WIDGET_CRD = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `widgets.${GROUP}` },
  spec: {
    group: GROUP,
    scope: 'Namespaced',
    names: { plural: 'widgets', singular: 'widget', kind: 'Widget', listKind: 'WidgetList', shortNames: ['wd'], categories: ['all', 'examples'] },
    versions: [{ name: 'v1', storage: true, ...widgetVersion }, { name: 'v1beta1', storage: false, deprecated: true, ...widgetVersion }],
  },
};

export const GADGET_CRD = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `gadgets.${GROUP}` },
  spec: {
    group: GROUP,
    scope: 'Cluster',
    names: { plural: 'gadgets', singular: 'gadget', kind: 'Gadget', listKind: 'GadgetList' },
    versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } } }],
  },
};

export const DEFINITIONS = [WIDGET_CRD, GADGET_CRD];
