/**
 * Has the collector see every resource of the API, as resources come and go: each gets a cache of its own for as long as it is served.
 *
 * A resource is collected once its cache has synced; until then, owners of its kind are taken to exist.
 */
import type { KubeObject, ResourceName } from '../../../crds/meta';
import type { ObjectStore } from '../../store/store';
import type { Clock } from '../runtime/clock';
import { Reflector } from '../runtime/reflector';
import type { CollectedResource, GarbageCollector } from './collector';

export type CollectedKind = Omit<CollectedResource, 'cache'>;

export interface FollowedOptions {
  store: ObjectStore;
  collector: Pick<GarbageCollector, 'add' | 'remove'>;
  /** What is served now, without what the collector has from elsewhere. */
  kinds: () => readonly CollectedKind[];
  /** Calls the listener whenever that may have changed. Returns how to end it. */
  onChange: (listener: () => void) => () => void;
  clock?: Clock;
  onError?: (error: unknown, key: string) => void;
}

export class FollowedResources {
  private readonly caches = new Map<ResourceName, Reflector<KubeObject>>();
  private unsubscribe: (() => void) | undefined;

  constructor(private readonly options: FollowedOptions) {}

  /** Resolves when everything that is served is collected. */
  async start(): Promise<void> {
    this.unsubscribe = this.options.onChange(() => void this.follow());
    await this.follow();
  }

  stop(): void {
    this.unsubscribe?.();
    for (const cache of this.caches.values()) cache.stop();
    this.caches.clear();
  }

  private async follow(): Promise<void> {
    const kinds = this.options.kinds();
    const served = new Set(kinds.map(({ resource }) => resource));
    for (const [resource, cache] of this.caches) if (!served.has(resource)) this.drop(resource, cache);
    await Promise.all(kinds.filter(({ resource }) => !this.caches.has(resource)).map((kind) => this.take(kind)));
  }

  private async take(kind: CollectedKind): Promise<void> {
    const { store, collector, clock, onError } = this.options;
    const { resource } = kind;
    const cache = new Reflector<KubeObject>({
      store, resource, ...(clock && { clock }), ...(onError && { onError: (error: unknown) => onError(error, resource) }),
    });
    this.caches.set(resource, cache);
    await cache.start();
    // It may be gone by now.
    if (this.caches.get(resource) === cache) collector.add({ ...kind, cache });
  }

  private drop(resource: ResourceName, cache: Reflector<KubeObject>): void {
    cache.stop();
    this.caches.delete(resource);
    this.options.collector.remove(resource);
  }
}
