/** `serviceaccounts/token`: makes a token for a service account (`kubectl create token`). */
import type { BoundObject, ServiceAccountTokens } from '../../auth/authenticators/service-account-tokens';
import { API_AUDIENCE } from '../../auth/identity';
import { ApiError, badRequest, invalidError, notFound } from '../http/errors';
import { core } from '../resources/core/define';
import type { Resource, Subresource } from '../resources/resource';
import { invalid } from '../schema/field-error';
import { isObject, type JsonObject } from '../schema/schema';
import { getExisting, type ApiContext, type ResourceRequest } from '../verbs/context';
import { dryRun } from '../verbs/options';
import { answerReview, readReview, textOf, textsOf } from './define';

const GROUP = 'authentication.k8s.io';
const KIND = { group: GROUP, kind: 'TokenRequest' };
const DEFAULT_SECONDS = 3600;
const MIN_SECONDS = 600;
const MAX_SECONDS = 2 ** 32;

const TOKEN_REQUEST: Resource = core({
  group: GROUP, version: 'v1', plural: 'tokenrequests', singular: 'tokenrequest', kind: 'TokenRequest', namespaced: false, shortNames: [], columns: [],
  description: 'TokenRequest asks for a token of a service account.',
});

export const tokenSubresource = (tokens: ServiceAccountTokens): Subresource => ({
  name: 'token', group: GROUP, version: 'v1', kind: 'TokenRequest',
  serve: { create: (context, request) => createToken(tokens, context, request) },
});

async function createToken(tokens: ServiceAccountTokens, context: ApiContext, request: ResourceRequest): Promise<void> {
  const { namespace, name } = request;
  const asked = await readReview(context, { ...request, namespace: '' }, TOKEN_REQUEST, { subresource: 'token', complete: defaultSeconds });
  const metadata = isObject(asked.metadata) ? asked.metadata : {};
  checkPlace(metadata, namespace, name);
  const account = await getExisting(context, request);
  const spec = isObject(asked.spec) ? asked.spec : {};
  const audiences = textsOf(spec.audiences).length === 0 ? [API_AUDIENCE] : textsOf(spec.audiences);
  const seconds = spec.expirationSeconds as number;
  checkSeconds(seconds);
  const bound = isObject(spec.boundObjectRef) ? await boundObject(context, namespace, name, spec.boundObjectRef) : undefined;
  const at = context.now();
  const token = dryRun(request) ? undefined : await tokens.issue({ namespace, name, uid: account.metadata.uid ?? '', audiences, seconds, ...(bound && { bound }) });
  answerReview(request, {
    kind: asked.kind, apiVersion: asked.apiVersion,
    metadata: { ...metadata, name, namespace, creationTimestamp: rfc3339(at) },
    spec: { audiences, expirationSeconds: seconds, boundObjectRef: spec.boundObjectRef ?? null },
    status: { token: token ?? '', expirationTimestamp: rfc3339(at + seconds * 1000) },
  });
}

function defaultSeconds(object: JsonObject): void {
  const spec = isObject(object.spec) ? object.spec : (object.spec = {});
  (spec as JsonObject).expirationSeconds ??= DEFAULT_SECONDS;
}

const rfc3339 = (at: number): string => `${new Date(at).toISOString().slice(0, 19)}Z`;

function checkPlace(metadata: JsonObject, namespace: string, name: string): void {
  if (textOf(metadata.namespace) !== '' && metadata.namespace !== namespace) throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  if (textOf(metadata.name) !== '' && metadata.name !== name) throw invalidError(KIND, name, [invalid('metadata.name', metadata.name, 'must match the service account name if specified')]);
}

function checkSeconds(seconds: number): void {
  const problem = seconds < MIN_SECONDS ? 'may not specify a duration less than 10 minutes' : seconds > MAX_SECONDS ? 'may not specify a duration larger than 2^32 seconds' : undefined;
  if (problem !== undefined) throw invalidError(KIND, '', [invalid('spec.expirationSeconds', seconds, problem)]);
}

/** Why a token cannot be bound to a Pod or a Node: the Pods that there are run for no service account, and Nodes are none. */
async function boundElsewhere({ store }: ApiContext, namespace: string, account: string, kind: 'Pod' | 'Node', name: string): Promise<ApiError> {
  const isThere = kind === 'Pod' && (await store.get('pods', namespace, name)) !== undefined;
  if (!isThere) return notFound({ group: '', plural: kind === 'Pod' ? 'pods' : 'nodes', kind }, name);
  return badRequest(`cannot bind token for serviceaccount ${JSON.stringify(account)} to pod running with different serviceaccount name.`);
}

/** @throws ApiError 400 for another kind, 404, 409 for another uid */
async function boundObject(context: ApiContext, namespace: string, account: string, ref: JsonObject): Promise<BoundObject> {
  const [kind, apiVersion, name, uid] = ['kind', 'apiVersion', 'name', 'uid'].map((field) => textOf(ref[field]));
  if (!apiVersion.includes('/') && (kind === 'Pod' || kind === 'Node')) throw await boundElsewhere(context, namespace, account, kind, name);
  if (kind !== 'Secret' || apiVersion.includes('/')) throw badRequest(`cannot bind token to object of type ${apiVersion.includes('/') ? '' : '/'}${apiVersion}, Kind=${kind}`);
  const secret = await context.store.get('secrets', namespace, name);
  if (!secret) throw notFound({ group: '', plural: 'secrets', kind: 'Secret' }, name);
  const found = secret.metadata.uid ?? '';
  if (uid !== '' && uid !== found) {
    const why = `the UID in the bound object reference (${uid}) does not match the UID in record. The object might have been deleted and then recreated`;
    throw new ApiError(409, 'Conflict', `Operation cannot be fulfilled on Secret ${JSON.stringify(name)}: ${why}`, { name, kind: 'Secret' });
  }
  return { kind, name, uid: found };
}
