/** Query parameters of the verbs. */
import type { Selection } from '../../store/store';
import { ApiError, badRequest, invalidError } from '../http/errors';
import type { IncludeObject } from '../table/table';
import { goListNotSupported, notSupported, showValue, type FieldError } from '../schema/field-error';
import { own } from '../schema/schema';
import { parseFieldSelector } from '../selectors/field';
import { parseLabelSelector } from '../selectors/label';
import type { ResourceRequest } from './context';

export type FieldValidation = 'Strict' | 'Warn' | 'Ignore';

const optionsError = (kind: string, error: FieldError): ApiError => invalidError({ group: 'meta.k8s.io', kind }, '', [error]);

/** What the query parameters of a write are called. */
function optionsKind(method: string | undefined): string {
  switch (method) {
    case 'PUT':
      return 'UpdateOptions';
    case 'PATCH':
      return 'PatchOptions';
    case 'DELETE':
      return 'DeleteOptions';
    default:
      return 'CreateOptions';
  }
}

/** @throws ApiError 422 for another value */
export function fieldValidation({ query, req }: Pick<ResourceRequest, 'query' | 'req'>): FieldValidation {
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
      throw optionsError(optionsKind(req.method), notSupported('fieldValidation', value, ['', 'Ignore', 'Strict', 'Warn']));
  }
}

/** Whether nothing must be written. @throws ApiError 422 for another value than All */
export function dryRun({ query, req }: Pick<ResourceRequest, 'query' | 'req'>, inBody: readonly unknown[] = []): boolean {
  const values = [...query.getAll('dryRun'), ...inBody].filter((value) => value !== '');
  if (values.some((value) => value !== 'All')) throw optionsError(optionsKind(req.method), goListNotSupported('dryRun', values.map(String), ['All']));
  return values.length > 0;
}

/** As everywhere in Kubernetes: only absence, `0` and `false` mean no. */
export function booleanParameter(query: URLSearchParams, name: string): boolean {
  const value = query.get(name);
  return value !== null && value !== '0' && value.toLowerCase() !== 'false';
}

/** A whole number. @throws ApiError 400 */
export function integerParameter(query: URLSearchParams, name: string): number | undefined {
  const value = query.get(name);
  if (value === null || value === '') return undefined;
  if (!/^[+-]?\d+$/.test(value)) throw badRequest(`strconv.ParseInt: parsing ${showValue(value)}: invalid syntax`);
  if (!Number.isSafeInteger(Number(value))) throw badRequest(`strconv.ParseInt: parsing ${showValue(value)}: value out of range`);
  return Number(value);
}

/** @throws ApiError 400 for selectors that are not understood */
export function selectionOf({ query, resource, namespace, name }: ResourceRequest): Selection {
  const labels = query.get('labelSelector');
  const aliases = resource.fieldAliases ?? {};
  const fields = parseFieldSelector(query.get('fieldSelector') ?? '', resource).map((field) => ({ ...field, path: own(aliases, field.path) ?? field.path }));
  if (name !== '') fields.push({ path: 'metadata.name', operator: '=', value: name });
  return {
    ...(namespace !== '' && { namespace }),
    ...(labels && { labels: parseLabelSelector(labels) }),
    ...(fields.length > 0 && { fields }),
  };
}

/** @throws ApiError 400 */
export function includeObject(query: URLSearchParams): IncludeObject {
  const value = query.get('includeObject') ?? '';
  if (value === '') return 'Metadata';
  if (value === 'None' || value === 'Metadata' || value === 'Object') return value;
  throw badRequest(`Unable to convert to Table as requested: includeObject: Invalid value: ${JSON.stringify(value)}: must be 'Metadata', 'Object', 'None', or empty`);
}

