/**
 * Offers that are out: in memory only. What is offered counts as used on its agent from the moment it is offered until it is answered,
 * so that capacity is promised once; an offer that is not answered within its time to live is over.
 *
 * All offers live equally long, so they expire in the order in which they were made: one queue, one timer.
 */
import { randomUUID } from 'node:crypto';
import type { JobQueue, PendingTask } from './job-queue';
import type { Clock } from './pending';

export interface OpenOffer {
  id: string;
  agentId: string;
  queue: JobQueue;
  /** By lease; those without an answer yet. */
  tasks: Map<string, PendingTask>;
  expiresAt: number;
}

export class OfferBook {
  private readonly offers = new Map<string, OpenOffer>();
  private readonly byAgent = new Map<string, Set<OpenOffer>>();
  private readonly order: OpenOffer[] = [];
  private head = 0;
  private cancelTimer?: () => void;

  /** @param expired called with an offer that has unanswered attempts and is out of the book already */
  constructor(
    readonly ttlMs: number,
    private readonly clock: Clock,
    private readonly expired: (offer: OpenOffer) => void,
    private readonly newId: () => string = randomUUID,
  ) {}

  stop(): void {
    this.cancelTimer?.();
  }

  get size(): number {
    return this.offers.size;
  }

  add(agentId: string, queue: JobQueue, tasks: PendingTask[]): OpenOffer {
    const offer: OpenOffer = {
      id: this.newId(),
      agentId,
      queue,
      tasks: new Map(tasks.map((task) => [task.lease, task])),
      expiresAt: this.clock.now() + this.ttlMs,
    };
    this.offers.set(offer.id, offer);
    const ofAgent = this.byAgent.get(agentId) ?? new Set();
    this.byAgent.set(agentId, ofAgent.add(offer));
    this.order.push(offer);
    this.cancelTimer ??= this.clock.setTimer(() => this.due(), this.ttlMs);
    return offer;
  }

  /** The offer, when it is open and was made to this agent. */
  find(agentId: string, id: string): OpenOffer | undefined {
    const offer = this.offers.get(id);
    return offer?.agentId === agentId ? offer : undefined;
  }

  /** Takes the attempts that are answered out of the offer; leases that are not (or no longer) in it are left out. */
  answer(offer: OpenOffer, leases: readonly string[]): PendingTask[] {
    const answered: PendingTask[] = [];
    for (const lease of leases) {
      const task = offer.tasks.get(lease);
      if (!task) continue;
      offer.tasks.delete(lease);
      answered.push(task);
    }
    if (offer.tasks.size === 0) this.remove(offer);
    return answered;
  }

  /** All open offers of an agent, taken out: it left, or its offers are void. */
  drop(agentId: string): OpenOffer[] {
    const dropped = [...(this.byAgent.get(agentId) ?? [])];
    for (const offer of dropped) this.remove(offer);
    return dropped;
  }

  private remove(offer: OpenOffer): void {
    this.offers.delete(offer.id);
    const ofAgent = this.byAgent.get(offer.agentId);
    ofAgent?.delete(offer);
    if (ofAgent?.size === 0) this.byAgent.delete(offer.agentId);
  }

  private due(): void {
    this.cancelTimer = undefined;
    const now = this.clock.now();
    for (; this.head < this.order.length; this.head += 1) {
      const offer = this.order[this.head] as OpenOffer;
      if (!this.offers.has(offer.id)) continue;
      if (offer.expiresAt > now) break;
      this.remove(offer);
      this.expired(offer);
    }
    this.order.splice(0, this.head);
    this.head = 0;
    const next = this.order[0];
    if (next) this.cancelTimer ??= this.clock.setTimer(() => this.due(), Math.max(1, Math.ceil(next.expiresAt - now)));
  }
}
