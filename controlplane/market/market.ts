/**
 * The market: what waits, who has room, what is on offer. Everything is in memory and rebuilt from the objects after a restart.
 *
 * Invariant: an attempt is counted on its agent (`used`), in its Job (`active`) and in its namespace's share from the moment it is
 * offered until it is declined, expires, or `ended` is called for its lease.
 */
import { AgentPool, type MarketAgent } from './agent-pool';
import { OfferBook, type OpenOffer } from './book';
import { summarizeFit, type FitSummary, type Parked } from './fit';
import type { JobQueue, JobView, PendingTask } from './job-queue';
import type { Amounts } from './match';
import { PendingTasks, systemClock, type Clock, type TaskView } from './pending';
import { addUse, shareOf, type Use } from './rank';
import { Scheduler, type Placement } from './scheduler';

export type OfferOutcome = 'accepted' | 'withdrawn' | 'Expired' | 'AskTooHigh' | 'NoCapacity' | 'ImageUnavailable' | 'Draining' | 'OwnerRules';

export interface MarketOptions {
  /** Sends offers to their agents. */
  offer: (offers: OpenOffer[]) => void;
  /** Tells an agent that an offer is void. */
  withdraw: (agentId: string, offerId: string) => void;
  /** What of the Job's budget is left, micro-credits; undefined: no budget. */
  budgetLeft: (view: JobView) => bigint | undefined;
  /** Credit of a namespace, micro-credits. */
  available: (namespace: string) => bigint;
  /** A Job was parked, or is not any more. */
  fitChanged?: (namespace: string, name: string) => void;
  counted?: (outcome: OfferOutcome, attempts: number) => void;
  clock?: Clock;
  offerTtlMs?: number;
  /** So long an agent is not asked again for a Job that it declined (RACE_MS when it only lost a race). */
  coolDownMs?: number;
  halfLifeMs?: number;
  maxBatch?: number;
  defer?: (run: () => void) => void;
}

/** Answers that say nothing about the Job: room that was gone, an offer that came too late. It is asked again soon. */
const RACES: ReadonlySet<OfferOutcome> = new Set(['NoCapacity', 'Expired']);
const RACE_MS = 500;

export class Market {
  readonly pool = new AgentPool();
  readonly pending: PendingTasks;
  readonly offerTtlMs: number;
  private readonly book: OfferBook;
  private readonly scheduler: Scheduler;
  private readonly clock: Clock;
  private readonly use = new Map<string, Use>();
  private readonly parked = new Map<string, Set<JobQueue>>();
  private readonly coolDowns = new Map<MarketAgent, () => void>();
  private readonly coolDownMs: number;
  private readonly halfLifeMs: number;

  constructor(private readonly options: MarketOptions) {
    this.clock = options.clock ?? systemClock;
    this.offerTtlMs = options.offerTtlMs ?? 5000;
    this.coolDownMs = options.coolDownMs ?? 30_000;
    this.halfLifeMs = options.halfLifeMs ?? 600_000;
    this.pending = new PendingTasks(this.clock, () => this.scheduler.jobChanged());
    this.book = new OfferBook(this.offerTtlMs, this.clock, (offer) => this.expired(offer));
    this.scheduler = new Scheduler({
      pool: this.pool,
      pending: this.pending,
      now: () => this.clock.now(),
      maxBatch: options.maxBatch ?? 256,
      share: (namespace) => shareOf(this.use.get(namespace), this.clock.now(), this.halfLifeMs),
      affordable: (queue) => this.affordable(queue),
      taken: (queue, count) => this.count(queue, count),
      placed: (placements) => this.placed(placements),
      ...(options.defer ? { defer: options.defer } : {}),
    });
  }

  stop(): void {
    this.scheduler.stop();
    this.pending.stop();
    this.book.stop();
    for (const cancel of this.coolDowns.values()) cancel();
    this.coolDowns.clear();
  }

  // ------------------------------------------------------------------ Jobs and Tasks

  setJob(view: JobView): void {
    const known = this.pending.job(view.uid);
    if (known?.parked) this.unpark(known);
    this.pending.setJob(view);
  }

  removeJob(uid: string): void {
    const queue = this.pending.job(uid);
    if (queue?.parked) this.unpark(queue);
    this.pending.removeJob(uid);
  }

  setTask(view: TaskView): void {
    this.pending.setTask(view);
  }

