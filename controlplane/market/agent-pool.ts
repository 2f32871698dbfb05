/** The agents as the market sees them, those with room in order of their free slots. */
import { occupy, type AgentFacts, type Amounts } from './match';
import { compareAgents } from './rank';

export interface MarketAgent extends AgentFacts {
  readonly id: string;
  /** Image ids held. */
  readonly images: Set<string>;
  /** False while its link is congested: it gets no offers. */
  reachable: boolean;
  /** Jobs that it declined → until when it is not asked again, milliseconds of the monotonic clock. */
  readonly declined: Map<string, number>;
}

/** Agents with this many free slots or more are one class. */
const TOP = 64;
/** So many agents at a time are put in order for a Job (those that hold its image first). */
const LOOK_AHEAD = 64;
const MAX_DECLINED = 1000;

export class AgentPool {
  private readonly agents = new Map<string, MarketAgent>();
  /** By number of free slots; agents without any are in none. */
  private readonly free: Set<MarketAgent>[] = Array.from({ length: TOP + 1 }, () => new Set<MarketAgent>());
  private readonly classOf = new Map<MarketAgent, number>();

  get(id: string): MarketAgent | undefined {
    return this.agents.get(id);
  }

  values(): Iterable<MarketAgent> {
    return this.agents.values();
  }

  /** Number of agents that have a free slot and may get offers. */
  get freeCount(): number {
    return this.classOf.size;
  }

  /** Adds it, or changes what is given. */
  set(id: string, facts: Partial<Omit<MarketAgent, 'id' | 'used' | 'images' | 'declined'>> & { images?: Iterable<string> }): MarketAgent {
    let agent = this.agents.get(id);
    if (!agent) {
      agent = {
        id,
        availability: 'Offline',
        platform: '',
        total: { cpuMillis: 0, memoryBytes: 0, scratchBytes: 0, slots: 0 },
        used: { cpuMillis: 0, memoryBytes: 0, scratchBytes: 0, slots: 0 },
        askMicro: 0n,
        images: new Set(),
        reachable: true,
        declined: new Map(),
      };
      this.agents.set(id, agent);
    }
    const { images, ...rest } = facts;
    Object.assign(agent, rest);
    if (images) {
      agent.images.clear();
      for (const image of images) agent.images.add(image);
    }
    this.place(agent);
    return agent;
  }

  remove(id: string): void {
    const agent = this.agents.get(id);
    if (!agent) return;
    this.agents.delete(id);
    this.unplace(agent);
  }

  /** Counts `count` attempts as used (or, negative, as free again). */
  occupy(agent: MarketAgent, amounts: Amounts, count: number): void {
    occupy(agent.used, amounts, count);
    if (this.agents.get(agent.id) === agent) this.place(agent);
  }

  decline(agent: MarketAgent, jobUid: string, until: number): void {
    if (agent.declined.size >= MAX_DECLINED) agent.declined.clear();
    agent.declined.set(jobUid, until);
  }

  /** Whether it declined this Job and is not to be asked yet. */
  declines(agent: MarketAgent, jobUid: string, now: number): boolean {
    const until = agent.declined.get(jobUid);
    if (until === undefined) return false;
    if (until > now) return true;
    agent.declined.delete(jobUid);
    return false;
  }

  /** Those with room, most free first, holders of the image first among near equals. It may be changed while it is walked. */
  *byMostFree(image: string): Iterable<MarketAgent> {
    for (let free = TOP; free > 0; free -= 1) {
      let chunk: MarketAgent[] = [];
      for (const agent of this.free[free] as Set<MarketAgent>) {
        chunk.push(agent);
        if (chunk.length < LOOK_AHEAD) continue;
        yield* order(chunk, image);
        chunk = [];
      }
      yield* order(chunk, image);
    }
  }

  private place(agent: MarketAgent): void {
    const slots = agent.availability === 'Ready' && agent.reachable ? agent.total.slots - agent.used.slots : 0;
    const next = Math.max(0, Math.min(TOP, slots));
    const now = this.classOf.get(agent) ?? 0;
    if (next === now) return;
    this.unplace(agent);
    if (next === 0) return;
    (this.free[next] as Set<MarketAgent>).add(agent);
    this.classOf.set(agent, next);
  }

  private unplace(agent: MarketAgent): void {
    const now = this.classOf.get(agent);
    if (now === undefined) return;
    (this.free[now] as Set<MarketAgent>).delete(agent);
    this.classOf.delete(agent);
  }
}

/** Agents in the order in which they are tried for a Job with this image. */
export function order(agents: MarketAgent[], image: string): MarketAgent[] {
  if (agents.length < 2) return agents;
  const rank = (agent: MarketAgent): { id: string; freeSlots: number; holdsImage: boolean } => ({
    id: agent.id, freeSlots: agent.total.slots - agent.used.slots, holdsImage: agent.images.has(image),
  });
  return agents
    .map((agent) => ({ agent, rank: rank(agent) }))
    .sort((a, b) => compareAgents(a.rank, b.rank))
    .map((each) => each.agent);
}
