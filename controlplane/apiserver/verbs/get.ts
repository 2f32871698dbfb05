/** GET of one object. */
import { answerObject } from './answer';
import { getExisting, storing, type ApiContext, type ResourceRequest } from './context';

export async function get(context: ApiContext, request: ResourceRequest): Promise<void> {
  const object = await storing(request, () => getExisting(context, request));
  answerObject(context, request, 200, object);
}
