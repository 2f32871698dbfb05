/**
 * Who may do what. Deciders are asked in order: the first that allows or denies has decided; when none has an opinion, it is denied.
 *
 *   system:masters ─► agents (only their own) ─► roles
 */
import type { Identity } from './identity';
import type { Soon } from './soon';

export interface ResourceAttributes {
  group: string;
  plural: string;
  subresource: string;
  /** '' for cluster scope or all namespaces. Of a Namespace its own name. */
  namespace: string;
  name: string;
  /** For what belongs to no namespace but may be used by whoever has the right in any: data elements. */
  anyNamespace?: boolean;
}

export interface Attributes {
  /** get, list, watch, create, update, patch, delete, deletecollection; for paths that are no resource: get, post, … */
  verb: string;
  /** Absent for a path that is no resource. */
  resource?: ResourceAttributes;
  path: string;
}

export interface Decision {
  /** 'none': no opinion, which denies when nobody else has one. */
  readonly outcome: 'allow' | 'deny' | 'none';
  /** In Kubernetes' words; may be empty. */
  readonly reason: string;
}

export type Decider = (identity: Identity, attributes: Attributes) => Decision;

/** @returns undefined when allowed, else why not, in Kubernetes' words. */
export type Authorizer = (identity: Identity, attributes: Attributes) => Soon<string | undefined>;

export const MASTERS = 'system:masters';

const NO_OPINION: Decision = { outcome: 'none', reason: '' };
const ALLOWED: Decision = { outcome: 'allow', reason: '' };

export const isMaster = ({ groups }: Identity): boolean => groups.includes(MASTERS);

export const masters: Decider = (identity) => (isMaster(identity) ? ALLOWED : NO_OPINION);

/** Asks one after the other. Reasons of those without an opinion are joined, one per line, as kube-apiserver does. */
export function firstOpinion(...deciders: readonly Decider[]): Decider {
  return (identity, attributes) => {
    let reason = '';
    for (const decide of deciders) {
      const decision = decide(identity, attributes);
      if (decision.outcome !== 'none') return decision;
      if (decision.reason !== '') reason = reason === '' ? decision.reason : `${reason}\n${decision.reason}`;
    }
    return reason === '' ? NO_OPINION : { outcome: 'none', reason };
  };
}

export function authorizerOf(decide: Decider): Authorizer {
  return (identity, attributes) => {
    const decision = decide(identity, attributes);
    return decision.outcome === 'allow' ? undefined : refusal(identity, attributes, decision.reason);
  };
}

/** Where there are no roles: `system:masters` everything, everyone else nothing. */
export const mastersOnly: Authorizer = authorizerOf(masters);

/** `User "alice" cannot list resource "jobs" in API group "gleaner.dev" in the namespace "lab-a"` */
export function refusal(identity: Identity, { verb, resource, path }: Attributes, reason = ''): string {
  const why = reason === '' ? '' : `: ${reason}`;
  const who = `User ${JSON.stringify(identity.user)} cannot ${verb}`;
  if (!resource) return `${who} path ${JSON.stringify(path)}${why}`;
  const target = resource.subresource === '' ? resource.plural : `${resource.plural}/${resource.subresource}`;
  return `${who} resource ${JSON.stringify(target)} in API group ${JSON.stringify(resource.group)} ${where(resource)}${why}`;
}

function where({ namespace, anyNamespace }: ResourceAttributes): string {
  if (anyNamespace) return 'in any namespace';
  return namespace === '' ? 'at the cluster scope' : `in the namespace ${JSON.stringify(namespace)}`;
}
