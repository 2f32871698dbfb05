/** GET of a collection: pages, selectors, revisions; large answers are written in pieces. */
import type { KubeObject } from '../../../crds/meta';
import type { ListResult } from '../../store/store';

import { listItem, protobufListHead, writtenMessage } from '../codec/to-protobuf';
import { PROTOBUF_TYPE, TYPES } from '../http/accept';
import { takesGzip } from '../http/compress';
import { futureVersion, notAcceptable } from '../http/errors';
import { asYaml, writeList, type ListText } from '../http/write-list';
import { groupVersion, type Resource } from '../resources/resource';
import { partialMetadata } from '../table/table';
import { storing, type ApiContext, type ResourceRequest } from './context';
import { pageOptions } from './list-options';
import { includeObject, selectionOf } from './options';
import { letOthersIn } from './turns';

export async function list(context: ApiContext, request: ResourceRequest): Promise<void> {
  await answerList(context, request, await readList(context, request));
}

/** What a request asks for of its collection. @throws ApiError 400, 410, 422, 504 */
export async function readList(context: ApiContext, request: ResourceRequest): Promise<ListResult<KubeObject>> {
  const { query, resource } = request;
  const { limit, token, resourceVersion, exact } = pageOptions(query);
  const result = await storing(request, () =>
    context.store.list(resource.name, {
      ...selectionOf(request), ...(limit && { limit }), ...(token !== '' && { continue: token }), ...(exact && { resourceVersion }),
    }),
  );
  requireRevision(resourceVersion, result.resourceVersion);
  return result;
}

/** Answers with a list, in the form that the client asked for. */
export async function answerList(context: ApiContext, request: ResourceRequest, result: ListResult<KubeObject>): Promise<void> {
  if (request.form.protobuf) return answerProtobuf(context, request, result);
  const text = render(context, request, result);
  await writeList(request.res, result.items, request.form.yaml ? asYaml(text) : text, request.onPiece);
}

/**
 * So many are encoded at a time; then other requests get their turn. Longer lists are measured one after the other: a part of hundreds of
 * them in every turn of the event loop would make those turns seconds long, and none would be written before almost all are measured.
 */
const PROTOBUF_ITEMS = 500;
/** What is kept of the items that were measured; those beyond are encoded once more when they are written: no client makes the server hold a large list. */
const KEPT_BYTES = 512 * 1024;

/** With whose lists: those of one client are measured one after the other. No key of an object is like it. */
const MEASURING = ' lists of ';

/** All of the list's length stands at its beginning: the items are measured before they are written. */
async function answerProtobuf({ locks }: ApiContext, { res, form, resource, identity, onPiece }: ResourceRequest, { items, resourceVersion, continue: token, remainingItemCount }: ListResult<KubeObject>): Promise<void> {
  const partial = form.as === 'PartialObjectMetadataList';
  if (form.as !== 'object' && !partial) throw notAcceptable(TYPES);
  const apiVersion = partial ? `meta.k8s.io/${form.version}` : groupVersion(resource);
  const message = writtenMessage(apiVersion, partial ? 'PartialObjectMetadata' : resource.kind);
  if (!message) throw notAcceptable(TYPES);
  const kept = new Map<KubeObject, Buffer>();
  let bytes = 0;
  const measure = async (): Promise<void> => {
    for (let at = 0; at < items.length && !res.destroyed; at += 1) {
      if (at > 0 && at % PROTOBUF_ITEMS === 0) await letOthersIn();
      const item = listItem(items[at], message);
      bytes += item.length;
      if (bytes <= KEPT_BYTES) kept.set(items[at], item);
    }
    if (items.length > PROTOBUF_ITEMS) await letOthersIn();
  };
  await (items.length > PROTOBUF_ITEMS ? locks.run(`${MEASURING}${identity.user}`, measure) : measure());
  if (res.destroyed) return;
  const list = { apiVersion, kind: partial ? form.as : resource.listKind, metadata: { resourceVersion, continue: token, remainingItemCount } };
  const head = protobufListHead(list, bytes);
  if (!takesGzip(res)) res.setHeader('Content-Length', head.length + bytes);
  await writeList(res, items, { type: PROTOBUF_TYPE, head, between: '', item: (object) => kept.get(object) ?? listItem(object, message), tail: '' }, onPiece);
}

/** @throws ApiError 504 when what there is is older than what the client has seen elsewhere */
export function requireRevision(wanted: string, newest: string): void {
  if (wanted !== '' && BigInt(wanted) > BigInt(newest)) throw futureVersion(wanted, newest);
}

/** Items of lists of core kinds do not say their kind: the list says it. What comes out lacks its opening brace. */
function withoutKind(resource: Resource, encode: (object: KubeObject) => string | Buffer): (object: KubeObject) => string | Buffer {
  const apiVersion = `"apiVersion":"${groupVersion(resource)}"`;
  const kind = `"kind":"${resource.kind}"`;
  const heads = [`{${apiVersion},${kind},`, `{${kind},${apiVersion},`].map((head) => Buffer.from(head));
  return (object) => {
    const encoded = encode(object);
    const bytes = typeof encoded === 'string' ? Buffer.from(encoded) : encoded;
    const head = heads.find((one) => bytes.length > one.length && bytes.compare(one, 0, one.length, 0, one.length) === 0);
    if (head) return bytes.subarray(head.length);
    const { apiVersion: _, kind: __, ...rest } = object;
    return JSON.stringify(rest).slice(1);
  };
}

function render(context: ApiContext, { form, resource, query }: ResourceRequest, result: ListResult<KubeObject>): ListText {
  const metadata = JSON.stringify({
    resourceVersion: result.resourceVersion,
    ...(result.continue !== undefined ? { continue: result.continue } : !resource.core && form.as === 'object' && { continue: '' }),
    ...(result.remainingItemCount !== undefined && { remainingItemCount: result.remainingItemCount }),
  });
  switch (form.as) {
    case 'object': {
      const head = `{"kind":"${resource.listKind}","apiVersion":"${groupVersion(resource)}","metadata":${metadata},"items":[`;
      const encode = (object: KubeObject): string | Buffer => context.encoder.encodeBytes(object);
      return { head, ...(resource.core ? { open: '{', item: withoutKind(resource, encode) } : { item: encode }), tail: ']}\n' };
    }
    case 'Table': {
      const renderer = context.renderer(resource);
      const include = includeObject(query);
      const columns = JSON.stringify(renderer.columns);
      const head = `{"kind":"Table","apiVersion":"meta.k8s.io/${form.version}","metadata":${metadata},"columnDefinitions":${columns},"rows":[`;
      return { head, item: (object) => JSON.stringify(renderer.row(object, include, form.version)), tail: ']}\n' };
    }
    case 'PartialObjectMetadataList': {
      const head = `{"kind":"PartialObjectMetadataList","apiVersion":"meta.k8s.io/${form.version}","metadata":${metadata},"items":[`;
      return { head, item: (object) => JSON.stringify(partialMetadata(object, form.version)), tail: ']}\n' };
    }
    default:
      throw notAcceptable(TYPES);
  }
}
