/**
 * One watch of the port over as many connections as it takes.
 *
 * ```
 *  (no revision) ──► initial: WatchList; refused or silent: LIST in pages ──┐
 *  (a revision) ────────────────────────────────────────────────────────────┴─► live ──cut, timeout, 429, 5xx──► pause ──► live, from the
 *                                                                                │                                        last revision
 *                                                                                └──410 Expired──► end(Expired)
 * ```
 * Invariants
 * - What was there at the start is delivered whole or not at all: a connection that breaks in the middle begins it anew.
 * - Every event is delivered once and in order: a new connection goes on after the last event or bookmark that was read, and a frame
 *   that was cut is no event.
 * - Nothing is buffered once it is live; a frame is at most MAX_FRAME_BYTES.
 * - A connection that says nothing for `idleMs` is given up: bookmarks come about once a minute.
 */
import type { IncomingMessage } from 'node:http';
import type { KubeObject } from '../../../crds/meta';
import { INITIAL_EVENTS_END, StoreError, type Watch, type WatchEvent, type WatchHandler, type WatchOptions } from '../store';
import type { KubeApi } from './api';
import { errorOf, isStatus } from './errors';
import { Frames } from './frames';
import { list } from './list';
import { apiVersionOf, collectionPath, complete, splitSelection, type ClusterResource } from './resources';

const MAX_FRAME_BYTES = 16 * 1024 * 1024;
/** A server that sends what is there, but does not know how to say that this was all, is silent afterwards. */
const INITIAL_SILENCE_MS = 15_000;
/** Events of one turn. */
const BATCH = 1000;

export interface WatchDeps {
  api: KubeApi;
  resource: ClusterResource;
  /** Whether the server has WatchList; shared by all watches of a store. */
  features: { watchList: boolean };
  /** The newest revision that this store saw of the resource; what is asked for beyond it is checked. */
  newest: { revision: bigint };
  random: () => number;
  delay: (ms: number) => Promise<void>;
  idleMs: number;
  onRetry?: (what: string, why: string) => void;
}

class SilenceError extends Error {}

interface Frame {
  type?: string;
  object?: KubeObject & { metadata: { annotations?: Record<string, string> } };
}

export class ClusterWatch<T extends KubeObject> implements Watch {
  private readonly abort = new AbortController();
  /** Of the last event or bookmark; undefined: what is there was not delivered yet. */
  private revision: string | undefined;
  /** What was asked for: no older state may be delivered. */
  private readonly least: string | undefined;
  private stopped = false;
  private failures = 0;

  constructor(private readonly deps: WatchDeps, private readonly options: WatchOptions, private readonly handler: WatchHandler<T>) {
    const { resourceVersion, initialEvents } = options;
    const named = resourceVersion === undefined || resourceVersion === '0' ? undefined : resourceVersion;
    this.least = named;
    this.revision = initialEvents === true ? undefined : named;
  }

  /** Delivers nothing before this turn is over. */
  start(): this {
    setImmediate(() => void this.run());
    return this;
  }

  stop(): void {
    this.stopped = true;
    this.abort.abort();
  }

  private async run(): Promise<void> {
    const { api, resource, delay, onRetry } = this.deps;
    let checked = this.least === undefined;
    while (!this.stopped) {
      try {
        if (!checked) await this.refuseFuture();
        checked = true;
        const before = this.revision;
        if (before === undefined) await this.initial();
        else await this.follow(before);
        // A server that ends connections at once, without a word, is not asked again at once.
        if (this.revision === before && !this.stopped) throw new StoreError('Unavailable', 'the server ended the watch without an event');
      } catch (error) {
        if (this.stopped) return;
        const known = error instanceof StoreError ? error : new StoreError('Unavailable', `watch of ${resource.name}: ${String(error)}`, { resource: resource.name }, error);
        if (!known.retryable || known.reason === 'FutureVersion' || api.closed) {
          this.finish(known);
          return;
        }
        this.failures += 1;
        onRetry?.(`watch ${resource.name}`, known.message);
        await delay(api.pause(this.failures, (known as StoreError & { retryAfterMs?: number }).retryAfterMs));
      }
    }
  }

  private finish(error: StoreError): void {
    this.stopped = true;
    this.abort.abort();
    this.handler.end(error);
  }

  /** A revision ahead of the server's newest would be waited for silently: after a restored backup, for ever. */
  private async refuseFuture(): Promise<void> {
    const { api, resource, newest } = this.deps;
    const asked = BigInt(this.least ?? 0);
    if (asked <= newest.revision) return;
    const { resourceVersion } = await list(api, resource, { limit: 1 });
    if (BigInt(resourceVersion) < asked) {
      throw new StoreError('FutureVersion', `resourceVersion ${asked} is ahead of the newest, ${resourceVersion}`, { resource: resource.name, currentResourceVersion: resourceVersion });
    }
    newest.revision = BigInt(resourceVersion);
  }

  // ------------------------------------------------------------------ what is there

  private async initial(): Promise<void> {
    const { features, resource, api } = this.deps;
    if (this.options.initialEvents === false) {
      // From what this store has seen: what it writes after the call is then not missed.
      const { revision } = this.deps.newest;
      this.revision = revision > 0n ? String(revision) : (await list(api, resource, { ...this.options, limit: 1, resourceVersion: undefined })).resourceVersion;
      this.saw(this.revision);
      await this.follow(this.revision);
      return;
    }
    if (features.watchList) {
      try {
        await this.watchList();
        return;
      } catch (error) {
        const unknown = (error instanceof StoreError && error.reason === 'Invalid') || (error instanceof SilenceError && this.revision === undefined);
        if (!unknown) throw error;
        features.watchList = false;
      }
    }
    const { items, resourceVersion } = await list<T>(api, resource, { ...this.options, resourceVersion: undefined });
    this.begin(items, resourceVersion);
    await this.follow(resourceVersion);
  }

