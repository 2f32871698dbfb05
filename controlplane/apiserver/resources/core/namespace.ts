/** Namespaces: held by an entry in `spec.finalizers` until their content is gone; `/finalize` takes it out. */
import type { KubeObject } from '../../../../crds/meta';
import { finalizeNamespace } from '../../verbs/finalize';
import { invalid, type FieldError } from '../../schema/field-error';
import { isObject, type JsonObject } from '../../schema/schema';
import { AGE, column } from './cells';
import { core } from './define';

/** Held by the namespace controller until a namespace's content is gone. */
const NAMESPACE_FINALIZER = 'kubernetes';
/** Present in every namespace, so that it can be selected by name. */
const NAMESPACE_NAME_LABEL = 'kubernetes.io/metadata.name';

/** Namespaces that stay. */
const PROTECTED = new Set(['default', 'kube-system', 'kube-public']);

function prepare(namespace: JsonObject, old?: KubeObject): void {
  const metadata = namespace.metadata as JsonObject;
  if (metadata.name) metadata.labels = { ...(isObject(metadata.labels) && metadata.labels), [NAMESPACE_NAME_LABEL]: metadata.name };
  if (old) {
    namespace.spec = (old as KubeObject & { spec?: object }).spec ?? {};
    return;
  }
  const asked = isObject(namespace.spec) && Array.isArray(namespace.spec.finalizers) ? (namespace.spec.finalizers as string[]) : [];
  namespace.spec = { finalizers: asked.includes(NAMESPACE_FINALIZER) ? asked : [...asked, NAMESPACE_FINALIZER] };
}

function validateStatus(namespace: JsonObject): FieldError[] {
  const phase = isObject(namespace.status) ? namespace.status.phase : undefined;
  const going = !!(namespace.metadata as JsonObject).deletionTimestamp;
  const expected = going ? 'Terminating' : 'Active';
  if (phase === expected) return [];
  return [invalid('status.Phase', phase ?? '', `may only be '${expected}' if \`deletionTimestamp\` is ${going ? 'not ' : ''}empty`)];
}

export const NAMESPACE = core({
  group: '', version: 'v1', plural: 'namespaces', singular: 'namespace', kind: 'Namespace', shortNames: ['ns'], namespaced: false,
  description: 'Namespace provides a scope for names.',
  nameRule: 'label', hasStatus: true, selectableFields: ['status.phase'], lacks: ['deletecollection'],
  columns: [column('Status', 'status.phase', 'The status of the namespace'), AGE],
  strategy: {
    prepare,
    validateStatus,
    statusWithMetadata: true,
    serverFields: [['spec']],
    initialStatus: { phase: 'Active' },
    deleteProblem: (name) => (PROTECTED.has(name) ? 'this namespace may not be deleted' : undefined),
  },
  subresources: [{ name: 'finalize', group: '', version: 'v1', kind: 'Namespace', serve: { update: finalizeNamespace } }],
});
