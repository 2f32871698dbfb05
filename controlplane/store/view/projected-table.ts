/**
 * A resource that is computed from another one: every stored object is shown as any number of others, in the same namespace.
 *
 * ```
 *  idle ──first use──► listing ──► following ──source ends──► idle
 *    ▲                                 │
 *    └────────── nobody for a while ◄──┘
 * ```
 * An object's resourceVersion is the revision of the source's write that changed it; one that a write leaves as it was keeps its own. So
 * lists and watches agree with each other, and with everything else in the store beneath. Costs nothing while nobody looks. Bounded by the
 * objects of the source, and MAX_EVENTS for watches that resume: older ones are told to list anew.
 */
import type { KubeObject, ObjectMeta, ResourceName } from '../../../crds/meta';
import { compileSelection, matches, type Matcher } from '../selection';
import {
  INITIAL_EVENTS_END, StoreError, type ListOptions, type ListResult, type ObjectStore, type Watch, type WatchEvent, type WatchHandler, type WatchOptions,
} from '../store';

export interface Projection {
  resource: ResourceName;
  source: ResourceName;
  kind: string;
  apiVersion: string;
  /** Pure; names are unique in the namespace. */
  project: (source: KubeObject) => readonly KubeObject[];
}

const MAX_EVENTS = 10_000;
const IDLE_MS = 60_000;

interface Recorded {
  revision: bigint;
  event: WatchEvent;
  previous: KubeObject | undefined;
}

interface Watcher {
  matcher: Matcher;
  bookmarks: boolean;
  handler: WatchHandler;
}

/** Sorts as those of stored objects do. */
const keyAt = (namespace: string, name: string): string => `${namespace}/${name}`;
const keyOf = ({ metadata: { namespace = '', name } }: KubeObject): string => keyAt(namespace, name);

export class ProjectedTable {
  readonly #objects = new Map<string, KubeObject>();
  readonly #bySource = new Map<string, readonly string[]>();
  readonly #history: Recorded[] = [];
  readonly #watchers = new Set<Watcher>();
  #revision = 0n;
  /** Changes after this are known. */
  #floor = 0n;
  #starting: Promise<void> | undefined;
  #source: Watch | undefined;
  #idle: NodeJS.Timeout | undefined;

  constructor(
    private readonly store: ObjectStore,
    private readonly projection: Projection,
  ) {}

  async get(namespace: string, name: string): Promise<KubeObject | undefined> {
    await this.#start();
    return this.#objects.get(keyAt(namespace, name));
  }

