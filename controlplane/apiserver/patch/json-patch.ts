/**
 * JSON patch (RFC 6902) as Kubernetes applies it, that is as evanphx/json-patch v4 does, which is laxer than the RFC: in an object any name
 * may be replaced, copied from or tested, and one that is missing counts as null; an index may be `+1`, or `-1` for the last item; what
 * stands before the first `/` of a path is ignored. The document itself can be tested and replaced, not added, removed, moved or copied.
 *
 * Where that library would end in a panic (an operation into a null that the patch itself has set), the operation is refused instead.
 * What copies within copies nest deeper than a body may be is refused as well.
 * `__proto__` is never a name here: neither in a path, nor (see `parseJson`) in a value.
 */
import { MAX_DEPTH } from '../codec/json';
import { MAX_BODY_BYTES } from '../http/body';
import { ApiError, badRequest, tooLarge } from '../http/errors';
import { equal } from '../schema/equal';
import { isObject } from '../schema/schema';

const MAX_OPERATIONS = 10_000;
/** As deep as a body may be, and what is noted of it in `metadata.managedFields`. */
const MAX_STORED_DEPTH = MAX_DEPTH + 8;
/** Bytes of JSON that `copy` may copy together: a few copies of copies would be gigabytes. */
const MAX_COPIED_BYTES = MAX_BODY_BYTES;

type Container = Record<string, unknown> | unknown[];

/** A path, resolved as far as its last name; `container` is what that name is of. */
interface Place {
  container: Container;
  key: string;
}

/** An operation that cannot be applied; clients are told no more than that. */
class CannotApply extends Error {}

/**
 * @param patch a list of operations, or null: none
 * @returns `target` with `patch` applied; `target` is not changed
 * @throws ApiError 400: not a JSON patch; 413: too many operations; 422: an operation cannot be applied (a failed `test`, a missing path, copies too large)
 */
export function jsonPatch(target: object, patch: unknown): unknown {
  if (patch !== null && !Array.isArray(patch)) throw badRequest('json patch: the body must be an array of operations');
  const operations: readonly unknown[] = patch ?? [];
  if (operations.length > MAX_OPERATIONS) throw tooLarge(`The allowed maximum operations in a JSON patch is ${MAX_OPERATIONS}, got ${operations.length}`);
  const application = new Application(structuredClone(target) as Container);
  try {
    for (const operation of operations) application.apply(isObject(operation) ? operation : {});
    if (isDeeper(application.document, MAX_STORED_DEPTH)) throw new CannotApply('nested too deeply');
  } catch (error) {
    // The stack may end before the depth is known.
    if (error instanceof CannotApply || error instanceof RangeError) throw new ApiError(422, 'Invalid', 'the server rejected our request due to an error in our request', {});
    throw error;
  }
  return application.document;
}

class Application {
  #copiedBytes = 0;
  constructor(public document: Container) {}

  apply(operation: Record<string, unknown>): void {
    switch (operation.op) {
      case 'add':
        return add(this.#place(operation.path), ownCopy(operation.value ?? null));
      case 'remove':
        return remove(this.#place(operation.path));
      case 'replace':
        return this.#replace(operation);
      case 'move': {
        const from = this.#place(operation.from);
        const value = get(from);
        remove(from);
        return add(this.#place(operation.path), value);
      }
      case 'copy':
        return this.#copy(operation);
      case 'test':
        return this.#test(operation);
      default:
        throw new CannotApply('unknown operation');
    }
  }

  /** The document is replaced by an object or a list; anything else leaves it as it is. */
  #replace({ path, value: asked = null }: Record<string, unknown>): void {
    const value = ownCopy(asked);
    if (path === '') {
      if (isContainer(value)) this.document = value;
      return;
    }
    const { container, key } = this.#place(path);
    if (Array.isArray(container)) container[existing(container, key)] = value;
    else container[key] = value;
  }

  #copy({ from, path }: Record<string, unknown>): void {
    const value = get(this.#place(from));
    const to = this.#place(path);
    if (value === null) return add(to, null);
    const text = JSON.stringify(value);
    this.#copiedBytes += Buffer.byteLength(text);
    if (this.#copiedBytes > MAX_COPIED_BYTES) throw new CannotApply('the patch copies too much');
    add(to, JSON.parse(text));
  }

  #test({ path, value = null }: Record<string, unknown>): void {
    const found = path === '' ? this.document : get(this.#place(path));
    if (!equal(found, value)) throw new CannotApply('test failed');
  }

  #place(path: unknown): Place {
    if (typeof path !== 'string') throw new CannotApply('no path');
    const names = path.split('/').slice(1).map((name) => name.replaceAll(/~[01]/g, (escape) => (escape === '~1' ? '/' : '~')));
    const key = names.pop();
    if (key === undefined || key === '__proto__') throw new CannotApply('no such path');
    let container = this.document;
    for (const name of names) {
      const next = get({ container, key: name });
      if (!isContainer(next)) throw new CannotApply('missing path');
      container = next;
    }
    return { container, key };
  }
}

const isContainer = (value: unknown): value is Container => typeof value === 'object' && value !== null;

const isDeeper = (value: unknown, levels: number): boolean => isContainer(value) && (levels === 0 || Object.values(value).some((item) => isDeeper(item, levels - 1)));

/** Of a name that an object has not: null. */
function get({ container, key }: Place): unknown {
  if (Array.isArray(container)) return container[existing(container, key)];
  return Object.hasOwn(container, key) ? container[key] : null;
}

function add({ container, key }: Place, value: unknown): void {
  if (!Array.isArray(container)) container[key] = value;
  else if (key === '-') container.push(value);
  else container.splice(indexOf(key, container.length + 1), 0, value);
}

function remove({ container, key }: Place): void {
  if (Array.isArray(container)) {
    container.splice(existing(container, key), 1);
    return;
  }
  if (!Object.hasOwn(container, key)) throw new CannotApply('missing key');
  delete container[key];
}

const existing = (list: readonly unknown[], key: string): number => indexOf(key, list.length);

/** An index from the front, or a negative one from the end, of so many places. */
function indexOf(key: string, places: number): number {
  if (!/^[-+]?\d+$/.test(key)) throw new CannotApply('no index');
  const index = Number(key) < 0 ? Number(key) + places : Number(key);
  if (index < 0 || index >= places) throw new CannotApply('no such item');
  return index;
}

const FIELDS = new Set(['op', 'path', 'from', 'value']);

/** What strict validation says of the operations themselves, in their order. @param duplicates as the parser found them */
export function patchProblems(patch: readonly unknown[], duplicates: readonly string[]): string[] {
  const fields = patch.flatMap((operation, index) => (isObject(operation) ? Object.keys(operation).map((field) => ({ field, path: `[${index}].${field}` })) : []));
  const within = (path: string): string[] => duplicates.filter((problem) => problem.startsWith(`duplicate field "${path}`) && /["[.]/.test(problem[`duplicate field "${path}`.length]));
  const problems = fields.flatMap(({ field, path }) => [...(FIELDS.has(field) ? [] : [`unknown field "${path}"`]), ...(duplicates.length === 0 ? [] : within(path))]);
  return problems.map((problem) => `json patch ${problem}`);
}

/** Later operations change what is in the document: not the patch, which is applied anew when somebody else was faster. */
const ownCopy = (value: unknown): unknown => (isContainer(value) ? structuredClone(value) : value);
