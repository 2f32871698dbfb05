/**
 * What a write means: from the current version of an object and what is asked to the next version. Pure, but for the arguments
 * that are functions.
 *
 * ```
 *              create                 update, updateStatus            delete, or the last finalizer removed
 *   (absent) ---------> live -----------------------------> live ------------------------------------------> (absent)
 *                         \--delete, finalizers left--> deleting --last finalizer removed-------------------/
 * ```
 */
import type { KubeObject, ObjectMeta, ResourceName } from '../../../crds/meta';
import { StoreError, type Preconditions } from '../store';
import { isHeld, type Life } from './life';
import { share } from './share';

/** What becomes of an object. `unchanged`: nothing to write. */
export type Change =
  | { kind: 'unchanged'; object: KubeObject }
  | { kind: 'put'; object: KubeObject }
  /** `object` is the last state, with the resourceVersion of the deletion. */
  | { kind: 'gone'; object: KubeObject };

export interface Context {
  resource: ResourceName;
  statusSubresource: boolean;
  life: Life;
  /** Status of a new object of a resource with a status subresource. */
  initialStatus?: object | undefined;
  /** Takes the next revision; called once per change, only when there is one. */
  nextRevision(): string;
  /** RFC 3339, whole seconds. */
  timestamp(): string;
  uid(): string;
  /** The same entries of managedFields, in less memory. */
  intern(entries: ObjectMeta['managedFields']): ObjectMeta['managedFields'];
}

type Fields = KubeObject & { status?: unknown };

export function created(context: Context, asked: KubeObject, name: string): Change {
  if (asked.metadata.resourceVersion) throw invalid(context, name, 'metadata.resourceVersion must not be set on an object to be created');
  const { status, ...rest } = asked as Fields;
  const initial = context.statusSubresource ? context.initialStatus : status;
  const wanted: Fields = initial === undefined ? rest : { ...rest, status: initial };
  const { deletionTimestamp: _time, deletionGracePeriodSeconds: _grace, ...meta } = asked.metadata;
  // Into the copy that is there: see extended.ts, which is not for what clients send.
  const metadata: ObjectMeta = Object.assign(meta, { name, namespace: meta.namespace || undefined, uid: context.uid(), creationTimestamp: context.timestamp() });
  return { kind: 'put', object: revised(context, share(context.life.onCreation({ ...wanted, metadata }), undefined) as KubeObject, 1) };
}

export function updated(context: Context, current: KubeObject, asked: KubeObject): Change {
  checkVersion(context, current, asked.metadata);
  const metadata: ObjectMeta = { ...asked.metadata, ...owned(current.metadata) };
  const status = context.statusSubresource ? (current as Fields).status : (asked as Fields).status;
  const next = share({ ...asked, metadata, status }, current) as KubeObject;
  if (next === current) return { kind: 'unchanged', object: current };
  if (current.metadata.deletionTimestamp) {
    refuseNewFinalizers(context, current.metadata, next.metadata);
    if (!isHeld(context.life, next)) return { kind: 'gone', object: revised(context, next, generationOf(current, next)) };
  }
  return { kind: 'put', object: revised(context, next, generationOf(current, next)) };
}

export function statusUpdated(context: Context, current: KubeObject, asked: KubeObject): Change {
  const name = current.metadata.name;
  if (!context.statusSubresource) throw invalid(context, name, 'this resource has no status subresource: update the object itself');
  checkVersion(context, current, asked.metadata);
  const before = (current as Fields).status;
  const status = share((asked as Fields).status, before);
  const metadata = context.life.statusWithMetadata ? withMetadata(current.metadata, asked.metadata) : withOwners(current.metadata, asked.metadata);
  if (status === before && metadata === current.metadata) return { kind: 'unchanged', object: current };
  const { status: _before, ...rest } = current as Fields;
  const next: Fields = Object.assign(rest, { metadata }, status !== undefined && { status });
  if (current.metadata.deletionTimestamp) {
    refuseNewFinalizers(context, current.metadata, metadata);
    if (!isHeld(context.life, next)) return { kind: 'gone', object: revised(context, next, current.metadata.generation) };
  }
  return { kind: 'put', object: revised(context, next, current.metadata.generation) };
}

