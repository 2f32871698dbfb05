/** PATCH `application/apply-patch+yaml`: server-side apply. Creates the object when it is not there. */
import type { KubeObject } from '../../../crds/meta';
import { applyConflict } from '../apply/apply-errors';
import { ApplyTypeError, type ApplyResult } from '../apply/field-manager';
import { inOneTurn, known, type Steps } from '../apply/steps';
import { StructureError } from '../apply/type';
import { ConflictError } from '../apply/updater';
import { mapProblem } from '../codec/go-json-error';
import { parseJson, protoError, strictWords, type Decoded } from '../codec/json';
import { yamlText } from '../codec/utf8';
import { parseYaml } from '../codec/yaml';
import { ApiError, badRequest, conflict, notFound } from '../http/errors';
import { addWarnings } from '../http/respond';
import { groupVersion } from '../resources/resource';
import { isObject, type JsonObject } from '../schema/schema';
import { answerObject } from './answer';
import { storing, type ApiContext, type ResourceRequest } from './context';
import { createObject } from './create';
import { place, toProposal, type Proposal } from './decode';
import { applierName } from './field-managers';
import { booleanParameter, fieldValidation } from './options';
import { retrying, unlessStale } from './retry';
import { inTurns, isLarge, LARGE_BYTES, letOthersIn } from './turns';
import { replace } from './update';

export const APPLY = 'application/apply-patch+yaml';

export async function applyPatch(context: ApiContext, request: ResourceRequest): Promise<void> {
  const manager = applierName(request);
  const force = booleanParameter(request.query, 'force');
  const { resource } = request;
  const { config, duplicates } = await readConfig(request, groupVersion(resource), resource.kind);
  const { code, object } = await retrying(context, request, (hurry) => applyOnce(context, request, config, { manager, force, duplicates, hurry }));
  answerObject(context, request, code, object);
}