  /** The Task no longer waits: deleted, cancelled or ended. An offer for it that is accepted later is answered with `withdraw`. */
  removeTask(uid: string, jobUid: string): void {
    const task = this.pending.task(uid);
    if (task?.state === 'leased') return;
    this.pending.removeTask(uid, jobUid);
  }

  // ------------------------------------------------------------------ agents

  /** A new agent, or a change of what it is. A new capacity ends its cool-downs. */
  setAgent(id: string, facts: Parameters<AgentPool['set']>[1]): MarketAgent {
    const agent = this.pool.set(id, facts);
    if (facts.total) agent.declined.clear();
    if (agent.availability === 'Ready' && agent.reachable) this.scheduler.agentChanged(agent);
    else if (agent.availability !== 'Ready') this.dropOffers(id);
    return agent;
  }

  removeAgent(id: string): void {
    this.dropOffers(id);
    const agent = this.pool.get(id);
    if (agent) this.coolDowns.get(agent)?.();
    if (agent) this.coolDowns.delete(agent);
    this.pool.remove(id);
  }

  /** Its open offers are void: the connection that they went out on is gone. */
  dropOffers(id: string): void {
    for (const offer of this.book.drop(id)) this.void(offer, 'withdrawn');
  }

  // ------------------------------------------------------------------ answers

  /**
   * The attempts of the offer that the agent may have: they count as leased from now on. Undefined: there is no such offer (it
   * expired, or was made to another agent). A Task that was cancelled meanwhile is left out.
   */
  accept(agentId: string, offerId: string, leases: readonly string[]): PendingTask[] | undefined {
    const offer = this.book.find(agentId, offerId);
    if (!offer) return undefined;
    const answered = this.book.answer(offer, leases);
    const given: PendingTask[] = [];
    for (const task of answered) {
      if (task.state === 'offered') {
        task.state = 'leased';
        given.push(task);
      } else {
        this.free(agentId, offer.queue, 1);
      }
    }
    this.options.counted?.('accepted', given.length);
    return given;
  }

  decline(agentId: string, offerId: string, leases: readonly string[], reason: OfferOutcome): void {
    const offer = this.book.find(agentId, offerId);
    const agent = this.pool.get(agentId);
    if (!offer || !agent) return;
    const answered = this.book.answer(offer, leases);
    this.coolDown(agent, offer.queue.view.uid, RACES.has(reason) ? Math.min(RACE_MS, this.coolDownMs) : this.coolDownMs);
    this.giveBack(agentId, answered);
    this.options.counted?.(reason, answered.length);
  }

  /** Accepted attempts that could not be leased: they wait again. */
  giveBack(agentId: string, tasks: readonly PendingTask[]): void {
    for (const task of tasks) {
      this.free(agentId, task.queue, 1);
      this.pending.giveBack(task);
    }
  }

  /** The Job waits until `creditRose` or until its spec changes. */
  park(queue: JobQueue, parked: Parked): void {
    queue.parked = parked;
    const { namespace } = queue.view;
    this.parked.set(namespace, (this.parked.get(namespace) ?? new Set()).add(queue));
    this.options.fitChanged?.(namespace, queue.view.name);
  }

  /** Balances or the credit limit of the namespace rose: parked Jobs that can pay one more attempt are offered again. */
  creditRose(namespace: string): void {
    for (const queue of this.parked.get(namespace) ?? []) {
      if (!this.canPay(queue)) continue;
      this.unpark(queue);
      this.pending.wake(queue);
    }
  }

  private canPay(queue: JobQueue): boolean {
    const { parked, view } = queue;
    if (parked?.reason === 'BudgetExhausted') return (this.options.budgetLeft(view) ?? view.holdMicro) >= view.holdMicro;
    if (!parked) return true;
    const availableMicro = this.options.available(view.namespace);
    const needed = parked.availableMicro + parked.missingMicro;
    // Called, and the balance is what it was: the limit rose.
    if (availableMicro >= needed || availableMicro === parked.availableMicro) return true;
    queue.parked = { ...parked, availableMicro, missingMicro: needed - availableMicro };
    return false;
  }

  // ------------------------------------------------------------------ leases

  /** A lease that is on already (after a restart): counts like one that was offered here. */
  adopt(agentId: string | undefined, view: TaskView, amounts: Amounts | undefined): void {
    const task = this.pending.adopt(view);
    if (task) this.count(task.queue, 1);
    const agent = agentId === undefined ? undefined : this.pool.get(agentId);
    if (agent && amounts) this.pool.occupy(agent, amounts, 1);
  }

