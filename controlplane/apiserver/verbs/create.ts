/** POST to a collection. */
import { randomUUID } from 'node:crypto';

import type { KubeObject, ManagedFieldsEntry } from '../../../crds/meta';
import { inOneTurn, type Steps } from '../apply/steps';
import { alreadyExists, type ApiError, forbiddenError, methodNotAllowed, notFound } from '../http/errors';
import { answerObject } from './answer';
import { storing, type ApiContext, type ResourceRequest } from './context';
import { checkObject, forCreate, place, pruneAndDefault, readProposal, strictBodyError, type Proposal } from './decode';
import { completeShape } from '../resources/shapes';
import { managerName } from './field-managers';
import { dryRun } from './options';
import { inTurns, letOthersIn } from './turns';

export async function create(context: ApiContext, request: ResourceRequest): Promise<void> {
  const { resource, namespace } = request;
  if (resource.namespaced && namespace === '') throw methodNotAllowed();
  const manager = managerName(request, 'CreateOptions');
  dryRun(request);
  const proposal = await readProposal(request);
  place(proposal.object, request);
  const owners: Owners = () => context.fieldManagers.of(resource, '').update(undefined, proposal.object, proposal.managedFields, manager);
  answerObject(context, request, 201, await createObject(context, request, proposal, strictBodyError(resource), owners));
}

/** Says who owns which field of the object that is about to be written. */
export type Owners = () => Steps<ManagedFieldsEntry[] | undefined>;

/**
 * Completes, checks and writes a new object that is in its place.
 * @param refuse as in `pruneAndDefault`
 * @param owners called once, when the object is complete
 * @returns the object as written, or as it would be with `dryRun=All`
 */
export async function createObject(
  context: ApiContext,
  request: ResourceRequest,
  proposal: Proposal,
  refuse: ((why: string) => ApiError) | undefined,
  owners: Owners,
): Promise<KubeObject> {
  const { resource } = request;
  const { object } = proposal;
  pruneAndDefault(proposal, request, refuse);
  if (proposal.isLarge) await letOthersIn();
  forCreate(object, resource);
  context.guard(request, object);
  checkObject(context, request, object);
  if (resource.shape) completeShape(object, resource.shape);
  if (proposal.isLarge) await letOthersIn();
  const managedFields = proposal.isLarge ? await inTurns(owners()) : inOneTurn(owners());
  if (managedFields) object.metadata.managedFields = managedFields;
  if (proposal.isLarge) await letOthersIn();
  if (resource.namespaced) await checkNamespace(context, request, object.metadata.name ?? '');
  if (dryRun(request)) return tried(context, request, object);
  return storing({ resource, name: object.metadata.name }, () => context.store.create(resource.name, object as KubeObject));
}

const NAMESPACES = { group: '', plural: 'namespaces', kind: 'Namespace' };

/** @throws ApiError 404 when the namespace is not there, 403 when it is going */
async function checkNamespace(context: ApiContext, { resource, namespace }: ResourceRequest, name: string): Promise<void> {
  const found = await context.store.get(NAMESPACES.plural, '', namespace);
  if (!found) throw notFound(NAMESPACES, namespace);
  if (found.metadata.deletionTimestamp) {
    const why = `unable to create new content in namespace ${namespace} because it is being terminated`;
    throw forbiddenError(resource, name, why, [
      { reason: 'NamespaceTerminating', message: `namespace ${namespace} is being terminated`, field: 'metadata.namespace' },
    ]);
  }
}

const SUFFIX_ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';

/** What a create would give, without writing it. */
async function tried(context: ApiContext, { resource, namespace }: ResourceRequest, object: KubeObject): Promise<KubeObject> {
  const { generateName, ...rest } = object.metadata;
  const suffix = (): string => SUFFIX_ALPHABET[Math.floor(context.random() * SUFFIX_ALPHABET.length)];
  const name = rest.name || `${generateName ?? ''}${Array.from({ length: 5 }, suffix).join('')}`;
  if (await context.store.get(resource.name, namespace, name)) throw alreadyExists(resource, name);
  const creationTimestamp = `${new Date(context.now()).toISOString().slice(0, 19)}Z`;
  const { initialStatus } = resource.strategy;
  const metadata = { ...object.metadata, name, uid: randomUUID(), creationTimestamp, ...((!resource.core || resource.stored) && { generation: 1 }) };
  return { ...object, metadata, ...(initialStatus && { status: initialStatus }) };
}
