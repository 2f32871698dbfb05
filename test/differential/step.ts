/**
 * One request of the corpus, and how the topics write it.
 *
 * `${ns}` in a path, a header or a body is the sequence's own namespace; `${x}` is what an earlier step of the sequence captured as `x`.
 */

/** What is read out of an answer's JSON for later steps: name → dotted path (`metadata.resourceVersion`, `items.0.metadata.uid`). */
export type Captures = Record<string, string>;

export interface StepOptions {
  headers?: Record<string, string>;
  /** '' sends none; absent: the administrator's. */
  token?: string;
  capture?: Captures;
  /** Reduces the JSON of an answer that is no refusal to what both servers have in common: for documents that list everything a server has. */
  pick?: (body: unknown) => unknown;
  /** Asks again until this code comes, at most ten seconds: for what takes effect a moment later. */
  until?: number;
}

export interface Step extends StepOptions {
  /** Unique in its sequence. */
  label: string;
  method: string;
  path: string;
  /** Sent as JSON, unless it is text or bytes already. Nothing is put into bytes. */
  body?: unknown;
}

/** Requests that run in order on both servers, in a namespace of their own. */
export interface Sequence {
  /** Unique; a DNS label. */
  name: string;
  /** The sequence whose known differences are this one's too. */
  like?: string;
  steps: Step[];
}

export const TYPES = {
  json: 'application/json',
  yaml: 'application/yaml',
  merge: 'application/merge-patch+json',
  jsonPatch: 'application/json-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
  protobuf: 'application/vnd.kubernetes.protobuf',
} as const;

export const TABLE = { Accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' };
export const PARTIAL = { Accept: 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io' };
export const PARTIAL_LIST = { Accept: 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io' };

type Make = (label: string, path: string, body?: unknown, options?: StepOptions) => Step;

const step =
  (method: string, type: string): Make =>
  (label, path, body, options = {}) => ({
    label, method, path, ...options,
    ...(body !== undefined && { body }),
    headers: { ...(body !== undefined && { 'Content-Type': type }), ...options.headers },
  });

export const get = (label: string, path: string, options: StepOptions = {}): Step => ({ label, method: 'GET', path, ...options });
export const post = step('POST', TYPES.json);
export const put = step('PUT', TYPES.json);
export const del = step('DELETE', TYPES.json);
export const merge = step('PATCH', TYPES.merge);
export const jsonPatch = step('PATCH', TYPES.jsonPatch);
export const strategic = step('PATCH', TYPES.strategic);
export const apply = step('PATCH', TYPES.apply);
export const postYaml = step('POST', TYPES.yaml);
/** Any other method or media type. */
export const call = (method: string, type: string, ...rest: Parameters<Make>): Step => step(method, type)(...rest);

/** Labels by number, for tables of many alike. */
export const table = <Row extends readonly unknown[]>(rows: readonly Row[], make: (...row: Row) => Step): Step[] => rows.map((row) => make(...row));
