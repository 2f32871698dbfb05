/** PUT, and the writing half of PATCH. */
import type { KubeObject, ManagedFieldsEntry } from '../../../crds/meta';
import { inOneTurn, type Steps } from '../apply/steps';
import { ruleErrors } from '../cel/rules';
import { ApiError, conflict, invalidError } from '../http/errors';
import { completeShape } from '../resources/shapes';
import type { JsonObject } from '../schema/schema';
import type { Resource } from '../resources/resource';
import type { FieldError } from '../schema/field-error';
import { validateMetadata, validateMetadataUpdate } from '../schema/object-meta';
import { scaleStatusErrors } from '../schema/scale-values';
import { validateStatus } from '../schema/validate-object';
import { answerObject } from './answer';
import { getExisting, storing, type ApiContext, type ResourceRequest } from './context';
import { createObject } from './create';
import { checkObject, forUpdate, place, pruneAndDefault, readProposal, strictBodyError, type Proposal } from './decode';
import { managerName } from './field-managers';
import { idleOwners } from './idle-owners';
import { dryRun } from './options';
import { retrying, unlessStale } from './retry';
import { inTurns, isLarge, letOthersIn } from './turns';

export async function update(context: ApiContext, request: ResourceRequest): Promise<void> {
  const { resource } = request;
  const proposal = await readProposal(request);
  place(proposal.object, request);
  const found = await storing(request, () => context.store.get(resource.name, request.namespace, request.name));
  if (!found && resource.strategy.createOnUpdate && request.subresource === '') return createInstead(context, request, proposal);
  const old = found ?? (await storing(request, () => getExisting(context, request)));
  if ((resource.conditionalUpdate ?? !resource.core) && !proposal.object.metadata.resourceVersion) {
    throw invalidError({ group: resource.group, kind: resource.plural }, request.name, [
      { reason: 'FieldValueInvalid', field: 'metadata.resourceVersion', message: 'Invalid value: 0x0: must be specified for an update' },
    ]);
  }
  const { resourceVersion, uid } = proposal.object.metadata;
  if (resourceVersion) return answerObject(context, request, 200, await replace(context, request, proposal, old, strictBodyError(resource)));
  // Unconditional: over whatever is there then, whose owners must be known.
  const object = await retrying(context, request, async (hurry) => {
    const current = await storing(request, () => getExisting(context, request));
    const again = { ...structuredClone(proposal), ...(hurry && { isLarge: false }) };
    again.object.metadata.resourceVersion = current.metadata.resourceVersion;
    return unlessStale(!!uid, () => replace(context, request, again, current, strictBodyError(resource)));
  });
  answerObject(context, request, 200, object);
}

async function createInstead(context: ApiContext, request: ResourceRequest, proposal: Proposal): Promise<void> {
  const manager = managerName(request, 'UpdateOptions');
  const owners = (): Steps<ManagedFieldsEntry[] | undefined> => context.fieldManagers.of(request.resource, '').update(undefined, proposal.object, proposal.managedFields, manager);
  answerObject(context, request, 201, await createObject(context, request, proposal, strictBodyError(request.resource), owners));
}

/** Says who owns which field of `next`, which is about to be written. */
export type NextOwners = (next: JsonObject & KubeObject) => Steps<ManagedFieldsEntry[] | undefined>;

/**
 * Writes `proposal` over `old`; for the status subresource only its status (of a Namespace metadata too).
 * @param refuse as in `pruneAndDefault`
 * @param owners absent: whoever sends the request comes to own what it changes
 * @returns the object as written, or as it would be with `dryRun=All`
 */
