/** DELETE of one object and of a collection. */
import type { KubeObject } from '../../../crds/meta';
import type { DeleteResult, Operation, Preconditions } from '../../store/store';
import { conflict, forbiddenError, type Status } from '../http/errors';
import { sendForm } from '../http/respond';
import type { Resource } from '../resources/resource';
import { answerObject } from './answer';
import { getExisting, storing, type ApiContext, type ResourceRequest } from './context';
import { readDeleteOptions, type DeleteOptions } from './delete-options';
import { answerList, readList } from './list';
import { retrying } from './retry';

/** Finalizers that tell the garbage collector what to do with the dependents of an object that goes. */
const POLICY_FINALIZERS = { Foreground: 'foregroundDeletion', Orphan: 'orphan' } as const;
/** Objects deleted in one transaction. */
const COLLECTION_PAGE = 500;

export async function deleteOne(context: ApiContext, request: ResourceRequest): Promise<void> {
  const { resource, name } = request;
  const options = await readDeleteOptions(request);
  refuseProtected(resource, name);
  const old = await storing(request, () => getExisting(context, request));
  checkPreconditions(old, options, request);
  const result = options.dryRun ? dryRunOf(old, options, context.now()) : await retrying(context, request, () => remove(context, request, options));
  if (result.gone && !resource.strategy.answersDeleted) sendForm(request, 200, success(resource, result.object));
  else answerObject(context, request, 200, result.object);
}

/** What has a form of deletion of its own. */
const UNGRACED = new Set(['Namespace', 'CustomResourceDefinition']);

/** An object that something holds would stay, marked. */
function dryRunOf(old: KubeObject, { propagation }: DeleteOptions, now: number): DeleteResult<KubeObject> {
  const object = old.metadata.deletionTimestamp ? old : withPolicy(old, propagation);
  const { spec } = object as KubeObject & { spec?: { finalizers?: string[] } };
  const held = [...(object.metadata.finalizers ?? []), ...(object.kind === 'Namespace' ? (spec?.finalizers ?? []) : [])].length > 0;
  if (!held) return { object, gone: true };
  const deletionTimestamp = object.metadata.deletionTimestamp ?? `${new Date(now).toISOString().slice(0, 19)}Z`;
  const { generation } = object.metadata;
  const graced = !UNGRACED.has(object.kind);
  const counted = graced && generation !== undefined && old.metadata.deletionTimestamp === undefined && { generation: generation + 1 };
  const marked = { ...object, metadata: { ...object.metadata, deletionTimestamp, ...counted, ...(graced && { deletionGracePeriodSeconds: 0 }) } };
  return { object: object.kind === 'Namespace' ? ({ ...marked, status: { ...(object as { status?: object }).status, phase: 'Terminating' } } as KubeObject) : marked, gone: false };
}

function refuseProtected(resource: Resource, name: string): void {
  const problem = resource.strategy.deleteProblem?.(name);
  if (problem) throw forbiddenError(resource, name, problem);
}

function checkPreconditions({ metadata }: KubeObject, { preconditions = {} }: DeleteOptions, { resource, name }: ResourceRequest): void {
  const { uid, resourceVersion } = preconditions;
  if (resource.strategy.deleting) return checkOwnPreconditions(metadata, preconditions, resource, name);
  // Said of the kind, not of the resource.
  const of = { ...resource, plural: resource.kind };
  if (uid !== undefined && uid !== metadata.uid) {
    throw conflict(of, name, `the UID in the precondition (${uid}) does not match the UID in record (${metadata.uid ?? ''}). The object might have been deleted and then recreated`);
  }
  if (resourceVersion !== undefined && resourceVersion !== metadata.resourceVersion) {
    const why = `the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record (${metadata.resourceVersion ?? ''}). The object might have been modified`;
    throw conflict(of, name, why);
  }
}

/** Of resources with a deletion of their own, in other words. */
function checkOwnPreconditions(metadata: KubeObject['metadata'], { uid, resourceVersion }: Preconditions, resource: Resource, name: string): void {
  for (const [label, wanted, found] of [['UID', uid, metadata.uid], ['ResourceVersion', resourceVersion, metadata.resourceVersion]] as const) {
    if (wanted !== undefined && wanted !== found) {
      throw conflict(resource, name, `Precondition failed: ${label} in precondition: ${wanted}, ${label} in object meta: ${found ?? ''}`);
    }
  }
}

