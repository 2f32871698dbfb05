/** Refusals as Kubernetes `Status` objects: same codes, reasons and words as kube-apiserver's. */
import { StoreError } from '../../store/store';
import type { FieldError } from '../schema/field-error';

export interface StatusCause {
  reason?: string;
  message?: string;
  field?: string;
}

export interface StatusDetails {
  name?: string;
  group?: string;
  kind?: string;
  uid?: string;
  causes?: StatusCause[];
  retryAfterSeconds?: number;
}

export interface Status {
  kind: 'Status';
  apiVersion: 'v1';
  /** `continue`: of a list that has expired, how to get the rest of it as it is now. */
  metadata: { continue?: string };
  status: 'Success' | 'Failure';
  message?: string;
  reason?: string;
  details?: StatusDetails;
  /** Absent in the answer to a DELETE. */
  code?: number;
}

/** A resource as errors name it. */
export interface Named {
  group: string;
  plural: string;
  kind: string;
}

/** A refusal; `status` is what the client gets. */
export class ApiError extends Error {
  readonly status: Status;
  constructor(code: number, reason: string, message: string, details?: StatusDetails) {
    super(message);
    this.name = 'ApiError';
    this.status = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, ...(details && { details }), code };
  }
}

/** A refusal of who asks, not of what is asked. */
export class AccessDenied extends ApiError {
  constructor({ status: { code = 403, reason = 'Forbidden', message = '', details } }: ApiError) {
    super(code, reason, message, details);
  }
}

const qualified = (group: string, name: string): string => (group === '' ? name : `${name}.${group}`);
const detailsOf = (of: Named, name: string): StatusDetails => ({ ...(name !== '' && { name }), ...(of.group !== '' && { group: of.group }), kind: of.plural });

export const badRequest = (message: string): ApiError => new ApiError(400, 'BadRequest', message);

export const unauthorized = (): ApiError => new ApiError(401, 'Unauthorized', 'Unauthorized');

export function notFound(of: Named, name: string): ApiError {
  return new ApiError(404, 'NotFound', `${qualified(of.group, of.plural)} "${name}" not found`, detailsOf(of, name));
}

export function alreadyExists(of: Named, name: string): ApiError {
  return new ApiError(409, 'AlreadyExists', `${qualified(of.group, of.plural)} "${name}" already exists`, detailsOf(of, name));
}

export const STALE = 'the object has been modified; please apply your changes to the latest version and try again';

export function conflict(of: Named, name: string, why: string = STALE): ApiError {
  const message = `Operation cannot be fulfilled on ${qualified(of.group, of.plural)} "${name}": ${why}`;
  return new ApiError(409, 'Conflict', message, detailsOf(of, name));
}

export function forbiddenError(of: Named, name: string, why: string, causes?: StatusCause[]): ApiError {
  const target = name === '' ? qualified(of.group, of.plural) : `${qualified(of.group, of.plural)} "${name}"`;
  return new ApiError(403, 'Forbidden', `${target} is forbidden: ${why}`, { ...detailsOf(of, name), ...(causes && { causes }) });
}

/** 422 with one cause per field. */
export function invalidError(of: { group: string; kind: string }, name: string, errors: readonly FieldError[]): ApiError {
  const lines = [...new Set(errors.map((error) => `${error.field}: ${error.message}`))];
  const summary = lines.length === 1 ? lines[0] : `[${lines.join(', ')}]`;
  return new ApiError(422, 'Invalid', `${qualified(of.group, of.kind)} "${name}" is invalid: ${summary}`, {
    ...(name !== '' && { name }),
    ...(of.group !== '' && { group: of.group }),
    ...(of.kind !== '' && { kind: of.kind }),
    causes: errors.map(({ reason, field, message }) => ({ reason, message, field })),
  });
}

export function methodNotAllowed(message = 'the server does not allow this method on the requested resource', details: StatusDetails = {}): ApiError {
  return new ApiError(405, 'MethodNotAllowed', message, details);
}

/** A verb that custom resources do not have. */
export function verbNotSupported({ group, plural }: Named, verb: string): ApiError {
  const message = `${verb} is not supported on resources of kind "${qualified(group, plural)}"`;
  return new ApiError(405, 'MethodNotAllowed', message, { ...(group !== '' && { group }), kind: plural });
}

/** A path of a group that is served, but none of its resources. */
export const noSuchResource = (): ApiError => new ApiError(404, 'NotFound', 'the server could not find the requested resource', {});

/** No media type of the client's is one that there is. */
export const noRepresentation = (accepted: string): ApiError => new ApiError(406, 'NotAcceptable', `406: Not Acceptable\n\nAvailable representations: ${accepted}`, {});

export function notAcceptable(accepted: string): ApiError {
  return new ApiError(406, 'NotAcceptable', `only the following media types are accepted: ${accepted}`);
}

export function unsupportedMediaType(supported: readonly string[], hint = ''): ApiError {
  const message = `the body of the request was in an unknown format - accepted media types include: ${supported.join(', ')}`;
  return new ApiError(415, 'UnsupportedMediaType', hint === '' ? message : `${message}; ${hint}`);
}

/** A patch that core kinds do not take. */
export const unsupportedPatch = (): ApiError => new ApiError(415, 'UnsupportedMediaType', '415: Unsupported Media Type', {});

/** @param what the limit in bytes, or what is too much */
export function tooLarge(what: number | string): ApiError {
  return new ApiError(413, 'RequestEntityTooLarge', `Request entity too large: ${typeof what === 'number' ? `limit is ${what}` : what}`);
}

export function expired(message: string): ApiError {
  return new ApiError(410, 'Expired', message);
}

/** The client asked for a revision that has not happened yet. */
export function futureVersion(wanted: string, current: string): ApiError {
  return new ApiError(504, 'Timeout', `Timeout: Too large resource version: ${wanted}, current: ${current}`, {
    causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
    retryAfterSeconds: 1,
  });
}

export const TOO_MANY = 'Too many requests, please try again later.';

export function tooManyRequests(message: string): ApiError {
  return new ApiError(429, 'TooManyRequests', message, { retryAfterSeconds: 1 });
}

export function unavailable(message: string): ApiError {
  return new ApiError(503, 'ServiceUnavailable', message, { retryAfterSeconds: 1 });
}

/** What failed beneath the store is for the log (`cause`), not for clients: it may name files of the server. */
export function storeUnavailable(error: StoreError): ApiError {
  if (error.cause === undefined) return unavailable(error.message);
  const refusal = unavailable('the server cannot write now; its log says why; try again later');
  refusal.cause = error.cause;
  return refusal;
}

/** What a failed store call means to the client. */
export function fromStoreError(error: StoreError, of: Named, name: string): ApiError {
  switch (error.reason) {
    case 'NotFound':
      return notFound(of, name);
    case 'AlreadyExists':
      return alreadyExists(of, name);
    case 'Conflict':
      return conflict(of, name);
    case 'Invalid':
      return badRequest(error.message);
    case 'Expired': {
      const refusal = expired(error.message);
      if (error.details.continue !== undefined) refusal.status.metadata = { continue: error.details.continue };
      return refusal;
    }
    case 'FutureVersion':
      return futureVersion(error.details.wantedResourceVersion ?? 'requested', error.details.currentResourceVersion ?? 'older');
    case 'Unavailable':
      return storeUnavailable(error);
  }
}
