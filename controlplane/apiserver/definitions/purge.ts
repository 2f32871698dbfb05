/** Deletes all objects of a definition that is going, and then lets it go. Waits for what finalizers hold. */
import type { CustomResourceDefinition } from '../resources/crd';
import type { KubeObject } from '../../../crds/meta';
import type { ListResult, ObjectStore } from '../../store/store';
import { IN_PROGRESS, isTrue, withCondition, type NewCondition } from './conditions';
import { CLEANUP_FINALIZER, CRDS } from './crd-resource';
import { firstStatus } from './tidy';

const PAGE = 500;

export interface PurgeOptions {
  store: ObjectStore;
  name: string;
  signal: AbortSignal;
  /** RFC 3339 */
  now: () => string;
}

const DONE: NewCondition = { type: 'Terminating', status: 'False', reason: 'InstanceDeletionCompleted', message: 'removed all instances' };
const NEVER: NewCondition = { ...DONE, reason: 'NeverEstablished', message: 'resource was never established' };

/** @throws StoreError Conflict, NotFound when somebody else wrote the definition: then it is looked at anew */
export async function purge({ store, name, signal, now }: PurgeOptions): Promise<void> {
  let crd = await store.get<CustomResourceDefinition>(CRDS, '', name);
  if (!crd?.metadata.deletionTimestamp || !crd.metadata.finalizers?.includes(CLEANUP_FINALIZER)) return;
  const established = isTrue(crd, 'Established');
  const { status = firstStatus(undefined) } = crd;
  if (established) {
    crd = await store.update(CRDS, { ...crd, status: withCondition(status, IN_PROGRESS, now()) });
    for (let left = await deleteAll(store, name); left.items.length > 0 && !signal.aborted; left = await deleteAll(store, name)) await allGone(store, name, left, signal);
    if (signal.aborted) return;
    // Labels and the like may have been changed while it went on.
    crd = await store.get<CustomResourceDefinition>(CRDS, '', name);
    if (!crd) return;
  }
  const finalizers = crd.metadata.finalizers?.filter((finalizer) => finalizer !== CLEANUP_FINALIZER);
  await store.update(CRDS, {
    ...crd,
    metadata: { ...crd.metadata, finalizers },
    status: withCondition(crd.status ?? status, established ? DONE : NEVER, now()),
  });
}

/** @returns those that finalizers hold */
async function deleteAll(store: ObjectStore, resource: string): Promise<ListResult<KubeObject>> {
  for (;;) {
    const list = await store.list(resource);
    const going = list.items.filter(({ metadata }) => !metadata.deletionTimestamp).slice(0, PAGE);
    if (going.length === 0) return list;
    const outcomes = await store.batch(going.map(({ metadata: { namespace = '', name, uid } }) =>
      ({ verb: 'delete', resource, namespace, name, ...(uid && { preconditions: { uid } }) })));
    const failed = outcomes.find((outcome) => !outcome.ok && outcome.error.reason !== 'NotFound' && outcome.error.reason !== 'Conflict');
    if (failed && !failed.ok) throw failed.error;
  }
}

/** Resolves when all of `list` are gone, or when it is to be listed anew. */
function allGone(store: ObjectStore, resource: string, { items, resourceVersion }: ListResult<KubeObject>, signal: AbortSignal): Promise<void> {
  const left = new Set(items.map(({ metadata }) => metadata.uid));
  return new Promise((resolve) => {
    const over = (): void => {
      signal.removeEventListener('abort', over);
      watch.stop();
      resolve();
    };
    const watch = store.watch(resource, { resourceVersion }, {
      events: (batch) => {
        for (const { type, object } of batch) if (type === 'DELETED') left.delete(object.metadata.uid);
        if (left.size === 0) over();
      },
      end: over,
    });
    signal.addEventListener('abort', over);
    if (signal.aborted) over();
  });
}
