/**
 * One served resource, whatever its origin: verbs, tables, discovery and OpenAPI know only this form.
 * Built from a CustomResourceDefinition (`crd.ts`) or from the table of core kinds (`core-kinds.ts`).
 */
import type { KubeObject, ResourceName } from '../../../crds/meta';
import type { FieldError } from '../schema/field-error';
import type { NameRule } from '../schema/object-meta';
import type { JsonObject, Schema } from '../schema/schema';
import type { Shape } from './shapes';
import type { ApiContext, ResourceRequest } from '../verbs/context';
import type { AfterRun } from '../verbs/deletion-runs';

export type VerbName = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete' | 'deletecollection';

/** Answers a verb by other means than reading and writing stored objects. */
export type Serve = (context: ApiContext, request: ResourceRequest) => Promise<void>;
export type Served = Readonly<Partial<Record<VerbName, Serve>>>;

/** A subresource beyond status and scale, such as `serviceaccounts/token`. */
export interface Subresource {
  name: string;
  /** What it takes or answers. */
  group: string;
  version: string;
  kind: string;
  /** The verbs that it has. */
  serve: Served;
  /** Its requests may take as long as the client stays: like watches, they take no seat among those that are worked on. */
  longRunning?: boolean;
}

export type ColumnType = 'string' | 'integer' | 'number' | 'boolean' | 'date';

export interface PrinterColumn {
  name: string;
  type: ColumnType;
  format?: string;
  description?: string;
  /** 0: always shown; above: only with `-o wide`. */
  priority?: number;
  /** Where the cell's value is; `cell` instead where a path cannot say it. */
  jsonPath?: string;
  cell?: (object: JsonObject, now: number) => unknown;
}

/** Dotted paths into the object, e.g. `.spec.parallelism`. */
export interface ScalePaths {
  specReplicasPath: string;
  statusReplicasPath: string;
  labelSelectorPath?: string;
}

/** What a core kind does beyond its schema; a custom resource has none. */
export interface Strategy {
  /** Completes an object before it is validated and written; mutates `object`. `old` is absent on create. */
  prepare?: (object: JsonObject, old?: KubeObject) => void;
  validate?: (object: JsonObject, old?: KubeObject) => FieldError[];
  /** Of a write of the status; `object` is whole. */
  validateStatus?: (object: JsonObject) => FieldError[];
  /** Whether a write of the status changes labels, annotations, finalizers and owners too; the store does so of the same kinds. */
  statusWithMetadata?: boolean;
  /** What is odd about an object that is taken all the same. */
  warnings?: (object: JsonObject) => readonly string[];
  /** Fields that `prepare` writes, as names from the root: no manager owns them or what is below. */
  serverFields?: readonly (readonly string[])[];
  /** The status that a new object begins with; an object without status gets it. */
  initialStatus?: JsonObject;
  /** A PUT of what is not there makes it. */
  createOnUpdate?: boolean;
  /** DELETE answers with what was deleted, not with a Status. */
  answersDeleted?: boolean;
  /** Why this object may not be deleted. */
  deleteProblem?: (name: string) => string | undefined;
  /** What an object becomes in the moment in which its deletion is asked for: finalizers may be added, its status may change. */
  deleting?: (object: KubeObject, afterRun: AfterRun) => KubeObject;
}

/** What all versions of a custom resource have in common: its objects are kept in one of them. */
export interface StoredForm {
  /** `example.com/v1` */
  apiVersion: string;
  /** Of each version by its apiVersion, also of those that are not served. */
  schemas: ReadonlyMap<string, Schema>;
  /** Objects with a resourceVersion up to this may have been written under another definition. */
  since: number;
  /** Whether the store keeps the status from writes of the object. */
  statusApart: boolean;
}

/** What changes while a resource is served. */
export interface Lifecycle {
  /** Its definition is being deleted: nothing new is created. */
  terminating: boolean;
}

export interface Resource {
  /** `jobs.gleaner.dev`; `events` in the core group. */
  name: ResourceName;
  group: string;
  version: string;
  plural: string;
  singular: string;
  kind: string;
  listKind: string;
  shortNames: readonly string[];
  categories: readonly string[];
  namespaced: boolean;
  description: string;
  /** Of the whole object, with `apiVersion`, `kind` and `metadata`. */
  schema: Schema;
  /** Without the NAME column. */
  columns: readonly PrinterColumn[];
  /** Whether tables begin with the object's name. */
  nameColumn: boolean;
  hasStatus: boolean;
  scale?: ScalePaths;
  /** Paths for field selectors beyond metadata.name and metadata.namespace. */
  selectableFields: readonly string[];
  /** Selectable fields that are found elsewhere: the first of several paths, parted by `|`, that holds something. */
  fieldAliases?: Readonly<Record<string, string>>;
  nameRule: NameRule;
  /** false: strategic merge patches are refused, PUT needs a resourceVersion. */
  core: boolean;
  /** Whether a PUT must name the resourceVersion that it replaces; absent: unless `core`. */
  conditionalUpdate?: boolean;
  strategy: Strategy;
  /** What Kubernetes takes an object to be that says nothing: of fields that are in it already, nobody is the first owner. */
  blank?: JsonObject;
  /** The type that a core kind is kept as. */
  shape?: Shape;
  /** A resource that is not stored (a review, a view): exactly these verbs exist. */
  serve?: Served;
  /** Another form of what is stored under this name. */
  viewOf?: ResourceName;
  /** The group of the kind that refusals name, when it is another one: that of what a view shows. */
  refusedAs?: string;
  /** Verbs that this resource does not have. */
  lacks?: readonly VerbName[];
  /** Why users cannot write it; it can be read only. */
  readOnly?: string;
  subresources?: readonly Subresource[];
  /** Absent: objects are kept as they are served. */
  stored?: StoredForm;
  lifecycle?: Lifecycle;
  /** Said to everyone who uses this version. */
  warning?: string;
}

/** Whether objects of this resource are in the store. */
export const isStored = (resource: Resource): boolean => resource.serve === undefined && resource.viewOf === undefined;

/** `v1` or `gleaner.dev/v1alpha1`. */
export function groupVersion(resource: { group: string; version: string }): string {
  return resource.group === '' ? resource.version : `${resource.group}/${resource.version}`;
}

export function resourceName(group: string, plural: string): ResourceName {
  return group === '' ? plural : `${plural}.${group}`;
}
