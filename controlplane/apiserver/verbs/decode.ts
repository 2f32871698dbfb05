/** From a request's body to an object that may be written: decode, check, prune, default, complete, validate, admit. */
import { formatFieldError, type FieldError as AdmissionError } from '../../../crds/admission';
import type { KubeObject } from '../../../crds/meta';
import { strictWords, type Decoded } from '../codec/json';
import { ruleErrors } from '../cel/rules';
import { ApiError, badRequest, conflict, invalidError } from '../http/errors';
import { PROTOBUF_TYPE, YAML_TYPE } from '../http/accept';
import { decodeObject, mediaType } from '../http/body';
import { addWarnings } from '../http/respond';
import { groupVersion, type Resource } from '../resources/resource';
import { canonicalize } from '../resources/shapes/canonical';
import { applyDefaults } from '../schema/default';
import { eachEmbeddedMetadata } from '../schema/embedded';
import { invalid, showValue, type FieldError } from '../schema/field-error';
import { finalizerWarnings, OBJECT_META, validateMetadata, validateMetadataUpdate } from '../schema/object-meta';
import { dropNulls } from '../schema/nulls';
import { prune, pruneCustom } from '../schema/prune';
import { isObject, type JsonObject, type Schema } from '../schema/schema';
import { metadataProblem, typedProblem, typeMetaProblem } from '../resources/shapes/typed';
import { scaleErrors } from '../schema/scale-values';
import { validate } from '../schema/validate';
import { validateObject } from '../schema/validate-object';
import type { ApiContext, ResourceRequest } from './context';
import { fieldValidation } from './options';
import { LARGE_BYTES, letOthersIn } from './turns';

/** Fields of metadata that only the store sets. */
const STORE_OWNED = ['uid', 'resourceVersion', 'generation', 'creationTimestamp', 'deletionTimestamp', 'deletionGracePeriodSeconds'] as const;

export interface Proposal {
  object: JsonObject & KubeObject;
  duplicates: string[];
  /** `metadata.managedFields` of the request, once they are taken out of `object`. */
  managedFields?: unknown;
  /** Whether it is worked on in several turns; absent: of an update, when what it replaces is large. */
  isLarge?: boolean;
}

/** Reads the body as an object of the request's kind. @throws ApiError 400, 413, 415 */
export async function readProposal(request: ResourceRequest): Promise<Proposal> {
  const body = request.body();
  const decoded = decodeBody(mediaType(request.req), body, request.resource);
  if (body.length <= LARGE_BYTES) return toProposal(decoded, request);
  await letOthersIn();
  return { ...toProposal(decoded, request), isLarge: true };
}

/** @throws ApiError 400 that names the kind that was awaited, what is wrong and how the body begins; 415 */
export function decodeBody(type: string, body: Buffer, { kind, core }: Pick<Resource, 'kind' | 'core'>): Decoded {
  const unrecognized = (why: string, prefix = NO_KIND): ApiError => badRequest(`the object provided is unrecognized (must be of type ${kind}): ${prefix}${why} (${summaryOf(body)})`);
  let decoded: Decoded;
  try {
    decoded = decodeObject(type, body);
  } catch (error) {
    throw error instanceof ApiError && error.status.code === 400 ? unrecognized(error.message, type === PROTOBUF_TYPE || type === YAML_TYPE ? '' : NO_KIND) : error;
  }
  if (decoded.value === null && core) decoded.value = {};
  const problem = typeMetaProblem(decoded.value);
  if (problem) throw unrecognized(problem);
  const kindless = !core && (decoded.value === null || (isObject(decoded.value) && (decoded.value.kind ?? '') === ''));
  if (kindless) throw unrecognized(`Object 'Kind' is missing in '${body.subarray(0, SHOWN_BYTES).toString('utf8')}'`, '');
  return decoded;
}

const NO_KIND = `couldn't get version/kind; json parse error: `;
const SUMMARY_BYTES = 30;
const SHOWN_BYTES = 512;

/** How a body begins: as text when it looks like a JSON object. */
function summaryOf(body: Buffer): string {
  if (body.length === 0) return '<empty>';
  const start = body.subarray(0, SUMMARY_BYTES);
  return `${start.toString(body[0] === 0x7b ? 'utf8' : 'hex')}${body.length > SUMMARY_BYTES ? ' ...' : ''}`;
}

/**
 * @param refuseType what a core kind's field of another type means; absent: 400
 * @throws ApiError 400 when `value` is no object of the request's kind
 */
