/** What an Agent's status says, from what is known of it. Pure. */
import type { Capacity, Hello } from '../../crds/agent-link';
import type { Agent, AgentState, AgentStatus } from '../../crds/agent';
import { rfc3339, setCondition } from '../../crds/conditions';
import { formatBytes, formatCpu } from '../../crds/quantity';
import type { AgentAvailability, Amounts } from '../market/match';

export interface AgentKnowledge {
  connected: boolean;
  hello?: Hello;
  capacity?: Capacity;
  images: ReadonlySet<string>;
  running: number;
  /** Milliseconds since the epoch; absent: not in this process' life. */
  lastSeen?: number;
}

export function stateOf(agent: Agent, { connected, capacity, running }: AgentKnowledge): AgentState {
  if (!connected) return 'Offline';
  if (agent.spec.cordoned) return 'Cordoned';
  if (capacity?.draining) return 'Draining';
  return running > 0 ? 'Busy' : 'Ready';
}

/** As the market sees it. */
export function availabilityOf(agent: Agent, knowledge: AgentKnowledge): AgentAvailability {
  const state = stateOf(agent, knowledge);
  return state === 'Busy' ? 'Ready' : state;
}

export const amountsOf = (total: Hello['total']): Amounts => ({
  cpuMillis: Math.floor(total.cpu * 1000), memoryBytes: total.memoryBytes, scratchBytes: total.scratchBytes, slots: total.slots,
});

export function statusOf(agent: Agent, knowledge: AgentKnowledge, now: Date): AgentStatus {
  const { hello, capacity, images, running, lastSeen } = knowledge;
  const state = stateOf(agent, knowledge);
  const total = capacity?.total ?? hello?.total;
  return {
    ...agent.status,
    state,
    ...(hello ? { version: hello.version, os: hello.os, arch: hello.arch, platform: `${hello.os}/${hello.arch}`, runtimes: [...images].sort() } : {}),
    ...(total
      ? { capacity: { cpu: formatCpu(Math.floor(total.cpu * 1000) / 1000), memory: formatBytes(total.memoryBytes), scratch: formatBytes(total.scratchBytes), slots: total.slots } }
      : {}),
    running,
    ...(lastSeen === undefined ? {} : { lastSeen: rfc3339(new Date(lastSeen)) }),
    conditions: setCondition(agent.status?.conditions, readiness(state), now),
  };
}

function readiness(state: AgentState): Parameters<typeof setCondition>[1] {
  switch (state) {
    case 'Offline': return { type: 'Ready', status: 'False', reason: 'Offline', message: 'the agent is not connected' };
    case 'Draining': return { type: 'Ready', status: 'False', reason: 'Draining', message: 'the agent finishes what runs, and then leaves' };
    case 'Cordoned': return { type: 'Ready', status: 'False', reason: 'Cordoned', message: 'spec.cordoned is true: it gets nothing new' };
    case 'Busy':
    case 'Ready': return { type: 'Ready', status: 'True', reason: 'Connected', message: 'the agent is connected' };
    default: return state satisfies never;
  }
}
