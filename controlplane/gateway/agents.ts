/**
 * The agents: who is registered, connected, lost.
 *
 * ```
 *  Offline ──hello──► connected ──socket closes──► Offline (session kept) ──hello──► connected
 *                         └──── nothing heard for lostAfterMs ────► lost: attempts end AgentLost, session forgotten
 * ```
 * Beats live in memory. Agent.status is written when the state changes, a little later when only numbers did, and about every
 * `lastSeenMs` for lastSeen; always many in one batch.
 */
import type { Agent, AgentState } from '../../crds/agent';
import { CLOSE, type Capacity, type Hello } from '../../crds/agent-link';
import { parseCredits } from '../../crds/credits';
import { AGENTS } from '../../crds/meta';
import type { Reflector } from '../controllers/runtime/reflector';
import type { Market } from '../market/market';
import type { Clock } from '../market/pending';
import type { ObjectStore, Operation } from '../store/store';
import { amountsOf, availabilityOf, stateOf, statusOf, type AgentKnowledge } from './agent-status';
import type { GatewayLog } from './context';
import { LostWheel, type Heard } from './link/lost-wheel';
import type { Session } from './link/session';

export interface AgentRecord extends Heard {
  readonly id: string;
  session?: Session;
  hello?: Hello;
  capacity?: Capacity;
  images: Set<string>;
  /** Whether anything was heard in this process' life. */
  heard: boolean;
  /** Monotonic milliseconds of the last status write; 0: none. */
  writtenAt: number;
  writing: boolean;
}

export interface AgentDirectoryOptions {
  store: ObjectStore;
  agents: Reflector<Agent>;
  market: Market;
  clock: Clock;
  log: GatewayLog;
  lostAfterMs: number;
  /** Number of attempts leased to it. */
  running: (agentId: string) => number;
  /** It was not heard of for too long, or was removed: its attempts are lost. */
  lost: (agentId: string) => Promise<void>;
  /** Which images agents hold may have changed. */
  imagesChanged: () => void;
  /** Numbers are written at most so often per agent. */
  statusMs?: number;
  lastSeenMs?: number;
}

const TICK_MS = 1000;
/** Statuses in one batch; what is left waits for the next tick. */
const MAX_BATCH = 500;
const LOST_RETRY_MS = 5000;

export class AgentDirectory {
  private readonly records = new Map<string, AgentRecord>();
  private readonly wheel: LostWheel<AgentRecord>;
  private readonly urgent = new Set<AgentRecord>();
  private readonly dirty = new Set<AgentRecord>();
  private readonly cancels = new Set<() => void>();
  private cancelTick?: () => void;
  private unsubscribe?: () => void;
  private flushing = false;
  private stopped = false;

  constructor(private readonly options: AgentDirectoryOptions) {
    this.wheel = new LostWheel(options.lostAfterMs, options.clock, (record) => this.wasLost(record));
  }

  /** The reflector is filled by now. Everybody counts as heard of now: lostAfterMs to come back. */
  start(): void {
    const { agents } = this.options;
    for (const agent of agents.values()) this.add(agent);
    this.unsubscribe = agents.onChange((changes) => {
      for (const { type, object, old } of changes) {
        if (type === 'DELETED') this.removed(object.metadata.name);
        else if (type === 'ADDED') this.add(object);
        else if (old.metadata.uid !== object.metadata.uid) {
          this.removed(object.metadata.name);
          this.add(object);
        } else if (old.spec.cordoned !== object.spec.cordoned) this.changed(object.metadata.name, true);
      }
    });
    this.cancelTick = this.options.clock.setTimer(() => this.tick(), TICK_MS);
  }

  /** Writes nothing more. */
  stop(): void {
    this.stopped = true;
    this.unsubscribe?.();
    this.cancelTick?.();
    this.wheel.stop();
    for (const cancel of this.cancels) cancel();
    for (const record of this.records.values()) record.session?.end(1001, 'the control plane stops; connect again');
  }

  get(id: string): AgentRecord | undefined {
    return this.records.get(id);
  }

