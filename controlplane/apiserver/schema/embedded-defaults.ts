/** Defaults for the metadata of embedded objects: what metadata does not know is never filled in, as kube-apiserver prunes such defaults. */
import { hasEmbedded } from './embedded';
import { OBJECT_META } from './object-meta';
import { prune } from './prune';
import { own, type Schema } from './schema';

/** The schema of a custom resource as it is served. It is the same one when it embeds no objects. */
export function withKnownDefaults(schema: Schema): Schema {
  if (!hasEmbedded(schema)) return schema;
  const { items, properties, additionalProperties } = schema;
  const embeds = schema['x-kubernetes-embedded-resource'] === true;
  return {
    ...schema,
    ...(items && { items: withKnownDefaults(items) }),
    ...(typeof additionalProperties === 'object' && { additionalProperties: withKnownDefaults(additionalProperties) }),
    ...(properties && { properties: each(properties, (property, name) => (embeds && name === 'metadata' ? known(property, OBJECT_META) : withKnownDefaults(property))) }),
  };
}

function each(properties: Readonly<Record<string, Schema>>, map: (property: Schema, name: string) => Schema): Record<string, Schema> {
  return Object.fromEntries(Object.entries(properties).map(([name, property]) => [name, map(property, name)]));
}

/** `schema` with those of its defaults that `meta` has a place for. */
function known(schema: Schema, meta: Schema): Schema {
  const { default: value, properties } = schema;
  const left: unknown = structuredClone(value);
  prune(left, meta);
  const names = meta.properties;
  return {
    ...schema,
    ...(value !== undefined && { default: left }),
    ...(properties && names && { properties: each(properties, (property, name) => { const place = own(names, name); return place ? known(property, place) : silent(property); }) }),
  };
}

function silent({ default: _default, ...schema }: Schema): Schema {
  return { ...schema, ...(schema.properties && { properties: each(schema.properties, silent) }) };
}
