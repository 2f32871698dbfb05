/** The schema of CustomResourceDefinition itself. */
import type { Schema } from '../schema/schema';
import { componentName, JSON_SCHEMA_PROPS } from './json-schema-props';

const text = (description: string): Schema => ({ type: 'string', description });
const flag = (description: string): Schema => ({ type: 'boolean', description });
/** `kind`: of the type in Kubernetes, under `CustomResource`. */
const object = (kind: string, description: string, properties: Record<string, Schema>): Schema => ({ component: componentName(kind), type: 'object', description, properties });
const list = (description: string, items: Schema): Schema => ({ type: 'array', description, items, 'x-kubernetes-list-type': 'atomic' });
const texts = (description: string): Schema => list(description, { type: 'string' });

const NAMES = (description: string): Schema => object('CustomResourceDefinitionNames', description, {
  plural: text('The name in URLs: /apis/<group>/<version>/.../<plural>.'),
  singular: text('The name of one object; the kind in lower case when not given.'),
  kind: text('The kind of objects, in CamelCase.'),
  listKind: text('The kind of lists; the kind with "List" when not given.'),
  shortNames: texts('Short names, for kubectl get <shortname>.'),
  categories: texts('Groups of resources that it belongs to, such as all.'),
});

const WEBHOOK = object('WebhookConversion', 'How to call the conversion webhook.', {
  clientConfig: object('WebhookClientConfig', 'Where it is.', {
    url: text('Its address.'),
    service: object('ServiceReference', 'The service that it is.', {
      namespace: text('Namespace of the service.'),
      name: text('Name of the service.'),
      path: text('Path that is called.'),
      port: { type: 'integer', format: 'int32', description: 'Port of the service.' },
    }),
    caBundle: { type: 'string', format: 'byte', description: 'Whom its certificate must be signed by, in PEM.' },
  }),
  conversionReviewVersions: texts('Versions of ConversionReview that it understands.'),
});

const VERSION = object('CustomResourceDefinitionVersion', 'A version of the resource.', {
  name: text('Its name, such as v1 or v2beta1.'),
  served: flag('Whether it is served.'),
  storage: flag('Whether objects are stored in it; true for exactly one.'),
  deprecated: flag('Whether whoever uses it is warned.'),
  deprecationWarning: text('The warning.'),
  schema: object('CustomResourceValidation', 'What objects look like.', { openAPIV3Schema: JSON_SCHEMA_PROPS }),
  subresources: object('CustomResourceSubresources', 'Parts of an object that have URLs of their own.', {
    status: { type: 'object', description: '/status: whoever writes it writes nothing else, and whoever writes the object leaves it.', properties: {} },
    scale: object('CustomResourceSubresourceScale', '/scale, for kubectl scale.', {
      specReplicasPath: text('Where the wanted number is, below .spec.'),
      statusReplicasPath: text('Where the present number is, below .status.'),
      labelSelectorPath: text('Where the selector is, below .status or .spec.'),
    }),
  }),
  additionalPrinterColumns: list('The columns of kubectl get after the name; Age when none is given.', object('CustomResourceColumnDefinition', 'A column.', {
    name: text('Its heading.'),
    type: text('boolean, date, integer, number or string.'),
    format: text('A format of that type.'),
    description: text('What it shows.'),
    priority: { type: 'integer', format: 'int32', description: '0: always shown; above: only in wide output.' },
    jsonPath: text('Where the value is.'),
  })),
  selectableFields: list('Fields that field selectors may use.', object('SelectableField', 'A field.', { jsonPath: text('Where it is.') })),
});

/** The names of a condition come first, as in Kubernetes' answers. */
const STATUS = object('CustomResourceDefinitionStatus', 'What became of it.', {
  conditions: {
    type: 'array',
    nullable: true,
    description: 'Its state.',
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': ['type'],
    items: object('CustomResourceDefinitionCondition', 'A condition.', {
      type: text('Established, NamesAccepted, Terminating, ...'),
      status: text('True, False or Unknown.'),
      lastTransitionTime: { type: 'string', format: 'date-time', nullable: true, description: 'When the status changed last.' },
      reason: text('A machine-readable reason.'),
      message: text('For people.'),
    }),
  },
  acceptedNames: NAMES('The names that are served.'),
  storedVersions: texts('All versions that objects were ever stored in.'),
});

export const CRD_SCHEMA: Schema = {
  type: 'object',
  description: 'CustomResourceDefinition is a resource that is served because somebody defined it.',
  properties: {
    spec: object('CustomResourceDefinitionSpec', 'What is served.', {
      group: text('The API group; the name of the definition is <plural>.<group>.'),
      names: NAMES('What it is called.'),
      scope: text('Cluster or Namespaced.'),
      versions: list('Its versions.', VERSION),
      conversion: object('CustomResourceConversion', 'How objects become those of another version.', { strategy: text('None: only apiVersion changes.'), webhook: WEBHOOK }),
      preserveUnknownFields: flag('Must be false.'),
    }),
    status: STATUS,
  },
};