  /**
   * An attempt is over: its place is free.
   * @param coreMs what it used, core·milliseconds; counts towards the namespace's recent use
   */
  ended(lease: { taskUid: string; namespace: string; agentId?: string; amounts?: Amounts }, coreMs: number): void {
    const { taskUid, namespace, agentId, amounts } = lease;
    const agent = agentId === undefined ? undefined : this.pool.get(agentId);
    if (agent && amounts) {
      this.pool.occupy(agent, amounts, -1);
      this.scheduler.agentChanged(agent);
    }
    const task = this.pending.task(taskUid);
    if (task?.state === 'leased') {
      this.count(task.queue, -1);
      this.pending.removeTask(taskUid);
    }
    const use = this.use.get(namespace);
    if (use) addUse(use, coreMs, this.clock.now(), this.halfLifeMs);
  }

  /** Why the Job is (not) placed; undefined: no such Job. */
  explain(jobUid: string): FitSummary | undefined {
    const queue = this.pending.job(jobUid);
    if (!queue) return undefined;
    const { view, parked } = queue;
    const now = this.clock.now();
    return summarizeFit(view.shape, this.pool.values(), (agent) => this.pool.declines(agent, jobUid, now), {
      ...(parked ? { parked } : {}),
      ...(view.unschedulable ? { unschedulable: view.unschedulable } : {}),
    });
  }

  // ------------------------------------------------------------------ inside

  private affordable(queue: JobQueue): number {
    const left = this.options.budgetLeft(queue.view);
    const { holdMicro } = queue.view;
    if (left === undefined || holdMicro === 0n) return Number.MAX_SAFE_INTEGER;
    if (left >= holdMicro) return Number(left / holdMicro);
    this.park(queue, { reason: 'BudgetExhausted', missingMicro: holdMicro - left });
    return 0;
  }

  private placed(placements: Placement[]): void {
    this.options.offer(placements.map(({ agent, queue, tasks }) => this.book.add(agent.id, queue, tasks)));
  }

  private expired(offer: OpenOffer): void {
    const agent = this.pool.get(offer.agentId);
    if (agent) this.coolDown(agent, offer.queue.view.uid);
    this.void(offer, 'Expired');
    this.options.withdraw(offer.agentId, offer.id);
  }

  private void(offer: OpenOffer, outcome: OfferOutcome): void {
    this.options.counted?.(outcome, offer.tasks.size);
    this.giveBack(offer.agentId, [...offer.tasks.values()]);
  }

  /** Takes `count` attempts off the agent and off the namespace's share. */
  private free(agentId: string, queue: JobQueue, count: number): void {
    this.count(queue, -count);
    const agent = this.pool.get(agentId);
    if (!agent) return;
    this.pool.occupy(agent, queue.view.amounts, -count);
    this.scheduler.agentChanged(agent);
  }

  private count(queue: JobQueue, count: number): void {
    const { namespace, amounts } = queue.view;
    let use = this.use.get(namespace);
    if (!use) this.use.set(namespace, (use = { activeMillis: 0, coreMs: 0, at: this.clock.now() }));
    use.activeMillis += count * amounts.cpuMillis;
  }

  private unpark(queue: JobQueue): void {
    queue.parked = undefined;
    const ofNamespace = this.parked.get(queue.view.namespace);
    ofNamespace?.delete(queue);
    if (ofNamespace?.size === 0) this.parked.delete(queue.view.namespace);
    this.options.fitChanged?.(queue.view.namespace, queue.view.name);
  }

  /** One timer per agent: when it is over, the agent is looked at again, and waits on for what is left. */
  private coolDown(agent: MarketAgent, jobUid: string, ms = this.coolDownMs): void {
    this.pool.decline(agent, jobUid, this.clock.now() + ms);
    this.awaitCoolDown(agent);
  }

  private awaitCoolDown(agent: MarketAgent): void {
    if (this.coolDowns.has(agent)) return;
    this.coolDowns.set(agent, this.clock.setTimer(() => {
      this.coolDowns.delete(agent);
      const now = this.clock.now();
      for (const [jobUid, until] of agent.declined) if (until <= now) agent.declined.delete(jobUid);
      if (agent.declined.size > 0) this.awaitCoolDown(agent);
      this.scheduler.agentChanged(agent);
    }, this.coolDownMs));
  }
}
