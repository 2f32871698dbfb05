/**
 * Who watches what. Watchers are found by resource, then by exact name or by namespace, so a change costs only those it may concern.
 *
 * ```
 *   starting --microtask, or the first commit--> live --stop | close | handler threw--> ended
 *       \                                        ^  one who resumes from long ago:            ^
 *        \--microtask--> catching up --no more--/    \--the history goes no longer so far back, or cannot be read
 * ```
 * While starting, a watcher holds what it is owed from before: it gets that first, in one batch, and then one batch per commit. Who resumes from
 * long ago gets the first piece (missed.ts) in that way. While it is catching up it is told of no commit: those are in the history like what was
 * before them, and it gets one piece at a time, in a turn that it shares with nobody else who catches up, once the piece before was passed on.
 */
import type { KubeObject, ObjectMeta } from '../../../crds/meta';
import { matches, type Matcher } from '../selection';
import { StoreError, type Watch, type WatchEvent, type WatchHandler } from '../store';
import { isCreation, type Change, type Occurrence } from './history';
import type { Missed } from './missed';
import type { Table } from './table';
import { Turns } from './turns';

const NOTHING: readonly WatchEvent[] = [];

interface Watcher {
  table: Table;
  matcher: Matcher;
  handler: WatchHandler;
  bookmarks: boolean;
  /** Events up to this revision are in `starting` or known to the client. While there is more in `missed`: no event is for it. */
  since: number;
  starting: readonly WatchEvent[] | undefined;
  /** What comes after `starting`. */
  missed: Missed | undefined;
  /** Collected during one delivery. Watchers that get the same one event share its batch: to a second one they add in a copy. */
  batch: readonly WatchEvent[];
  ended: boolean;
}

/** What a watcher is owed from before it began. */
export interface Owed {
  /** The newest of then. */
  revision: number;
  events: WatchEvent[];
  /** What comes after `events`; absent: they are everything up to `revision`. */
  missed?: Missed;
}

export interface WatchHubOptions {
  bookmarkIntervalMs: number;
  /** Told of a handler that threw; its watch is ended. */
  onHandlerError: (error: unknown) => void;
}

interface TableWatchers {
  byName: Map<string, Set<Watcher>>;
  byNamespace: Map<string, Set<Watcher>>;
}

export class WatchHub {
  private readonly watchers = new Set<Watcher>();
  private readonly tables = new Map<Table, TableWatchers>();
  private timer: NodeJS.Timeout | undefined;
  private readonly turns = new Turns();
  private revision = 0;

  constructor(private readonly options: WatchHubOptions) {}

  get size(): number {
    return this.watchers.size;
  }

  add(table: Table, matcher: Matcher, handler: WatchHandler, { revision, events, missed }: Owed, bookmarks: boolean): Watch {
    const since = missed ? Infinity : revision;
    const watcher: Watcher = { table, matcher, handler, bookmarks, since, starting: events, missed, batch: NOTHING, ended: false };
    this.watchers.add(watcher);
    this.group(watcher).add(watcher);
    this.revision = Math.max(this.revision, revision);
    if (bookmarks) this.timer ??= setInterval(() => this.bookmarks(), this.options.bookmarkIntervalMs).unref();
    queueMicrotask(() => this.begin(watcher));
    return {
      stop: () => this.forget(watcher),
      bookmark: () => {
        if (bookmarks) this.bookmark(watcher);
      },
    };
  }

  /** Hands the changes of one commit to everybody they concern. */
  deliver(changes: Change[], revision: number): void {
    this.revision = revision;
    const touched: Watcher[] = [];
    for (const change of changes) {
      const groups = this.tables.get(change.table);
      if (!groups) continue;
      const { name, namespace } = change.object.metadata;
      const plain = [eventOf(change)] as const;
      collect(groups.byName.get(name), change, plain, touched);
      collect(groups.byNamespace.get(''), change, plain, touched);
      if (namespace) collect(groups.byNamespace.get(namespace), change, plain, touched);
    }
    for (const watcher of touched) {
      const batch = watcher.batch;
      watcher.batch = NOTHING;
      this.begin(watcher);
      this.send(watcher, batch);
    }
  }

  /** Ends every watch. */
  close(error?: StoreError): void {
    if (this.timer) clearInterval(this.timer);
    this.timer = undefined;
    const watchers = [...this.watchers];
    for (const watcher of watchers) this.end(watcher, error);
  }

  private begin(watcher: Watcher): void {
    const starting = watcher.starting;
    watcher.starting = undefined;
    if (!starting) return;
    this.send(watcher, starting);
    if (watcher.missed) void this.catchUp(watcher, watcher.missed);
  }