/** Reads what is applied, an object of `apiVersion` and `kind`. @throws ApiError 400, 413 */
export async function readConfig(request: ResourceRequest, apiVersion: string, kind: string): Promise<{ config: JsonObject; duplicates: string[] }> {
  const body = request.body();
  const { value, duplicates } = decodeConfig(body);
  if (body.length > LARGE_BYTES) await letOthersIn();
  fieldValidation(request);
  refuseProto(value, '');
  if (value.apiVersion !== apiVersion || value.kind !== kind) {
    const { apiVersion: version = '', kind: name = '' } = value;
    const group = typeof version === 'string' && version.includes('/') ? '' : '/';
    throw badRequest(`invalid object type: ${group}${textOf(version)}, Kind=${textOf(name)}`);
  }
  if (isObject(value.metadata) && (value.metadata.managedFields ?? null) !== null) throw badRequest('metadata.managedFields must be nil');
  return { config: value, duplicates };
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

function decodeConfig(body: Buffer): { value: JsonObject; duplicates: string[] } {
  let decoded: Decoded;
  try {
    decoded = parseConfig(yamlText(body));
  } catch (error) {
    throw error instanceof ApiError && error.status.code === 400 ? badRequest(`error decoding YAML: error converting YAML to JSON: ${error.message}`) : error;
  }
  const problem = mapProblem(decoded.value);
  if (problem) throw badRequest(`error decoding YAML: error unmarshaling JSON: while decoding JSON: ${problem}`);
  return { value: isObject(decoded.value) ? decoded.value : {}, duplicates: decoded.duplicates };
}

/** kubectl sends JSON under the name of YAML, which is read many times faster; fields that are there twice are told as of YAML. */
function parseConfig(text: string): Decoded {
  if (!text.trimStart().startsWith('{')) return parseYaml(text);
  try {
    const decoded = parseJson(text);
    return decoded.duplicates.length === 0 ? decoded : parseYaml(text);
  } catch {
    return parseYaml(text);
  }
}

/** Merging copies field by field: a field of this name would be lost. */
function refuseProto(value: unknown, path: string): void {
  if (Array.isArray(value)) value.forEach((item, index) => refuseProto(item, `${path}[${index}]`));
  if (!isObject(value)) return;
  for (const key of Object.keys(value)) {
    const below = path === '' ? key : `${path}.${key}`;
    if (key === '__proto__') throw protoError(below);
    refuseProto(value[key], below);
  }
}

export interface Applier {
  manager: string;
  force: boolean;
  /** What is there twice in the body. */
  duplicates: readonly string[];
  /** All in one turn of the event loop, however large it is. */
  hurry: boolean;
}

async function applyOnce(context: ApiContext, request: ResourceRequest, config: JsonObject, by: Applier): Promise<{ code: number; object: KubeObject } | 'stale'> {
  const { resource, namespace, name } = request;
  const old = await storing(request, () => context.store.get(resource.name, namespace, name));
  const large = !by.hurry && (isLarge(config) || isLarge(old));
  if (!old) {
    const object = await create(context, request, config, by, large);
    return object === 'stale' ? object : { code: 201, object };
  }
  const result = await merged(request, config, by, large, context.fieldManagers.of(resource, request.subresource).apply(old as KubeObject & JsonObject, config, by.manager, by.force));
  const object = await writeApplied(context, request, config, old, result, large);
  return object === 'stale' ? object : { code: 200, object };
}

/**
 * Writes what an apply gave over `old`.
 * @param large whether it is worked on in several turns
 * @returns 'stale' when the object changed in between and the client does not insist on a version
 */
export async function writeApplied(
  context: ApiContext,
  request: ResourceRequest,
  config: JsonObject,
  old: KubeObject,
  { object, managedFields }: ApplyResult,
  large: boolean,
): Promise<KubeObject | 'stale'> {
  const proposal = await proposalOf(object, request, large);
  const { resourceVersion, uid } = metadataOf(config);
  if (!resourceVersion) proposal.object.metadata.resourceVersion = old.metadata.resourceVersion;
  return unlessStale(!!resourceVersion || !!uid, () => replace(context, request, proposal, old, undefined, () => known(managedFields)));
}

async function create(context: ApiContext, request: ResourceRequest, config: JsonObject, by: Applier, large: boolean): Promise<KubeObject | 'stale'> {
  const { resource, name, subresource } = request;
  if (subresource !== '') throw notFound(resource, name);
  const { uid, name: asked } = metadataOf(config);
  if (uid) throw conflict(resource, name, `uid mismatch: the provided object specified uid ${uid}, and no existing object was found`);
  const { object, managedFields } = await merged(request, config, by, large, context.fieldManagers.of(resource, '').apply(undefined, config, by.manager, by.force));
  if (!asked) throw badRequest(`the name of the object (${name} based on URL) was undeterminable: name must be provided`);
  try {
    const proposal = await proposalOf(object, request, large);
    delete proposal.object.metadata.resourceVersion;
    return await createObject(context, request, proposal, undefined, () => known(managedFields));
  } catch (error) {
    // Somebody was faster: it is merged into what they made.
    if (error instanceof ApiError && error.status.reason === 'AlreadyExists') return 'stale';
    throw error;
  }
}

/** What the merge says, as answers; and, when it can be done, what is there twice. */
export async function merged(request: ResourceRequest, config: JsonObject, { duplicates }: Applier, large: boolean, apply: Steps<ApplyResult>): Promise<ApplyResult> {
  const { resource, res } = request;
  try {
    const result = large ? await inTurns(apply) : inOneTurn(apply);
    const mode = fieldValidation(request);
    if (duplicates.length > 0 && mode === 'Strict') throw badRequest(`error strict decoding YAML: error converting YAML to JSON: ${strictWords(duplicates).join(', ')}`);
    if (mode === 'Warn') addWarnings(res, duplicates);
    return result;
  } catch (error) {
    if (error instanceof ConflictError) throw applyConflict(error.conflicts);
    if (!(error instanceof ApplyTypeError) && !(error instanceof StructureError)) throw error;
    const { namespace = '', name = '' } = metadataOf(config);
    throw badRequest(`failed to create typed patch object (${namespace}/${name}; ${resource.group}/${resource.version}, Kind=${resource.kind}): ${error.message}`);
  }
}

/** A copy: what is merged shares its parts with the stored object. */
async function proposalOf(object: JsonObject, request: ResourceRequest, large: boolean): Promise<Proposal> {
  if (large) await letOthersIn();
  const value = structuredClone(object);
  if (large) await letOthersIn();
  const proposal = toProposal({ value, duplicates: [] }, request);
  place(proposal.object, request);
  if (large) await letOthersIn();
  return { ...proposal, isLarge: large };
}

function metadataOf(config: JsonObject): { name?: string; namespace?: string; uid?: string; resourceVersion?: string } {
  return isObject(config.metadata) ? config.metadata : {};
}
