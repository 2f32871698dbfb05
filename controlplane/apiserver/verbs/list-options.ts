/** What a list or a watch asks for besides its selection: pages and revisions (ListOptions of meta.k8s.io, checked as kube-apiserver does). */
import { ApiError, badRequest, invalidError } from '../http/errors';
import { forbidden, invalid, notSupported, type FieldError } from '../schema/field-error';
import { booleanParameter, integerParameter } from './options';

export interface PageOptions {
  /** Absent: everything. */
  limit?: number;
  /** '' when absent. */
  token: string;
  /** '' when absent: the newest. Not below it, unless `exact`. */
  resourceVersion: string;
  /** Whether the list must be at that revision. */
  exact: boolean;
}

/** @throws ApiError 400, 422 */
export function pageOptions(query: URLSearchParams): PageOptions {
  const limit = integerParameter(query, 'limit') ?? 0;
  const token = query.get('continue') ?? '';
  const resourceVersion = revision(query);
  const match = query.get('resourceVersionMatch') ?? '';
  const errors: FieldError[] = [];
  if (match !== '') {
    if (resourceVersion === '') errors.push(forbidden('resourceVersionMatch', 'resourceVersionMatch is forbidden unless resourceVersion is provided'));
    if (token !== '') errors.push(forbidden('resourceVersionMatch', 'resourceVersionMatch is forbidden when continue is provided'));
    if (match !== 'Exact' && match !== 'NotOlderThan') errors.push(notSupported('resourceVersionMatch', match, ['Exact', 'NotOlderThan', '']));
    if (match === 'Exact' && resourceVersion === '0') errors.push(forbidden('resourceVersionMatch', 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'));
  }
  if (query.has('sendInitialEvents')) errors.push(forbidden('sendInitialEvents', 'sendInitialEvents is forbidden for list'));
  refuse(errors);
  const some = resourceVersion !== '' && resourceVersion !== '0';
  if (token !== '' && some) throw badRequest('specifying resource version is not allowed when using continue');
  // Whoever takes any version gets all of it, as from kube-apiserver's cache.
  const whole = limit <= 0 || (resourceVersion === '0' && token === '');
  return { ...(!whole && { limit }), token, resourceVersion, exact: some && (match === 'Exact' || (match === '' && limit > 0)) };
}

export interface WatchParameters {
  /** '' when absent. */
  resourceVersion: string;
  /** Absent: nobody said. */
  initialEvents?: boolean;
  bookmarks: boolean;
}

/** @throws ApiError 400, 422 */
export function watchParameters(query: URLSearchParams): WatchParameters {
  const resourceVersion = revision(query);
  const match = query.get('resourceVersionMatch') ?? '';
  const initial = query.has('sendInitialEvents') ? booleanParameter(query, 'sendInitialEvents') : undefined;
  const errors: FieldError[] = [];
  if (initial !== undefined && match !== 'NotOlderThan') {
    errors.push(forbidden('resourceVersionMatch', 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan'));
  }
  if (match !== '') {
    if (initial === undefined) errors.push(forbidden('resourceVersionMatch', 'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided'));
    if (match !== 'NotOlderThan') errors.push(notSupported('resourceVersionMatch', match, ['NotOlderThan']));
    if (query.get('continue')) errors.push(forbidden('resourceVersionMatch', 'resourceVersionMatch is forbidden when continue is provided'));
  }
  refuse(errors);
  const bookmarks = booleanParameter(query, 'allowWatchBookmarks');
  const fromNothing = resourceVersion === '' || resourceVersion === '0';
  const initialEvents = initial ?? (fromNothing || undefined);
  return { resourceVersion, bookmarks, ...(initialEvents !== undefined && { initialEvents }) };
}

/** Of a get or a list. @throws ApiError 422 */
export function revision(query: URLSearchParams): string {
  const text = query.get('resourceVersion') ?? '';
  if (text !== '' && !/^\d{1,19}$/.test(text)) refuse([invalid('resourceVersion', text, 'must be a number')]);
  return text;
}

function refuse(errors: readonly FieldError[]): void {
  if (errors.length > 0) throw listOptionsError(errors);
}

const listOptionsError = (errors: readonly FieldError[]): ApiError => invalidError({ group: 'meta.k8s.io', kind: 'ListOptions' }, '', errors);
