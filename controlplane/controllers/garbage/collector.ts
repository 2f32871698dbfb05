/**
 * Deletes what nobody owns any more (metadata.ownerReferences), for any resources, in the background.
 *
 * ```
 *  owner deleted ─────────────────────────────► its dependents are looked at
 *  owner held by finalizer foregroundDeletion ─► dependents deleted; the finalizer goes when none is left
 *  owner held by finalizer orphan ─────────────► the reference is taken out of dependents; then the finalizer goes
 * ```
 * A dependent goes when none of its owners exists. An owner of a kind that is not collected is taken to exist: nothing is deleted
 * out of ignorance; and one that is not in the cache is asked for in the store first. Deletions name the uid that was judged, and
 * go in batches of at most MAX_BATCH.
 */
import type { KubeObject, OwnerReference, ResourceName } from '../../../crds/meta';
import { isDeleting } from '../../../crds/status';
import type { ObjectStore, Operation } from '../../store/store';
import type { Clock } from '../runtime/clock';
import { Controller, type ControllerMetrics } from '../runtime/controller';
import { keyOf, splitKey, type Change } from '../runtime/reflector';

export const MAX_BATCH = 500;
const FOREGROUND = 'foregroundDeletion';
const ORPHAN = 'orphan';

/** What the collector needs of a reflector of any object. */
export interface ObjectCache {
  getByKey(key: string): KubeObject | undefined;
  values(): Iterable<KubeObject>;
  onChange(handler: (changes: readonly Change<KubeObject>[]) => void): () => void;
}

export interface CollectedResource {
  resource: ResourceName;
  /** As owner references name it: `<group>/<version>` or `v1`, and kind. */
  apiVersion: string;
  kind: string;
  namespaced: boolean;
  cache: ObjectCache;
}

export interface GarbageCollectorOptions {
  store: ObjectStore;
  resources: readonly CollectedResource[];
  metrics?: ControllerMetrics;
  clock?: Clock;
  onError?: (error: unknown, key: string) => void;
}

interface Dependent {
  resource: CollectedResource;
  key: string;
}

export class GarbageCollector {
  private readonly controller: Controller;
  /** Owner's uid → its dependents by `<resource> <key>`. */
  private readonly dependents = new Map<string, Map<string, Dependent>>();
  /** What is collected, and how to stop hearing of it. */
  private readonly collected = new Map<ResourceName, () => void>();
  private readonly byKind = new Map<string, CollectedResource>();
  /** Owners that are held by a finalizer of ours. */
  private readonly held = new Map<string, Dependent>();

  constructor(private readonly options: GarbageCollectorOptions) {
    this.controller = new Controller({
      name: 'garbage',
      reconcile: (ownerUid) => this.reconcile(ownerUid),
      concurrency: 4,
      keys: () => [...this.dependents.keys(), ...this.held.keys()],
      ...(options.metrics && { metrics: options.metrics }),
      ...(options.clock && { clock: options.clock }),
      ...(options.onError && { onError: options.onError }),
    });
  }

  /** The caches must have synced. */
  start(): void {
    // Owners are only judged when all kinds are known.
    for (const resource of this.options.resources) this.byKind.set(kindKey(resource), resource);
    for (const resource of this.options.resources) this.add(resource);
    this.controller.start();
  }

  /** Collects one more resource, whose cache has synced. What is owned by objects of its kind is looked at again. */
  add(resource: CollectedResource): void {
    this.byKind.set(kindKey(resource), resource);
    for (const object of resource.cache.values()) this.seen(resource, object, undefined);
    this.collected.set(resource.resource, resource.cache.onChange((changes) => {
      for (const { type, object, old } of changes) {
        if (type === 'DELETED') this.gone(resource, object);
        else this.seen(resource, object, old);
      }
    }));
    for (const uid of this.dependents.keys()) this.controller.queue.add(uid);
  }

  /** Forgets a resource: owners of its kind are taken to exist from now on. */
  remove(name: ResourceName): void {
    this.collected.get(name)?.();
    this.collected.delete(name);
    for (const [key, { resource }] of this.byKind) if (resource === name) this.byKind.delete(key);
    for (const [uid, known] of this.dependents) {
      for (const [key, { resource }] of known) if (resource.resource === name) known.delete(key);
      if (known.size === 0) this.dependents.delete(uid);
    }
    for (const [uid, { resource }] of this.held) if (resource.resource === name) this.held.delete(uid);
  }

  async stop(): Promise<void> {
    for (const unsubscribe of this.collected.values()) unsubscribe();
    this.collected.clear();
    await this.controller.stop();
  }

  private seen(resource: CollectedResource, object: KubeObject, old: KubeObject | undefined): void {
    const { uid = '', ownerReferences, finalizers, deletionTimestamp } = object.metadata;
    const dependent: Dependent = { resource, key: keyOf(object) };
    if (deletionTimestamp && finalizers?.some((each) => each === FOREGROUND || each === ORPHAN)) {
      this.held.set(uid, dependent);
      this.controller.queue.add(uid);
    }
    if (old?.metadata.ownerReferences === ownerReferences && old) return;
    if (old) this.unlink(resource, old);
    for (const owner of ownerReferences ?? []) {
      const known = this.dependents.get(owner.uid);
      if (known) known.set(linkKey(dependent), dependent);
      else this.dependents.set(owner.uid, new Map([[linkKey(dependent), dependent]]));
      if (this.cached(owner, object) === undefined) this.controller.queue.add(owner.uid);
    }
  }