  states(): Map<AgentState, number> {
    const counts = new Map<AgentState, number>([['Ready', 0], ['Busy', 0], ['Draining', 0], ['Cordoned', 0], ['Offline', 0]]);
    for (const record of this.records.values()) {
      const agent = this.options.agents.get('', record.id);
      if (!agent) continue;
      const state = stateOf(agent, this.knowledge(record));
      counts.set(state, (counts.get(state) ?? 0) + 1);
    }
    return counts;
  }

  /** How many registered agents that are connected hold the image. */
  holders(image: string): number {
    let count = 0;
    for (const { session, images } of this.records.values()) if (session?.connected && images.has(image)) count += 1;
    return count;
  }

  /** A hello opened or resumed this session. */
  connected(record: AgentRecord, session: Session, hello: Hello): void {
    record.session = session;
    record.hello = hello;
    record.capacity = undefined;
    record.images = new Set(hello.images);
    this.heard(record);
    this.wheel.add(record);
    this.changed(record.id, true);
    this.options.imagesChanged();
  }

  /** The socket is given up; the session waits for a new one, or is over. */
  disconnected(session: Session): void {
    const record = this.records.get(session.agentId);
    if (!record || record.session !== session || this.stopped) return;
    this.options.market.dropOffers(record.id);
    this.changed(record.id, true);
    this.options.imagesChanged();
  }

  heard(record: AgentRecord): void {
    record.lastHeard = this.options.clock.now();
    record.heard = true;
  }

  capacity(agentId: string, capacity: Capacity): void {
    const record = this.records.get(agentId);
    if (!record) return;
    const wasDraining = record.capacity?.draining ?? false;
    record.capacity = capacity;
    this.changed(agentId, wasDraining !== capacity.draining);
  }

  holdsImage(agentId: string, image: string): void {
    const record = this.records.get(agentId);
    if (!record || record.images.has(image)) return;
    record.images.add(image);
    this.options.market.pool.get(agentId)?.images.add(image);
    this.dirty.add(record);
    this.options.imagesChanged();
  }

  /** Its number of attempts changed. */
  touched(agentId: string): void {
    const record = this.records.get(agentId);
    if (record) this.dirty.add(record);
  }

  /** Whether there is anything to be lost: a session or leases. */
  private watch(record: AgentRecord): void {
    if (record.session || this.options.running(record.id) > 0) this.wheel.add(record);
  }

  /** After leases were made again: their agents have lostAfterMs to come back. */
  watchAll(): void {
    for (const record of this.records.values()) this.watch(record);
  }

  private add(agent: Agent): void {
    const { name: id } = agent.metadata;
    if (this.records.has(id)) return;
    this.records.set(id, { id, images: new Set(), lastHeard: this.options.clock.now(), heard: false, writtenAt: 0, writing: false });
    this.changed(id, agent.status?.state !== 'Offline');
  }

  private removed(id: string): void {
    const record = this.records.get(id);
    if (!record) return;
    this.records.delete(id);
    this.wheel.remove(record);
    this.urgent.delete(record);
    this.dirty.delete(record);
    record.session?.end(CLOSE.unauthorized, 'this agent was removed by the operator');
    this.giveUp(record.id);
    this.options.market.removeAgent(id);
    this.options.imagesChanged();
  }

  private wasLost(record: AgentRecord): void {
    this.options.log.warn({ agent: record.id, afterMs: this.options.lostAfterMs, attempts: this.options.running(record.id) }, 'agent lost');
    record.session?.end(CLOSE.slow, `nothing was heard for ${this.options.lostAfterMs} ms`);
    record.session = undefined;
    this.changed(record.id, true);
    this.giveUp(record.id);
  }

  /** Until it is durable: the disk may be full for a while. */
  private giveUp(id: string): void {
    this.options.lost(id).catch((error: unknown) => {
      this.options.log.error({ err: error, agent: id }, 'the end of lost attempts could not be written; it is tried again');
      const cancel = this.options.clock.setTimer(() => {
        this.cancels.delete(cancel);
        if (!this.stopped && !this.records.get(id)?.session) this.giveUp(id);
      }, LOST_RETRY_MS);
      this.cancels.add(cancel);
    });
  }