  private async watchList(): Promise<void> {
    const items: T[] = [];
    let began = false;
    await this.connection({ sendInitialEvents: 'true', resourceVersionMatch: 'NotOlderThan', resourceVersion: this.least ?? '' }, (frames) => {
      const live: Frame[] = [];
      for (const frame of frames) {
        if (began) live.push(frame);
        else if (frame.type === 'ADDED' && frame.object) items.push(complete(this.deps.resource, frame.object) as unknown as T);
        else if (frame.type === 'BOOKMARK' && frame.object?.metadata.annotations?.[INITIAL_EVENTS_END] === 'true') {
          began = true;
          this.begin(items, frame.object.metadata.resourceVersion as string);
        } else this.refuse(frame);
      }
      if (live.length > 0) this.deliver(live);
    }, () => (began ? this.deps.idleMs : INITIAL_SILENCE_MS));
    if (!began) throw new StoreError('Unavailable', 'the server ended the watch before it had sent what is there');
  }

  private begin(items: T[], resourceVersion: string): void {
    this.revision = resourceVersion;
    this.failures = 0;
    this.saw(resourceVersion);
    for (let at = 0; at < items.length && !this.stopped; at += BATCH) {
      this.handler.events(items.slice(at, at + BATCH).map((object) => ({ type: 'ADDED', object })));
    }
    if (this.options.bookmarks === true && !this.stopped) this.handler.events([this.bookmarkAt(resourceVersion, { annotations: { [INITIAL_EVENTS_END]: 'true' } })]);
  }

  // ------------------------------------------------------------------ what changes

  /** Resolves when the server ended the connection. */
  private async follow(from: string): Promise<void> {
    await this.connection({ resourceVersion: from }, (frames) => this.deliver(frames));
  }

  private deliver(frames: readonly Frame[]): void {
    const batch: WatchEvent<T>[] = [];
    try {
      for (const frame of frames) {
        const { type, object } = frame;
        if (!object || (type !== 'ADDED' && type !== 'MODIFIED' && type !== 'DELETED' && type !== 'BOOKMARK')) {
          this.refuse(frame);
          continue;
        }
        const revision = object.metadata.resourceVersion as string;
        if (type !== 'BOOKMARK') batch.push({ type, object: complete(this.deps.resource, object) as unknown as T });
        else if (this.options.bookmarks === true) batch.push(this.bookmarkAt(revision));
        this.revision = revision;
        this.failures = 0;
        this.saw(revision);
      }
    } finally {
      if (batch.length > 0 && !this.stopped) this.handler.events(batch);
    }
  }

  private bookmarkAt(resourceVersion: string, more: object = {}): WatchEvent<T> {
    const { resource } = this.deps;
    return { type: 'BOOKMARK', object: { kind: resource.kind, apiVersion: apiVersionOf(resource), metadata: { resourceVersion, ...more } } as unknown as T };
  }

  /** @throws StoreError always: an ERROR frame, or something that is none of the protocol's */
  private refuse({ type, object }: Frame): never {
    const what = `watch of ${this.deps.resource.name}`;
    if (type === 'ERROR' && isStatus(object)) throw errorOf(object.code ?? 500, object, what);
    throw new StoreError('Unavailable', `${what}: unexpected frame ${JSON.stringify(type)}`);
  }

  private saw(resourceVersion: string): void {
    const { newest } = this.deps;
    const revision = BigInt(resourceVersion);
    if (revision > newest.revision) newest.revision = revision;
  }

  // ------------------------------------------------------------------ one connection

  private async connection(query: Record<string, string>, frames: (frames: Frame[]) => void, silenceMs = (): number => this.deps.idleMs): Promise<void> {
    const { api, resource, random } = this.deps;
    const { query: selectors } = splitSelection(resource, this.options);
    // Spread, so that many watches do not come back at once.
    const timeoutSeconds = String(Math.round(300 + 300 * random()));
    const path = collectionPath(resource, this.options.namespace ?? '');
    const response = await api.stream(path, { ...selectors, watch: 'true', allowWatchBookmarks: 'true', timeoutSeconds, ...query }, this.abort.signal);
    await this.read(response, frames, silenceMs);
  }

  private read(response: IncomingMessage, frames: (frames: Frame[]) => void, silenceMs: () => number): Promise<void> {
    const splitter = new Frames(MAX_FRAME_BYTES);
    return new Promise((resolve, reject) => {
      const giveUp = (): void => { response.destroy(new SilenceError(`nothing was heard for ${silenceMs()} ms`)); };
      let timer = setTimeout(giveUp, silenceMs());
      const settle = (error?: Error): void => {
        clearTimeout(timer);
        if (error) reject(error);
        else resolve();
      };
      response.on('data', (chunk: Buffer) => {
        if (this.stopped) return;
        try {
          frames(splitter.push(chunk) as Frame[]);
          clearTimeout(timer);
          timer = setTimeout(giveUp, silenceMs());
        } catch (error) {
          settle(error as Error);
          response.destroy();
        }
      });
      response.on('error', settle);
      response.on('end', () => settle());
      response.on('close', () => settle(new Error('the connection was cut')));
    });
  }
}