  private gone(resource: CollectedResource, object: KubeObject): void {
    const { uid = '' } = object.metadata;
    this.held.delete(uid);
    this.unlink(resource, object);
    if (this.dependents.has(uid)) this.controller.queue.add(uid);
  }

  private unlink(resource: CollectedResource, object: KubeObject): void {
    for (const { uid } of object.metadata.ownerReferences ?? []) {
      const known = this.dependents.get(uid);
      known?.delete(linkKey({ resource, key: keyOf(object) }));
      if (known?.size === 0) this.dependents.delete(uid);
      if (this.held.has(uid)) this.controller.queue.add(uid);
    }
  }

  private async reconcile(ownerUid: string): Promise<void> {
    const held = this.held.get(ownerUid);
    const owner = held && held.resource.cache.getByKey(held.key);
    if (owner?.metadata.uid === ownerUid) return this.release(held!, owner);
    const operations: Operation[] = [];
    let more = false;
    const gone = new Map<string, boolean>();
    for (const { resource, key } of this.dependents.get(ownerUid)?.values() ?? []) {
      if (operations.length >= MAX_BATCH) {
        more = true;
        break;
      }
      const object = resource.cache.getByKey(key);
      if (object && !isDeleting(object) && await this.isOrphaned(object, gone)) operations.push(deletion(resource, object));
    }
    await this.write(operations);
    // Deleted objects leave `dependents` as the caches hear of it; what is left over is looked at again then.
    if (more) this.controller.queue.add(ownerUid);
  }

  /** Lets an owner go that waits for its dependents. */
  private async release({ resource }: Dependent, owner: KubeObject): Promise<void> {
    const { uid = '', finalizers = [] } = owner.metadata;
    const orphan = finalizers.includes(ORPHAN);
    const operations: Operation[] = [];
    let left = 0;
    for (const dependent of this.dependents.get(uid)?.values() ?? []) {
      const object = dependent.resource.cache.getByKey(dependent.key);
      if (!object) continue;
      left += 1;
      if (operations.length >= MAX_BATCH) break;
      if (orphan) operations.push({ verb: 'update', resource: dependent.resource.resource, object: withoutOwner(object, uid) });
      else if (!isDeleting(object)) operations.push(deletion(dependent.resource, object));
    }
    if (left > 0) {
      await this.write(operations);
      if (operations.length >= MAX_BATCH) this.controller.queue.add(uid);
      return;
    }
    const kept = finalizers.filter((each) => each !== FOREGROUND && each !== ORPHAN);
    await this.write([{ verb: 'update', resource: resource.resource, object: { ...owner, metadata: { ...owner.metadata, finalizers: kept } } }]);
  }

  private async write(operations: Operation[]): Promise<void> {
    if (operations.length === 0) return;
    const failed = (await this.options.store.batch(operations)).find((each) => !each.ok && each.error.reason !== 'NotFound');
    if (failed && !failed.ok) throw failed.error;
  }

  /** None of its owners exists. */
  private async isOrphaned(object: KubeObject, gone: Map<string, boolean>): Promise<boolean> {
    const owners = object.metadata.ownerReferences ?? [];
    for (const owner of owners) {
      let missing = gone.get(owner.uid);
      if (missing === undefined) {
        missing = await this.isMissing(owner, object);
        gone.set(owner.uid, missing);
      }
      if (!missing) return false;
    }
    return owners.length > 0;
  }

  private async isMissing(owner: OwnerReference, dependent: KubeObject): Promise<boolean> {
    if (this.cached(owner, dependent) !== undefined) return false;
    const resource = this.byKind.get(kindKey(owner));
    if (!resource) return false;
    const stored = await this.options.store.get(resource.resource, resource.namespaced ? (dependent.metadata.namespace ?? '') : '', owner.name);
    return stored?.metadata.uid !== owner.uid;
  }

  /** The owner, or true when its kind is not collected; undefined when the cache has no such object. */
  private cached(owner: OwnerReference, dependent: KubeObject): KubeObject | true | undefined {
    const resource = this.byKind.get(kindKey(owner));
    if (!resource) return true;
    const namespace = resource.namespaced ? dependent.metadata.namespace : undefined;
    const found = resource.cache.getByKey(namespace ? `${namespace}/${owner.name}` : owner.name);
    return found?.metadata.uid === owner.uid ? found : undefined;
  }
}

/** The version is left out: an owner is the same in every version of its API. */
const kindKey = ({ apiVersion, kind }: { apiVersion: string; kind: string }): string => `${apiVersion.split('/').slice(0, -1).join('/')}/${kind}`;
const linkKey = ({ resource, key }: Dependent): string => `${resource.resource} ${key}`;

const deletion = ({ resource }: CollectedResource, object: KubeObject): Operation => {
  const { namespace, name } = splitKey(keyOf(object));
  return { verb: 'delete', resource, namespace, name, ...(object.metadata.uid && { preconditions: { uid: object.metadata.uid } }) };
};

function withoutOwner(object: KubeObject, uid: string): KubeObject {
  const { ownerReferences = [], ...metadata } = object.metadata;
  const left = ownerReferences.filter((each) => each.uid !== uid);
  return { ...object, metadata: { ...metadata, ...(left.length > 0 && { ownerReferences: left }) } };
}
