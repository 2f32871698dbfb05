/**
 * Places waiting Tasks on agents. Event-driven: whatever changes marks an agent or a Job, and one pass runs at the end of that turn of
 * the event loop. A pass looks at the marked agents for all Jobs, and at all agents with room only for marked Jobs.
 */
import type { AgentPool, MarketAgent } from './agent-pool';
import { order } from './agent-pool';
import type { JobQueue, PendingTask } from './job-queue';
import { match, room } from './match';
import { MinHeap } from './min-heap';
import type { PendingTasks } from './pending';

export interface Placement {
  agent: MarketAgent;
  queue: JobQueue;
  tasks: PendingTask[];
}

export interface SchedulerOptions {
  pool: AgentPool;
  pending: PendingTasks;
  /** Monotonic milliseconds. */
  now: () => number;
  /** Most attempts in one offer. */
  maxBatch: number;
  /** The share of a namespace, cores; see rank.ts. */
  share: (namespace: string) => number;
  /** How many more attempts of the Job its issuer can pay; parks the Job when there is none. */
  affordable: (queue: JobQueue) => number;
  /** So many attempts of the Job are on offer now: counts towards its namespace's share. */
  taken: (queue: JobQueue, count: number) => void;
  /** Everything that one pass placed. */
  placed: (placements: Placement[]) => void;
  /** Runs the pass later in this turn. */
  defer?: (run: () => void) => void;
}

export class Scheduler {
  private readonly dirtyAgents = new Set<MarketAgent>();
  private anyDirtyJob = false;
  private scheduled = false;
  private stopped = false;
  private readonly defer: (run: () => void) => void;

  constructor(private readonly options: SchedulerOptions) {
    this.defer = options.defer ?? ((run) => setImmediate(run));
  }

  stop(): void {
    this.stopped = true;
  }

  agentChanged(agent: MarketAgent): void {
    if (agent.total.slots <= agent.used.slots) return;
    this.dirtyAgents.add(agent);
    this.schedule();
  }

  jobChanged(): void {
    this.anyDirtyJob = true;
    this.schedule();
  }

  private schedule(): void {
    if (this.scheduled || this.stopped) return;
    this.scheduled = true;
    this.defer(() => {
      this.scheduled = false;
      if (!this.stopped) this.pass();
    });
  }

  private pass(): void {
    const { pool, pending } = this.options;
    const marked = [...this.dirtyAgents].filter((agent) => agent.availability === 'Ready' && agent.reachable && hasSlot(agent));
    const anyDirtyJob = this.anyDirtyJob;
    this.dirtyAgents.clear();
    this.anyDirtyJob = false;
    if (pending.empty || (marked.length === 0 && !anyDirtyJob)) return;
    const placements: Placement[] = [];
    for (const level of pending.byPriority()) {
      if (pool.freeCount === 0) break;
      this.serve(level, marked, placements);
    }
    if (placements.length > 0) this.options.placed(placements);
  }

  /** One priority: always the namespace with the least share, in it the oldest Job that has not had its turn. */
  private serve(level: ReadonlyMap<string, readonly JobQueue[]>, marked: MarketAgent[], placements: Placement[]): void {
    const { pool, share } = this.options;
    const turns = new MinHeap<{ namespace: string; queues: JobQueue[]; next: number }>();
    for (const [namespace, queues] of level) turns.push(share(namespace), { namespace, queues: [...queues], next: 0 });
    for (let turn = turns.pop(); turn && pool.freeCount > 0; turn = turns.pop()) {
      const queue = turn.queues[turn.next];
      if (!queue) continue;
      turn.next += 1;
      if (queue.dirty || marked.some(hasSlot)) this.place(queue, marked, placements);
      turns.push(share(turn.namespace), turn);
    }
  }

  /** Places as much of one Job as fits, and appends what it placed. */
  private place(queue: JobQueue, marked: MarketAgent[], placements: Placement[]): void {
    const { pool } = this.options;
    const { shape } = queue.view;
    const everywhere = queue.dirty;
    queue.dirty = false;
    if (!shape || queue.available() === 0) return;
    let budget = Math.min(queue.available(), this.options.affordable(queue));
    const now = this.options.now();
    const made = new Map<MarketAgent, Placement>();
    for (let progress = true; progress && budget > 0;) {
      progress = false;
      let left = everywhere ? pool.freeCount : marked.length;
      for (const agent of everywhere ? pool.byMostFree(shape.image) : order(marked, shape.image)) {
        // An even spread: every candidate gets its part of what is left, and more in the next round.
        const part = Math.max(1, Math.ceil(budget / Math.max(1, left)));
        left -= 1;
        const free = room(agent, shape);
        if (free === 0 || match(agent, shape) || pool.declines(agent, queue.view.uid, now)) continue;
        const tasks = queue.take(Math.min(free, budget, part, this.options.maxBatch));
        if (tasks.length === 0) break;
        pool.occupy(agent, shape.amounts, tasks.length);
        this.options.taken(queue, tasks.length);
        const sameOffer = made.get(agent);
        if (sameOffer && sameOffer.tasks.length + tasks.length <= this.options.maxBatch) sameOffer.tasks.push(...tasks);
        else {
          const placement = { agent, queue, tasks };
          made.set(agent, placement);
          placements.push(placement);
        }
        budget -= tasks.length;
        progress = true;
        if (budget <= 0) break;
      }
    }
    this.options.pending.taken(queue);
  }
}

const hasSlot = (agent: MarketAgent): boolean => agent.total.slots > agent.used.slots;