  private async catchUp(watcher: Watcher, missed: Missed): Promise<void> {
    while (!missed.done) {
      await watcher.handler.drained?.();
      await this.turns.next();
      if (watcher.ended) return;
      try {
        this.sendNext(watcher, missed);
      } catch (error) {
        this.end(watcher, error instanceof StoreError ? error : new StoreError('Unavailable', 'an old version cannot be read', {}, error));
        return;
      }
    }
  }

  /** @throws Error when there is no way to go on */
  private sendNext(watcher: Watcher, missed: Missed): void {
    const events = missed.next();
    if (missed.done) {
      watcher.missed = undefined;
      watcher.since = missed.revision;
    }
    this.send(watcher, events);
  }

  private send(watcher: Watcher, batch: readonly WatchEvent[]): void {
    if (watcher.ended || batch.length === 0) return;
    try {
      watcher.handler.events(batch);
    } catch (error) {
      this.options.onHandlerError(error);
      this.end(watcher, new StoreError('Unavailable', 'the watch was ended because its handler failed; list and watch anew'));
    }
  }

  private end(watcher: Watcher, error?: StoreError): void {
    if (watcher.ended) return;
    this.forget(watcher);
    try {
      watcher.handler.end(error);
    } catch (thrown) {
      this.options.onHandlerError(thrown);
    }
  }

  private forget(watcher: Watcher): void {
    if (watcher.ended) return;
    watcher.ended = true;
    this.watchers.delete(watcher);
    const group = this.group(watcher);
    group.delete(watcher);
    if (group.size > 0) return;
    const groups = this.tables.get(watcher.table);
    const { name, namespace } = watcher.matcher;
    if (name === undefined) groups?.byNamespace.delete(namespace);
    else groups?.byName.delete(name);
  }

  private group(watcher: Watcher): Set<Watcher> {
    const groups = getOrAdd(this.tables, watcher.table, () => ({ byName: new Map(), byNamespace: new Map() }));
    const { name, namespace } = watcher.matcher;
    return name === undefined ? getOrAdd(groups.byNamespace, namespace, () => new Set()) : getOrAdd(groups.byName, name, () => new Set());
  }

  private bookmarks(): void {
    const watchers = [...this.watchers].filter((watcher) => watcher.bookmarks);
    for (const watcher of watchers) this.bookmark(watcher);
  }

  private bookmark(watcher: Watcher): void {
    this.begin(watcher);
    this.send(watcher, [bookmarkOf(watcher.table, watcher.missed?.revision ?? this.revision)]);
  }
}

export function bookmarkOf(table: Table, revision: number, annotations?: Record<string, string>): WatchEvent {
  const { kind = '', apiVersion = '' } = table.definition;
  return { type: 'BOOKMARK', object: { kind, apiVersion, metadata: { resourceVersion: String(revision), ...(annotations && { annotations }) } as ObjectMeta } };
}

/** The event that a change is to whoever selects all objects. Reads the object once. */
export function eventOf(change: Occurrence): WatchEvent {
  return { type: change.deleted ? 'DELETED' : isCreation(change) ? 'ADDED' : 'MODIFIED', object: change.object };
}

/** The event that a selection makes of a change: objects enter and leave it. */
export function eventFor(matcher: Matcher, previous: KubeObject | undefined, plain: WatchEvent): WatchEvent | undefined {
  const { type, object } = plain;
  const before = previous !== undefined && matches(matcher, previous);
  const now = type !== 'DELETED' && matches(matcher, object);
  if (now) return before === (type === 'MODIFIED') ? plain : { type: 'ADDED', object };
  if (!before) return undefined;
  return type === 'DELETED' ? plain : { type: 'DELETED', object: asItWas(previous, object) };
}

/** What left a selection: its last state in it, with the revision at which it left. */
function asItWas(previous: KubeObject, object: KubeObject): KubeObject {
  return { ...previous, metadata: { ...previous.metadata, resourceVersion: object.metadata.resourceVersion } };
}

/** @param plain the one event that the change is to whoever selects all objects */
function collect(group: Set<Watcher> | undefined, change: Change, plain: readonly [WatchEvent], touched: Watcher[]): void {
  if (!group) return;
  for (const watcher of group) {
    if (change.revision <= watcher.since) continue;
    const event = watcher.matcher.test === undefined ? plain[0] : eventFor(watcher.matcher, change.previous, plain[0]);
    if (!event) continue;
    if (watcher.batch.length === 0) {
      touched.push(watcher);
      watcher.batch = event === plain[0] ? plain : [event];
    } else if (watcher.batch.length === 1) {
      watcher.batch = [...watcher.batch, event];
    } else {
      (watcher.batch as WatchEvent[]).push(event);
    }
  }
}

function getOrAdd<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) map.set(key, (value = make()));
  return value;
}
