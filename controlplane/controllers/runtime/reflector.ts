/**
 * A read-only cache of one resource, kept up to date by list and watch.
 *
 * ```
 *  stopped ──start──► listing ──ok──► watching ──end(error)──► waiting (backoff, jitter) ──► listing
 * ```
 * Invariants
 * - Handlers are called synchronously, with all changes of one commit at once and in order, after cache and indexes have them.
 *   After a new list they get the difference to what was there.
 * - The cache lags behind the store: whoever writes does so with the resourceVersion that was read, and reads again on Conflict.
 * - Objects are shared: never change them. Bounded by the number of objects in the store.
 */
import type { KubeObject, ResourceName } from '../../../crds/meta';
import { INITIAL_EVENTS_END, StoreError, type ObjectStore, type Selection, type Watch, type WatchEvent, type WatchHandler } from '../../store/store';
import { systemClock, type Clock } from './clock';

export type Change<T extends KubeObject> =
  | { type: 'ADDED'; object: T; old?: undefined }
  | { type: 'MODIFIED'; object: T; old: T }
  /** `object` is the last state. */
  | { type: 'DELETED'; object: T; old: T };

export type ChangeHandler<T extends KubeObject> = (changes: readonly Change<T>[]) => void;

export interface ReflectorOptions<T extends KubeObject> {
  store: ObjectStore;
  resource: ResourceName;
  selection?: Selection;
  /** What is there comes by the watch too, instead of by a list: of a cluster's API that costs the server less, and no pages can expire. */
  stream?: boolean;
  /** Name of an index → an object's value in it; undefined: not in the index. */
  indexes?: Record<string, (object: T) => string | undefined>;
  clock?: Clock;
  random?: () => number;
  minBackoffMs?: number;
  maxBackoffMs?: number;
  /** Told of what went wrong before it is tried again. */
  onError?: (error: unknown) => void;
}

/** `<namespace>/<name>`, or just the name of a cluster-scoped object: the key of caches and queues. */
export const keyOf = ({ metadata: { namespace, name } }: KubeObject): string => (namespace ? `${namespace}/${name}` : name);

