/** Query parameters of the verbs. */
import type { Selection } from '../../store/store';
import { ApiError, badRequest, invalidError } from '../http/errors';
import type { IncludeObject } from '../table/table';
import { forbidden, invalid, notSupported, type FieldError } from '../schema/field-error';
import { parseFieldSelector } from '../selectors/field';
import { parseLabelSelector } from '../selectors/label';
import type { ResourceRequest } from './context';

export type FieldValidation = 'Strict' | 'Warn' | 'Ignore';

const optionsError = (kind: string, error: FieldError): ApiError => invalidError({ group: 'meta.k8s.io', kind }, '', [error]);

/** @throws ApiError 422 for another value */
export function fieldValidation(query: URLSearchParams): FieldValidation {
  const value = query.get('fieldValidation');
  switch (value) {
    case null:
    case '':
      return 'Warn';
    case 'Strict':
    case 'Warn':
    case 'Ignore':
      return value;
    default:
      throw optionsError('CreateOptions', notSupported('fieldValidation', value, ['', 'Ignore', 'Strict', 'Warn']));
  }
}

/** Whether nothing must be written. @throws ApiError 422 for another value than All */
export function dryRun(query: URLSearchParams, inBody: readonly unknown[] = []): boolean {
  const values = [...query.getAll('dryRun'), ...inBody].filter((value) => value !== '');
  for (const value of values) {
    if (value !== 'All') throw optionsError('CreateOptions', notSupported('dryRun', value, ['All']));
  }
  return values.length > 0;
}

export function booleanParameter(query: URLSearchParams, name: string): boolean {
  const value = query.get(name);
  if (value === null) return false;
  if (value === '' || value === 'true' || value === '1') return true;
  if (value === 'false' || value === '0') return false;
  throw badRequest(`query parameter ${name}: ${JSON.stringify(value)} is not a boolean`);
}

/** A whole number, not negative. @throws ApiError 400 */
export function integerParameter(query: URLSearchParams, name: string): number | undefined {
  const value = query.get(name);
  if (value === null || value === '') return undefined;
  if (!/^\d{1,15}$/.test(value)) throw badRequest(`query parameter ${name}: ${JSON.stringify(value)} is not a whole number of at least 0`);
  return Number(value);
}

/** @throws ApiError 400 for selectors that are not understood */
export function selectionOf({ query, resource, namespace, name }: ResourceRequest): Selection {
  const labels = query.get('labelSelector');
  const fields = parseFieldSelector(query.get('fieldSelector') ?? '', resource.selectableFields);
  if (name !== '') fields.push({ path: 'metadata.name', operator: '=', value: name });
  return {
    ...(namespace !== '' && { namespace }),
    ...(labels && { labels: parseLabelSelector(labels) }),
    ...(fields.length > 0 && { fields }),
  };
}

export interface VersionOptions {
  /** '' when absent. */
  resourceVersion: string;
  match: '' | 'Exact' | 'NotOlderThan';
}

const VERSION = /^\d{1,19}$/;

/** @throws ApiError 400, 422 as kube-apiserver does for combinations that make no sense */
export function versionOptions(query: URLSearchParams, watch: boolean): VersionOptions {
  const resourceVersion = query.get('resourceVersion') ?? '';
  const match = query.get('resourceVersionMatch') ?? '';
  if (resourceVersion !== '' && !VERSION.test(resourceVersion)) {
    throw optionsError('ListOptions', invalid('resourceVersion', resourceVersion, 'must be a number'));
  }
  const fail = (error: FieldError): never => {
    throw optionsError('ListOptions', error);
  };
  if (query.has('sendInitialEvents')) {
    fail(forbidden('sendInitialEvents', `sendInitialEvents is forbidden for ${watch ? 'watch unless the WatchList feature gate is enabled' : 'list'}`));
  }
  if (match !== '') {
    if (watch) fail(forbidden('resourceVersionMatch', 'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided'));
    if (match !== 'Exact' && match !== 'NotOlderThan') fail(notSupported('resourceVersionMatch', match, ['Exact', 'NotOlderThan', '']));
    if (resourceVersion === '') fail(forbidden('resourceVersionMatch', 'resourceVersionMatch is forbidden unless resourceVersion is provided'));
    if (match === 'Exact' && resourceVersion === '0') fail(forbidden('resourceVersionMatch', 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'));
    if (query.get('continue')) fail(forbidden('resourceVersionMatch', 'resourceVersionMatch is forbidden when continue is provided'));
  } else if (query.get('continue') && resourceVersion !== '' && resourceVersion !== '0') {
    throw badRequest('specifying resource version is not allowed when using continue');
  }
  return { resourceVersion, match: match as VersionOptions['match'] };
}

/** @throws ApiError 400 */
export function includeObject(query: URLSearchParams): IncludeObject {
  const value = query.get('includeObject') ?? '';
  if (value === '') return 'Metadata';
  if (value === 'None' || value === 'Metadata' || value === 'Object') return value;
  throw badRequest(`query parameter includeObject: ${JSON.stringify(value)} is none of None, Metadata, Object`);
}

