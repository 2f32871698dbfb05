/**
 * The ObjectStore over a real Kubernetes API.
 *
 * What differs from SQLite, within the port's promises
 * - Writes of one batch become durable one by one, in parallel; those of one object in the order given. A batch rejects only when every
 *   one of its writes failed for want of the API; otherwise each outcome stands for itself, and may be Unavailable.
 * - A write without resourceVersion is a read and a compare-and-swap, repeated while others are faster: a custom resource wants it so.
 * - Of an object deleted in a batch the outcome holds only its names; a single `delete` reads it before.
 * - A watch tells of a refused revision by `end`.
 * - Selecting by fields other than metadata.name and metadata.namespace is done here when the API cannot, and only for lists.
 */
import type { KubeObject, ResourceName } from '../../../crds/meta';
import {
  StoreError, type DeleteResult, type ListOptions, type ListResult, type ObjectStore, type Operation, type Outcome, type Preconditions, type Watch, type WatchHandler,
  type WatchOptions,
} from '../store';
import type { KubeApi } from './api';
import { errorOf } from './errors';
import { list, REVISION } from './list';
import { apiVersionOf, collectionPath, complete, objectPath, splitSelection, type ClusterResource } from './resources';
import { ClusterWatch } from './watch';

export interface ClusterStoreOptions {
  api: KubeApi;
  resources: Iterable<ClusterResource>;
  /** Owner of what is written, in managedFields. */
  fieldManager?: string;
  random?: () => number;
  delay?: (ms: number) => Promise<void>;
  /** A watch that is silent for so long is opened anew. */
  watchIdleMs?: number;
  onRetry?: (what: string, why: string) => void;
}

const MAX_ROUNDS = 10;
const sleep = (ms: number): Promise<void> => new Promise((resolve) => { setTimeout(resolve, ms).unref(); });

export class ClusterObjectStore implements ObjectStore {
  private readonly api: KubeApi;
  private readonly resources = new Map<ResourceName, ClusterResource>();
  private readonly newest = new Map<ResourceName, { revision: bigint }>();
  private readonly features = { watchList: true };
  private readonly watches = new Set<Watch>();

  constructor(private readonly options: ClusterStoreOptions) {
    this.api = options.api;
    for (const resource of options.resources) this.resources.set(resource.name, resource);
  }

  /** Ends all watches silently, cuts what is under way and lets nothing more through. */
  close(why?: string): void {
    for (const watch of this.watches) watch.stop();
    this.watches.clear();
    this.api.close(why);
  }

  async get<T extends KubeObject>(name: ResourceName, namespace: string, object: string): Promise<T | undefined> {
    const resource = this.resource(name);
    const path = objectPath(resource, namespace, object);
    const { status, body } = await this.api.request({ method: 'GET', path });
    if (status === 404) return undefined;
    if (status >= 400) throw errorOf(status, body, `get ${path}`);
    return this.seen(resource, body as T);
  }

  async list<T extends KubeObject>(name: ResourceName, options: ListOptions = {}): Promise<ListResult<T>> {
    const result = await list<T>(this.api, this.resource(name), options);
    this.raise(name, result.resourceVersion);
    return result;
  }

  watch<T extends KubeObject>(name: ResourceName, options: WatchOptions, handler: WatchHandler<T>): Watch {
    const resource = this.resource(name);
    const { resourceVersion } = options;
    if (resourceVersion !== undefined && !REVISION.test(resourceVersion)) {
      throw new StoreError('Invalid', `resourceVersion: ${JSON.stringify(resourceVersion)} is no revision`, { resource: name });
    }
    const { rest } = splitSelection(resource, options);
    if (rest.length > 0) throw new StoreError('Invalid', `the cluster's API cannot watch ${name} by ${rest.map(({ path }) => path).join(', ')}: select by metadata.name or labels`, { resource: name });
    const { random = Math.random, delay = sleep, watchIdleMs = 120_000, onRetry } = this.options;
    const watch = new ClusterWatch<T>(
      { api: this.api, resource, features: this.features, newest: this.newestOf(name), random, delay, idleMs: watchIdleMs, ...(onRetry && { onRetry }) },
      options,
      { events: (batch) => handler.events(batch), end: (error) => { this.watches.delete(watch); handler.end(error); } },
    );
    this.watches.add(watch);
    watch.start();
    return { stop: () => { this.watches.delete(watch); watch.stop(); } };
  }

