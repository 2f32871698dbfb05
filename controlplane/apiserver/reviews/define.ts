/** Reviews: resources that are never stored; a POST is answered with the question and its answer. */
import { inOneTurn } from '../apply/steps';
import { ApiError, invalidError, noSuchResource, notAcceptable } from '../http/errors';
import { TYPES } from '../http/accept';
import { sendForm } from '../http/respond';
import { core, type Definition } from '../resources/core/define';
import type { Resource, Serve } from '../resources/resource';
import type { FieldError } from '../schema/field-error';
import { isObject, type JsonObject } from '../schema/schema';
import { validate } from '../schema/validate';
import type { ApiContext, ResourceRequest } from '../verbs/context';
import { place, pruneAndDefault, readProposal, strictBodyError } from '../verbs/decode';
import { managerName } from '../verbs/field-managers';
import { dryRun } from '../verbs/options';

type ReviewDefinition = Pick<Definition, 'group' | 'plural' | 'singular' | 'kind' | 'namespaced' | 'description'> & {
  /** Whether the answer says when it was made. */
  dated?: boolean;
};

/** @param answer the status for what was asked */
export function review(definition: ReviewDefinition, answer: (request: ResourceRequest, review: JsonObject) => Promise<JsonObject> | JsonObject): Resource {
  const serve: Serve = async (context, request) => {
    if (definition.namespaced && request.namespace === '') throw noSuchResource();
    const asked = await readReview(context, request, request.resource);
    const status = await answer(request, asked);
    const { apiVersion, kind, metadata, spec } = asked;
    answerReview(request, { kind, apiVersion, metadata: { creationTimestamp: definition.dated ? `${new Date(context.now()).toISOString().slice(0, 19)}Z` : null, ...(isObject(metadata) && metadata) }, ...(spec !== undefined && { spec }), status });
  };
  const { dated: _dated, ...rest } = definition;
  return core({ ...rest, version: 'v1', shortNames: [], columns: [], serve: { create: serve } });
}

export interface ReadOptions {
  subresource?: string;
  /** Fills in what was not said; mutates `object`. */
  complete?: (object: JsonObject) => void;
}

/** Reads a body of `resource`'s kind, and notes who owns its fields. @throws ApiError 400, 413, 415, 422 */
export async function readReview(context: ApiContext, request: ResourceRequest, resource: Resource, { subresource = '', complete }: ReadOptions = {}): Promise<JsonObject> {
  const manager = managerName(request, 'CreateOptions');
  dryRun(request);
  const of = { ...request, resource, name: '' };
  const proposal = await readProposal(of);
  const { object } = proposal;
  if (resource.namespaced) place(object, of);
  pruneAndDefault(proposal, of, strictBodyError(resource));
  const errors: FieldError[] = validate(object, resource.schema);
  if (errors.length > 0) throw invalidError(resource, '', errors);
  complete?.(object);
  const managedFields = inOneTurn(context.fieldManagers.of(resource, subresource).update(undefined, object, proposal.managedFields, manager));
  if (managedFields && managedFields.length > 0) object.metadata.managedFields = managedFields;
  return object;
}

/** Reviews are answered as objects only. */
export function answerReview(request: ResourceRequest, body: JsonObject): void {
  if (request.form.as !== 'object') throw notAcceptable(TYPES);
  sendForm(request, 201, body);
}

/** kube-apiserver names the group only. */
export const invalidReview = ({ group }: { group: string }, errors: readonly FieldError[]): ApiError => invalidError({ group, kind: '' }, '', errors);

export const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
export const textsOf = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : []);

export const extraOf = (value: unknown): Record<string, string[]> =>
  isObject(value) ? Object.fromEntries(Object.entries(value).map(([key, each]) => [key, textsOf(each)])) : {};
