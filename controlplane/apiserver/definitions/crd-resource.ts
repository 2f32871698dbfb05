/**
 * CustomResourceDefinition as a resource: it is read, written and watched like all others.
 *
 * Definitions that the server ships are its own: they cannot be deleted, and what they say can only be written as it is. Labels and
 * annotations of theirs are anybody's who may write definitions.
 */
import type { KubeObject } from '../../../crds/meta';
import type { CrdSpec, CrdStatus, CustomResourceDefinition } from '../resources/crd';
import { resourceName, type Resource } from '../resources/resource';
import type { AfterRun } from '../verbs/deletion-runs';
import { CREATION_TIMESTAMP } from '../schema/object-meta';
import { forbidden, type FieldError } from '../schema/field-error';
import { equal } from '../schema/equal';
import { isObject, type JsonObject } from '../schema/schema';
import { withMetadata } from '../resources/crd';
import { TERMINATING, timestamp, withCondition } from './conditions';
import { CRD_SCHEMA } from './crd-schema';
import { firstStatus, storageVersionOf, tidy, withStored } from './tidy';
import { validateCrd, validateCrdStatus } from './validation/validate-crd';

export const CRD_GROUP = 'apiextensions.k8s.io';
export const CRD_API_VERSION = `${CRD_GROUP}/v1`;
export const CRD_KIND = 'CustomResourceDefinition';
export const CRDS = resourceName(CRD_GROUP, 'customresourcedefinitions');
/** Holds a definition that goes until its objects are gone. */
export const CLEANUP_FINALIZER = 'customresourcecleanup.apiextensions.k8s.io';

export interface CrdResourceOptions {
  /** By name. */
  shipped: ReadonlyMap<string, CrdSpec>;
  now: () => number;
  /** This definition is about to be marked as going. */
  onDeleting: (name: string, afterRun: AfterRun) => void;
}

export function crdResource({ shipped, now, onDeleting }: CrdResourceOptions): Resource {
  return {
    name: CRDS, group: CRD_GROUP, version: 'v1', plural: 'customresourcedefinitions', singular: 'customresourcedefinition',
    kind: CRD_KIND, listKind: `${CRD_KIND}List`, shortNames: ['crd', 'crds'], categories: ['api-extensions'], namespaced: false,
    description: CRD_SCHEMA.description ?? '',
    schema: withMetadata(CRD_SCHEMA),
    columns: [{ name: 'Created At', type: 'date', description: CREATION_TIMESTAMP, cell: ({ metadata }) => (isObject(metadata) ? metadata.creationTimestamp : undefined) }],
    nameColumn: true,
    hasStatus: true,
    selectableFields: [],
    nameRule: 'subdomain',
    core: true,
    conditionalUpdate: true,
    blank: { spec: { group: '', names: { plural: '', kind: '' }, scope: '', versions: null }, status: { conditions: null, acceptedNames: { plural: '', kind: '' }, storedVersions: null } },
    // In the store, the status is part of the definition: it is written together with it.
    stored: { apiVersion: CRD_API_VERSION, schemas: new Map(), since: 0, statusApart: false },
    strategy: {
      prepare,
      validate: (crd, old) => [...shippedErrors(crd, old, shipped), ...validateCrd(crd as unknown as CustomResourceDefinition, old as CustomResourceDefinition | undefined)],
      validateStatus: (crd) => (isObject(crd.status) && isObject(crd.status.acceptedNames) ? validateCrdStatus(crd.status as unknown as CrdStatus) : []),
      deleteProblem: (name) => (shipped.has(name) ? 'it is one of the server\'s own definitions: they cannot be deleted' : undefined),
      deleting: (crd, afterRun) => {
        onDeleting(crd.metadata.name, afterRun);
        return deleting(crd as CustomResourceDefinition, timestamp(now()));
      },
    },
  };
}

function prepare(crd: JsonObject, old?: KubeObject): void {
  tidy(crd);
  const before = (old as CustomResourceDefinition | undefined)?.status;
  const storage = storageVersionOf(crd);
  crd.status = before ? withStored(before, storage) : firstStatus(storage);
}

function shippedErrors(crd: JsonObject, old: KubeObject | undefined, shipped: ReadonlyMap<string, CrdSpec>): FieldError[] {
  const own = old && shipped.get(old.metadata.name);
  if (!own || equal(crd.spec, own)) return [];
  return [forbidden('spec', 'it is one of the server\'s own definitions: what it says comes with the server and cannot be changed')];
}

function deleting(crd: CustomResourceDefinition, now: string): CustomResourceDefinition {
  const { finalizers = [] } = crd.metadata;
  const status: CrdStatus = crd.status ?? firstStatus(undefined);
  return {
    ...crd,
    metadata: { ...crd.metadata, finalizers: finalizers.includes(CLEANUP_FINALIZER) ? finalizers : [...finalizers, CLEANUP_FINALIZER] },
    status: withCondition(status, TERMINATING, now),
  };
}
