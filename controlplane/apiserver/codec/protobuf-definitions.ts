/** CustomResourceDefinition in protobuf, as Go's clients send it without asking: k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1/generated.proto. */
import { metaShape } from '../resources/shapes';
import type { Field, Message } from './protobuf-messages';

type Told = Partial<Field> & { number: number; name: string };

function message(...fields: Told[]): Message {
  return new Map(fields.map(({ number, ...field }) => [number, { type: 'string', form: 'one', ...field } satisfies Field]));
}

const text = (number: number, name: string): Told => ({ number, name });
const texts = (number: number, name: string): Told => ({ number, name, form: 'list' });
const count = (number: number, name: string): Told => ({ number, name, type: 'int64' });
const real = (number: number, name: string): Told => ({ number, name, type: 'double' });
const bool = (number: number, name: string): Told => ({ number, name, type: 'bool' });
/** No pointer in Go, and left out of JSON when false or 0. */
const spoken = (field: Told): Told => ({ ...field, unsaid: true });
const json = (number: number, name: string, form: Field['form'] = 'one'): Told => ({ number, name, type: 'raw', form });
const part = (number: number, name: string, of: () => Message, form: Field['form'] = 'one'): Told => ({ number, name, message: of, form });
/** One of several messages, of which the parts are all the value of this field. */
const either = (number: number, name: string, ...parts: Told[]): Told => ({ number, name, inner: new Map(message(...parts)) });

const nothing = message();
const schema = (): Message => SCHEMA;

const RULE = message(text(1, 'rule'), text(2, 'message'), text(3, 'messageExpression'), text(4, 'reason'), text(5, 'fieldPath'), bool(6, 'optionalOldSelf'));

const SCHEMA: Message = message(
  text(1, 'id'), text(2, '$schema'), text(3, '$ref'), text(4, 'description'), text(5, 'type'), text(6, 'format'), text(7, 'title'), json(8, 'default'),
  real(9, 'maximum'), spoken(bool(10, 'exclusiveMaximum')), real(11, 'minimum'), spoken(bool(12, 'exclusiveMinimum')),
  count(13, 'maxLength'), count(14, 'minLength'), text(15, 'pattern'), count(16, 'maxItems'), count(17, 'minItems'), spoken(bool(18, 'uniqueItems')),
  real(19, 'multipleOf'), json(20, 'enum', 'list'), count(21, 'maxProperties'), count(22, 'minProperties'), texts(23, 'required'),
  either(24, 'items', part(1, 'items', schema), part(2, 'items', schema, 'list')),
  part(25, 'allOf', schema, 'list'), part(26, 'oneOf', schema, 'list'), part(27, 'anyOf', schema, 'list'), part(28, 'not', schema), part(29, 'properties', schema, 'map'),
  either(30, 'additionalProperties', bool(1, 'additionalProperties'), part(2, 'additionalProperties', schema)),
  part(31, 'patternProperties', schema, 'map'), part(32, 'dependencies', () => nothing, 'map'),
  either(33, 'additionalItems', bool(1, 'additionalItems'), part(2, 'additionalItems', schema)),
  part(34, 'definitions', schema, 'map'), part(35, 'externalDocs', () => message(text(1, 'description'), text(2, 'url'))), json(36, 'example'), spoken(bool(37, 'nullable')),
  bool(38, 'x-kubernetes-preserve-unknown-fields'), spoken(bool(39, 'x-kubernetes-embedded-resource')), spoken(bool(40, 'x-kubernetes-int-or-string')),
  texts(41, 'x-kubernetes-list-map-keys'), text(42, 'x-kubernetes-list-type'), text(43, 'x-kubernetes-map-type'), part(44, 'x-kubernetes-validations', () => RULE, 'list'),
);

const SCALE = message(text(1, 'specReplicasPath'), text(2, 'statusReplicasPath'), text(3, 'labelSelectorPath'));
const SUBRESOURCES = message(part(1, 'status', () => nothing), part(2, 'scale', () => SCALE));
const COLUMN = message(text(1, 'name'), text(2, 'type'), text(3, 'format'), text(4, 'description'), spoken(count(5, 'priority')), text(6, 'jsonPath'));

const VERSION = message(
  text(1, 'name'), bool(2, 'served'), bool(3, 'storage'), part(4, 'schema', () => message(part(1, 'openAPIV3Schema', schema))), part(5, 'subresources', () => SUBRESOURCES),
  part(6, 'additionalPrinterColumns', () => COLUMN, 'list'), spoken(bool(7, 'deprecated')), text(8, 'deprecationWarning'),
  part(9, 'selectableFields', () => message(text(1, 'jsonPath')), 'list'),
);

const SERVICE = message(text(1, 'namespace'), text(2, 'name'), text(3, 'path'), count(4, 'port'));
const CLIENT = message(part(1, 'service', () => SERVICE), { number: 2, name: 'caBundle', type: 'bytes' }, text(3, 'url'));
const WEBHOOK = message(part(2, 'clientConfig', () => CLIENT), texts(3, 'conversionReviewVersions'));
const CONVERSION = message(text(1, 'strategy'), part(2, 'webhook', () => WEBHOOK));
const NAMES = message(text(1, 'plural'), text(2, 'singular'), texts(3, 'shortNames'), text(4, 'kind'), text(5, 'listKind'), texts(6, 'categories'));

const SPEC = message(
  text(1, 'group'), part(3, 'names', () => NAMES), text(4, 'scope'), part(7, 'versions', () => VERSION, 'list'), part(9, 'conversion', () => CONVERSION),
  spoken(bool(10, 'preserveUnknownFields')),
);

const CONDITION = message(text(1, 'type'), text(2, 'status'), { number: 3, name: 'lastTransitionTime', type: 'time' }, text(4, 'reason'), text(5, 'message'));
const STATUS = message(part(1, 'conditions', () => CONDITION, 'list'), part(2, 'acceptedNames', () => NAMES), texts(3, 'storedVersions'));

let definition: Message | undefined;

export function definitionMessage(): Message {
  definition ??= message({ number: 1, name: 'metadata', type: metaShape('ObjectMeta') }, part(2, 'spec', () => SPEC), part(3, 'status', () => STATUS));
  return definition;
}
