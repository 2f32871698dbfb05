/** What roles of a cluster grant, one right at a time, and which of them the requests in an API server's audit log needed. */

import { resourceOf, type AuditEvent } from './kube-audit';

export interface Role {
  kind: 'ClusterRole' | 'Role';
  metadata: { name: string; namespace?: string };
  rules: { apiGroups: string[]; resources: string[]; resourceNames?: string[]; verbs: string[] }[];
}

/** One verb on one resource, of one name when it is bound to names. */
export interface Right {
  kind: Role['kind'];
  /** Of a Role: where it counts. */
  namespace?: string;
  verb: string;
  /** As `jobs/status.gleaner.dev`. */
  resource: string;
  name?: string;
}

const qualified = (resource: string, group: string): string => (group === '' ? resource : `${resource}.${group}`);

export function rightsOf({ kind, metadata: { namespace }, rules }: Role): Right[] {
  const where = kind === 'Role' ? { kind, namespace } : { kind };
  return rules.flatMap(({ apiGroups, resources, resourceNames, verbs }) =>
    apiGroups.flatMap((group) => resources.flatMap((resource) => verbs.flatMap((verb): Right[] => {
      const right = { ...where, verb, resource: qualified(resource, group) };
      return resourceNames ? resourceNames.map((name) => ({ ...right, name })) : [right];
    }))));
}

/** As `Role get secrets gleaner-pki`. */
export const describeRight = ({ kind, verb, resource, name }: Right): string => [kind, verb, resource, ...(name === undefined ? [] : [name])].join(' ');

/** As `get secrets gleaner-pki in gleaner-system`. */
export function describeUse(event: AuditEvent): string {
  const { namespace, name } = event.objectRef ?? {};
  return [event.verb, resourceOf(event), ...(name === undefined ? [] : [name]), ...(namespace === undefined ? [] : ['in', namespace])].join(' ');
}

/** Whether the right lets this request through. */
export function allows(right: Right, event: AuditEvent): boolean {
  return right.verb === event.verb && right.resource === resourceOf(event)
    && (right.kind === 'ClusterRole' || right.namespace === event.objectRef?.namespace)
    && (right.name === undefined || right.name === event.objectRef?.name);
}

/** Whether the request needs just this right: what stays in namespace `own` is for a Role to allow, and no reason to allow it everywhere. */
export const needs = (right: Right, event: AuditEvent, own: string): boolean =>
  allows(right, event) && (right.kind === 'Role' || event.objectRef?.namespace !== own);

/** Verbs of which RBAC can say the name: of what a create makes it knows none. */
export const canNameOf = (verb: string): boolean => ['get', 'update', 'patch', 'delete'].includes(verb);
