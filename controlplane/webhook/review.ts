/**
 * One AdmissionReview (admission.k8s.io/v1) and the answer to it. Pure: a dry run is answered as any other.
 *
 * Refused is what neither the schema nor CEL of the definitions can say (`@ClassCheck`), with the same fields and words as the embedded
 * server. What an update leaves as it was is not held against it, so that finalizers and labels of an object that was stored before a
 * check existed can still change, and nothing is asked of an object that is being deleted.
 */
import { admitChecks, formatFieldError, type FieldError } from '../../crds/admission';
import { sameJson } from '../../crds/schema/same-json';

export interface AdmissionResponse {
  uid: string;
  allowed: boolean;
  status?: object;
}

export interface AdmissionReview {
  apiVersion: string;
  kind: string;
  response: AdmissionResponse;
}

/** The body is no AdmissionReview that can be answered. */
export class MalformedReview extends Error {}

const API_VERSION = 'admission.k8s.io/v1';
const MAX_UID_CHARS = 256;

interface Request {
  uid: string;
  resource: { group: string; resource: string };
  kind: string;
  name: string;
  subResource: string;
  operation: string;
  object: unknown;
  oldObject: unknown;
}

/** @throws MalformedReview */
export function answerReview(review: unknown): AdmissionReview {
  const request = requestOf(review);
  const errors = problemsOf(request);
  const response: AdmissionResponse = { uid: request.uid, allowed: errors.length === 0, ...(errors.length > 0 && { status: statusOf(request, errors) }) };
  return { apiVersion: API_VERSION, kind: 'AdmissionReview', response };
}

function problemsOf({ resource, subResource, operation, object, oldObject }: Request): FieldError[] {
  if ((operation !== 'CREATE' && operation !== 'UPDATE') || subResource !== '' || !isRecord(object)) return [];
  if (isRecord(object.metadata) && object.metadata.deletionTimestamp) return [];
  if (operation === 'UPDATE' && isRecord(oldObject) && sameJson(object.spec, oldObject.spec)) return [];
  return admitChecks(`${resource.resource}.${resource.group}`, object);
}

/** As the API server says that an object is invalid. */
function statusOf({ resource, kind, name }: Request, errors: readonly FieldError[]): object {
  const lines = errors.map(formatFieldError);
  const causes = errors.map(({ field, type }, index) => ({ reason: `FieldValue${type}`, message: lines[index].slice(field.length + 2), field }));
  const all = lines.length === 1 ? lines[0] : `[${lines.join(', ')}]`;
  return {
    apiVersion: 'v1',
    kind: 'Status',
    metadata: {},
    status: 'Failure',
    message: `${kind}.${resource.group} ${JSON.stringify(name)} is invalid: ${all}`,
    reason: 'Invalid',
    details: { name, group: resource.group, kind, causes },
    code: 422,
  };
}

function requestOf(review: unknown): Request {
  if (!isRecord(review) || review.kind !== 'AdmissionReview') throw new MalformedReview('the body is no AdmissionReview');
  if (review.apiVersion !== API_VERSION) throw new MalformedReview(`the AdmissionReview must be of ${API_VERSION}`);
  const { request } = review;
  if (!isRecord(request)) throw new MalformedReview('the AdmissionReview has no request');
  const { uid, resource, kind, object, oldObject } = request;
  if (typeof uid !== 'string' || uid === '' || uid.length > MAX_UID_CHARS) throw new MalformedReview('request.uid must be a text');
  if (!isRecord(resource) || typeof resource.group !== 'string' || typeof resource.resource !== 'string') throw new MalformedReview('request.resource must have group, version and resource');
  const text = (value: unknown): string => (typeof value === 'string' ? value : '');
  const metadata = isRecord(object) && isRecord(object.metadata) ? object.metadata : {};
  return {
    uid,
    resource: { group: resource.group, resource: resource.resource },
    kind: isRecord(kind) ? text(kind.kind) : '',
    name: text(request.name) || text(metadata.name) || text(metadata.generateName),
    subResource: text(request.subResource),
    operation: text(request.operation),
    object,
    oldObject,
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
