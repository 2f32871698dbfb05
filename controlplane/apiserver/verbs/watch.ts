/**
 * Watches: newline-delimited `{type, object}`, or protobuf, until the client leaves, `timeoutSeconds` pass, or the server stops.
 *
 * How events wait for a slow client: watch-stream.ts.
 */
import type { KubeObject, ObjectMeta } from '../../../crds/meta';
import { isMaster } from '../../auth/authorizer';
import { INITIAL_EVENTS_END, type StoreError, type Watch as StoreWatch, type WatchEvent } from '../../store/store';
import { protobufFrame, protobufListHead, toProtobuf } from '../codec/to-protobuf';
import { negotiate, PROTOBUF_TYPE, STREAM_TYPES, TYPES } from '../http/accept';
import { chunk } from '../http/chunk';
import { ApiError, expired, notAcceptable, type Status } from '../http/errors';
import { JSON_TYPE } from '../http/respond';
import { groupVersion } from '../resources/resource';
import { partialMetadata } from '../table/table';
import { isWritten } from './answer';
import { asApiError, type ApiContext, type ResourceRequest } from './context';
import { watchParameters } from './list-options';
import { includeObject, integerParameter, selectionOf } from './options';
import { frame, WatchStream, type Frames } from './watch-stream';

const MAX_TIMEOUT_SECONDS = 3600;
const MIN_DEFAULT_TIMEOUT_SECONDS = 1800;
/** A client that asked for bookmarks gets one before its time is over, to go on from. */
const BOOKMARK_BEFORE_END_SECONDS = 2;

export async function watch(context: ApiContext, request: ResourceRequest): Promise<void> {
  const { resourceVersion, initialEvents, bookmarks } = watchParameters(request.query);
  const tables = !(initialEvents && bookmarks);
  // Nothing in a Table says that the list has ended: a client that takes something else gets that.
  const form = tables || request.form.as !== 'Table' ? request.form : negotiate(request.req.headers.accept, (each) => each.as !== 'Table' && isWritten(request.resource, each));
  if (form.yaml) throw notAcceptable(STREAM_TYPES);
  const client = request.identity.user;
  context.openWatches.check(client, isMaster(request.identity));
  const seconds = Math.min(MAX_TIMEOUT_SECONDS, integerParameter(request.query, 'timeoutSeconds') || Math.ceil(MIN_DEFAULT_TIMEOUT_SECONDS * (1 + context.random())));
  const selection = selectionOf(request);
  const stream = new WatchStream(request.res, {
    ...(form.protobuf ? protobufFrames(context, { ...request, form }) : jsonFrames(context, { ...request, form })),
    memory: context.watchMemory,
    fanOut: context.fanOut,
    onError: context.onError,
  });
  let source: StoreWatch;
  try {
    source = context.store.watch(
      request.resource.name,
      { ...selection, ...(resourceVersion !== '' && { resourceVersion }), ...(initialEvents !== undefined && { initialEvents }), bookmarks },
      { events: (batch) => stream.push(batch), drained: () => stream.drained(), end: (error) => stream.finish(error && asStatus(error, request)) },
    );
  } catch (error) {
    const refusal = asApiError(error, request);
    // A revision that is gone, or has not come, is told in the stream, as clients expect; everything else is an ordinary refusal.
    if (!(refusal instanceof ApiError) || (refusal.status.code !== 410 && refusal.status.code !== 504)) throw refusal;
    stream.start();
    stream.finish(refusal.status);
    return;
  }
  const end = (): void => stream.finish();
  const over = context.openWatches.add(client, end);
  context.metrics.watchClients.inc({ resource: request.resource.name });
  const timer = setTimeout(end, Math.max(0, seconds) * 1000);
  const bookmark = bookmarks && seconds > BOOKMARK_BEFORE_END_SECONDS ? setTimeout(() => source.bookmark?.(), (seconds - BOOKMARK_BEFORE_END_SECONDS) * 1000) : undefined;
  stream.start();
  await stream.ended;
  clearTimeout(timer);
  clearTimeout(bookmark);
  source.stop();
  over();
  context.metrics.watchClients.dec({ resource: request.resource.name });
}

function asStatus(error: StoreError, request: ResourceRequest): Status {
  const refusal = asApiError(error, request);
  return refusal instanceof ApiError ? refusal.status : expired('the watch ended').status;
}

const jsonFrames = (context: ApiContext, request: ResourceRequest): Frames => ({
  type: JSON_TYPE,
  encode: frameEncoder(context, request),
  refusal: (status) => frame('ERROR', JSON.stringify(status)),
  bytesOf: ({ type, object }) => context.encoder.frame(type, object).length,
});

/** Only for kinds that are written in protobuf, and metadata. */
function protobufFrames(context: ApiContext, { form, resource }: ResourceRequest): Frames {
  if (form.as === 'Table' || form.as === 'APIGroupDiscoveryList') throw notAcceptable(TYPES);
  const partial = form.as !== 'object';
  const of = { kind: resource.kind, apiVersion: groupVersion(resource) };
  const list = protobufListHead(partial ? { kind: 'PartialObjectMetadataList', apiVersion: `meta.k8s.io/${form.version}`, metadata: {} } : { ...of, kind: resource.listKind, metadata: {} }, 0);
  const made = (type: string, object: object): Buffer => chunk(protobufFrame(type, toProtobuf(object) ?? Buffer.alloc(0)));
  const encode = ({ type, object }: WatchEvent): Buffer => {
    const shown = type === 'BOOKMARK' ? { ...of, metadata: bookmark(object, list) } : object;
    if (partial) return made(type, partialMetadata(shown, form.version));
    return (type === 'BOOKMARK' ? undefined : context.encoder.protobufFrame(type, shown)) ?? made(type, shown);
  };
  return { type: `${PROTOBUF_TYPE};stream=watch`, encode, refusal: (status) => made('ERROR', status), bytesOf: (event) => encode(event).length };
}

/** How one event looks in the form that the client asked for. */
function frameEncoder(context: ApiContext, { form, resource, query }: ResourceRequest): (event: WatchEvent) => Buffer {
  switch (form.as) {
    case 'object': {
      const of = { kind: resource.kind, apiVersion: groupVersion(resource) };
      const list = emptyList(resource.listKind, of.apiVersion);
      return ({ type, object }) => (type === 'BOOKMARK' ? frame(type, JSON.stringify({ ...of, metadata: bookmark(object, list) })) : context.encoder.frame(type, object));
    }
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
    case 'PartialObjectMetadataList': {
      const list = emptyList('PartialObjectMetadataList', `meta.k8s.io/${form.version}`);
      return ({ type, object }) => frame(type, JSON.stringify(partialMetadata(type === 'BOOKMARK' ? { ...object, metadata: bookmark(object, list) } : object, form.version)));
    }
    default:
      throw notAcceptable(TYPES);
  }
}

const emptyList = (kind: string, apiVersion: string): Buffer => Buffer.from(`${JSON.stringify({ kind, apiVersion, metadata: {}, items: null })}\n`);

/** The metadata as kube-apiserver shows them. The bookmark that ends the list carries an empty list: some clients learn its kind from it. */
function bookmark({ metadata }: KubeObject, list: Buffer): ObjectMeta {
  const { resourceVersion, annotations } = metadata;
  const ends = annotations?.[INITIAL_EVENTS_END] !== undefined;
  return {
    resourceVersion,
    creationTimestamp: null,
    ...(ends && { annotations: { ...annotations, 'kubernetes.io/initial-events-list-blueprint': list.toString('base64') } }),
  } as unknown as ObjectMeta;
}
