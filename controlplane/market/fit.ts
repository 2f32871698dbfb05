/** Why a Job is not placed, in words that a person can act on. Pure. */
import { formatCredits } from '../../crds/credits';
import { formatBytes, formatCpu } from '../../crds/quantity';
import { match, room, type AgentFacts, type Exclusion, type Shape } from './match';

/** What keeps a whole Job from being offered. Amounts in micro-credits. */
export type Parked =
  | { reason: 'InsufficientCredit'; missingMicro: bigint; availableMicro: bigint }
  | { reason: 'BudgetExhausted'; missingMicro: bigint };

export type FitReason = Exclusion | 'Declined' | 'Busy';

export interface FitSummary {
  /** Agents that are registered. */
  agents: number;
  /** Agents that suit and have room now. */
  fitting: number;
  /** Agents that suit, with or without room now. */
  suitable: number;
  excluded: { reason: FitReason; agents: number; text: string }[];
  /** The Job waits for credit or for its budget. */
  parked?: Parked;
  /** The Runtime or the RateTier that it names is missing or not usable. */
  unschedulable?: string;
  /** All of it in one sentence, e.g. "3 agents: 2 too small for memory 64Gi, 1 asks more than tier standard pays". */
  message: string;
}

const ORDER: readonly FitReason[] = ['Cpu', 'Memory', 'Scratch', 'Ask', 'Platform', 'Declined', 'Busy', 'NothingOffered', 'Cordoned', 'Draining', 'Offline'];

/**
 * @param shape undefined when it could not be made; `unschedulable` says why
 * @param declined whether the agent declined this Job lately
 */
export function summarizeFit<A extends AgentFacts>(
  shape: Shape | undefined,
  agents: Iterable<A>,
  declined: (agent: A) => boolean,
  facts: { parked?: Parked; unschedulable?: string } = {},
): FitSummary {
  const counts = new Map<FitReason, number>();
  let total = 0;
  let fitting = 0;
  let suitable = 0;
  for (const agent of agents) {
    total += 1;
    if (!shape) continue;
    const exclusion = match(agent, shape);
    if (!exclusion) suitable += 1;
    const reason = exclusion ?? (declined(agent) ? 'Declined' : room(agent, shape) === 0 ? 'Busy' : undefined);
    if (reason) counts.set(reason, (counts.get(reason) ?? 0) + 1);
    else fitting += 1;
  }
  const excluded = shape
    ? ORDER.filter((reason) => counts.has(reason)).map((reason) => {
        const count = counts.get(reason) as number;
        return { reason, agents: count, text: words(reason, count, shape) };
      })
    : [];
  return { agents: total, fitting, suitable, excluded, ...facts, message: sentence(total, fitting, excluded, facts) };
}

function words(reason: FitReason, count: number, shape: Shape): string {
  const { amounts } = shape;
  switch (reason) {
    case 'Cpu': return `${count} too small for cpu ${formatCpu(amounts.cpuMillis / 1000)}`;
    case 'Memory': return `${count} too small for memory ${formatBytes(amounts.memoryBytes)}`;
    case 'Scratch': return `${count} too small for scratch ${formatBytes(amounts.scratchBytes)}`;
    case 'Ask': return `${count} ${count === 1 ? 'asks' : 'ask'} more than tier ${shape.tier} pays`;
    case 'Platform': return `${count} not of platform ${shape.platforms.join(' or ')}`;
    case 'Declined': return `${count} declined`;
    case 'Busy': return `${count} busy`;
    case 'NothingOffered': return `${count} ${count === 1 ? 'offers' : 'offer'} nothing now (no container engine answers there)`;
    case 'Cordoned': return `${count} cordoned`;
    case 'Draining': return `${count} draining`;
    case 'Offline': return `${count} offline`;
    default: return reason satisfies never;
  }
}

function sentence(total: number, fitting: number, excluded: FitSummary['excluded'], facts: { parked?: Parked; unschedulable?: string }): string {
  if (facts.unschedulable) return facts.unschedulable;
  if (facts.parked?.reason === 'InsufficientCredit') {
    const { missingMicro, availableMicro } = facts.parked;
    return `${formatCredits(missingMicro)} credits are missing for the next task (available: ${formatCredits(availableMicro)}): deposit more, or lower resources or timeout`;
  }
  if (facts.parked?.reason === 'BudgetExhausted') {
    return `${formatCredits(facts.parked.missingMicro)} credits more than maxCost are needed for the next task: raise spec.maxCost`;
  }
  if (total === 0) return 'no agent is registered: join one with "gleaner agent join"';
  const parts = [...(fitting > 0 ? [`${fitting} ${fitting === 1 ? 'fits' : 'fit'}`] : []), ...excluded.map((each) => each.text)];
  return `${total} ${total === 1 ? 'agent' : 'agents'}: ${parts.join(', ')}`;
}
