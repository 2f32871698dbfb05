/**
 * Reading collections in pages of `PAGE`, so that neither side holds more than one at a time on the way. All pages show the state of
 * the first one; when the server has forgotten it meanwhile (410), reading begins anew, and at last asks for everything at once.
 */
import type { KubeObject } from '../../../crds/meta';
import { compileSelection } from '../selection';
import { StoreError, type ListOptions, type ListResult, type Selection } from '../store';
import type { KubeApi } from './api';
import { collectionPath, complete, splitSelection, type ClusterResource } from './resources';

export const PAGE = 500;
const MAX_RESTARTS = 2;

interface ListBody {
  metadata: { resourceVersion: string; continue?: string; remainingItemCount?: number };
  items: KubeObject[] | null;
}

/** One page, or (without a limit) everything, in the order of the port. @throws StoreError */
export async function list<T extends KubeObject>(api: KubeApi, resource: ClusterResource, options: ListOptions): Promise<ListResult<T>> {
  const { limit = 0, continue: token } = options;
  if (!Number.isInteger(limit) || limit < 0) throw new StoreError('Invalid', `limit: ${limit} must be a whole number of 0 or more`, { resource: resource.name });
  const at = exactly(resource, options);
  if (limit > 0 || token !== undefined) {
    const body = await page(api, resource, options, { ...at, ...(limit > 0 && { limit: String(limit) }), ...(token !== undefined && { continue: token }) });
    const { resourceVersion, remainingItemCount } = body.metadata;
    return {
      items: filtered<T>(resource, options, body.items ?? []),
      resourceVersion,
      ...(body.metadata.continue ? { continue: body.metadata.continue } : {}),
      ...(remainingItemCount === undefined ? {} : { remainingItemCount }),
    };
  }
  const { items, resourceVersion } = await everything<T>(api, resource, options, at);
  return { items: items.sort(byNamespaceAndName), resourceVersion };
}

/** For the revision that is wanted. @throws StoreError Invalid */
function exactly(resource: ClusterResource, { resourceVersion, continue: token }: ListOptions): Record<string, string> {
  if (resourceVersion === undefined) return {};
  if (!REVISION.test(resourceVersion) || resourceVersion === '0' || token !== undefined) {
    throw new StoreError('Invalid', `resourceVersion: ${JSON.stringify(resourceVersion)} must be a revision, and not together with continue`, { resource: resource.name });
  }
  return { resourceVersion, resourceVersionMatch: 'Exact' };
}

/** '0' and decimal numbers. */
export const REVISION = /^(0|[1-9]\d{0,19})$/;

async function everything<T extends KubeObject>(
  api: KubeApi, resource: ClusterResource, selection: Selection, at: Record<string, string>,
): Promise<{ items: T[]; resourceVersion: string }> {
  for (let restarts = 0; ; restarts += 1) {
    const items: T[] = [];
    try {
      let token: string | undefined;
      for (;;) {
        // At last without pages: the list is then one read, and cannot expire.
        const paging = restarts > MAX_RESTARTS ? at : { limit: String(PAGE), ...(token === undefined ? at : { continue: token }) };
        const body = await page(api, resource, selection, paging);
        for (const item of filtered<T>(resource, selection, body.items ?? [])) items.push(item);
        token = body.metadata.continue || undefined;
        if (token === undefined) return { items, resourceVersion: body.metadata.resourceVersion };
      }
    } catch (error) {
      if (!(error instanceof StoreError) || error.reason !== 'Expired' || restarts > MAX_RESTARTS) throw error;
    }
  }
}

async function page(api: KubeApi, resource: ClusterResource, selection: Selection, paging: Record<string, string>): Promise<ListBody> {
  const { query } = splitSelection(resource, selection);
  return (await api.json({ method: 'GET', path: collectionPath(resource, selection.namespace ?? ''), query: { ...query, ...paging } })) as ListBody;
}

/** With kind and apiVersion, and without what the API could not leave out. */
function filtered<T extends KubeObject>(resource: ClusterResource, selection: Selection, items: readonly KubeObject[]): T[] {
  const { rest } = splitSelection(resource, selection);
  const { test } = compileSelection({ fields: rest });
  const all = items.map((item) => complete(resource, item));
  return (test ? all.filter(test) : all) as T[];
}

function byNamespaceAndName({ metadata: a }: KubeObject, { metadata: b }: KubeObject): number {
  const [left, right] = [a.namespace ?? '', b.namespace ?? ''];
  if (left !== right) return left < right ? -1 : 1;
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}
