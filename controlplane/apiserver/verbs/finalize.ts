/** PUT of a namespace's `/finalize`: what holds it. A namespace that goes and is held by nothing any more is gone. */
import type { KubeObject } from '../../../crds/meta';
import { invalidError } from '../http/errors';
import { invalid } from '../schema/field-error';
import { qualifiedNameProblem } from '../schema/object-meta';
import { isObject } from '../schema/schema';
import { answerObject } from './answer';
import { getExisting, storing, type ApiContext, type ResourceRequest } from './context';
import { place, readProposal } from './decode';
import { managerName } from './field-managers';
import { dryRun } from './options';
import { retrying, unlessStale } from './retry';

type Namespace = KubeObject & { spec?: { finalizers?: unknown } };

export async function finalizeNamespace(context: ApiContext, request: ResourceRequest): Promise<void> {
  managerName(request, 'UpdateOptions');
  const onlyTry = dryRun(request);
  const { object: asked } = await readProposal(request);
  place(asked, request);
  const spec = isObject(asked.spec) ? asked.spec : {};
  const finalizers = Array.isArray(spec.finalizers) ? (spec.finalizers as unknown[]) : [];
  const errors = finalizers.flatMap((name, index) => {
    const problem = typeof name === 'string' ? qualifiedNameProblem(name) : 'must be a string';
    return problem ? [invalid(`spec.finalizers[${index}]`, name, problem)] : [];
  });
  if (errors.length > 0) throw invalidError(request.resource, request.name, errors);
  const { resourceVersion, uid } = asked.metadata;
  const object = await retrying(context, request, async () => {
    const old = await storing(request, () => getExisting(context, request));
    const next: Namespace = {
      ...old,
      metadata: { ...old.metadata, resourceVersion: resourceVersion || old.metadata.resourceVersion, ...(uid && { uid }) },
      spec: finalizers.length > 0 ? { finalizers } : {},
    };
    if (onlyTry) return next;
    return unlessStale(!!resourceVersion || !!uid, () => storing(request, () => context.store.update(request.resource.name, next)));
  });
  answerObject(context, request, 200, object);
}