export function deleted(context: Context, current: KubeObject, preconditions: Preconditions | undefined): Change {
  checkVersion(context, current, preconditions ?? {});
  const { metadata } = current;
  if (!isHeld(context.life, current)) return { kind: 'gone', object: revised(context, current, metadata.generation) };
  if (metadata.deletionTimestamp) return { kind: 'unchanged', object: current };
  const { graced } = context.life;
  const marked: ObjectMeta = { ...metadata, deletionTimestamp: context.timestamp(), ...(graced && { deletionGracePeriodSeconds: 0 }) };
  return { kind: 'put', object: revised(context, context.life.onDeletion({ ...current, metadata: marked }), (metadata.generation ?? 0) + (graced ? 1 : 0)) };
}

/** The owners of fields that a write of the status brings: only of one that knows the version which it changes. */
function withOwners(current: ObjectMeta, { managedFields, resourceVersion }: ObjectMeta): ObjectMeta {
  if (managedFields === undefined || !resourceVersion || managedFields === current.managedFields) return current;
  const shared = share(managedFields, current.managedFields) as ObjectMeta['managedFields'];
  return shared === current.managedFields ? current : { ...current, managedFields: shared };
}

/** What a write of the status makes of metadata where it brings them: also only when it knows the version which it changes. */
function withMetadata(current: ObjectMeta, asked: ObjectMeta): ObjectMeta {
  return asked.resourceVersion ? (share({ ...asked, ...owned(current) }, current) as ObjectMeta) : current;
}

/** What only the store writes, and what never changes. */
function owned(meta: ObjectMeta): Partial<ObjectMeta> {
  return {
    name: meta.name,
    namespace: meta.namespace,
    uid: meta.uid,
    resourceVersion: meta.resourceVersion,
    generation: meta.generation,
    creationTimestamp: meta.creationTimestamp,
    deletionTimestamp: meta.deletionTimestamp,
    deletionGracePeriodSeconds: meta.deletionGracePeriodSeconds,
  };
}

function revised(context: Context, object: KubeObject, generation: number | undefined): KubeObject {
  const { generation: _before, ...metadata } = object.metadata;
  if (metadata.managedFields !== undefined) metadata.managedFields = context.intern(metadata.managedFields);
  return { ...object, metadata: Object.assign(metadata, context.life.counted && { generation }, { resourceVersion: context.nextRevision() }) };
}

/** Both come from `share`, so equal fields are identical. */
function generationOf(current: KubeObject, next: KubeObject): number {
  const generation = current.metadata.generation ?? 0;
  const before = current as unknown as Record<string, unknown>;
  const after = next as unknown as Record<string, unknown>;
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    if (key !== 'metadata' && key !== 'status' && before[key] !== after[key]) return generation + 1;
  }
  return generation;
}

function checkVersion(context: Context, current: KubeObject, wanted: Preconditions): void {
  const { name, uid, resourceVersion } = current.metadata;
  const conflict = (what: string): StoreError =>
    new StoreError('Conflict', `${context.resource} "${name}": ${what}; read it again and repeat the change`, {
      resource: context.resource,
      name,
      currentResourceVersion: resourceVersion,
    });
  if (wanted.uid && wanted.uid !== uid) throw conflict(`the object now has uid ${uid}, the request is for uid ${wanted.uid}`);
  if (wanted.resourceVersion && wanted.resourceVersion !== resourceVersion) {
    throw conflict(`the object has been modified (it is at resourceVersion ${resourceVersion}, the request is for ${wanted.resourceVersion})`);
  }
}

function refuseNewFinalizers(context: Context, before: ObjectMeta, after: ObjectMeta): void {
  const known = new Set(before.finalizers);
  const added = (after.finalizers ?? []).filter((finalizer) => !known.has(finalizer));
  if (added.length === 0) return;
  throw invalid(context, before.name, `metadata.finalizers: no new finalizers can be added to an object that is being deleted (${added.join(', ')})`);
}

function invalid(context: Context, name: string, message: string): StoreError {
  return new StoreError('Invalid', `${context.resource} "${name}": ${message}`, { resource: context.resource, name });
}