  private knowledge(record: AgentRecord): AgentKnowledge {
    const { clock, running } = this.options;
    return {
      connected: record.session?.connected ?? false,
      images: record.images,
      running: running(record.id),
      ...(record.hello ? { hello: record.hello } : {}),
      ...(record.capacity ? { capacity: record.capacity } : {}),
      ...(record.heard ? { lastSeen: clock.wall() - (clock.now() - record.lastHeard) } : {}),
    };
  }

  /** Tells the market, and has the status written. */
  private changed(id: string, urgent: boolean): void {
    const record = this.records.get(id);
    const agent = this.options.agents.get('', id);
    if (!record || !agent) return;
    const { hello, capacity } = record;
    const total = capacity?.total ?? hello?.total;
    this.options.market.setAgent(id, {
      // Without a capacity message it is not known what the owner asks for.
      availability: record.session?.connected && !capacity ? 'Offline' : availabilityOf(agent, this.knowledge(record)),
      ...(hello ? { platform: `${hello.os}/${hello.arch}`, images: record.images } : {}),
      ...(total ? { total: amountsOf(total) } : {}),
      ...(capacity ? { askMicro: parseCredits(capacity.ask.cpuHour) } : {}),
    });
    if (!urgent) {
      this.dirty.add(record);
      return;
    }
    this.urgent.add(record);
    if (this.flushing) return;
    this.flushing = true;
    setImmediate(() => {
      this.flushing = false;
      const batch = [...this.urgent];
      this.urgent.clear();
      void this.write(batch);
    });
  }

  /** Once a second: statuses whose numbers changed, and those whose lastSeen is old. */
  private tick(): void {
    const now = this.options.clock.now();
    const { statusMs = 2000, lastSeenMs = 30_000 } = this.options;
    const batch = new Set<AgentRecord>();
    for (const record of this.dirty) {
      if (batch.size >= MAX_BATCH) break;
      if (now - record.writtenAt < statusMs) continue;
      this.dirty.delete(record);
      batch.add(record);
    }
    for (const record of this.records.values()) {
      if (batch.size >= MAX_BATCH) break;
      if (record.session?.connected && now - record.writtenAt >= lastSeenMs) batch.add(record);
    }
    void this.write([...batch]);
    if (!this.stopped) this.cancelTick = this.options.clock.setTimer(() => this.tick(), TICK_MS);
  }

  private async write(batch: readonly AgentRecord[]): Promise<void> {
    const { agents, clock, store, log } = this.options;
    const operations: Operation[] = [];
    const written: AgentRecord[] = [];
    const now = new Date(clock.wall());
    for (const record of batch) {
      const agent = agents.get('', record.id);
      if (!agent || this.records.get(record.id) !== record) continue;
      // Its owner is written by the join right after the Agent is made: until that is seen, a status of ours would undo it.
      if (record.writing || agent.status?.owner === undefined) {
        this.dirty.add(record);
        continue;
      }
      record.writing = true;
      record.writtenAt = clock.now();
      written.push(record);
      // Unconditional: the gateway is the only writer of this status; what it does not know itself (owner) is in what was read.
      const { resourceVersion: _any, ...metadata } = agent.metadata;
      operations.push({ verb: 'updateStatus', resource: AGENTS, object: { ...agent, metadata, status: statusOf(agent, this.knowledge(record), now) } as Agent });
    }
    if (operations.length === 0 || this.stopped) return;
    try {
      const outcomes = await store.batch(operations);
      for (const [at, outcome] of outcomes.entries()) if (!outcome.ok && outcome.error.reason !== 'NotFound') this.dirty.add(written[at] as AgentRecord);
    } catch (error) {
      for (const record of written) this.dirty.add(record);
      log.warn({ err: error, agents: written.length }, 'agent status could not be written; it is tried again');
    } finally {
      for (const record of written) record.writing = false;
    }
  }
}
