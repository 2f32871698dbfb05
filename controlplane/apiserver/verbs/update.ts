/** PUT, and the writing half of PATCH. */
import type { KubeObject } from '../../../crds/meta';
import { ApiError, conflict, invalidError } from '../http/errors';
import type { JsonObject } from '../schema/schema';
import { validate } from '../schema/validate';
import { answerObject } from './answer';
import { getExisting, storing, type ApiContext, type ResourceRequest } from './context';
import { checkObject, forUpdate, place, pruneAndDefault, readProposal, strictBodyError, type Proposal } from './decode';
import { dryRun } from './options';

export async function update(context: ApiContext, request: ResourceRequest): Promise<void> {
  const { resource } = request;
  const proposal = await readProposal(request);
  place(proposal.object, request);
  const old = await storing(request, () => getExisting(context, request));
  if (!resource.core && !proposal.object.metadata.resourceVersion) {
    throw invalidError(resource, request.name, [
      { reason: 'FieldValueInvalid', field: 'metadata.resourceVersion', message: 'Invalid value: 0x0: must be specified for an update' },
    ]);
  }
  answerObject(context, request, 200, await replace(context, request, proposal, old, strictBodyError(resource)));
}

/**
 * Writes `proposal` over `old`; for the status subresource only its status.
 * @param refuse turns strict mode's complaint into a refusal
 * @returns the object as written, or as it would be with `dryRun=All`
 */
export async function replace(
  context: ApiContext,
  request: ResourceRequest,
  proposal: Proposal,
  old: KubeObject,
  refuse: (why: string) => ApiError,
): Promise<KubeObject> {
  const { resource, name } = request;
  const onlyTry = dryRun(request.query);
  pruneAndDefault(proposal, request, refuse);
  const next = request.subresource === 'status' ? withStatus(proposal.object, old) : proposal.object;
  if (request.subresource === 'status') {
    const errors = validate(next, resource.schema);
    if (errors.length > 0) throw invalidError(resource, name, errors);
  } else {
    forUpdate(next, old, resource);
    checkObject(context, next, resource, old);
  }
  if (onlyTry) return tried(request, next, old);
  return storing(request, () =>
    request.subresource === 'status' ? context.store.updateStatus(resource.name, next as KubeObject) : context.store.update(resource.name, next as KubeObject),
  );
}

/** `old` with the status of `object`, and the resourceVersion that `object` insists on. */
function withStatus(object: JsonObject & KubeObject, old: KubeObject): JsonObject & KubeObject {
  const { resourceVersion } = object.metadata;
  const metadata = { ...old.metadata };
  if (resourceVersion) metadata.resourceVersion = resourceVersion;
  else delete metadata.resourceVersion;
  const next = { ...old, metadata } as JsonObject & KubeObject;
  if (object.status === undefined) delete next.status;
  else next.status = object.status;
  return next;
}

function tried(request: ResourceRequest, next: JsonObject & KubeObject, old: KubeObject): KubeObject {
  const wanted = next.metadata.resourceVersion;
  if (wanted && wanted !== old.metadata.resourceVersion) throw conflict(request.resource, request.name);
  const { generation = 1 } = old.metadata;
  const changed = request.subresource === '' && JSON.stringify(desired(next)) !== JSON.stringify(desired(old));
  const { resourceVersion } = old.metadata;
  return { ...next, metadata: { ...next.metadata, ...(resourceVersion && { resourceVersion }), generation: changed ? generation + 1 : generation } };
}

/** Everything but metadata and status. */
function desired(object: object): object {
  return { ...object, metadata: undefined, status: undefined };
}
