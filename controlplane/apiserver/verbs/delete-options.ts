/** DeleteOptions: from the body and from query parameters. */
import type { Preconditions } from '../../store/store';
import { badRequest, invalidError } from '../http/errors';
import { decodeObject, mediaType } from '../http/body';
import { invalid, nameOf, notSupported } from '../schema/field-error';
import { isObject } from '../schema/schema';
import type { ResourceRequest } from './context';
import { booleanParameter, dryRun } from './options';

export type PropagationPolicy = 'Background' | 'Foreground' | 'Orphan';

export interface DeleteOptions {
  propagation: PropagationPolicy;
  dryRun: boolean;
  preconditions?: Preconditions;
}

/** @throws ApiError 400, 413, 415, 422 */
export async function readDeleteOptions(request: ResourceRequest): Promise<DeleteOptions> {
  const bytes = request.body();
  const value = (bytes.length === 0 ? undefined : decodeObject(mediaType(request.req), bytes).value) ?? {};
  if (!isObject(value)) throw badRequest('DeleteOptions: the body must be an object');
  if (value.kind !== undefined && value.kind !== 'DeleteOptions') throw badRequest(`DeleteOptions: the body is a ${nameOf(value.kind)}`);
  const dryRuns: unknown = value.dryRun ?? [];
  if (!Array.isArray(dryRuns)) throw badRequest('DeleteOptions: dryRun must be a list');
  const preconditions = preconditionsOf(value.preconditions);
  return {
    propagation: propagationOf(value.propagationPolicy ?? request.query.get('propagationPolicy') ?? undefined, orphans(value.orphanDependents, request)),
    dryRun: dryRun(request, dryRuns),
    ...(preconditions && { preconditions }),
  };
}

function orphans(inBody: unknown, { query }: ResourceRequest): boolean | undefined {
  if (typeof inBody === 'boolean') return inBody;
  return query.has('orphanDependents') ? booleanParameter(query, 'orphanDependents') : undefined;
}

function propagationOf(policy: unknown, orphanDependents: boolean | undefined): PropagationPolicy {
  if (orphanDependents !== undefined && policy !== undefined && policy !== null && policy !== '') {
    throw invalidError({ group: 'meta.k8s.io', kind: 'DeleteOptions' }, '', [
      invalid('propagationPolicy', policy, 'orphanDependents and deletionPropagation cannot be both set'),
    ]);
  }
  if (policy === undefined || policy === null || policy === '') return orphanDependents ? 'Orphan' : 'Background';
  if (policy === 'Background' || policy === 'Foreground' || policy === 'Orphan') return policy;
  throw invalidError({ group: 'meta.k8s.io', kind: 'DeleteOptions' }, '', [
    notSupported('propagationPolicy', policy, ['Foreground', 'Background', 'Orphan', 'nil']),
  ]);
}

function preconditionsOf(value: unknown): Preconditions | undefined {
  if (value === undefined || value === null) return undefined;
  if (!isObject(value)) throw badRequest('DeleteOptions: preconditions must be an object');
  const { uid, resourceVersion } = value;
  return {
    ...(typeof uid === 'string' && { uid }),
    ...(typeof resourceVersion === 'string' && { resourceVersion }),
  };
}
