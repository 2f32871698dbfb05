/**
 * Schemas as documents define them: one definition per kind and per shape, which refer to each other by name. Collects what was referred
 * to; both versions of OpenAPI are made from it.
 */
import type { Resource } from '../../resources/resource';
import { findKindShape, INT_OR_STRING, metaShape, MICRO_TIME, QUANTITY, RAW, shapeOf, TIME, type Shape } from '../../resources/shapes';
import type { JsonObject, Schema } from '../../schema/schema';
import { describeField, describeType } from './descriptions';

export type Version = 2 | 3;

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1';
const SCALARS = new Map<Schema, string>([
  [TIME, `${META}.Time`], [MICRO_TIME, `${META}.MicroTime`], [QUANTITY, 'io.k8s.apimachinery.pkg.api.resource.Quantity'],
  [INT_OR_STRING, 'io.k8s.apimachinery.pkg.util.intstr.IntOrString'], [RAW, `${META}.FieldsV1`],
]);
const EITHER: readonly Schema[] = [{ type: 'integer' }, { type: 'string' }];
const PATCH_DEFINITION = { type: 'object', description: 'Patch is provided to give a concrete name and type to the Kubernetes PATCH request body.' };

function scalarDefinition(name: string, version: Version): JsonObject {
  const text = name.slice(name.lastIndexOf('.') + 1);
  switch (text) {
    case 'Time':
    case 'MicroTime':
      return { type: 'string', format: 'date-time', description: `${text} is a point in time, in RFC 3339.` };
    case 'Quantity':
      return { ...(version === 2 ? { type: 'string' } : { oneOf: [{ type: 'string' }, { type: 'number' }] }), description: 'Quantity is a fixed-point number with a suffix, such as 500m or 64Mi.' };
    case 'IntOrString':
      return { ...(version === 2 ? { type: 'string' } : { oneOf: EITHER }), format: 'int-or-string', description: 'IntOrString is a number or a text.' };
    default:
      return { type: 'object', description: 'FieldsV1 is a set of fields, as nested objects.' };
  }
}

/** `dev.gleaner.v1alpha1.Job`, `io.k8s.api.core.v1.Namespace` */
export function definitionName({ group, version, kind, core }: Resource): string {
  const shape = core ? findKindShape(group, version, kind) : undefined;
  if (shape) return shape.name;
  if (group === 'apiextensions.k8s.io') return `io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.${version}.${kind}`;
  return `${group.split('.').reduce((name, part) => `${part}.${name}`)}.${version}.${kind}`;
}

export class Definitions {
  readonly #made = new Map<string, object>();
  /** Schemas that are being written out, to notice one that contains itself. */
  readonly #open = new Set<Schema>();
  readonly #prefix: string;

  constructor(readonly version: Version) {
    this.#prefix = version === 2 ? '#/definitions/' : '#/components/schemas/';
  }

  /** In the order of their names. */
  all(): Record<string, object> {
    return Object.fromEntries([...this.#made].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  reference(name: string): JsonObject {
    return { $ref: `${this.#prefix}${name}` };
  }

  patch(): JsonObject {
    const name = `${META}.Patch`;
    this.#made.set(name, PATCH_DEFINITION);
    return this.reference(name);
  }

  meta(kind: 'ListMeta' | 'DeleteOptions' | 'Status'): JsonObject {
    const shape = metaShape(kind);
    if (kind === 'ListMeta') return this.#shape(shape);
    return this.#shape(shape, { ...TYPE_META }, kind === 'DeleteOptions' ? [] : [{ group: '', version: 'v1', kind }]);
  }

  /** A kind outside of the served resources that operations answer with, such as Scale. */
  kind(group: string, version: string, kind: string): JsonObject | undefined {
    const shape = findKindShape(group, version, kind);
    return shape && this.#shape(shape, { ...TYPE_META }, [{ group, version, kind }]);
  }

  resource(resource: Resource): JsonObject {
    const name = definitionName(resource);
    if (this.#made.has(name)) return this.reference(name);
    const { group, version, kind, schema, description, core, selectableFields } = resource;
    const gvk = [{ group, version, kind }];
    const shape = core ? findKindShape(group, version, kind) : undefined;
    if (shape) return this.#shape(shape, TYPE_META, gvk, description);
    const body = this.version === 2 && schema['x-kubernetes-preserve-unknown-fields'] ? { type: 'object' } : this.#custom(schema, true);
    const selectable = selectableFields.length > 0 && { 'x-kubernetes-selectable-fields': selectableFields.map((fieldPath) => ({ fieldPath })) };
    this.#made.set(name, { ...body, 'x-kubernetes-group-version-kind': gvk, ...selectable });
    return this.reference(name);
  }

  list(resource: Resource): JsonObject {
    const { group, version, kind, listKind, plural } = resource;
    const name = definitionName({ ...resource, kind: listKind, core: false });
    const at = resource.core ? `${definitionName(resource).slice(0, -kind.length)}${listKind}` : name;
    this.#made.set(at, {
      type: 'object',
      description: `${listKind} is a list of ${kind}`,
      required: ['items'],
      properties: {
        ...TYPE_META,
        items: { type: 'array', description: `List of ${plural}.`, items: this.resource(resource) },
        metadata: { ...this.#wrapped(this.meta('ListMeta')), description: 'Standard metadata of a list.' },
      },
      'x-kubernetes-group-version-kind': [{ group, version, kind: listKind }],
    });
    return this.reference(at);
  }

  /** In v3 what stands beside `$ref` is not read. */
  #wrapped(reference: JsonObject): JsonObject {
    return this.version === 2 ? reference : { allOf: [reference], default: {} };
  }

  #shape(shape: Shape, more: Record<string, object> = {}, gvk: readonly object[] = [], description = describeType(shape.name)): JsonObject {
    const { name, schema, required } = shape;
    if (this.#made.has(name)) return this.reference(name);
    this.#made.set(name, {}); // Shapes may contain themselves.
    const properties: Record<string, object> = { ...more };
    for (const [field, property] of Object.entries(schema.properties ?? {})) {
      const text = property.description ?? describeField(name, field);
      properties[field] = { ...this.#property(property), ...(text !== undefined && { description: text }) };
    }
    const mapType = schema['x-kubernetes-map-type'];
    this.#made.set(name, {
      type: 'object',
      ...(description !== undefined && { description }),
      properties,
      ...(required.length > 0 && { required }),
      ...(mapType && { 'x-kubernetes-map-type': mapType }),
      ...(gvk.length > 0 && { 'x-kubernetes-group-version-kind': gvk }),
    });
    return this.reference(name);
  }

