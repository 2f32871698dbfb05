/** JSON patch (RFC 6902). */
import { applyPatch, JsonPatchError, type Operation } from 'fast-json-patch';

import { ApiError, badRequest, tooLarge } from '../http/errors';

const MAX_OPERATIONS = 10_000;

/**
 * @returns `target` with `patch` applied; `target` is not changed
 * @throws ApiError 400: not a JSON patch; 422: an operation cannot be applied (a failed `test`, a missing path)
 */
export function jsonPatch(target: object, patch: unknown): unknown {
  if (!Array.isArray(patch)) throw badRequest('json patch: the body must be an array of operations');
  if (patch.length > MAX_OPERATIONS) throw tooLarge(MAX_OPERATIONS);
  try {
    return applyPatch(structuredClone(target), patch as Operation[], true, true, true).newDocument;
  } catch (error) {
    // The library throws plain errors too, for `__proto__` in a path; whatever it throws is about the patch.
    const at = error instanceof JsonPatchError && error.index !== undefined ? `json patch operation ${error.index}: ` : '';
    const why = (error as Error).message.split('\n')[0];
    throw new ApiError(422, 'Invalid', `the server rejected our request due to an error in our request: ${at}${why}`, {});
  }
}
