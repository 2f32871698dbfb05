/** Who may do what. Until roles exist: `system:masters` everything, everyone else nothing. */
import type { Identity } from './identity';

export interface Attributes {
  /** get, list, watch, create, update, patch, delete, deletecollection; for paths that are no resource: get, post, … */
  verb: string;
  /** Absent for a path that is no resource. */
  resource?: { group: string; plural: string; subresource: string; namespace: string; name: string };
  path: string;
}

/** @returns undefined when allowed, else why not, in Kubernetes' words. */
export type Authorizer = (identity: Identity, attributes: Attributes) => Promise<string | undefined> | string | undefined;

export const MASTERS = 'system:masters';

export const mastersOnly: Authorizer = (identity, attributes) => (identity.groups.includes(MASTERS) ? undefined : refusal(identity, attributes));

/** `User "alice" cannot list resource "jobs" in API group "gleaner.dev" in the namespace "lab-a"` */
export function refusal(identity: Identity, { verb, resource, path }: Attributes): string {
  const who = `User ${JSON.stringify(identity.user)} cannot ${verb}`;
  if (!resource) return `${who} path ${JSON.stringify(path)}`;
  const target = resource.subresource === '' ? resource.plural : `${resource.plural}/${resource.subresource}`;
  const where = resource.namespace === '' ? 'at the cluster scope' : `in the namespace ${JSON.stringify(resource.namespace)}`;
  return `${who} resource ${JSON.stringify(target)} in API group ${JSON.stringify(resource.group)} ${where}`;
}