  async create<T extends KubeObject>(name: ResourceName, object: T): Promise<T> {
    const resource = this.resource(name);
    const { metadata } = object;
    if (!metadata.name && !metadata.generateName) throw new StoreError('Invalid', 'metadata.name: name or generateName must be set', { resource: name });
    if (metadata.resourceVersion !== undefined) throw new StoreError('Invalid', 'metadata.resourceVersion: must not be set on an object to be created', { resource: name, name: metadata.name });
    if (resource.namespaced && !metadata.namespace) throw new StoreError('Invalid', `metadata.namespace: must be set for ${name}`, { resource: name, name: metadata.name });
    const path = collectionPath(resource, metadata.namespace ?? '');
    const { status, body } = await this.api.request({ method: 'POST', path, query: this.manager, body: this.outgoing(resource, object) });
    if (status >= 400) throw errorOf(status, body, `create ${name} ${metadata.name ?? metadata.generateName}`);
    return this.seen(resource, body as T);
  }

  update<T extends KubeObject>(name: ResourceName, object: T): Promise<T> {
    return this.put(name, object, '');
  }

  updateStatus<T extends KubeObject>(name: ResourceName, object: T): Promise<T> {
    return this.put(name, object, this.resource(name).hasStatus ? 'status' : '');
  }

  async delete<T extends KubeObject>(name: ResourceName, namespace: string, object: string, preconditions: Preconditions = {}): Promise<DeleteResult<T>> {
    for (let round = 1; ; round += 1) {
      const current = await this.get<T>(name, namespace, object);
      if (!current) throw new StoreError('NotFound', `${name} ${JSON.stringify(object)} not found`, { resource: name, name: object });
      try {
        const left = await this.deleteNow<T>(name, namespace, object, { uid: current.metadata.uid, ...preconditions });
        return left ? { object: left, gone: false } : { object: current, gone: true };
      } catch (error) {
        const replaced = error instanceof StoreError && error.reason === 'Conflict' && preconditions.uid === undefined && preconditions.resourceVersion === undefined;
        if (!replaced || round >= MAX_ROUNDS) throw error;
      }
    }
  }

  async batch(operations: Operation[]): Promise<Outcome[]> {
    const outcomes: Outcome[] = Array.from({ length: operations.length });
    const chains = new Map<string, Promise<void>>();
    for (const [at, operation] of operations.entries()) {
      const run = async (): Promise<void> => {
        const previous = outcomes[at - 1] as Outcome | undefined;
        if (operation.verb === 'delete' && operation.follows && previous?.ok === false) {
          outcomes[at] = previous;
          return;
        }
        outcomes[at] = await this.operate(operation).then(
          (object) => ({ ok: true as const, object }),
          (error: unknown) => ({ ok: false as const, error: asStoreError(error) }),
        );
      };
      const key = keyOf(operation) ?? `#${at}`;
      const before = chains.get(key);
      chains.set(key, before ? before.then(run) : run());
    }
    await Promise.all(chains.values());
    const lost = outcomes.every((outcome) => !outcome.ok && outcome.error.reason === 'Unavailable');
    const first = outcomes[0];
    if (lost && first && !first.ok) throw first.error;
    return outcomes;
  }

  // ------------------------------------------------------------------ below

  private operate(operation: Operation): Promise<KubeObject> {
    switch (operation.verb) {
      case 'create': return this.create(operation.resource, operation.object);
      case 'update': return this.update(operation.resource, operation.object);
      case 'updateStatus': return this.updateStatus(operation.resource, operation.object);
      case 'delete': {
        const { resource, namespace, name, preconditions } = operation;
        const { kind } = this.resource(resource);
        return this.deleteNow(resource, namespace, name, preconditions ?? {})
          .then((left) => left ?? { apiVersion: apiVersionOf(this.resource(resource)), kind, metadata: { name, ...(namespace !== '' && { namespace }) } });
      }
      default: return operation satisfies never;
    }
  }

