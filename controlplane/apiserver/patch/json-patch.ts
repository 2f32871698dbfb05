/** JSON patch (RFC 6902). */
import { applyOperation, getValueByPointer, type Operation } from 'fast-json-patch';

import { MAX_BODY_BYTES } from '../http/body';
import { ApiError, badRequest, tooLarge } from '../http/errors';
import { isObject } from '../schema/schema';

const MAX_OPERATIONS = 10_000;
/** Characters of JSON that `copy` and `move` may copy together: a few copies of copies would be gigabytes. */
const MAX_COPIED_CHARS = MAX_BODY_BYTES;

/**
 * @returns `target` with `patch` applied; `target` is not changed
 * @throws ApiError 400: not a JSON patch; 413: too many operations, or they copy too much; 422: an operation cannot be applied (a failed `test`, a missing path)
 */
export function jsonPatch(target: object, patch: unknown): unknown {
  if (!Array.isArray(patch)) throw badRequest('json patch: the body must be an array of operations');
  if (patch.length > MAX_OPERATIONS) throw tooLarge(`The allowed maximum operations in a JSON patch is ${MAX_OPERATIONS}, got ${patch.length}`);
  let document: object = structuredClone(target);
  let copied = 0;
  try {
    for (const [index, asked] of (patch as Operation[]).entries()) {
      const operation = withoutNegative(document, asked);
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

const FIELDS = new Set(['op', 'path', 'from', 'value']);

/** What strict validation says of the operations themselves, in their order. @param duplicates as the parser found them */
export function patchProblems(patch: readonly unknown[], duplicates: readonly string[]): string[] {
  const fields = patch.flatMap((operation, index) => (isObject(operation) ? Object.keys(operation).map((field) => ({ field, path: `[${index}].${field}` })) : []));
  const within = (path: string): string[] => duplicates.filter((problem) => problem.startsWith(`duplicate field "${path}`) && /["[.]/.test(problem[`duplicate field "${path}`.length]));
  const problems = fields.flatMap(({ field, path }) => [...(FIELDS.has(field) ? [] : [`unknown field "${path}"`]), ...(duplicates.length === 0 ? [] : within(path))]);
  return problems.map((problem) => `json patch ${problem}`);
}

/** `-1` is the last item of a list, as in Kubernetes: where there is such an item, its index from the front is named instead. */
function withoutNegative(document: object, operation: Operation): Operation {
  if (typeof operation?.path !== 'string' || !/\/-\d/.test(`${operation.path} ${'from' in operation ? operation.from : ''}`)) return operation;
  const resolve = (path: string, added: boolean): string => {
    const parts = path.split('/');
    for (let at = 1; at < parts.length; at++) {
      if (!/^-\d+$/.test(parts[at])) continue;
      const list: unknown = getValueByPointer(document, parts.slice(0, at).join('/'));
      if (Array.isArray(list)) parts[at] = String(list.length + (added && at === parts.length - 1 ? 1 : 0) + Number(parts[at]));
    }
    return parts.join('/');
  };
  const path = resolve(operation.path, operation.op === 'add');
  return 'from' in operation && typeof operation.from === 'string' ? { ...operation, path, from: resolve(operation.from, false) } : { ...operation, path };
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
