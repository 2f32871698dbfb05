/**
 * Watches: newline-delimited `{type, object}` until the client leaves, `timeoutSeconds` pass, or the server stops.
 *
 *   store events ──► pending (references, at most MAX_PENDING) ──► frames ──► socket
 *                        │ full: the client reads too slowly
 *                        ▼
 *                   ERROR 410 and the end; the client lists and watches anew
 *
 * Invariants: a slow client never holds up the store or another client; no more than one frame batch is encoded ahead of the socket.
 */
import type { ServerResponse } from 'node:http';

import type { KubeObject } from '../../../crds/meta';
import { StoreError, type Watch as StoreWatch, type WatchEvent } from '../../store/store';
import { ApiError, expired, notAcceptable, tooManyRequests, type Status } from '../http/errors';
import { JSON_TYPE } from '../http/respond';
import { partialMetadata } from '../table/table';
import { asApiError, type ApiContext, type ResourceRequest } from './context';
import { booleanParameter, includeObject, integerParameter, selectionOf, versionOptions } from './options';

/** Events that may wait for a client, beyond what was there when the watch began. */
export const MAX_PENDING = 10_000;
const MAX_WATCHES = 10_000;
const MAX_TIMEOUT_SECONDS = 3600;
const MIN_DEFAULT_TIMEOUT_SECONDS = 1800;
/** Text handed to the socket at a time. */
const BATCH_CHARS = 64 * 1024;
/** How long a client that was ended for slowness may take to read why. */
const LINGER_MS = 5000;

export async function watch(context: ApiContext, request: ResourceRequest): Promise<void> {
  const { resourceVersion } = versionOptions(request.query, true);
  if (context.openWatches.size >= MAX_WATCHES) throw tooManyRequests(`too many watches: at most ${MAX_WATCHES}`);
  const seconds = integerParameter(request.query, 'timeoutSeconds') || Math.ceil(MIN_DEFAULT_TIMEOUT_SECONDS * (1 + context.random()));
  const bookmarks = booleanParameter(request.query, 'allowWatchBookmarks');
  const selection = selectionOf(request);
  const stream = new WatchStream(request.res, frameEncoder(context, request));
  let source: StoreWatch;
  try {
    source = context.store.watch(
      request.resource.name,
      { ...selection, ...(resourceVersion !== '' && { resourceVersion }), bookmarks },
      { events: (batch) => stream.push(batch), end: (error) => stream.finish(error && asStatus(error, request)) },
    );
  } catch (error) {
    const refusal = asApiError(error, request);
    // A revision that is gone is told in the stream, as clients expect; everything else is an ordinary refusal.
    if (!(refusal instanceof ApiError) || refusal.status.code !== 410) throw refusal;
    stream.start();
    stream.finish(refusal.status);
    return;
  }
  const end = (): void => stream.finish();
  context.openWatches.add(end);
  context.metrics.watchClients.inc({ resource: request.resource.name });
  const timer = setTimeout(end, Math.min(seconds, MAX_TIMEOUT_SECONDS) * 1000);
  stream.start();
  await stream.ended;
  clearTimeout(timer);
  source.stop();
  context.openWatches.delete(end);
  context.metrics.watchClients.dec({ resource: request.resource.name });
}

function asStatus(error: StoreError, request: ResourceRequest): Status {
  const refusal = asApiError(error, request);
  return refusal instanceof ApiError ? refusal.status : expired('the watch ended').status;
}

/** How one event looks in the form that the client asked for. */
function frameEncoder(context: ApiContext, { form, resource, query }: ResourceRequest): (event: WatchEvent) => string {
  switch (form.as) {
    case 'object':
      return ({ type, object }) => frame(type, type === 'BOOKMARK' ? JSON.stringify(object) : context.encoder.encodeShared(object));
    case 'Table': {
      const renderer = context.renderer(resource);
      const include = includeObject(query);
      let withColumns = true;
      return ({ type, object }) => {
        const objects = type === 'BOOKMARK' ? [] : [object];
        const { resourceVersion } = object.metadata;
        const table = renderer.table(objects, include, form.version, resourceVersion === undefined ? {} : { resourceVersion }, withColumns);
        withColumns = false;
        return frame(type, JSON.stringify(table));
      };
    }
    case 'PartialObjectMetadata':
    case 'PartialObjectMetadataList':
      return ({ type, object }) => frame(type, JSON.stringify(partialMetadata(object, form.version)));
    default:
      throw notAcceptable(JSON_TYPE);
  }
}

const frame = (type: string, json: string): string => `{"type":"${type}","object":${json}}\n`;

/** One client's stream of frames. */
export class WatchStream {
  readonly ended: Promise<void>;
  #pending: WatchEvent<KubeObject>[] = [];
  #next = 0;
  #started = false;
  #finished = false;
  #blocked = false;
  /** Waiting events that are allowed: the first batch (what was there at the start), and MAX_PENDING more. */
  #bound = 0;

  constructor(
    private readonly res: ServerResponse,
    private readonly encode: (event: WatchEvent<KubeObject>) => string,
  ) {
    this.ended = new Promise((resolve) => {
      res.once('close', () => {
        this.#finished = true;
        this.#pending = [];
        resolve();
      });
    });
    res.on('drain', () => {
      this.#blocked = false;
      this.#pump();
    });
  }

  /** Sends the headers at once: a client waits for them before it counts the watch as open. */
  start(): void {
    this.#started = true;
    if (this.#finished) return;
    this.res.writeHead(200, { 'Content-Type': JSON_TYPE, 'Cache-Control': 'no-cache, private' });
    this.res.flushHeaders();
    this.#pump();
  }

  push(batch: readonly WatchEvent<KubeObject>[]): void {
    if (this.#finished) return;
    if (this.#bound === 0) this.#bound = batch.length + MAX_PENDING;
    for (const event of batch) this.#pending.push(event);
    if (!this.#started) return;
    if (this.#pending.length - this.#next > this.#bound) {
      this.finish(expired('the client reads too slowly: too many events wait for it; list and watch anew').status);
      return;
    }
    this.#pump();
  }

  /** Ends the answer, with `error` as its last frame. Events that still wait are dropped: the client resumes from the last it saw. */
  finish(error?: Status): void {
    if (this.#finished) return;
    this.#finished = true;
    this.#pending = [];
    if (!this.#started) this.res.writeHead(200, { 'Content-Type': JSON_TYPE });
    this.res.end(error === undefined ? undefined : frame('ERROR', JSON.stringify(error)));
    const timer = setTimeout(() => this.res.destroy(), LINGER_MS);
    this.res.once('close', () => clearTimeout(timer));
  }

  #pump(): void {
    while (!this.#blocked && !this.#finished && this.#next < this.#pending.length) {
      let text = '';
      while (this.#next < this.#pending.length && text.length < BATCH_CHARS) text += this.encode(this.#pending[this.#next++]);
      this.#blocked = !this.res.write(text);
    }
    if (this.#next === this.#pending.length) {
      this.#pending = [];
      this.#next = 0;
    } else if (this.#next > MAX_PENDING) {
      this.#pending = this.#pending.slice(this.#next);
      this.#next = 0;
    }
  }
}