  /** With a revision: compare-and-swap. Without: of what is read now, until nobody is faster. */
  private async put<T extends KubeObject>(name: ResourceName, object: T, subresource: string): Promise<T> {
    const resource = this.resource(name);
    const { namespace = '', name: objectName, uid } = object.metadata;
    const path = objectPath(resource, namespace, objectName, subresource);
    for (let round = 1; ; round += 1) {
      let { resourceVersion } = object.metadata;
      const free = resourceVersion === undefined;
      if (free) {
        const current = await this.get(name, namespace, objectName);
        if (!current) throw new StoreError('NotFound', `${name} ${JSON.stringify(objectName)} not found`, { resource: name, name: objectName });
        if (uid !== undefined && uid !== current.metadata.uid) throw new StoreError('Conflict', `${name} ${JSON.stringify(objectName)} has uid ${current.metadata.uid}, not ${uid}`, { resource: name, name: objectName });
        resourceVersion = current.metadata.resourceVersion;
      }
      const { status, body } = await this.api.request({ method: 'PUT', path, query: this.manager, body: this.outgoing(resource, object, resourceVersion) });
      if (status < 400) return this.seen(resource, body as T);
      if (status !== 409 || !free || round >= MAX_ROUNDS) throw errorOf(status, body, `update ${name} ${objectName}`);
    }
  }

  /** @returns the object when finalizers hold it */
  private async deleteNow<T extends KubeObject>(name: ResourceName, namespace: string, object: string, preconditions: Preconditions): Promise<T | undefined> {
    const resource = this.resource(name);
    const path = objectPath(resource, namespace, object);
    const options = { kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy: 'Background', preconditions };
    const { status, body, repeated } = await this.api.request({ method: 'DELETE', path, body: options });
    // Our own first try may have done it.
    if (status === 404 && repeated) return undefined;
    if (status >= 400) throw errorOf(status, body, `delete ${name} ${object}`);
    const left = body as T & { kind: string };
    return left.kind !== 'Status' && left.metadata.deletionTimestamp !== undefined && (left.metadata.finalizers?.length ?? 0) > 0 ? this.seen(resource, left) : undefined;
  }

  private get manager(): Record<string, string> {
    return { fieldManager: this.options.fieldManager ?? 'gleaner' };
  }

  /** Without what the API keeps itself: it refuses some of it, and keeps managedFields of the writers that it sees. */
  private outgoing<T extends KubeObject>(resource: ClusterResource, object: T, resourceVersion?: string): unknown {
    const { creationTimestamp: _c, deletionTimestamp: _d, deletionGracePeriodSeconds: _g, generation: _n, managedFields: _m, resourceVersion: _r, ...metadata } = object.metadata;
    return { ...object, apiVersion: apiVersionOf(resource), kind: resource.kind, metadata: resourceVersion === undefined ? metadata : { ...metadata, resourceVersion } };
  }

  private seen<T extends KubeObject>(resource: ClusterResource, object: T): T {
    this.raise(resource.name, object.metadata.resourceVersion);
    return complete(resource, object);
  }

  private raise(name: ResourceName, resourceVersion: string | undefined): void {
    const newest = this.newestOf(name);
    const revision = BigInt(resourceVersion ?? 0);
    if (revision > newest.revision) newest.revision = revision;
  }

  private newestOf(name: ResourceName): { revision: bigint } {
    let newest = this.newest.get(name);
    if (!newest) this.newest.set(name, newest = { revision: 0n });
    return newest;
  }

  private resource(name: ResourceName): ClusterResource {
    const resource = this.resources.get(name);
    if (!resource) throw new StoreError('Invalid', `this store does not know the resource ${JSON.stringify(name)}`, { resource: name });
    return resource;
  }
}

/** Operations of one key are done one after another; undefined: a name that is yet to be made. */
function keyOf(operation: Operation): string | undefined {
  if (operation.verb === 'delete') return `${operation.resource} ${operation.namespace}/${operation.name}`;
  const { namespace = '', name } = operation.object.metadata;
  return name ? `${operation.resource} ${namespace}/${name}` : undefined;
}

function asStoreError(error: unknown): StoreError {
  return error instanceof StoreError ? error : new StoreError('Unavailable', String(error), {}, error);
}
