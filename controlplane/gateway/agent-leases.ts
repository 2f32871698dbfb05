/** Which Tasks and Jobs an agent may read: those that it holds a lease of. */
import type { AgentLeases } from '../auth/agent-authorizer';
import type { JobFacts } from './job-facts';
import type { Leases } from './leases';

export function agentLeases(leases: Leases, jobs: { get(uid: string): JobFacts | undefined }): AgentLeases {
  return {
    ofTask: (agentId, namespace, task) => leases.ofAgent(agentId).some((lease) => lease.namespace === namespace && lease.taskName === task),
    ofJob: (agentId, namespace, job) => leases.ofAgent(agentId).some((lease) => lease.namespace === namespace && jobs.get(lease.jobUid)?.job.metadata.name === job),
  };
}
