/** Namespaces: held by a finalizer until their content is gone. */
import type { KubeObject } from '../../../../crds/meta';
import { isObject, type JsonObject } from '../../schema/schema';
import { age, column, core, object, string } from './define';

/** Held by the namespace controller until a namespace's content is gone. */
export const NAMESPACE_FINALIZER = 'kubernetes';
/** Present in every namespace, so that it can be selected by name. */
export const NAMESPACE_NAME_LABEL = 'kubernetes.io/metadata.name';

function prepareNamespace(namespace: JsonObject, old?: KubeObject): void {
  const metadata = namespace.metadata as JsonObject;
  metadata.labels = { ...(isObject(metadata.labels) && metadata.labels), [NAMESPACE_NAME_LABEL]: metadata.name };
  if (old) {
    const held = (old.metadata.finalizers ?? []).includes(NAMESPACE_FINALIZER);
    const asked = Array.isArray(metadata.finalizers) ? (metadata.finalizers as string[]) : [];
    if (held && !asked.includes(NAMESPACE_FINALIZER)) metadata.finalizers = [...asked, NAMESPACE_FINALIZER];
    return;
  }
  metadata.finalizers = [...new Set([...(Array.isArray(metadata.finalizers) ? (metadata.finalizers as string[]) : []), NAMESPACE_FINALIZER])];
  namespace.spec = { finalizers: [NAMESPACE_FINALIZER] };
}

export const NAMESPACE = core({
  group: '', version: 'v1', plural: 'namespaces', singular: 'namespace', kind: 'Namespace', shortNames: ['ns'], namespaced: false,
  nameRule: 'label', hasStatus: true, selectableFields: ['status.phase'],
  columns: [column('Status', '.status.phase'), age()],
  schema: object('Namespace provides a scope for names.', {
    spec: object('What holds the namespace.', { finalizers: { type: 'array', nullable: true, items: { type: 'string' }, description: 'Must be empty before the namespace goes.' } }),
    status: object('State of the namespace.', {
      phase: string('Active or Terminating.'),
      conditions: { type: 'array', nullable: true, items: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }, description: 'Why it is still there.' },
    }),
  }),
  strategy: {
    prepare: prepareNamespace,
    serverFields: [['spec'], ['metadata', 'finalizers']],
    initialStatus: { phase: 'Active' },
    deleteProblem: (name) => (name === 'default' ? 'this namespace may not be deleted' : undefined),
  },
});