  /** Everything that matches: pages are not made. @throws StoreError Expired for a revision that is over */
  async list(options: ListOptions): Promise<ListResult<KubeObject>> {
    await this.#start();
    if (options.resourceVersion !== undefined && BigInt(options.resourceVersion) < this.#revision) throw this.#expired(options.resourceVersion);
    const matcher = compileSelection(options);
    const keys = [...this.#objects.keys()].sort();
    const items = keys.map((key) => this.#objects.get(key)!).filter((object) => matches(matcher, object));
    return { items, resourceVersion: String(this.#revision) };
  }

  watch(options: WatchOptions, handler: WatchHandler): Watch {
    const watcher: Watcher = { matcher: compileSelection(options), bookmarks: options.bookmarks ?? false, handler };
    let stopped = false;
    void this.#start().then(
      () => {
        if (stopped) return;
        this.#watchers.add(watcher);
        this.#begin(watcher, options);
      },
      (error: unknown) => {
        if (!stopped) handler.end(error instanceof StoreError ? error : new StoreError('Unavailable', 'the watch could not begin', {}, error));
      },
    );
    return {
      stop: () => {
        stopped = true;
        this.#watchers.delete(watcher);
        this.#rest();
      },
      bookmark: () => {
        if (this.#watchers.has(watcher) && watcher.bookmarks) handler.events([this.#bookmark()]);
      },
    };
  }

  /** Ends every watch. */
  close(): void {
    this.#reset(undefined);
  }

  #begin(watcher: Watcher, { resourceVersion = '0', initialEvents }: WatchOptions): void {
    const after = BigInt(resourceVersion);
    if (initialEvents ?? after === 0n) {
      const events: WatchEvent[] = [...this.#objects.values()].filter((object) => matches(watcher.matcher, object)).map((object) => ({ type: 'ADDED', object }));
      if (watcher.bookmarks) events.push(this.#bookmark({ [INITIAL_EVENTS_END]: 'true' }));
      return this.#send(watcher, events);
    }
    if (after === 0n) return;
    if (after < this.#floor) {
      this.#watchers.delete(watcher);
      return watcher.handler.end(this.#expired(resourceVersion));
    }
    this.#send(watcher, this.#history.filter(({ revision }) => revision > after).flatMap((recorded) => eventFor(watcher.matcher, recorded)));
  }

  #send({ handler }: Watcher, events: WatchEvent[]): void {
    if (events.length > 0) handler.events(events);
  }

  #bookmark(annotations?: Record<string, string>): WatchEvent {
    const { kind, apiVersion } = this.projection;
    return { type: 'BOOKMARK', object: { kind, apiVersion, metadata: { resourceVersion: String(this.#revision), ...(annotations && { annotations }) } as ObjectMeta } };
  }

  #expired(revision: string): StoreError {
    const { resource } = this.projection;
    return new StoreError('Expired', `resourceVersion ${revision} is too old, changes are kept after ${this.#floor}; list and watch anew`, { resource });
  }

  #start(): Promise<void> {
    clearTimeout(this.#idle);
    this.#starting ??= this.#follow().catch((error: unknown) => {
      this.#reset(undefined);
      throw error;
    });
    this.#rest();
    return this.#starting;
  }

  async #follow(): Promise<void> {
    const { items, resourceVersion } = await this.store.list(this.projection.source);
    for (const item of items) this.#put(item, item.metadata.resourceVersion ?? resourceVersion);
    this.#history.length = 0;
    this.#revision = this.#floor = BigInt(resourceVersion);
    this.#source = this.store.watch(this.projection.source, { resourceVersion, bookmarks: true }, {
      events: (batch) => this.#apply(batch),
      end: () => this.#reset(new StoreError('Expired', 'what this is computed from has to be read anew; list and watch anew', { resource: this.projection.resource })),
    });
  }

  #apply(batch: readonly WatchEvent[]): void {
    const recorded: Recorded[] = [];
    let bookmark = false;
    for (const { type, object } of batch) {
      const { resourceVersion = '0' } = object.metadata;
      if (type === 'BOOKMARK') bookmark = true;
      else recorded.push(...(type === 'DELETED' ? this.#remove(object, resourceVersion) : this.#put(object, resourceVersion)));
      this.#revision = BigInt(resourceVersion);
    }
    this.#history.push(...recorded);
    const over = this.#history.length - MAX_EVENTS;
    if (over > 0) this.#floor = this.#history.splice(0, over)[over - 1].revision;
    for (const watcher of this.#watchers) {
      this.#send(watcher, [...recorded.flatMap((each) => eventFor(watcher.matcher, each)), ...(bookmark && watcher.bookmarks ? [this.#bookmark()] : [])]);
    }
  }

  #put(source: KubeObject, revision: string): Recorded[] {
    const sourceKey = keyOf(source);
    const before = this.#bySource.get(sourceKey) ?? [];
    const shown = this.projection.project(source);
    const keys = shown.map(keyOf);
    const recorded = before.filter((key) => !keys.includes(key)).flatMap((key) => this.#drop(key, revision));
    for (const object of shown) {
      const key = keyOf(object);
      const previous = this.#objects.get(key);
      if (previous && sameBut(previous, object)) continue;
      const next = { ...object, metadata: { ...object.metadata, resourceVersion: revision } };
      this.#objects.set(key, next);
      recorded.push({ revision: BigInt(revision), event: { type: previous ? 'MODIFIED' : 'ADDED', object: next }, previous });
    }
    this.#bySource.set(sourceKey, keys);
    return recorded;
  }

  #remove(source: KubeObject, revision: string): Recorded[] {
    const sourceKey = keyOf(source);
    const keys = this.#bySource.get(sourceKey) ?? [];
    this.#bySource.delete(sourceKey);
    return keys.flatMap((key) => this.#drop(key, revision));
  }

  #drop(key: string, revision: string): Recorded[] {
    const previous = this.#objects.get(key);
    if (!previous) return [];
    this.#objects.delete(key);
    const object = { ...previous, metadata: { ...previous.metadata, resourceVersion: revision } };
    return [{ revision: BigInt(revision), event: { type: 'DELETED', object }, previous }];
  }

  /** Goes idle when nobody has looked for a while. */
  #rest(): void {
    clearTimeout(this.#idle);
    if (this.#watchers.size > 0) return;
    this.#idle = setTimeout(() => {
      if (this.#watchers.size === 0) this.#reset(undefined);
    }, IDLE_MS);
    this.#idle.unref();
  }

  #reset(error: StoreError | undefined): void {
    clearTimeout(this.#idle);
    this.#source?.stop();
    this.#source = undefined;
    this.#starting = undefined;
    this.#objects.clear();
    this.#bySource.clear();
    this.#history.length = 0;
    const watchers = [...this.#watchers];
    this.#watchers.clear();
    for (const { handler } of watchers) handler.end(error);
  }
}

/** What a watcher of a selection is told: what leaves it is gone for them, what enters it is new. */
function eventFor(matcher: Matcher, { event, previous }: Recorded): WatchEvent[] {
  const had = previous !== undefined && matches(matcher, previous);
  const has = event.type !== 'DELETED' && matches(matcher, event.object);
  if (has) return [{ type: had ? 'MODIFIED' : 'ADDED', object: event.object }];
  return had ? [{ type: 'DELETED', object: event.object }] : [];
}

function sameBut(a: KubeObject, b: KubeObject): boolean {
  const without = ({ metadata: { resourceVersion: _version, ...metadata }, ...rest }: KubeObject): string => JSON.stringify({ ...rest, metadata });
  return without(a) === without(b);
}
