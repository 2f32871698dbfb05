/** GET of a collection: pages, selectors, revisions; large answers are written in pieces. */
import type { KubeObject } from '../../../crds/meta';
import type { ListResult } from '../../store/store';
import { futureVersion, notAcceptable } from '../http/errors';
import { JSON_TYPE } from '../http/respond';
import { writeList } from '../http/write-list';
import { groupVersion, type Resource } from '../resources/resource';
import { partialMetadata } from '../table/table';
import { storing, type ApiContext, type ResourceRequest } from './context';
import { pageOptions } from './list-options';
import { includeObject, selectionOf } from './options';

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
  const { head, items, tail } = render(context, request, result);
  await writeList(request.res, head, result.items, items, tail);
}

/** @throws ApiError 504 when what there is is older than what the client has seen elsewhere */
export function requireRevision(wanted: string, newest: string): void {
  if (wanted !== '' && BigInt(wanted) > BigInt(newest)) throw futureVersion(wanted, newest);
}

const OPEN = Buffer.from('{');

/** Items of lists of core kinds do not say their kind: the list says it. */
function withoutKind(resource: Resource, encode: (object: KubeObject) => string | Buffer): (object: KubeObject) => Buffer {
  const apiVersion = `"apiVersion":"${groupVersion(resource)}"`;
  const kind = `"kind":"${resource.kind}"`;
  const heads = [`{${apiVersion},${kind},`, `{${kind},${apiVersion},`].map((head) => Buffer.from(head));
  return (object) => {
    const encoded = encode(object);
    const bytes = typeof encoded === 'string' ? Buffer.from(encoded) : encoded;
    const head = heads.find((one) => bytes.subarray(0, one.length).equals(one));
    if (head) return Buffer.concat([OPEN, bytes.subarray(head.length)]);
    const { apiVersion: _, kind: __, ...rest } = object;
    return Buffer.from(JSON.stringify(rest));
  };
}

interface Rendering {
  head: string;
  items: (object: KubeObject) => string | Buffer;
  tail: string;
}

function render(context: ApiContext, { form, resource, query }: ResourceRequest, result: ListResult<KubeObject>): Rendering {
  const metadata = JSON.stringify({
    resourceVersion: result.resourceVersion,
    ...(result.continue !== undefined ? { continue: result.continue } : !resource.core && form.as === 'object' && { continue: '' }),
    ...(result.remainingItemCount !== undefined && { remainingItemCount: result.remainingItemCount }),
  });
  switch (form.as) {
    case 'object': {
      const head = `{"kind":"${resource.listKind}","apiVersion":"${groupVersion(resource)}","metadata":${metadata},"items":[`;
      const encode = (object: KubeObject): string | Buffer => context.encoder.encodeBytes(object);
      return { head, items: resource.core ? withoutKind(resource, encode) : encode, tail: ']}\n' };
    }
    case 'Table': {
      const renderer = context.renderer(resource);
      const include = includeObject(query);
      const columns = JSON.stringify(renderer.columns);
      const head = `{"kind":"Table","apiVersion":"meta.k8s.io/${form.version}","metadata":${metadata},"columnDefinitions":${columns},"rows":[`;
      return { head, items: (object) => JSON.stringify(renderer.row(object, include, form.version)), tail: ']}\n' };
    }
    case 'PartialObjectMetadataList': {
      const head = `{"kind":"PartialObjectMetadataList","apiVersion":"meta.k8s.io/${form.version}","metadata":${metadata},"items":[`;
      return { head, items: (object) => JSON.stringify(partialMetadata(object, form.version)), tail: ']}\n' };
    }
    default:
      throw notAcceptable(JSON_TYPE);
  }
}
