/** CustomResourceDefinitions (apiextensions.k8s.io/v1) as resources to serve. */
import { OBJECT_META } from '../schema/object-meta';
import type { Schema } from '../schema/schema';
import { resourceName, type ColumnType, type PrinterColumn, type Resource, type ScalePaths } from './resource';

/** The parts of a CustomResourceDefinition that serving needs. */
export interface CustomResourceDefinition {
  apiVersion: string;
  kind: string;
  metadata: { name: string };
  spec: {
    group: string;
    scope: string;
    names: {
      plural: string;
      singular?: string;
      kind: string;
      listKind?: string;
      shortNames?: readonly string[];
      categories?: readonly string[];
    };
    versions: readonly CrdVersion[];
  };
}

export interface CrdVersion {
  name: string;
  served: boolean;
  storage: boolean;
  schema?: { openAPIV3Schema?: object };
  subresources?: { status?: object; scale?: ScalePaths };
  additionalPrinterColumns?: readonly {
    name: string;
    type: string;
    format?: string;
    description?: string;
    priority?: number;
    jsonPath: string;
  }[];
  selectableFields?: readonly { jsonPath: string }[];
}

const AGE: PrinterColumn = {
  name: 'Age',
  type: 'date',
  jsonPath: '.metadata.creationTimestamp',
  description: 'CreationTimestamp: when the object was created, in the server\'s time.',
};

/** @throws Error when the definition has no storage version with a schema. */
export function resourceFromCrd(crd: CustomResourceDefinition): Resource {
  const { group, names, scope, versions } = crd.spec;
  const version = versions.find(({ storage }) => storage);
  const schema = version?.schema?.openAPIV3Schema as Schema | undefined;
  if (!version?.served || !schema) throw new Error(`CustomResourceDefinition ${crd.metadata.name} has no served storage version with a schema`);
  return {
    name: resourceName(group, names.plural),
    group,
    version: version.name,
    plural: names.plural,
    singular: names.singular ?? names.kind.toLowerCase(),
    kind: names.kind,
    listKind: names.listKind ?? `${names.kind}List`,
    shortNames: names.shortNames ?? [],
    categories: names.categories ?? [],
    namespaced: scope === 'Namespaced',
    description: schema.description ?? '',
    schema: withMetadata(schema),
    columns: version.additionalPrinterColumns?.map((column) => ({ ...column, type: column.type as ColumnType })) ?? [AGE],
    nameColumn: true,
    hasStatus: version.subresources?.status !== undefined,
    ...(version.subresources?.scale && { scale: version.subresources.scale }),
    selectableFields: (version.selectableFields ?? []).map(({ jsonPath }) => jsonPath.replace(/^\./, '')),
    nameRule: 'subdomain',
    core: false,
    strategy: {},
  };
}

/** `schema` of a whole object, with the fields that every object has. */
export function withMetadata(schema: Schema): Schema {
  return {
    ...schema,
    properties: {
      apiVersion: {
        type: 'string',
        description: 'APIVersion defines the versioned schema of this representation of an object.',
      },
      kind: { type: 'string', description: 'Kind is a string value representing the REST resource this object represents.' },
      ...schema.properties,
      metadata: OBJECT_META,
    },
  };
}
