/** A Kubernetes Status as the error of the port. Pure. */
import { StoreError, type StoreErrorReason } from '../store';

export interface Status {
  kind: 'Status';
  status?: string;
  message?: string;
  reason?: string;
  code?: number;
  details?: { name?: string; group?: string; kind?: string; retryAfterSeconds?: number; causes?: { reason?: string; message?: string; field?: string }[] };
}

export function isStatus(body: unknown): body is Status {
  return typeof body === 'object' && body !== null && (body as { kind?: unknown }).kind === 'Status';
}

/** What an answer that is no success means. */
export function errorOf(code: number, body: unknown, what: string): StoreError {
  const status = isStatus(body) ? body : undefined;
  const message = `${what}: ${status?.message ?? `the Kubernetes API answered ${code}`}`;
  return new StoreError(reasonOf(code, status), message, status?.details?.name === undefined ? {} : { name: status.details.name });
}

function reasonOf(code: number, status: Status | undefined): StoreErrorReason {
  const has = (cause: string): boolean => status?.details?.causes?.some(({ reason }) => reason === cause) ?? false;
  // etcd's own words come through when the list is read at exactly that revision.
  if (has('ResourceVersionTooLarge') || (code === 500 && FUTURE.test(status?.message ?? ''))) return 'FutureVersion';
  switch (code) {
    case 404: return 'NotFound';
    case 409: return status?.reason === 'AlreadyExists' ? 'AlreadyExists' : 'Conflict';
    case 410: return 'Expired';
    case 400:
    case 405:
    case 406:
    case 413:
    case 415:
    case 422: return 'Invalid';
    // A namespace that ends takes in nothing new. What a role forbids may be allowed later.
    case 403: return has('NamespaceTerminating') ? 'Invalid' : 'Unavailable';
    default: return 'Unavailable';
  }
}

const FUTURE = /required revision is a future revision/;

/** Whether the same request may be answered otherwise in a while. */
export function mayPass(code: number, body?: unknown): boolean {
  return code === 429 || (code >= 500 && !(isStatus(body) && FUTURE.test(body.message ?? '')));
}

/** Milliseconds that the server asks to wait; undefined: it does not say. */
export function retryAfterMs(header: string | string[] | undefined, body: unknown): number | undefined {
  const text = Array.isArray(header) ? header[0] : header;
  const seconds = text !== undefined && /^\d{1,6}$/.test(text) ? Number(text) : isStatus(body) ? body.details?.retryAfterSeconds : undefined;
  return seconds === undefined ? undefined : seconds * 1000;
}
