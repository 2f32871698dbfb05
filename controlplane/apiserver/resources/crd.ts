/** CustomResourceDefinitions (apiextensions.k8s.io/v1) as resources to serve: one for each version that is served. */
import type { KubeObject } from '../../../crds/meta';
import { withKnownDefaults } from '../schema/embedded-defaults';
import { CREATION_TIMESTAMP, OBJECT_META } from '../schema/object-meta';
import type { Schema } from '../schema/schema';
import { resourceName, type ColumnType, type Lifecycle, type PrinterColumn, type Resource, type ScalePaths } from './resource';
import { compareVersions } from './version-order';

export interface CrdNames {
  plural: string;
  singular?: string;
  kind: string;
  listKind?: string;
  shortNames?: readonly string[];
  categories?: readonly string[];
}

export interface CrdCondition {
  type: string;
  status: string;
  lastTransitionTime?: string;
  reason?: string;
  message?: string;
}

export interface CrdStatus {
  conditions?: readonly CrdCondition[] | null;
  acceptedNames: CrdNames;
  storedVersions: readonly string[];
}

export interface CrdSpec {
  group: string;
  scope: string;
  names: CrdNames;
  versions: readonly CrdVersion[];
  conversion?: { strategy: string; webhook?: object };
  preserveUnknownFields?: boolean;
}

/** Of a definition that was read from a file, `metadata` holds the name only. */
export interface CustomResourceDefinition extends KubeObject {
  spec: CrdSpec;
  status?: CrdStatus;
}

export interface CrdVersion {
  name: string;
  served: boolean;
  storage: boolean;
  deprecated?: boolean;
  deprecationWarning?: string;
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

export const AGE: PrinterColumn = { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp', description: CREATION_TIMESTAMP };

/** What a definition is served as, as long as it is not changed. */
export interface Serving {
  /** Which names are served; absent: those that the definition asks for. */
  names?: CrdNames;
  lifecycle?: Lifecycle;
  /** Objects written up to this revision may have been written under another definition; absent: none was. */
  since?: number;
}

/** @returns a resource for each served version; empty when none is. @throws Error when no version is the storage version, or has no schema */
export function resourcesFromCrd({ metadata, spec }: CustomResourceDefinition, serving: Serving = {}): Resource[] {
  const { group, scope, versions } = spec;
  const { names = spec.names, lifecycle, since = 0 } = serving;
  const storage = versions.find((each) => each.storage);
  if (!storage) throw new Error(`CustomResourceDefinition ${metadata.name} has no storage version`);
  const schemas = new Map(versions.map((version) => [`${group}/${version.name}`, withMetadata(withKnownDefaults(schemaOf(version, metadata.name)))]));
  const stored = { apiVersion: `${group}/${storage.name}`, schemas, since, statusApart: hasStatusApart(spec) };
  return versions.filter(({ served }) => served).map((version) => {
    const schema = schemas.get(`${group}/${version.name}`) as Schema;
    return {
      name: resourceName(group, names.plural),
      group,
      version: version.name,
      plural: names.plural,
      singular: names.singular || names.kind.toLowerCase(),
      kind: names.kind,
      listKind: names.listKind || `${names.kind}List`,
      shortNames: names.shortNames ?? [],
      categories: names.categories ?? [],
      namespaced: scope === 'Namespaced',
      description: schema.description ?? '',
      schema,
      columns: columnsOf(version),
      nameColumn: true,
      hasStatus: version.subresources?.status !== undefined,
      ...(version.subresources?.scale && { scale: version.subresources.scale }),
      selectableFields: (version.selectableFields ?? []).map(({ jsonPath }) => jsonPath.replace(/^\./, '')),
      nameRule: 'subdomain',
      core: false,
      strategy: {},
      stored,
      ...(lifecycle && { lifecycle }),
      ...(version.deprecated && { warning: version.deprecationWarning ?? deprecation(version.name, spec) }),
    };
  });
}

/** The status is written apart from the object when it is so in every version. */
export const hasStatusApart = ({ versions }: CrdSpec): boolean => versions.every(({ subresources }) => subresources?.status !== undefined);

function schemaOf({ name, schema }: CrdVersion, definition: string): Schema {
  if (!schema?.openAPIV3Schema) throw new Error(`CustomResourceDefinition ${definition} has no schema for version ${name}`);
  return schema.openAPIV3Schema as Schema;
}

function columnsOf({ additionalPrinterColumns = [] }: CrdVersion): PrinterColumn[] {
  if (additionalPrinterColumns.length === 0) return [AGE];
  return additionalPrinterColumns.map((column) => ({
    ...column,
    type: column.type as ColumnType,
    description: column.description || `Custom resource definition column (in JSONPath format): ${column.jsonPath}`,
  }));
}

function deprecation(version: string, { group, names, versions }: CrdSpec): string {
  const newer = versions
    .filter(({ name, served, deprecated }) => served && !deprecated && compareVersions(name, version) > 0)
    .sort((a, b) => compareVersions(b.name, a.name));
  const instead = newer.length === 0 ? '' : `; use ${group}/${newer[0].name} ${names.kind}`;
  return `${group}/${version} ${names.kind} is deprecated${instead}`;
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
