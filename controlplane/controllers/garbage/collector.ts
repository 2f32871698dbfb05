/**
 * Deletes what nobody owns any more (metadata.ownerReferences), for any resources, in the background.
 *
 * ```
 *  owner deleted ─────────────────────────────► its dependents are looked at
 *  owner held by finalizer foregroundDeletion ─► its dependents are looked at; the finalizer goes when none is left that blocks it
 *  owner held by finalizer orphan ─────────────► the reference is taken out of dependents; then the finalizer goes
 * ```
 * What becomes of a dependent is decided in plan.ts. Nothing is deleted out of ignorance: an owner of a kind that is not collected is
 * taken to exist, and one that is not in the cache is asked for in the store first. Deletions name what was judged, by uid and version, and
 * go in batches of about MAX_BATCH. After every OWNERS_PER_TURN owners others get their turn of the event loop; what changed meanwhile is looked at
 * again. An object is looked at for those of its owners that are not there as they should be: not for each of the others too.
 */
import { setImmediate } from 'node:timers/promises';

import type { KubeObject, OwnerReference, ResourceName } from '../../../crds/meta';
import { isDeleting } from '../../../crds/status';
import type { ObjectStore, Operation } from '../../store/store';
import type { Clock } from '../runtime/clock';
import { Controller, type ControllerMetrics } from '../runtime/controller';
import { keyOf, splitKey, type Change } from '../runtime/reflector';
import { blocks, FOREGROUND, fateOf, inForeground, isWaiting, ORPHAN, withoutOwners, type Fate, type OwnerState } from './plan';