/** The parts of a key. */
export function splitKey(key: string): { namespace: string; name: string } {
  const slash = key.indexOf('/');
  return slash < 0 ? { namespace: '', name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

export class Reflector<T extends KubeObject> {
  private readonly objects = new Map<string, T>();
  private readonly indexed = new Map<string, Map<string, Map<string, T>>>();
  private readonly indexers: [string, (object: T) => string | undefined][];
  private readonly handlers = new Set<ChangeHandler<T>>();
  private readonly clock: Clock;
  private readonly random: () => number;
  private running = false;
  private watch: Watch | undefined;
  private cancelRetry: (() => void) | undefined;
  private failures = 0;
  private synced: Promise<void> | undefined;
  private onSynced: (() => void) | undefined;

  constructor(private readonly options: ReflectorOptions<T>) {
    this.clock = options.clock ?? systemClock;
    this.random = options.random ?? Math.random;
    this.indexers = Object.entries(options.indexes ?? {});
    for (const [name] of this.indexers) this.indexed.set(name, new Map());
  }

  get(namespace: string, name: string): T | undefined {
    return this.objects.get(namespace ? `${namespace}/${name}` : name);
  }

  getByKey(key: string): T | undefined {
    return this.objects.get(key);
  }

  /** Everything; do not keep the iterator across an await. */
  values(): IterableIterator<T> {
    return this.objects.values();
  }

  keys(): IterableIterator<string> {
    return this.objects.keys();
  }

  get size(): number {
    return this.objects.size;
  }

  /** Objects with this value in the index, by key. */
  by(index: string, value: string): ReadonlyMap<string, T> {
    return this.indexed.get(index)?.get(value) ?? (NOTHING as ReadonlyMap<string, T>);
  }

  /** From now on; what is in the cache already is not told. Returns how to end it. */
  onChange(handler: ChangeHandler<T>): () => void {
    this.handlers.add(handler);
    return () => this.handlers.delete(handler);
  }

  /** Resolves when everything was listed once; keeps trying until then, or until `stop`. */
  start(): Promise<void> {
    if (!this.synced) {
      this.running = true;
      this.synced = new Promise((resolve) => (this.onSynced = resolve));
      void this.listAndWatch();
    }
    return this.synced;
  }

  stop(): void {
    this.running = false;
    this.watch?.stop();
    this.watch = undefined;
    this.cancelRetry?.();
    this.onSynced?.();
  }

  private async listAndWatch(): Promise<void> {
    const { store, resource, selection, stream } = this.options;
    try {
      if (stream) {
        this.watch = store.watch<T>(resource, { ...selection, initialEvents: true, bookmarks: true }, this.streamed());
        return;
      }
      const { items, resourceVersion } = await store.list<T>(resource, { ...selection });
      if (!this.running) return;
      this.replace(items);
      this.watch = store.watch<T>(resource, { ...selection, resourceVersion }, {
        events: (batch) => this.apply(batch),
        end: (error) => this.retry(error),
      });
      this.onSynced?.();
    } catch (error) {
      this.retry(error);
    }
  }

  /** Takes in what is there as a whole, once its end is marked. */
  private streamed(): WatchHandler<T> {
    let initial: T[] | undefined = [];
    return {
      events: (batch) => {
        let from = 0;
        if (initial) {
          const end = batch.findIndex(({ type, object }) => type === 'BOOKMARK' && object.metadata.annotations?.[INITIAL_EVENTS_END] === 'true');
          for (const { type, object } of end < 0 ? batch : batch.slice(0, end)) if (type === 'ADDED') initial.push(object);
          if (end < 0) return;
          const items = initial;
          initial = undefined;
          this.replace(items);
          this.onSynced?.();
          from = end + 1;
        }
        if (from < batch.length) this.apply(from === 0 ? batch : batch.slice(from));
      },
      end: (error) => this.retry(error),
    };
  }

  private retry(error: unknown): void {
    if (!this.running) return;
    this.watch = undefined;
    const { minBackoffMs = 50, maxBackoffMs = 30_000, onError } = this.options;
    const expired = error === undefined || (error instanceof StoreError && error.reason === 'Expired');
    if (!expired) onError?.(error);
    const ms = Math.min(minBackoffMs * 2 ** Math.min(this.failures, 20), maxBackoffMs) * (0.5 + this.random());
    this.failures += 1;
    this.cancelRetry = this.clock.after(ms, () => void this.listAndWatch());
  }

  private apply(batch: readonly WatchEvent<T>[]): void {
    this.failures = 0;
    const changes: Change<T>[] = [];
    for (const { type, object } of batch) {
      const change = type === 'DELETED' ? this.remove(object) : type === 'BOOKMARK' ? undefined : this.put(object);
      if (change) changes.push(change);
    }
    this.tell(changes);
  }

  private replace(items: readonly T[]): void {
    const changes: Change<T>[] = [];
    const listed = new Set<string>();
    for (const object of items) {
      listed.add(keyOf(object));
      const change = this.put(object);
      if (change) changes.push(change);
    }
    for (const [key, object] of this.objects) {
      if (listed.has(key)) continue;
      const change = this.remove(object);
      if (change) changes.push(change);
    }
    this.tell(changes);
  }

  private tell(changes: readonly Change<T>[]): void {
    if (changes.length === 0) return;
    for (const handler of this.handlers) {
      try {
        handler(changes);
      } catch (error) {
        this.options.onError?.(error);
      }
    }
  }

  private put(object: T): Change<T> | undefined {
    const key = keyOf(object);
    const old = this.objects.get(key);
    if (old?.metadata.resourceVersion === object.metadata.resourceVersion && old?.metadata.uid === object.metadata.uid) return undefined;
    this.objects.set(key, object);
    for (const [name, valueOf] of this.indexers) this.reindex(name, key, old && valueOf(old), valueOf(object), object);
    return old ? { type: 'MODIFIED', object, old } : { type: 'ADDED', object };
  }

  private remove(object: T): Change<T> | undefined {
    const key = keyOf(object);
    const old = this.objects.get(key);
    if (!old) return undefined;
    this.objects.delete(key);
    for (const [name, valueOf] of this.indexers) this.reindex(name, key, valueOf(old), undefined, old);
    return { type: 'DELETED', object, old };
  }

  private reindex(name: string, key: string, before: string | undefined, after: string | undefined, object: T): void {
    const index = this.indexed.get(name)!;
    if (before !== undefined && before !== after) {
      const entries = index.get(before);
      entries?.delete(key);
      if (entries?.size === 0) index.delete(before);
    }
    if (after === undefined) return;
    const entries = index.get(after);
    if (entries) entries.set(key, object);
    else index.set(after, new Map([[key, object]]));
  }
}

const NOTHING: ReadonlyMap<string, never> = new Map<string, never>();
