import type { Condition, KubeObject, ObjectMeta } from './meta';

/** A registered machine. Registers itself; the operator cordons, labels or deletes (revokes) it. */
export class Agent implements KubeObject {
  apiVersion!: string;
  kind!: string;
  metadata!: ObjectMeta;
  spec!: AgentSpec;
  status?: AgentStatus;
}

export class AgentSpec {
  /** No new attempts when true. */
  cordoned!: boolean;
}

export type AgentState = 'Ready' | 'Busy' | 'Draining' | 'Cordoned' | 'Offline';

export class AgentStatus {
  state?: AgentState;
  /** Whom the agent pays: an id, from its join token. */
  owner?: string;
  version?: string;
  os?: string;
  arch?: string;
  /** `os/arch`, for the printer column. */
  platform?: string;
  capacity?: AgentResources;
  /** Number of attempts leased. */
  running?: number;
  /** Image digests (ids) that it holds. */
  runtimes?: string[];
  lastSeen?: string;
  conditions?: Condition[];
}

export class AgentResources {
  cpu!: string;
  memory!: string;
  scratch!: string;
  slots!: number;
}
