/** JSON patch (RFC 6902). */
import { applyOperation, getValueByPointer, type Operation } from 'fast-json-patch';

import { MAX_BODY_BYTES } from '../http/body';
import { ApiError, badRequest, tooLarge } from '../http/errors';

const MAX_OPERATIONS = 10_000;
/** Characters of JSON that `copy` and `move` may copy together: a few copies of copies would be gigabytes. */
const MAX_COPIED_CHARS = MAX_BODY_BYTES;

/**
 * @returns `target` with `patch` applied; `target` is not changed
 * @throws ApiError 400: not a JSON patch; 413: too many operations, or they copy too much; 422: an operation cannot be applied (a failed `test`, a missing path)
 */
export function jsonPatch(target: object, patch: unknown): unknown {
  if (!Array.isArray(patch)) throw badRequest('json patch: the body must be an array of operations');
  if (patch.length > MAX_OPERATIONS) throw tooLarge(MAX_OPERATIONS);
  let document: object = structuredClone(target);
  let copied = 0;
  try {
    for (const [index, operation] of (patch as Operation[]).entries()) {
      copied += copiedChars(document, operation);
      if (copied > MAX_COPIED_CHARS) throw tooLarge(MAX_COPIED_CHARS);
      document = applyOperation(document, operation, true, true, true, index).newDocument as object;
    }
    return document;
  } catch (error) {
    if (error instanceof ApiError) throw error;
    // The library throws plain errors too, for `__proto__` in a path; whatever it throws is about the patch.
    throw new ApiError(422, 'Invalid', 'the server rejected our request due to an error in our request', {});
  }
}

/** Size of what the operation copies; 0 when it copies nothing, or there is nothing at `from` (then applying it says so). */
function copiedChars(document: object, operation: Operation | null): number {
  if (operation?.op !== 'copy' && operation?.op !== 'move') return 0;
  try {
    return JSON.stringify(getValueByPointer(document, operation.from) ?? null).length;
  } catch {
    return 0;
  }
}
