/** What every verb is given. */
import type { IncomingMessage, ServerResponse } from 'node:http';

import type { FieldError } from '../../../crds/admission';
import type { KubeObject, ResourceName } from '../../../crds/meta';
import type { Identity } from '../../auth/identity';
import { StoreError, type ObjectStore } from '../../store/store';
import type { Encoder } from '../codec/encode';
import type { AnswerForm } from '../http/accept';
import { fromStoreError, notFound, type ApiError } from '../http/errors';
import type { ApiMetrics } from '../metrics';
import type { Resource } from '../resources/resource';
import type { TableRenderer } from '../table/table';
import type { DeletionRuns } from './deletion-runs';
import type { FanOut } from './fan-out';
import type { FieldManagers } from './field-managers';
import type { KeyedLocks } from './locks';
import type { OpenWatches } from './open-watches';
import type { WatchMemory } from './watch-memory';

/** Rules that a schema cannot say. `old` is absent on create. Pure; must not change its arguments. */
export type Admit = (resource: ResourceName, object: KubeObject, old?: KubeObject) => readonly FieldError[];

/** Refuses a write that its writer may not make although it may write such objects (granting rights it does not have). @throws ApiError */
export type Guard = (request: ResourceRequest, object: KubeObject, old?: KubeObject) => void;

/** Shared by all requests. */
export interface ApiContext {
  store: ObjectStore;
  encoder: Encoder;
  admit: Admit;
  /** Whether `admit` says all that the CEL rules in this resource's definition say: then those are not evaluated too. */
  admitsRules: (resource: ResourceName) => boolean;
  guard: Guard;
  metrics: ApiMetrics;
  renderer: (resource: Resource) => TableRenderer;
  fieldManagers: FieldManagers;
  locks: KeyedLocks;
  openWatches: OpenWatches;
  deletionRuns: DeletionRuns;
  watchMemory: WatchMemory;
  fanOut: FanOut;
  /** Told of what failed here and not by a client's fault, and has no answer that it could be told in. */
  onError: (error: unknown) => void;
  now: () => number;
  /** In [0, 1). */
  random: () => number;
}

export interface ResourceRequest {
  req: IncomingMessage;
  res: ServerResponse;
  resource: Resource;
  /** '' for cluster scope, or all namespaces. */
  namespace: string;
  /** '' for the collection. */
  name: string;
  subresource: string;
  /** Whether the path itself asks for a watch. */
  watchPath: boolean;
  query: URLSearchParams;
  identity: Identity;
  form: AnswerForm;
  /** What came with it; nothing of a request that only reads. @throws ApiError 413 */
  body: () => Buffer;
  /** To be called with each piece of an answer that waits for its client. */
  onPiece: () => void;
}

/** The stored object. @throws ApiError 404 */
export async function getExisting(context: ApiContext, { resource, namespace, name }: ResourceRequest): Promise<KubeObject> {
  const object = await context.store.get(resource.name, namespace, name);
  if (!object) throw notFound(resource, name);
  return object;
}

/** Runs a store call; a StoreError becomes the answer that it means. */
export async function storing<T>(request: Pick<ResourceRequest, 'resource' | 'name'>, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw asApiError(error, request);
  }
}

export function asApiError(error: unknown, { resource, name }: Pick<ResourceRequest, 'resource' | 'name'>): ApiError | unknown {
  return error instanceof StoreError ? fromStoreError(error, resource, error.details.name ?? name) : error;
}
