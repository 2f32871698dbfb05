/** Structural schemas as types of structured merge. */
import type { Schema } from '../schema/schema';
import { DEDUCED, UNTYPED, type Field, type LazyType, type ListType, type MapType, type Scalar, type Type } from './type';

const types = new WeakMap<Schema, Type>();

/** The type of the objects of a resource, from its schema; made once per schema. */
export function typeOfSchema(schema: Schema): Type {
  let type = types.get(schema);
  if (!type) types.set(schema, (type = convert(schema, false)));
  return type;
}

/** `preserve`: something above keeps fields that are in no schema, and so does all below it. */
function convert(schema: Schema, preserve: boolean): Type {
  const keeps = preserve || schema['x-kubernetes-preserve-unknown-fields'] === true || schema['x-kubernetes-embedded-resource'] === true;
  switch (schema.type) {
    case 'object':
      return { map: mapOf(schema, keeps) };
    case 'array':
      return { list: listOf(schema, keeps) };
    case undefined:
      return { scalar: 'untyped', list: listOf(schema, keeps), map: mapOf(schema, keeps) };
    default:
      return { scalar: scalarOf(schema) };
  }
}

function scalarOf({ type, format = '' }: Schema): Scalar {
  if (type === 'boolean') return 'boolean';
  if (type === 'string') return format === '' || format === 'byte' ? 'string' : 'untyped';
  return 'numeric';
}

function lazy(schema: Schema, preserve: boolean): LazyType {
  let type: Type | undefined;
  return () => (type ??= convert(schema, preserve));
}

function mapOf(schema: Schema, keeps: boolean): MapType {
  const properties = Object.entries(schema.properties ?? {});
  const element = elementOf(schema, keeps, properties.length > 0);
  return {
    atomic: schema['x-kubernetes-map-type'] === 'atomic',
    fields: new Map(properties.map(([name, property]): [string, Field] => [name, { type: lazy(property, keeps), default: property.default }])),
    ...(element && { element }),
    deduced: properties.length === 0 && element?.() === DEDUCED,
  };
}

function elementOf({ additionalProperties }: Schema, keeps: boolean, hasProperties: boolean): LazyType | undefined {
  if (typeof additionalProperties === 'object') return lazy(additionalProperties, keeps);
  if (additionalProperties === false) return undefined;
  return additionalProperties === true || keeps || !hasProperties ? () => DEDUCED : undefined;
}

function listOf(schema: Schema, keeps: boolean): ListType {
  const listType = schema['x-kubernetes-list-type'];
  return {
    atomic: listType !== 'set' && listType !== 'map',
    keys: listType === 'map' ? (schema['x-kubernetes-list-map-keys'] ?? []) : [],
    element: schema.items ? lazy(schema.items, keeps) : () => UNTYPED,
  };
}