export async function replace(
  context: ApiContext,
  request: ResourceRequest,
  proposal: Proposal,
  old: KubeObject,
  refuse: ((why: string) => ApiError) | undefined,
  owners: NextOwners = (next) => {
    const manager = managerName(request, 'UpdateOptions');
    return context.fieldManagers.of(request.resource, request.subresource).update(old as KubeObject & JsonObject, next, proposal.managedFields, manager);
  },
): Promise<KubeObject> {
  const { resource, name } = request;
  const onlyTry = dryRun(request);
  const large = proposal.isLarge ?? isLarge(old);
  pruneAndDefault(proposal, request, refuse);
  if (large) await letOthersIn();
  const next = request.subresource === 'status' ? withStatus(proposal.object, old, resource) : proposal.object;
  if (request.subresource === 'status') {
    const errors = [...metadataErrors(next, old, resource), ...validateStatus(next, resource.schema, old as KubeObject & JsonObject), ...scaleStatusErrors(next, resource.scale), ...(resource.strategy.validateStatus?.(next) ?? [])];
    if (!context.admitsRules(resource.name)) errors.push(...ruleErrors(errors, next, resource.schema, { old }));
    if (errors.length > 0) throw invalidError(resource, name, errors);
  } else {
    forUpdate(next, old, resource, request.req.method === 'PATCH');
    context.guard(request, next, old);
    checkObject(context, request, next, old);
  }
  if (resource.shape) completeShape(next, resource.shape);
  if (large) await letOthersIn();
  const owned = large ? await inTurns(owners(next)) : inOneTurn(owners(next));
  if (large) await letOthersIn();
  // Without any, the store takes away those that are there.
  next.metadata.managedFields = idleOwners(owned, next, old);
  if (onlyTry) return tried(request, next, old);
  const written = await storing(request, () =>
    request.subresource === 'status' ? context.store.updateStatus(resource.name, next as KubeObject) : context.store.update(resource.name, next as KubeObject),
  );
  return letGo(written, old);
}

/** The write that takes away the last finalizer is no revision of the object: it is gone. */
function letGo(written: KubeObject, old: KubeObject): KubeObject {
  const { deletionTimestamp, finalizers = [] } = written.metadata;
  if (!deletionTimestamp || finalizers.length > 0 || written.kind === 'Namespace') return written;
  return { ...written, metadata: { ...written.metadata, resourceVersion: old.metadata.resourceVersion } };
}

/** Of a status that brings metadata. */
function metadataErrors({ metadata }: KubeObject, old: KubeObject, { strategy, nameRule, core }: Resource): FieldError[] {
  if (!strategy.statusWithMetadata) return [];
  const asked = metadata as unknown as JsonObject;
  return [...validateMetadata(asked, nameRule, core), ...validateMetadataUpdate(asked, old.metadata as unknown as JsonObject)];
}

/** `old` with the status of `object` (and its metadata, of kinds where they go with it), and the resourceVersion that `object` insists on. */
function withStatus(object: JsonObject & KubeObject, old: KubeObject, { strategy }: Resource): JsonObject & KubeObject {
  const { resourceVersion, labels, annotations, finalizers, ownerReferences } = object.metadata;
  const metadata = { ...old.metadata, ...(strategy.statusWithMetadata && { labels, annotations, finalizers, ownerReferences }) };
  if (resourceVersion) metadata.resourceVersion = resourceVersion;
  else delete metadata.resourceVersion;
  const next = { ...old, metadata } as JsonObject & KubeObject;
  if (object.status === undefined) delete next.status;
  else next.status = object.status;
  if (strategy.statusWithMetadata) strategy.prepare?.(next, old);
  return next;
}

function tried(request: ResourceRequest, next: JsonObject & KubeObject, old: KubeObject): KubeObject {
  const wanted = next.metadata.resourceVersion;
  if (wanted && wanted !== old.metadata.resourceVersion) throw conflict(request.resource, request.name);
  const { generation } = old.metadata;
  const changed = request.subresource === '' && JSON.stringify(desired(next)) !== JSON.stringify(desired(old));
  const { resourceVersion } = old.metadata;
  return { ...next, metadata: { ...next.metadata, ...(resourceVersion && { resourceVersion }), ...(generation !== undefined && { generation: changed ? generation + 1 : generation }) } };
}

/** Everything but metadata and status. */
function desired(object: object): object {
  return { ...object, metadata: undefined, status: undefined };
}