async function remove(context: ApiContext, request: ResourceRequest, options: DeleteOptions): Promise<DeleteResult<KubeObject> | 'stale'> {
  const { resource, namespace, name } = request;
  const { deleting } = resource.strategy;
  if (options.propagation === 'Background' && !deleting) {
    return storing(request, () => context.store.delete(resource.name, namespace, name, options.preconditions));
  }
  const old = await storing(request, () => getExisting(context, request));
  checkPreconditions(old, options, request);
  const mark = (): KubeObject => deleting?.(old, (then) => context.deletionRuns.after(request.req.socket, then)) ?? withPolicy(old, options.propagation);
  const deletion: Operation = { verb: 'delete', resource: resource.name, namespace, name, preconditions: { uid: old.metadata.uid } };
  // What is not marked must not go: nobody would look after what depends on it.
  const operations: Operation[] = old.metadata.deletionTimestamp ? [deletion] : [{ verb: 'update', resource: resource.name, object: mark() }, { ...deletion, follows: true }];
  const outcomes = await storing(request, () => context.store.batch(operations));
  const failed = outcomes.find((outcome) => !outcome.ok);
  if (failed && !failed.ok) {
    if (failed.error.reason === 'Conflict') return 'stale';
    await storing(request, () => Promise.reject(failed.error));
  }
  const object = await context.store.get(resource.name, namespace, name);
  return object && object.metadata.uid === old.metadata.uid ? { object, gone: false } : { object: old, gone: true };
}

function withPolicy(object: KubeObject, propagation: DeleteOptions['propagation']): KubeObject {
  if (propagation === 'Background') return object;
  const finalizers = [...new Set([...(object.metadata.finalizers ?? []), POLICY_FINALIZERS[propagation]])];
  return { ...object, metadata: { ...object.metadata, finalizers } };
}

function success(resource: Resource, { metadata }: KubeObject): Status {
  const { name, uid } = metadata;
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    details: { name, ...(resource.group !== '' && { group: resource.group }), kind: resource.plural, ...(uid && { uid }) },
  };
}

/** Deletes everything that the selectors match; answers with what was there. */
export async function deleteCollection(context: ApiContext, request: ResourceRequest): Promise<void> {
  const { resource } = request;
  const options = await readDeleteOptions(request);
  const { items, resourceVersion } = await readList(context, request);
  const chosen = items.filter(({ metadata }) => resource.strategy.deleteProblem?.(metadata.name) === undefined);
  // Of one that they do not fit, nothing is deleted: they are checked again when each of them is.
  for (const object of chosen) checkPreconditions(object, options, { ...request, name: object.metadata.name });
  if (!options.dryRun) {
    for (let at = 0; at < chosen.length; at += COLLECTION_PAGE) {
      await removeAll(context, request, chosen.slice(at, at + COLLECTION_PAGE), options);
    }
  }
  await answerList(context, request, { items: chosen, resourceVersion });
}

async function removeAll(context: ApiContext, request: ResourceRequest, objects: readonly KubeObject[], options: DeleteOptions): Promise<void> {
  const { resource } = request;
  if (options.propagation !== 'Background' || resource.strategy.deleting) {
    for (const { metadata } of objects) {
      const single = { ...request, namespace: metadata.namespace ?? '', name: metadata.name };
      await retrying(context, single, () => remove(context, single, options));
    }
    return;
  }
  const outcomes = await context.store.batch(
    objects.map(({ metadata: { namespace = '', name, uid } }) => ({ verb: 'delete', resource: resource.name, namespace, name, preconditions: { ...options.preconditions, uid } })),
  );
  for (const outcome of outcomes) {
    // Gone or made anew by somebody else in the meantime: it is not ours to delete.
    if (!outcome.ok && outcome.error.reason !== 'NotFound' && outcome.error.reason !== 'Conflict') {
      await storing(request, () => Promise.reject(outcome.error));
    }
  }
}
