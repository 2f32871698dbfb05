/**
 * Watches: newline-delimited `{type, object}` until the client leaves, `timeoutSeconds` pass, or the server stops.
 *
 * How events wait for a slow client: watch-stream.ts.
 */
import { StoreError, type Watch as StoreWatch, type WatchEvent } from '../../store/store';
import { ApiError, expired, notAcceptable, tooManyRequests, type Status } from '../http/errors';
import { JSON_TYPE } from '../http/respond';
import { partialMetadata } from '../table/table';
import { asApiError, type ApiContext, type ResourceRequest } from './context';
import { booleanParameter, includeObject, integerParameter, selectionOf, versionOptions } from './options';
import { frame, WatchStream } from './watch-stream';

const MAX_WATCHES = 10_000;
const MAX_TIMEOUT_SECONDS = 3600;
const MIN_DEFAULT_TIMEOUT_SECONDS = 1800;

export async function watch(context: ApiContext, request: ResourceRequest): Promise<void> {
  const { resourceVersion } = versionOptions(request.query, true);
  if (context.openWatches.size >= MAX_WATCHES) throw tooManyRequests(`too many watches: at most ${MAX_WATCHES}`);
  const seconds = integerParameter(request.query, 'timeoutSeconds') || Math.ceil(MIN_DEFAULT_TIMEOUT_SECONDS * (1 + context.random()));
  const bookmarks = booleanParameter(request.query, 'allowWatchBookmarks');
  const selection = selectionOf(request);
  const stream = new WatchStream(request.res, {
    encode: frameEncoder(context, request),
    bytesOf: ({ object }) => context.encoder.encodeShared(object).length,
    memory: context.watchMemory,
  });
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
