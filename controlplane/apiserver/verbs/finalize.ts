/**
 * PUT of a namespace's `/finalize`: the namespace with what holds it, which other writes leave alone. One that goes and is held by nothing
 * any more is gone.
 */
import type { KubeObject } from '../../../crds/meta';
import { inOneTurn } from '../apply/steps';
import { invalidError } from '../http/errors';
import { invalid, type FieldError } from '../schema/field-error';
import { finalizerProblems } from '../schema/object-meta';
import { isObject, type JsonObject } from '../schema/schema';
import { answerObject } from './answer';
import { getExisting, storing, type ApiContext, type ResourceRequest } from './context';
import { forUpdate, place, pruneAndDefault, readProposal, strictBodyError, type Proposal } from './decode';
import { managerName } from './field-managers';
import { dryRun } from './options';
import { retrying, unlessStale } from './retry';

export async function finalizeNamespace(context: ApiContext, request: ResourceRequest): Promise<void> {
  managerName(request, 'UpdateOptions');
  const proposal = await readProposal(request);
  place(proposal.object, request);
  const errors = finalizerErrors(proposal.object);
  if (errors.length > 0) throw invalidError(request.resource, request.name, errors);
  const { resourceVersion, uid } = proposal.object.metadata;
  const object = await retrying(context, request, async () => {
    const old = await storing(request, () => getExisting(context, request));
    return unlessStale(!!resourceVersion || !!uid, () => finalize(context, request, structuredClone(proposal), old));
  });
  answerObject(context, request, 200, object);
}

function finalizersOf({ spec }: JsonObject): unknown[] {
  return isObject(spec) && Array.isArray(spec.finalizers) ? (spec.finalizers as unknown[]) : [];
}

function finalizerErrors(namespace: JsonObject): FieldError[] {
  return finalizersOf(namespace).flatMap((name, index) => {
    const problems = typeof name === 'string' ? finalizerProblems(name) : ['must be a string'];
    return problems.map((problem) => invalid(`spec.finalizers[${index}]`, name, problem));
  });
}

async function finalize(context: ApiContext, request: ResourceRequest, proposal: Proposal, old: KubeObject): Promise<KubeObject> {
  const { resource } = request;
  const finalizers = finalizersOf(proposal.object);
  pruneAndDefault(proposal, request, strictBodyError(resource));
  const next = proposal.object;
  if (!next.metadata.resourceVersion) next.metadata.resourceVersion = old.metadata.resourceVersion;
  forUpdate(next, old, resource, false);
  next.spec = finalizers.length > 0 ? { finalizers } : {};
  const manager = managerName(request, 'UpdateOptions');
  next.metadata.managedFields = inOneTurn(context.fieldManagers.of(resource, 'finalize').update(old as KubeObject & JsonObject, next, proposal.managedFields, manager));
  if (dryRun(request)) return next;
  return storing(request, () => context.store.update(resource.name, next as KubeObject));
}