  #property(schema: Schema): JsonObject {
    const shape = shapeOf(schema);
    if (shape) return this.#wrapped(this.#shape(shape));
    const scalar = SCALARS.get(schema);
    if (scalar !== undefined) {
      this.#made.set(scalar, scalarDefinition(scalar, this.version));
      return this.version === 2 ? this.reference(scalar) : { allOf: [this.reference(scalar)] };
    }
    const { items, properties, additionalProperties, description: _text, nullable: _nullable, ...rest } = schema;
    return {
      ...rest,
      ...(items && { items: this.#item(items) }),
      ...(properties && { properties: mapValues(properties, (each) => this.#property(each)) }),
      ...(additionalProperties !== undefined && { additionalProperties: typeof additionalProperties === 'object' ? this.#item(additionalProperties) : additionalProperties }),
    };
  }

  #item(schema: Schema): JsonObject {
    return unwrapped(this.#property(schema));
  }

  /** A structural schema of a CustomResourceDefinition. */
  #custom(schema: Schema, root = false): JsonObject {
    const { component } = schema;
    if (component === undefined) return this.#written(schema, root);
    if (!this.#made.has(component)) {
      this.#made.set(component, {}); // It may contain itself.
      this.#made.set(component, this.#written(schema, root));
    }
    return this.#wrapped(this.reference(component));
  }

  #written(schema: Schema, root: boolean): JsonObject {
    if (this.#open.has(schema)) return { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
    this.#open.add(schema);
    const { items, properties, additionalProperties, nullable, allOf, anyOf, oneOf, not, required, type, component: _name, ...rest } = schema;
    const old = this.version === 2;
    const keepsUnknown = schema['x-kubernetes-preserve-unknown-fields'] === true;
    // kubectl before 1.27 takes what is in the document for all there may be: what may be more is not described to it.
    const vague = old && (nullable === true || keepsUnknown);
    const either = schema['x-kubernetes-int-or-string'] === true;
    const fields = { ...(properties && !vague && mapValues(properties, (each) => this.#custom(each))) };
    const embedded = schema['x-kubernetes-embedded-resource'] === true && !vague;
    if (root || embedded) {
      const metadata = { ...this.#wrapped(this.#shape(metaShape('ObjectMeta'))), description: "Standard object's metadata." };
      Object.assign(fields, TYPE_META, { metadata });
    }
    const neither = vague || (old && type === 'array' && !items);
    const out = {
      ...rest,
      ...(type && !neither && { type }),
      ...(items && !vague && { items: unwrapped(this.#custom(items)) }),
      ...(Object.keys(fields).length > 0 && { properties: fields }),
      ...(additionalProperties !== undefined && { additionalProperties: typeof additionalProperties === 'object' ? unwrapped(this.#custom(additionalProperties)) : additionalProperties }),
      ...requiredOf(embedded && !root ? ['kind', 'apiVersion', ...(required ?? [])] : required, old ? properties : undefined),
      ...(!old && { ...(nullable !== undefined && { nullable }), ...(allOf && { allOf }), ...(oneOf && { oneOf }), ...(not && { not }), ...((anyOf ?? either) && { anyOf: anyOf ?? EITHER }) }),
    };
    this.#open.delete(schema);
    return out;
  }
}

/** A reference by itself, where nothing may stand beside it. */
function unwrapped(property: JsonObject): JsonObject {
  const [only] = Array.isArray(property.allOf) ? (property.allOf as JsonObject[]) : [];
  return only && Object.keys(property).every((key) => key === 'allOf' || key === 'default') ? only : property;
}

function requiredOf(required: readonly string[] | undefined, properties: Readonly<Record<string, Schema>> | undefined): { required?: readonly string[] } {
  const kept = required?.filter((name) => properties?.[name]?.nullable !== true) ?? [];
  return kept.length > 0 ? { required: kept } : {};
}

function mapValues<T, U>(map: Readonly<Record<string, T>>, value: (each: T) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(map).map(([key, each]) => [key, value(each)]));
}

const TYPE_META: Record<string, object> = {
  apiVersion: { type: 'string', description: 'APIVersion defines the versioned schema of this representation of an object.' },
  kind: { type: 'string', description: 'Kind is a string value representing the REST resource this object represents.' },
};

