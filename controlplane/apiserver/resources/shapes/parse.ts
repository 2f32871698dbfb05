/**
 * The shapes of Kubernetes' own types as schemas and as protobuf messages: fields, their numbers, how lists merge. What a kind demands
 * beyond its shape is in its file in `core/`.
 *
 * One type is written `Name[ =map type]: field, field, …`, a field `name[!] number [type] [=list type] [~patch strategy] [default=x]`:
 * - `!`: required; `*`: required in documents, while the kind has a rule of its own for it
 * - number: of the protobuf field; `1.3` is field 3 of the message in field 1, whose fields JSON shows as the type's own
 * - type: `string` when absent; `[]` list, `{}` map of strings to it; a name is a type of the same or of an earlier package
 * - `=set`, `=map:key,key`, `=atomic` and `~merge:key`: how apply and strategic merge treat the list
 */
import { OBJECT_META } from '../../schema/object-meta';
import { MERGE_ONLY, type Schema } from '../../schema/schema';

type Scalar = 'string' | 'bytes' | 'int32' | 'int64' | 'bool' | 'time' | 'microTime' | 'Quantity' | 'IntOrString' | 'raw';
const SCALARS = new Set<string>(['string', 'bytes', 'int32', 'int64', 'bool', 'time', 'microTime', 'Quantity', 'IntOrString', 'raw']);
const isScalar = (name: string): name is Scalar => SCALARS.has(name);

export interface ShapeField {
  readonly name: string;
  readonly path: readonly number[];
  readonly of: Scalar | Shape;
  /** `lists`: a map of lists. */
  readonly form: 'one' | 'list' | 'map' | 'lists';
}

export interface Shape {
  /** `io.k8s.api.core.v1.Namespace` */
  readonly name: string;
  readonly schema: Schema;
  readonly fields: readonly ShapeField[];
  /** Required, whether or not the schema enforces it. */
  readonly required: readonly string[];
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

const shapesBySchema = new WeakMap<Schema, Shape>();
const shapesByName = new Map<string, Shape>();
/** By the last part of the name; the first package that has it. */
const shapesByShortName = new Map<string, Shape>();

/** The shape that a schema was made of: documents name it instead of repeating it. */
export const shapeOf = (schema: Schema): Shape | undefined => shapesBySchema.get(schema);

export const findShape = (name: string): Shape | undefined => shapesByName.get(name);

/** @throws Error when there is no such type */
export function shape(name: string): Shape {
  const found = shapesByName.get(name);
  if (!found) throw new Error(`no shape ${name}`);
  return found;
}

export const QUANTITY: Schema = { 'x-kubernetes-int-or-string': true };
export const INT_OR_STRING: Schema = { 'x-kubernetes-int-or-string': true };
export const TIME: Schema = { type: 'string', format: 'date-time', nullable: true };
export const MICRO_TIME: Schema = { type: 'string', format: 'date-time', nullable: true };
/** Only fieldsV1 of managedFields is one. */
export const RAW: Schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };

const SCALAR_SCHEMAS: Readonly<Record<Scalar, Schema>> = {
  string: { type: 'string' },
  bytes: { type: 'string', format: 'byte' },
  int32: { type: 'integer', format: 'int32' },
  int64: { type: 'integer', format: 'int64' },
  bool: { type: 'boolean' },
  time: TIME,
  microTime: MICRO_TIME,
  Quantity: QUANTITY,
  IntOrString: INT_OR_STRING,
  raw: RAW,
};

interface Open {
  shape: Writable<Shape>;
  schema: Writable<Schema>;
  body: string;
}

/** Reads the types of a package. @throws Error for what is not understood: the texts are part of the program. */
export function defineShapes(packageName: string, ...texts: readonly string[]): void {
  const open: Open[] = [];
  const own = new Map<string, Shape>();
  for (const text of texts) {
    for (const definition of text.trim().split(/\n(?! )/)) {
      const [, name, mapType, body] = /^(\w+)(?: =(\w+))?:\s(.*)$/s.exec(definition) ?? fail(definition);
      const schema: Writable<Schema> = { type: 'object', ...(mapType && { 'x-kubernetes-map-type': mapType as 'atomic' }) };
      const made: Writable<Shape> = { name: `${packageName}.${name}`, schema, fields: [], required: [] };
      own.set(name, made);
      register(made, name);
      open.push({ shape: made, schema, body });
    }
  }
  for (const each of open) fill(each, (name) => own.get(name) ?? shapesByShortName.get(name) ?? fail(name));
}

