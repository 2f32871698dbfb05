/** What the parts of the gateway share. Made once in gateway.ts. */
import type { Agent } from '../../crds/agent';
import type { AttemptReason } from '../../crds/attempt-reasons';
import type { Task } from '../../crds/task';
import type { Reflector } from '../controllers/runtime/reflector';
import type { Ledger } from '../ledger/ledger';
import type { Market } from '../market/market';
import type { Clock } from '../market/pending';
import type { ObjectStore } from '../store/store';
import type { Jobs } from './jobs';
import type { Lease, Leases } from './leases';
import type { Logs } from './logs';
import type { GatewayMetrics } from './metrics';
import type { Results } from './results';
import type { Aliases, Tickets } from './tickets';

export interface GatewayLog {
  info(fields: Record<string, unknown>, message: string): void;
  warn(fields: Record<string, unknown>, message: string): void;
  error(fields: Record<string, unknown>, message: string): void;
}

export interface GatewayContext {
  store: ObjectStore;
  ledger: Ledger;
  tasks: Reflector<Task>;
  agents: Reflector<Agent>;
  market: Market;
  jobs: Jobs;
  leases: Leases;
  results: Results;
  logs: Logs;
  tickets: Tickets;
  aliases: Aliases;
  /** Late results that are being paid, by Task. */
  lateByTask: Map<string, Promise<void>>;
  metrics: GatewayMetrics;
  clock: Clock;
  random: () => number;
  log: GatewayLog;
  /** Sends a message, as JSON text, to an agent; it waits for the agent when there is no connection right now. */
  send: (agentId: string, message: string) => void;
  /** Whether the agent has a session: connected, or cut off for less than lostAfterMs. */
  reachable: (agentId: string) => boolean;
  /** Whom the agent pays; undefined: there is no such agent (any more). */
  ownerOf: (agentId: string) => string | undefined;
  /** Ends a lease that its agent never started. */
  abandonUnstarted: (lease: Lease, reason: AttemptReason) => void;
  /** Looks at a Task again after its lease is gone: it may have to be offered. */
  observe: (task: Task) => void;
}
