/**
 * Where a list goes on: base64 of `{v, rv, start}`, as kube-apiserver writes it. `rv` is the revision of the first page, or LATEST: whatever
 * is there now. `start` is the last name with a NUL behind it, before it the namespace and `/` when the list is over all of them.
 */
import { StoreError } from '../store';
import { keyOf, SEPARATOR } from './table';

const VERSION = 'meta.k8s.io/v1';
/** In a token: go on over the objects as they are now. */
export const LATEST = -1;

export const CONTINUE_EXPIRED =
  'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, ' +
  'or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an ' +
  'inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.';

export interface Start {
  key: string;
  /** Whether the list goes on after the key, not with it. */
  exclusive: boolean;
}

/** @param namespace '' for a list over all, or of what has none */
export function encodeToken(revision: number, last: string, namespace: string): string {
  const cut = last.indexOf(SEPARATOR);
  const [of, name] = [last.slice(0, cut), last.slice(cut + 1)];
  const start = `${namespace !== '' || of === '' ? '' : `${of}/`}${name}\0`;
  return Buffer.from(JSON.stringify({ v: VERSION, rv: revision, start })).toString('base64url');
}

export const invalidToken = (why: string): StoreError => new StoreError('Invalid', `invalid continue token: continue key is not valid${why}`);

/** @throws StoreError Invalid */
export function decodeToken(text: string, namespace: string): { revision: number; start: Start } {
  const { v, rv, start } = parse(text);
  if (v !== VERSION) throw invalidToken(`: server does not recognize this encoded version ${typeof v === 'string' ? v.slice(0, 64) : ''}`);
  if (typeof rv !== 'number' || !Number.isSafeInteger(rv)) throw invalidToken(': rv is not a revision');
  if (rv === 0) throw invalidToken(`: incorrect encoded start resourceVersion (version ${VERSION})`);
  if (typeof start !== 'string' || start === '') throw invalidToken(`: encoded start key empty (version ${VERSION})`);
  const exclusive = start.endsWith('\0');
  const path = (exclusive ? start.slice(0, -1) : start).replace(/^\//, '').split('/');
  const clean = path.length <= (namespace === '' ? 2 : 1) && path.every((part) => part !== '' && part !== '.' && part !== '..' && !part.includes('\0'));
  if (!clean) throw invalidToken(`: ${JSON.stringify(start.slice(0, 256))}`);
  const key = path.length === 2 ? keyOf(path[0], path[1]) : keyOf(namespace, path[0]);
  return { revision: rv, start: { key, exclusive } };
}

function parse(text: string): { v?: unknown; rv?: unknown; start?: unknown } {
  const stray = /[^A-Za-z0-9_-]/.exec(text);
  if (stray) throw invalidToken(`: illegal base64 data at input byte ${stray.index}`);
  try {
    const value: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  } catch (error) {
    throw invalidToken(`: ${(error as Error).message}`);
  }
  throw invalidToken(': it holds no object');
}