export function toProposal({ value, duplicates }: Decoded, request: ResourceRequest, refuseType?: (why: string) => ApiError): Proposal {
  const { resource } = request;
  const expected = groupVersion(resource);
  if (!isObject(value)) throw badRequest(`the object provided is unrecognized (must be of type ${resource.kind}): it is no JSON object`);
  if (resource.core) {
    value.apiVersion ??= expected;
    // The group that has no name may be written as one.
    if (value.apiVersion === `/${expected}`) value.apiVersion = expected;
    value.kind ??= resource.kind;
  }
  const { apiVersion, kind } = value;
  if (typeof kind !== 'string' || kind === '') throw badRequest(`Object 'Kind' is missing in '${showValue(value)}'`);
  if (apiVersion !== expected) {
    throw badRequest(`the API version in the data (${typeof apiVersion === 'string' ? apiVersion : ''}) does not match the expected API version (${expected})`);
  }
  if (kind !== resource.kind && !resource.core) {
    const { metadata } = value;
    const name = isObject(metadata) && typeof metadata.name === 'string' ? metadata.name : '';
    throw invalidError({ group: resource.group, kind }, name, [invalid('kind', kind, `must be ${resource.kind}`)]);
  }
  if (kind !== resource.kind) {
    throw badRequest(`${kind} in version "${resource.version}" cannot be handled as a ${resource.kind}: the kind in the data does not match the resource ${resource.plural}`);
  }
  const problem = resource.core ? (typedProblem(value, resource.schema, kind) ?? canonicalize(value, resource.schema)) : (metadataProblem(value.metadata) ?? embeddedProblem(value, resource.schema));
  if (problem) throw refuseType ? refuseType(problem) : badRequest(`${kind} in version "${resource.version}" cannot be handled as a ${kind}: ${problem}`);
  value.metadata ??= {};
  if (!isObject(value.metadata)) throw invalidError(resource, '', validate(value, resource.schema));
  return { object: value as JsonObject & KubeObject, duplicates };
}

/** The first object within a custom object whose metadata cannot be read. */
function embeddedProblem(value: JsonObject, schema: Schema): string | undefined {
  let found: string | undefined;
  eachEmbeddedMetadata(value, schema, (metadata, path) => {
    const why = path === 'metadata' ? undefined : metadataProblem(metadata);
    if (why !== undefined) found ??= `${path}: ${invalid(path, metadata, why).message}`;
  });
  return found;
}

/** Sets namespace and name from the URL. @throws ApiError 400 when the object says something else */
export function place(object: KubeObject, { resource, namespace, name }: ResourceRequest): void {
  const { metadata } = object;
  if (resource.namespaced) {
    metadata.namespace ||= namespace;
    if (metadata.namespace !== namespace) {
      throw badRequest(`the namespace of the provided object does not match the namespace sent on the request`);
    }
  } else {
    delete metadata.namespace;
  }
  if (name === '') return;
  if (!metadata.name) throw badRequest(`the name of the object (${name} based on URL) was undeterminable: name must be provided`);
  if (metadata.name !== name) throw badRequest(`the name of the object (${metadata.name}) does not match the name on the URL (${name})`);
}

/**
 * Prunes and defaults in place; unknown and duplicate fields refuse the request, warn, or pass, as it asks.
 * Takes managedFields out: they are the field manager's to judge.
 * @param refuse turns strict mode's complaint into a refusal; absent: what is unknown is nobody's fault
 * @throws ApiError from `refuse` in strict mode
 */
export function pruneAndDefault(proposal: Proposal, request: ResourceRequest, refuse: ((why: string) => ApiError) | undefined): void {
  const { object, duplicates } = proposal;
  const { schema } = request.resource;
  proposal.managedFields = object.metadata.managedFields;
  delete object.metadata.managedFields;
  delete (object.metadata as unknown as JsonObject).selfLink;
  const unknown = request.resource.core ? prune(object, schema) : pruneCustom(object, schema);
  const mode = fieldValidation(request);
  // Kubernetes finds those of its own kinds while it reads, those of custom resources when it prunes.
  const unknownFields = unknown.map((path) => `unknown field "${path}"`);
  if (refuse && duplicates.length + unknownFields.length > 0 && mode === 'Strict') {
    throw refuse(`strict decoding error: ${[...strictWords(duplicates), ...unknownFields].join(', ')}`);
  }
  if (refuse && mode === 'Warn') addWarnings(request.res, [...duplicates, ...unknownFields]);
  const metadata = object.metadata as unknown as JsonObject;
  if (request.resource.core) dropNulls(object, schema);
  else dropNulls(metadata, OBJECT_META);
  dropEqualOwners(object, request);
  for (const key of Object.keys(metadata)) if (isEmpty(metadata[key])) delete metadata[key];
  applyDefaults(object, schema);
}

