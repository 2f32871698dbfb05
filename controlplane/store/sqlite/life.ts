/** How objects of Kubernetes' own kinds live where that differs from custom resources: what holds them, whether versions of the spec are counted. */
import type { KubeObject, ResourceName } from '../../../crds/meta';

export interface Life {
  /** Besides `metadata.finalizers`: whether something must be done before the object may go. */
  isHeld: (object: KubeObject) => boolean;
  /** What every new object has; `object` has its name. */
  onCreation: (object: KubeObject) => KubeObject;
  /** What else changes when deletion begins. */
  onDeletion: (object: KubeObject) => KubeObject;
  /** Of a new object. */
  initialStatus?: object;
  /** Whether `metadata.generation` is kept. */
  counted: boolean;
  /** Whether a deletion that only marks is noted as every other: with a grace period, which is none, and as another version of what is wanted. */
  graced: boolean;
  /** Whether a write of the status brings labels, annotations, finalizers and owners as well. */
  statusWithMetadata: boolean;
}

type Namespace = KubeObject & { spec?: { finalizers?: readonly string[] }; status?: object };

const CUSTOM: Life = { isHeld: () => false, onCreation: (object) => object, onDeletion: (object) => object, counted: true, graced: true, statusWithMetadata: false };
const CORE: Life = { ...CUSTOM, counted: false };
const DEFINITION: Life = { ...CUSTOM, graced: false };
/** Held by `kubernetes` until their content is gone, and selectable by name. */
function newNamespace(object: KubeObject): KubeObject {
  const { metadata, spec } = object as Namespace;
  const finalizers = spec?.finalizers ?? [];
  return {
    ...object,
    metadata: { ...metadata, labels: { ...metadata.labels, 'kubernetes.io/metadata.name': metadata.name } },
    spec: { ...spec, finalizers: finalizers.includes('kubernetes') ? finalizers : [...finalizers, 'kubernetes'] },
  } as KubeObject;
}

const NAMESPACE: Life = {
  onCreation: newNamespace,
  isHeld: (object) => !!(object as Namespace).spec?.finalizers?.length,
  onDeletion: (object) => ({ ...object, status: { ...(object as Namespace).status, phase: 'Terminating' } }) as KubeObject,
  initialStatus: { phase: 'Active' },
  counted: false,
  graced: false,
  statusWithMetadata: true,
};

const UNCOUNTED_GROUPS = new Set(['coordination.k8s.io', 'discovery.k8s.io', 'events.k8s.io', 'rbac.authorization.k8s.io']);
const COUNTED_CORE = new Set(['podtemplates', 'pods', 'endpointslices.discovery.k8s.io']);

export function lifeOf(resource: ResourceName): Life {
  if (resource === 'namespaces') return NAMESPACE;
  if (resource === 'customresourcedefinitions.apiextensions.k8s.io') return DEFINITION;
  const dot = resource.indexOf('.');
  const uncounted = (dot < 0 || UNCOUNTED_GROUPS.has(resource.slice(dot + 1))) && !COUNTED_CORE.has(resource);
  return uncounted ? CORE : CUSTOM;
}

/** Whether deletion only marks the object. */
export const isHeld = (life: Life, object: KubeObject): boolean => !!object.metadata.finalizers?.length || life.isHeld(object);
