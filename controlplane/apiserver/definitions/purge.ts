/** Deletes all objects of a definition that is going, and then lets it go. Waits for what finalizers hold. */
import type { CustomResourceDefinition } from '../resources/crd';
import type { ObjectStore } from '../../store/store';
import { IN_PROGRESS, isTrue, withCondition, type NewCondition } from './conditions';
import { CLEANUP_FINALIZER, CRDS } from './crd-resource';
import { firstStatus } from './tidy';
import { sleep } from './worker';

const PAGE = 500;
/** How often what finalizers hold is looked at. */
const WAIT_MS = 200;

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
    while (!signal.aborted && (await deletePage(store, name)) > 0) await sleep(WAIT_MS, signal);
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

/** @returns how many are left that could not be deleted yet */
async function deletePage(store: ObjectStore, resource: string): Promise<number> {
  for (;;) {
    const { items } = await store.list(resource);
    const going = items.filter(({ metadata }) => !metadata.deletionTimestamp).slice(0, PAGE);
    if (going.length === 0) return items.length;
    const outcomes = await store.batch(going.map(({ metadata: { namespace = '', name, uid } }) =>
      ({ verb: 'delete', resource, namespace, name, ...(uid && { preconditions: { uid } }) })));
    const failed = outcomes.find((outcome) => !outcome.ok && outcome.error.reason !== 'NotFound' && outcome.error.reason !== 'Conflict');
    if (failed && !failed.ok) throw failed.error;
  }
}