/** Owners that are the same in all they say are kept once, and that is told. */
function dropEqualOwners({ metadata }: KubeObject, { req, res }: ResourceRequest): void {
  const owners = metadata.ownerReferences;
  if (!Array.isArray(owners) || owners.length < 2) return;
  const seen = new Set<string>();
  const isAgain = owners.map((owner) => {
    const { apiVersion, kind, name, uid, controller, blockOwnerDeletion } = owner;
    const known = seen.size;
    return seen.add(JSON.stringify([apiVersion, kind, name, uid, controller, blockOwnerDeletion])).size === known;
  });
  if (!isAgain.includes(true)) return;
  metadata.ownerReferences = owners.filter((_, at) => !isAgain[at]);
  const when = req.method === 'PATCH' ? ' after mutating admission happens' : '';
  const uids = owners.filter((_, at) => isAgain[at]).map(({ uid }) => uid).join(', ');
  addWarnings(res, [`.metadata.ownerReferences contains duplicate entries${when}; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: ${uids}`]);
}

/** What Kubernetes leaves out of metadata: null, "", {} and []. */
function isEmpty(value: unknown): boolean {
  return value === null || value === '' || (typeof value === 'object' && Object.keys(value as object).length === 0);
}

/** The refusal of a body with unknown or duplicate fields. */
export const strictBodyError =
  (resource: Resource) =>
  (why: string): ApiError =>
    badRequest(`${resource.kind} in version ${JSON.stringify(resource.version)} cannot be handled as a ${resource.kind}: ${why}`);

/** Drops what only the store may set. */
export function forCreate(object: JsonObject & KubeObject, resource: Resource): void {
  if (Number(object.metadata.resourceVersion ?? 0) > 0) throw badRequest('resourceVersion should not be set on objects to be created');
  for (const field of STORE_OWNED) delete object.metadata[field];
  if (resource.hasStatus) {
    delete object.status;
    // What a status is when nothing is known is told from the start.
    if (!resource.core) applyDefaults(object, resource.schema);
  }
  resource.strategy.prepare?.(object);
}

/** Keeps what an update must not change. @throws ApiError 409 for another uid, of a patch 422 */
export function forUpdate(object: JsonObject & KubeObject, old: KubeObject, resource: Resource, patched: boolean): void {
  const { metadata } = object;
  if (metadata.uid && metadata.uid !== old.metadata.uid) {
    if (patched) throw invalidError(resource, old.metadata.name, [invalid('metadata.uid', metadata.uid, 'field is immutable')]);
    throw conflict(resource, old.metadata.name, `Precondition failed: UID in precondition: ${metadata.uid}, UID in object meta: ${old.metadata.uid}`);
  }
  const { resourceVersion } = metadata;
  for (const field of STORE_OWNED) delete metadata[field];
  Object.assign(metadata, Object.fromEntries(STORE_OWNED.map((field) => [field, old.metadata[field]]).filter(([, value]) => value !== undefined)));
  if (resourceVersion) metadata.resourceVersion = resourceVersion;
  else delete metadata.resourceVersion;
  if (resource.hasStatus) {
    const { status } = old as KubeObject & { status?: unknown };
    if (status === undefined) delete object.status;
    else object.status = status;
  }
  resource.strategy.prepare?.(object, old);
}

/** @throws ApiError 422 with every offending field */
export function checkObject(context: ApiContext, { resource, res }: ResourceRequest, object: JsonObject & KubeObject, old?: KubeObject): void {
  const metadata = object.metadata as unknown as JsonObject;
  const ofMetadata = (): FieldError[] => [
    ...validateMetadata(metadata, resource.nameRule, resource.core),
    ...(old ? validateMetadataUpdate(metadata, old.metadata as unknown as JsonObject) : []),
  ];
  // Kubernetes looks at the metadata of custom resources before it looks at them.
  const errors: FieldError[] = resource.core ? [] : ofMetadata();
  errors.push(...validateObject(object, resource.schema, old as (JsonObject & KubeObject) | undefined));
  errors.push(...scaleErrors(object, resource.scale));
  // Admission is not asked about an object that the schema refuses.
  if (errors.length > 0 || !context.admitsRules(resource.name)) errors.push(...ruleErrors(errors, object, resource.schema, { old, warn: (text) => addWarnings(res, [text]) }));
  if (errors.length === 0) {
    if (resource.core) errors.push(...ofMetadata());
    errors.push(...(resource.strategy.validate?.(object, old) ?? []));
    errors.push(...context.admit(resource.name, object, old).map(fromAdmission));
  }
  if (errors.length > 0) throw invalidError({ ...resource, group: resource.refusedAs ?? resource.group }, object.metadata.name || object.metadata.generateName || '', errors);
  addWarnings(res, resource.core ? (resource.strategy.warnings?.(object) ?? []) : finalizerWarnings(metadata, old?.metadata.finalizers));
}

/** As the schema's errors are: the field apart from the message. */
function fromAdmission(error: AdmissionError): FieldError {
  return { reason: `FieldValue${error.type}`, field: error.field, message: formatFieldError(error).slice(error.field.length + 2) };
}
