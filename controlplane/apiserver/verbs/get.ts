/** GET of one object. */
import { badRequest, notFound } from '../http/errors';
import { answerObject } from './answer';
import { getExisting, storing, type ApiContext, type ResourceRequest } from './context';
import { requireRevision } from './list';
import { revision } from './list-options';
import { booleanParameter, selectionOf } from './options';

export async function get(context: ApiContext, request: ResourceRequest): Promise<void> {
  if (booleanParameter(request.query, 'export')) throw badRequest('the export parameter, deprecated since v1.14, is no longer supported');
  const wanted = revision(request.query);
  if (wanted !== '' && wanted !== '0') return getNotOlder(context, request, wanted);
  answerObject(context, request, 200, await storing(request, () => getExisting(context, request)));
}

/** A list of one says at which revision it is. */
async function getNotOlder(context: ApiContext, request: ResourceRequest, wanted: string): Promise<void> {
  const { resource, name } = request;
  const selection = selectionOf({ ...request, query: new URLSearchParams() });
  const { items, resourceVersion } = await storing(request, () => context.store.list(resource.name, selection));
  requireRevision(wanted, resourceVersion);
  if (items.length === 0) throw notFound(resource, name);
  answerObject(context, request, 200, items[0]);
}
