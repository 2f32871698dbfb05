/**
 * Does this agent suit this shape of attempt? Pure.
 *
 * Two questions are kept apart: `match` compares with what the agent is in all (what people want to know: "too small"),
 * `room` with what is free now (what the scheduler wants to know).
 */

/** Whole units: thousandths of a core, bytes, number of attempts at once. */
export interface Amounts {
  cpuMillis: number;
  memoryBytes: number;
  scratchBytes: number;
  slots: number;
}

/** What all attempts of a Job have in common, computed once per Job. */
export interface Shape {
  /** What one attempt takes; `slots` is 1. */
  amounts: Amounts;
  pids: number;
  timeoutMs: number;
  /** Image id, and the element that holds the image. */
  image: string;
  imageArchive: string;
  /** `os/arch`, any of them. */
  platforms: readonly string[];
  tier: string;
  /** Micro-credits that the owner gets: the tier's rates after the operator's margin. */
  payout: { cpuHour: bigint; memoryGiBHour: bigint; start: bigint };
}

export type AgentAvailability = 'Ready' | 'Cordoned' | 'Draining' | 'Offline';

export interface AgentFacts {
  availability: AgentAvailability;
  /** `os/arch` */
  platform: string;
  total: Amounts;
  used: Amounts;
  /** Least micro-credits per core-hour that the owner works for. */
  askMicro: bigint;
}

export type Exclusion = 'Offline' | 'Draining' | 'Cordoned' | 'NothingOffered' | 'Platform' | 'Cpu' | 'Memory' | 'Scratch' | 'Ask';

/** Why the agent never runs such an attempt as it is now; undefined: it suits. The first reason that holds, in the order of Exclusion. */
export function match(agent: AgentFacts, shape: Shape): Exclusion | undefined {
  if (agent.availability !== 'Ready') return agent.availability;
  // An agent whose container engine does not answer stays connected and offers nothing.
  if (agent.total.slots === 0) return 'NothingOffered';
  if (!shape.platforms.includes(agent.platform)) return 'Platform';
  const { amounts } = shape;
  if (amounts.cpuMillis > agent.total.cpuMillis) return 'Cpu';
  if (amounts.memoryBytes > agent.total.memoryBytes) return 'Memory';
  if (amounts.scratchBytes > agent.total.scratchBytes) return 'Scratch';
  if (agent.askMicro > shape.payout.cpuHour) return 'Ask';
  return undefined;
}

/** How many such attempts fit into what is free now; 0 when it is full. */
export function room(agent: AgentFacts, shape: Shape): number {
  const { total, used } = agent;
  const { amounts } = shape;
  return Math.max(0, Math.min(
    total.slots - used.slots,
    times(total.cpuMillis - used.cpuMillis, amounts.cpuMillis),
    times(total.memoryBytes - used.memoryBytes, amounts.memoryBytes),
    times(total.scratchBytes - used.scratchBytes, amounts.scratchBytes),
  ));
}

const times = (free: number, each: number): number => (each === 0 ? Number.MAX_SAFE_INTEGER : Math.floor(free / each));

/** Adds `count` times `amounts` to `used`, in place; a negative count takes away. */
export function occupy(used: Amounts, amounts: Amounts, count: number): void {
  used.cpuMillis += amounts.cpuMillis * count;
  used.memoryBytes += amounts.memoryBytes * count;
  used.scratchBytes += amounts.scratchBytes * count;
  used.slots += amounts.slots * count;
}
