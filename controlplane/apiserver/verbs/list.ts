/** GET of a collection: pages, selectors, revisions; large answers are written in pieces. */
import type { ServerResponse } from 'node:http';

import type { KubeObject } from '../../../crds/meta';
import type { ListResult } from '../../store/store';
import { expired, futureVersion, notAcceptable } from '../http/errors';
import { drained, JSON_TYPE } from '../http/respond';
import { groupVersion } from '../resources/resource';
import { partialMetadata } from '../table/table';
import { storing, type ApiContext, type ResourceRequest } from './context';
import { includeObject, integerParameter, selectionOf, versionOptions } from './options';

/** Objects encoded at a time, between which other requests get their turn. */
const PIECE = 250;

export async function list(context: ApiContext, request: ResourceRequest): Promise<void> {
  const { query, resource } = request;
  const { resourceVersion, match } = versionOptions(query, false);
  const limit = integerParameter(query, 'limit');
  const token = query.get('continue') ?? '';
  const result = await storing(request, () =>
    context.store.list(resource.name, { ...selectionOf(request), ...(limit && { limit }), ...(token !== '' && { continue: token }) }),
  );
  if (resourceVersion !== '' && BigInt(resourceVersion) > BigInt(result.resourceVersion)) throw futureVersion(resourceVersion, result.resourceVersion);
  if (match === 'Exact' && resourceVersion !== result.resourceVersion) {
    throw expired(`The resourceVersion for the provided list is too old: ${resourceVersion}, only ${result.resourceVersion} can be listed`);
  }
  const { head, items, tail } = render(context, request, result);
  await writePieces(request.res, head, result.items, items, tail);
}

interface Rendering {
  head: string;
  items: (object: KubeObject) => string;
  tail: string;
}

function render(context: ApiContext, { form, resource, query }: ResourceRequest, result: ListResult<KubeObject>): Rendering {
  const metadata = JSON.stringify({
    resourceVersion: result.resourceVersion,
    ...(result.continue !== undefined && { continue: result.continue }),
    ...(result.remainingItemCount !== undefined && { remainingItemCount: result.remainingItemCount }),
  });
  switch (form.as) {
    case 'object': {
      const head = `{"kind":"${resource.listKind}","apiVersion":"${groupVersion(resource)}","metadata":${metadata},"items":[`;
      return { head, items: (object) => context.encoder.encode(object), tail: ']}' };
    }
    case 'Table': {
      const renderer = context.renderer(resource);
      const include = includeObject(query);
      const columns = JSON.stringify(renderer.columns);
      const head = `{"kind":"Table","apiVersion":"meta.k8s.io/${form.version}","metadata":${metadata},"columnDefinitions":${columns},"rows":[`;
      return { head, items: (object) => JSON.stringify(renderer.row(object, include, form.version)), tail: ']}' };
    }
    case 'PartialObjectMetadataList': {
      const head = `{"kind":"PartialObjectMetadataList","apiVersion":"meta.k8s.io/${form.version}","metadata":${metadata},"items":[`;
      return { head, items: (object) => JSON.stringify(partialMetadata(object, form.version)), tail: ']}' };
    }
    default:
      throw notAcceptable(JSON_TYPE);
  }
}

async function writePieces(
  res: ServerResponse,
  head: string,
  objects: readonly KubeObject[],
  encode: (object: KubeObject) => string,
  tail: string,
): Promise<void> {
  const first = head + objects.slice(0, PIECE).map(encode).join(',');
  res.setHeader('Content-Type', JSON_TYPE);
  res.setHeader('Cache-Control', 'no-cache, private');
  if (objects.length <= PIECE) {
    const body = Buffer.from(first + tail);
    res.setHeader('Content-Length', body.length);
    res.end(body);
    return;
  }
  let flowing = res.write(first);
  for (let at = PIECE; at < objects.length; at += PIECE) {
    if (!flowing) await drained(res);
    if (res.destroyed) return;
    flowing = res.write(`,${objects.slice(at, at + PIECE).map(encode).join(',')}`);
  }
  res.end(tail);
}
