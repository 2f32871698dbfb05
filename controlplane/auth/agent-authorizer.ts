/**
 * What an agent may do with its certificate beside the link: read its own Agent object, and the Tasks that are leased to it with their
 * Jobs. Nothing else, whatever roles say: the decision is final in both directions.
 */
import { GROUP } from '../../crds/meta';
import { AGENTS_GROUP, agentOfUser } from './authenticators/client-certificate';
import type { Decider, Decision, ResourceAttributes } from './authorizer';

export interface AgentLeases {
  /** Whether the agent holds a lease of this Task. */
  ofTask(agentId: string, namespace: string, task: string): boolean;
  /** Whether the agent holds a lease of a Task of this Job. */
  ofJob(agentId: string, namespace: string, job: string): boolean;
}

/** Before any lease is known. */
export const NO_LEASES: AgentLeases = { ofTask: () => false, ofJob: () => false };

const NO_OPINION: Decision = { outcome: 'none', reason: '' };
const ALLOWED: Decision = { outcome: 'allow', reason: '' };
const deny = (reason: string): Decision => ({ outcome: 'deny', reason });

/** No opinion on those who are no agents. */
export function agentDecider(leases: AgentLeases): Decider {
  return ({ user, groups }, { verb, resource }) => {
    const agentId = agentOfUser(user);
    if (agentId === undefined && !groups.includes(AGENTS_GROUP)) return NO_OPINION;
    if (agentId === undefined) return deny('the group of agents is for agents only');
    if (!resource || resource.group !== GROUP || resource.subresource !== '' || resource.name === '') return deny('an agent may read only its own Agent and what is leased to it');
    if (verb !== 'get') return deny('an agent may only get single objects');
    return ofAgent(agentId, resource, leases);
  };
}

function ofAgent(agentId: string, { plural, namespace, name }: ResourceAttributes, leases: AgentLeases): Decision {
  switch (plural) {
    case 'agents':
      return name === agentId ? ALLOWED : deny('an agent may read only its own Agent');
    case 'tasks':
      return leases.ofTask(agentId, namespace, name) ? ALLOWED : deny('no attempt of this Task is leased to the agent');
    case 'jobs':
      return leases.ofJob(agentId, namespace, name) ? ALLOWED : deny('no attempt of this Job is leased to the agent');
    default:
      return deny('an agent may read only its own Agent and what is leased to it');
  }
}
