/** PATCH: read, apply, write; read again when somebody else was faster, unless the patch names a resourceVersion. */
import type { KubeObject } from '../../../crds/meta';
import { listProblem, mapProblem } from '../codec/go-json-error';
import { parseJson, type Decoded } from '../codec/json';
import { ApiError, badRequest, invalidError, unsupportedMediaType, unsupportedPatch } from '../http/errors';
import { patchType } from '../http/body';
import { jsonPatch, patchProblems } from '../patch/json-patch';
import { mergePatch } from '../patch/merge';
import { strategicMergePatch } from '../patch/strategic';
import type { Resource } from '../resources/resource';
import { answerObject } from './answer';
import { APPLY, applyPatch } from './apply';
import { getExisting, storing, type ApiContext, type ResourceRequest } from './context';
import { place, toProposal } from './decode';
import { managerName } from './field-managers';
import { fieldValidation } from './options';
import { retrying, unlessStale } from './retry';
import { isLarge, LARGE_BYTES, letOthersIn } from './turns';
import { replace } from './update';

const MERGE = 'application/merge-patch+json';
const JSON_PATCH = 'application/json-patch+json';
const STRATEGIC = 'application/strategic-merge-patch+json';

export interface Patch {
  /** What it makes of an object. */
  apply: (target: object) => unknown;
  duplicates: string[];
  /** Whether what it makes is worked on in several turns, however small the object was. */
  isLarge: boolean;
}

/** The patch formats that a resource takes. */
export function patchTypes(resource: Resource): string[] {
  return resource.core ? [JSON_PATCH, MERGE, STRATEGIC, APPLY] : [JSON_PATCH, MERGE, APPLY];
}

export async function patch(context: ApiContext, request: ResourceRequest): Promise<void> {
  if (patchType(request.req) === APPLY) return applyPatch(context, request);
  const patch = await readPatch(request);
  answerObject(context, request, 200, await retrying(context, request, (hurry) => patchOnce(context, request, patch, hurry)));
}

/** Reads the body of a PATCH that is no apply. @throws ApiError 400, 413, 415 */
export async function readPatch(request: ResourceRequest): Promise<Patch> {
  const type = patchType(request.req);
  const supported = patchTypes(request.resource);
  if (!supported.includes(type)) throw request.resource.core && !supported.includes(type.trim()) ? unsupportedPatch() : unsupportedMediaType(supported);
  managerName(request, 'PatchOptions');
  const body = request.body();
  const { value, duplicates } = parsePatch(type, body.toString('utf8'), fieldValidation(request) !== 'Ignore');
  const isLargeBody = body.length > LARGE_BYTES;
  if (isLargeBody) await letOthersIn();
  switch (type) {
    case JSON_PATCH:
      return { apply: (target) => jsonPatch(target, value), duplicates: patchProblems((value ?? []) as unknown[], duplicates), isLarge: isLargeBody };
    case STRATEGIC:
      return { apply: (target) => strategicMergePatch(target, value ?? {}, request.resource.schema), duplicates, isLarge: isLargeBody };
    default:
      return { apply: (target) => mergePatch(target, value), duplicates, isLarge: isLargeBody };
  }
}

/** @throws ApiError 400 in the words of a decoder that awaits an object, or operations; 422: integers that would lose digits */
function parsePatch(type: string, text: string, strict: boolean): Decoded {
  const says = type === STRATEGIC || (type === JSON_PATCH && !strict) ? '' : 'error decoding patch: ';
  let decoded: Decoded;
  try {
    decoded = parseJson(text, 'refuse');
  } catch (error) {
    throw error instanceof ApiError && error.status.code === 400 ? badRequest(`${says}${error.message}`) : error;
  }
  const problem = type === JSON_PATCH ? listProblem(decoded.value, strict) : mapProblem(decoded.value);
  if (problem) throw badRequest(`${says}${problem}`);
  if (decoded.value === null && type === MERGE) throw badRequest('Invalid JSON Patch');
  return decoded;
}

/** @returns 'stale' when the object changed in between and the patch does not insist on a version */
async function patchOnce(context: ApiContext, request: ResourceRequest, { apply, duplicates, isLarge: isLargePatch }: Patch, hurry: boolean): Promise<KubeObject | 'stale'> {
  const old = await storing(request, () => getExisting(context, request));
  const applied = apply(old);
  // A small patch may make a large object of a small one: by copies.
  const inTurns = !hurry && (isLargePatch || isLarge(old) || isLarge(applied));
  if (inTurns) await letOthersIn();
  const patched: unknown = structuredClone(applied);
  if (inTurns) await letOthersIn();
  const refuse = (why: string): ApiError =>
    invalidError({ group: '', kind: '' }, '', [{ reason: 'FieldValueInvalid', field: 'patch', message: `Invalid value: ${JSON.stringify(JSON.stringify(patched).slice(0, 512))}: ${why}` }]);
  const { object } = toProposal({ value: patched, duplicates: [] }, request, refuse);
  place(object, request);
  if (inTurns) await letOthersIn();
  const insists = object.metadata.resourceVersion !== old.metadata.resourceVersion || object.metadata.uid !== old.metadata.uid;
  if (!object.metadata.resourceVersion) object.metadata.resourceVersion = old.metadata.resourceVersion;
  return unlessStale(insists, () => replace(context, request, { object, duplicates, isLarge: inTurns }, old, refuse));
}