function register(made: Shape, shortName: string): void {
  shapesByName.set(made.name, made);
  shapesBySchema.set(made.schema, made);
  if (!shapesByShortName.has(shortName)) shapesByShortName.set(shortName, made);
}

function fail(what: string): never {
  throw new Error(`shape not understood: ${what}`);
}

const FIELD = /^(\w+)([!*]?) ([\d.]+)((?:\[\]|\{\})*)(?: (\w+)((?:\[\]|\{\})*))?((?: [=~]\S+)*)(?: default=(\S+))?$/;

const FORMS: Readonly<Record<string, ShapeField['form'] | undefined>> = { '': 'one', '[]': 'list', '{}': 'map', '[]{}': 'lists' };

function formed(form: ShapeField['form'], value: Schema): Schema {
  switch (form) {
    case 'one':
      return value;
    case 'list':
      return { type: 'array', items: value };
    case 'map':
      return { type: 'object', additionalProperties: value };
    case 'lists':
      return { type: 'object', additionalProperties: { type: 'array', items: value } };
  }
}

function fill({ shape: made, schema, body }: Open, find: (name: string) => Shape): void {
  const properties: Record<string, Schema> = {};
  const fields: ShapeField[] = [];
  const required: string[] = [];
  const enforced: string[] = [];
  for (const text of body.replace(/\n\s+/g, ' ').split(', ')) {
    const [, name, mark, path, bare, type = 'string', typed = '', flags, fallback] = FIELD.exec(text) ?? fail(text);
    const form = FORMS[bare || typed] ?? fail(text);
    const of = isScalar(type) ? type : find(type);
    fields.push({ name, path: path.split('.').map(Number), of, form });
    const value = typeof of === 'string' ? SCALAR_SCHEMAS[of] : of.schema;
    properties[name] = withFlags(formed(form, value), flags, fallback);
    if (mark !== '') required.push(name);
    if (mark === '!') enforced.push(name);
  }
  schema.properties = properties;
  if (enforced.length > 0) schema.required = enforced;
  made.fields = fields;
  made.required = required;
}

function withFlags(plain: Schema, flags: string, fallback: string | undefined): Schema {
  if (flags === '' && fallback === undefined) return plain;
  const schema: Writable<Schema> = { ...plain };
  for (const flag of flags.trim().split(' ')) {
    const [kind, keys] = flag.slice(1).split(':');
    if (flag.startsWith('~')) {
      schema['x-kubernetes-patch-strategy'] = kind;
      if (keys) schema['x-kubernetes-patch-merge-key'] = keys;
    } else if (flag.startsWith('=') && schema.type === 'object') {
      schema['x-kubernetes-map-type'] = kind as 'atomic';
    } else if (flag.startsWith('=')) {
      schema['x-kubernetes-list-type'] = kind as 'set';
      if (keys) schema['x-kubernetes-list-map-keys'] = keys.split(',');
    }
  }
  if (fallback !== undefined) schema.default = fallback;
  MERGE_ONLY.add(schema);
  return schema;
}

const metaFields: readonly ShapeField[] = [
  ...([['name', 1], ['generateName', 2], ['namespace', 3], ['selfLink', 4], ['uid', 5], ['resourceVersion', 6]] as const).map(([name, number]) => one(name, number, 'string')),
  one('generation', 7, 'int64'), one('creationTimestamp', 8, 'time'), one('deletionTimestamp', 9, 'time'), one('deletionGracePeriodSeconds', 10, 'int64'),
  { name: 'labels', path: [11], of: 'string', form: 'map' }, { name: 'annotations', path: [12], of: 'string', form: 'map' },
  { name: 'finalizers', path: [14], of: 'string', form: 'list' },
];

function one(name: string, number: number, of: Scalar): ShapeField {
  return { name, path: [number], of, form: 'one' };
}

/** Must be called once, after the shapes that ObjectMeta has fields of. */
export function defineObjectMeta(packageName: string): void {
  const of = (name: string): Shape => shape(`${packageName}.${name}`);
  const fields: ShapeField[] = [
    ...metaFields,
    { name: 'ownerReferences', path: [13], of: of('OwnerReference'), form: 'list' },
    { name: 'managedFields', path: [17], of: of('ManagedFieldsEntry'), form: 'list' },
  ];
  const properties = OBJECT_META.properties as Record<string, Writable<Schema>>;
  for (const { name, of: item } of fields.slice(-2)) if (typeof item !== 'string') properties[name].items = item.schema;
  register({ name: `${packageName}.ObjectMeta`, schema: OBJECT_META, fields, required: [] }, 'ObjectMeta');
}