export const MAX_BATCH = 500;
export const OWNERS_PER_TURN = 500;

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
  /** Objects that stay because of an owner of which nothing is known, until a kind comes or goes. */
  private ofUnknown = new WeakSet<KubeObject>();
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
    this.ofUnknown = new WeakSet();
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
    this.ofUnknown = new WeakSet();
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
      if (this.cached(owner, object) === undefined || this.held.has(owner.uid)) this.controller.queue.add(owner.uid);
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
    await this.collect(ownerUid);
  }

  /** Lets an owner go that waits for its dependents. */
  private async release({ resource }: Dependent, owner: KubeObject): Promise<void> {
    const { uid = '', finalizers = [] } = owner.metadata;
    const orphan = finalizers.includes(ORPHAN);
    if (orphan ? await this.orphan(uid) : await this.collect(uid)) return;
    if (!orphan && this.present(uid).some(({ object }) => blocks(object, uid))) return;
    const kept = finalizers.filter((each) => each !== (orphan ? ORPHAN : FOREGROUND));
    const update: Operation = { verb: 'update', resource: resource.resource, object: { ...owner, metadata: { ...owner.metadata, finalizers: kept } } };
    if (await this.write([update])) this.controller.queue.add(uid);
  }

  /** Takes the owner out of its dependents. @returns whether there were any */
  private async orphan(uid: string): Promise<boolean> {
    const dependents = this.present(uid);
    const late = await this.write(dependents.slice(0, MAX_BATCH).map(({ resource, object }) => ({ verb: 'update', resource: resource.resource, object: withoutOwners(object, [uid]) })));
    if (late || dependents.length > MAX_BATCH) this.controller.queue.add(uid);
    return dependents.length > 0;
  }

  /** Does with each dependent of an owner what its owners demand. @returns whether some are left for another time */
  private async collect(uid: string): Promise<boolean> {
    const operations: Operation[] = [];
    const states = new Map<string, OwnerState>();
    const { ofUnknown } = this;
    let left = false;
    let asked = 0;
    const stateOf = async (owner: OwnerReference, object: KubeObject): Promise<OwnerState> => {
      const key = stateKey(owner, object);
      const state = states.get(key) ?? (await this.stateOf(owner, object));
      states.set(key, state);
      if (++asked % OWNERS_PER_TURN === 0) await setImmediate();
      return state;
    };
    for (const { resource, object } of this.present(uid)) {
      // Deleted objects leave `dependents` as the caches hear of it; what is left over is looked at again then.
      if (operations.length >= MAX_BATCH) {
        await this.write(operations);
        this.controller.queue.add(uid);
        return true;
      }
      if (isDeleting(object) || ofUnknown.has(object)) continue;
      const { ownerReferences = [] } = object.metadata;
      // This owner first: when it is there and stays, others that are not are looked after for themselves.
      const needed = await firstState(ownerReferences.filter((owner) => owner.uid === uid), (owner) => stateOf(owner, object), (state) => state !== 'solid');
      if (!needed) continue;
      const unknown = await firstState(ownerReferences, (owner) => stateOf(owner, object), (state) => state === 'unknown');
      if (unknown) {
        ofUnknown.add(object);
        continue;
      }
      if (resource.cache.getByKey(keyOf(object)) !== object) {
        left = true;
        continue;
      }
      const own = this.present(object.metadata.uid ?? '');
      const fate = fateOf(object, (owner) => states.get(stateKey(owner, object)) ?? 'unknown', { any: own.length > 0, waiting: own.some((each) => isWaiting(each.object)) });
      operations.push(...operationsFor(fate, resource, object));
    }
    left = (await this.write(operations)) || left;
    if (left) this.controller.queue.add(uid);
    return left;
  }

  /** The dependents of an owner that are there. */
  private present(uid: string): { resource: CollectedResource; object: KubeObject }[] {
    return [...(this.dependents.get(uid)?.values() ?? [])].flatMap(({ resource, key }) => {
      const object = resource.cache.getByKey(key);
      return object ? [{ resource, object }] : [];
    });
  }

  /** @returns whether something was changed since it was judged, and is to be looked at again */
  private async write(operations: Operation[]): Promise<boolean> {
    if (operations.length === 0) return false;
    let late = false;
    for (const outcome of await this.options.store.batch(operations)) {
      if (outcome.ok || outcome.error.reason === 'NotFound') continue;
      if (outcome.error.reason !== 'Conflict') throw outcome.error;
      late = true;
    }
    return late;
  }

  private async stateOf(owner: OwnerReference, dependent: KubeObject): Promise<OwnerState> {
    const resource = this.byKind.get(kindKey(owner));
    // What has no namespace cannot be owned by what has one: it says nothing of where that is.
    if (!resource || (resource.namespaced && !dependent.metadata.namespace)) return 'unknown';
    const cached = this.cached(owner, dependent);
    const found = typeof cached === 'object' ? cached : await this.options.store.get(resource.resource, resource.namespaced ? (dependent.metadata.namespace ?? '') : '', owner.name);
    if (found?.metadata.uid !== owner.uid) return 'dangling';
    return isWaiting(found) ? 'waiting' : 'solid';
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

/** The first state that is looked for; owners after it are not asked for. */
async function firstState(owners: readonly OwnerReference[], stateOf: (owner: OwnerReference) => Promise<OwnerState>, isSought: (state: OwnerState) => boolean): Promise<OwnerState | undefined> {
  for (const owner of owners) {
    const state = await stateOf(owner);
    if (isSought(state)) return state;
  }
  return undefined;
}

/** The version is left out: an owner is the same in every version of its API. */
const kindKey = ({ apiVersion, kind }: { apiVersion: string; kind: string }): string => `${apiVersion.split('/').slice(0, -1).join('/')}/${kind}`;
const linkKey = ({ resource, key }: Dependent): string => `${resource.resource} ${key}`;

const deletion = ({ resource }: CollectedResource, object: KubeObject, resourceVersion?: string): Extract<Operation, { verb: 'delete' }> => {
  const { namespace, name } = splitKey(keyOf(object));
  const { uid } = object.metadata;
  return { verb: 'delete', resource, namespace, name, preconditions: { ...(uid && { uid }), ...(resourceVersion && { resourceVersion }) } };
};

/** Owners are looked for in the namespace of their dependent. */
const stateKey = ({ uid, name, kind }: OwnerReference, { metadata: { namespace = '' } }: KubeObject): string => `${namespace} ${kind} ${name} ${uid}`;

function operationsFor(fate: Fate, resource: CollectedResource, object: KubeObject): Operation[] {
  switch (fate.kind) {
    case 'keep':
      return [];
    case 'unlink':
      return [{ verb: 'update', resource: resource.resource, object: withoutOwners(object, fate.owners) }];
    case 'delete':
      // Only as it was judged: its owners may have been changed since.
      if (!fate.foreground) return [deletion(resource, object, object.metadata.resourceVersion)];
      return [{ verb: 'update', resource: resource.resource, object: inForeground(object, fate.unblock) }, { ...deletion(resource, object), follows: true }];
  }
}
