/** POST to a collection. */
import { randomUUID } from 'node:crypto';

import type { KubeObject } from '../../../crds/meta';
import { alreadyExists, forbiddenError, methodNotAllowed, notFound } from '../http/errors';
import { answerObject } from './answer';
import { storing, type ApiContext, type ResourceRequest } from './context';
import { checkObject, forCreate, place, pruneAndDefault, readProposal, strictBodyError } from './decode';
import { dryRun } from './options';

export async function create(context: ApiContext, request: ResourceRequest): Promise<void> {
  const { resource, namespace, query } = request;
  if (resource.namespaced && namespace === '') throw methodNotAllowed();
  const onlyTry = dryRun(query);
  const proposal = await readProposal(request);
  const { object } = proposal;
  place(object, request);
  pruneAndDefault(proposal, request, strictBodyError(resource));
  forCreate(object, resource);
  checkObject(context, object, resource);
  if (resource.namespaced) await checkNamespace(context, request, object.metadata.name ?? '');
  if (onlyTry) return answerObject(context, request, 201, await tried(context, request, object));
  const created = await storing({ resource, name: object.metadata.name }, async () => {
    const stored = await context.store.create(resource.name, object as KubeObject);
    const { initialStatus } = resource.strategy;
    return initialStatus ? context.store.updateStatus(resource.name, { ...stored, status: initialStatus } as KubeObject) : stored;
  });
  answerObject(context, request, 201, created);
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
  return { ...object, metadata: { ...object.metadata, name, uid: randomUUID(), creationTimestamp, generation: 1 } };
}
