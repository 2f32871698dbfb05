/** What the garbage collector sees of the API: everything that is stored, but for events, which nobody owns for long, and what it has caches of. */
import { EVENTS, JOBS, TASKS } from '../crds/meta';
import type { ResourceRegistry } from './apiserver/resources/registry';
import { groupVersion, isStored } from './apiserver/resources/resource';
import type { CollectedKind } from './controllers/garbage/followed';

const ELSEWHERE = new Set<string>([EVENTS, `${EVENTS}.events.k8s.io`, JOBS, TASKS]);

export function collectedKinds(registry: ResourceRegistry, without: ReadonlySet<string> = ELSEWHERE): CollectedKind[] {
  return registry
    .preferred()
    .filter((resource) => isStored(resource) && resource.readOnly === undefined && !without.has(resource.name))
    .map((resource) => ({ resource: resource.name, apiVersion: groupVersion(resource), kind: resource.kind, namespaced: resource.namespaced }));
}
