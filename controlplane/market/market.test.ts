import fc from 'fast-check';
import { LONGEST_BACKOFF_MS } from '../controllers/task/backoff';
import type { OpenOffer } from './book';
import { Market, type MarketOptions } from './market';
import { amounts, GIB, ManualClock, shape, taskOf, view } from './test-support';

class World {
  readonly clock = new ManualClock();
  readonly offers: OpenOffer[] = [];
  readonly withdrawn: string[] = [];
  readonly outcomes: [string, number][] = [];
  budget: bigint | undefined;
  credit = 1000n;
  private deferred: (() => void)[] = [];
  readonly market: Market;

  constructor(options: Partial<MarketOptions> = {}) {
    this.market = new Market({
      offer: (offers) => void this.offers.push(...offers),
      withdraw: (_agent, offer) => void this.withdrawn.push(offer),
      budgetLeft: () => this.budget,
      available: () => this.credit,
      counted: (outcome, attempts) => void this.outcomes.push([outcome, attempts]),
      clock: this.clock,
      offerTtlMs: 5000,
      coolDownMs: 30_000,
      defer: (run) => void this.deferred.push(run),
      ...options,
    });
  }

  agent(id: string, slots = 4, more: Parameters<Market['setAgent']>[1] = {}): void {
    this.market.setAgent(id, { availability: 'Ready', platform: 'linux/amd64', total: { cpuMillis: slots * 1000, memoryBytes: slots * GIB, scratchBytes: slots * GIB, slots }, ...more });
  }

  job(uid: string, tasks: number, more: Parameters<typeof view>[1] = {}): void {
    this.market.setJob(view(uid, more));
    for (let index = 0; index < tasks; index += 1) this.market.setTask(taskOf(uid, index));
  }

  /** The end of the turn; returns the offers that it brought, as "agent: tasks". */
  turn(): string[] {
    const from = this.offers.length;
    for (const run of this.deferred.splice(0)) run();
    return this.offers.slice(from).map(({ agentId, tasks }) => `${agentId}: ${[...tasks.values()].map(({ uid }) => uid).join(' ')}`);
  }

  accept(offer: OpenOffer | undefined): string[] {
    return this.market.accept(offer!.agentId, offer!.id, [...offer!.tasks.keys()])!.map(({ uid }) => uid);
  }

  end(uid: string, agentId: string): void {
    this.market.ended({ taskUid: uid, namespace: 'lab', agentId, amounts: amounts() }, 1000);
  }
}

test('as many alike attempts as fit go in one offer, the rest when there is room', () => {
  const world = new World();
  world.agent('a', 2);
  world.job('j', 3);
  expect(world.turn()).toEqual(['a: j-0 j-1']);
  expect(world.accept(world.offers[0])).toEqual(['j-0', 'j-1']);
  expect(world.turn()).toEqual([]);
  world.end('j-0', 'a');
  expect(world.turn()).toEqual(['a: j-2']);
});

test('a small job is spread evenly over alike agents', () => {
  const world = new World();
  for (const id of ['a', 'b', 'c']) world.agent(id, 8);
  world.job('j', 7);
  expect(world.turn().map((each) => each.split(' ').length - 1).sort()).toEqual([2, 2, 3]);
});

test('an agent that holds the image comes first', () => {
  const world = new World();
  world.agent('a');
  world.agent('b', 4, { images: ['sha256:1'] });
  world.job('j', 1);
  expect(world.turn()).toEqual(['b: j-0']);
});

test('parallelism bounds what is offered and leased', () => {
  const world = new World();
  world.agent('a', 8);
  world.job('j', 5, { parallelism: 2 });
  expect(world.turn()).toEqual(['a: j-0 j-1']);
  world.accept(world.offers[0]);
  world.end('j-1', 'a');
  expect(world.turn()).toEqual(['a: j-2']);
  world.market.setJob(view('j', { parallelism: 4 }));
  expect(world.turn()).toEqual(['a: j-3 j-4']);
});

test('priority first; then the namespace that uses least; then age', () => {
  const world = new World();
  world.job('old', 1, { createdAt: 1 });
  world.job('older', 2, { createdAt: 0 });
  world.job('urgent', 1, { createdAt: 9, priority: 5 });
  world.job('other', 2, { createdAt: 9, namespace: 'lab-b' });
  const order: string[] = [];
  world.agent('a', 1);
  for (let round = 0; round < 6; round += 1) {
    const [offered] = world.turn();
    order.push((offered as string).slice(3));
    world.accept(world.offers.at(-1));
    const { namespace } = world.offers.at(-1)!.queue.view;
    world.market.ended({ taskUid: (offered as string).slice(3), namespace, agentId: 'a', amounts: amounts() }, 1000);
  }
  expect(order[0]).toBe('urgent-0');
  expect(order.slice(1, 3)).toEqual(['other-0', expect.stringMatching(/^older|^other/)]);
  expect(order.indexOf('older-0')).toBeLessThan(order.indexOf('old-0'));
  expect(order).toHaveLength(6);
});

test('declined: not asked again for this job until the cool-down is over or its capacity changes', () => {
  const world = new World();
  world.agent('a', 1);
  world.job('j', 1);
  world.job('k', 1);
  expect(world.turn()).toEqual(['a: j-0']);
  world.market.decline('a', world.offers[0]!.id, ['j-0/1'], 'OwnerRules');
  expect(world.turn()).toEqual(['a: k-0']);
  world.accept(world.offers[1]);
  world.end('k-0', 'a');
  expect(world.turn()).toEqual([]);
  expect(world.market.explain('j')?.message).toBe('1 agent: 1 declined');
  world.clock.advance(30_000);
  expect(world.turn()).toEqual(['a: j-0']);
  world.market.decline('a', world.offers[2]!.id, ['j-0/1'], 'OwnerRules');
  world.agent('a', 2);
  expect(world.turn()).toEqual(['a: j-0']);
  expect(world.outcomes).toEqual([['OwnerRules', 1], ['accepted', 1], ['OwnerRules', 1]]);
});

test('an offer without an answer expires: withdrawn, offered to another, too late to accept', () => {
  const world = new World();
  world.agent('a', 1);
  world.job('j', 1);
  world.turn();
  world.agent('b', 1);
  expect(world.turn()).toEqual([]);
  world.clock.advance(5000);
  expect(world.turn()).toEqual(['b: j-0']);
  expect(world.withdrawn).toEqual([world.offers[0]!.id]);
  expect(world.market.accept('a', world.offers[0]!.id, ['j-0/1'])).toBeUndefined();
  expect(world.market.accept('a', world.offers[1]!.id, ['j-0/1'])).toBeUndefined();
  expect(world.accept(world.offers[1])).toEqual(['j-0']);
});

test('accepted in part, declined in part', () => {
  const world = new World();
  world.agent('a', 3);
  world.job('j', 3);
  world.turn();
  const [offer] = world.offers;
  expect(world.market.accept('a', offer!.id, ['j-0/1'])).toHaveLength(1);
  world.market.decline('a', offer!.id, ['j-1/1', 'j-2/1'], 'NoCapacity');
  world.agent('b', 3);
  expect(world.turn()).toEqual(['b: j-2 j-1']);
  expect(world.market.pool.get('a')?.used.slots).toBe(1);
});

test('a task that was cancelled while on offer is not given', () => {
  const world = new World();
  world.agent('a', 2);
  world.job('j', 2);
  world.turn();
  world.market.removeTask('j-0', 'j');
  expect(world.accept(world.offers[0])).toEqual(['j-1']);
  expect(world.market.pool.get('a')?.used.slots).toBe(1);
});

test('backoff is kept, and one timer serves all', () => {
  const world = new World();
  world.agent('a', 4);
  world.market.setJob(view('j'));
  world.market.setTask(taskOf('j', 0, { notBefore: world.clock.wall() + 500 }));
  world.market.setTask(taskOf('j', 1, { notBefore: world.clock.wall() + 200 }));
  expect(world.turn()).toEqual([]);
  expect(world.clock.armed).toBe(1);
  world.clock.advance(200);
  expect(world.turn()).toEqual(['a: j-1']);
  world.clock.advance(300);
  expect(world.turn()).toEqual(['a: j-0']);
});

test('the server\'s clock was set back: no backoff lasts longer than the longest one', () => {
  const world = new World();
  world.agent('a', 4);
  world.market.setJob(view('j'));
  world.market.setTask(taskOf('j', 0, { notBefore: world.clock.wall() + 1000 * 3_600_000 }));
  world.clock.advance(LONGEST_BACKOFF_MS - 1);
  expect(world.turn()).toEqual([]);
  world.clock.advance(1);
  expect(world.turn()).toEqual(['a: j-0']);
});

test('blocked, unschedulable and unknown jobs wait', () => {
  const world = new World();
  world.agent('a', 4);
  world.job('j', 1, { blocked: true });
  world.market.setTask(taskOf('later', 0));
  expect(world.turn()).toEqual([]);
  world.market.setJob(view('j'));
  world.market.setJob(view('later'));
  expect(world.turn().sort()).toEqual(['a: j-0', 'a: later-0']);
});

test('a job without credit is parked until the balance is enough, or the limit rises', () => {
  const world = new World();
  world.agent('a', 1);
  world.job('j', 1);
  world.turn();
  world.market.accept('a', world.offers[0]!.id, ['j-0/1']);
  const { queue, task } = { queue: world.offers[0]!.queue, task: world.market.pending.task('j-0')! };
  world.credit = 4n;
  world.market.park(queue, { reason: 'InsufficientCredit', missingMicro: 6n, availableMicro: 4n });
  world.market.giveBack('a', [task]);
  expect(world.turn()).toEqual([]);
  expect(world.market.explain('j')?.parked).toMatchObject({ missingMicro: 6n });
  world.credit = 7n;
  world.market.creditRose('lab');
  expect(world.turn()).toEqual([]);
  expect(world.market.explain('j')?.parked).toMatchObject({ missingMicro: 3n, availableMicro: 7n });
  world.market.creditRose('other');
  world.credit = 10n;
  world.market.creditRose('lab');
  expect(world.turn()).toEqual(['a: j-0']);
});

test('the budget is looked at before anything is offered', () => {
  const world = new World();
  world.agent('a', 8);
  world.budget = 25n;
  world.job('j', 5, { maxJobMicro: 25n });
  expect(world.turn()).toEqual(['a: j-0 j-1']);
  world.budget = 5n;
  world.accept(world.offers[0]);
  world.end('j-0', 'a');
  world.market.setJob(view('j', { maxJobMicro: 25n }));
  expect(world.turn()).toEqual([]);
  expect(world.market.explain('j')?.parked).toEqual({ reason: 'BudgetExhausted', missingMicro: 5n });
  world.budget = 15n;
  world.market.creditRose('lab');
  expect(world.turn()).toEqual(['a: j-2']);
});

test('agents that leave take their offers with them', () => {
  const world = new World();
  world.agent('a', 1);
  world.job('j', 1);
  world.turn();
  world.market.setAgent('a', { availability: 'Offline' });
  world.agent('b', 1);
  expect(world.turn()).toEqual(['b: j-0']);
  expect(world.outcomes).toEqual([['withdrawn', 1]]);
});

test('whatever happens: nothing is promised twice, and all that was free is free in the end', () => {
  const command = fc.record({ kind: fc.constantFrom('offer', 'accept', 'decline', 'wait', 'end', 'cancel', 'agent', 'offline'), pick: fc.nat() });
  fc.assert(fc.property(fc.array(command, { maxLength: 120 }), (commands) => {
    const world = new World({ coolDownMs: 100 });
    const leased = new Map<string, string>();
    let next = 0;
    world.market.setJob(view('j', { parallelism: 5 }));
    world.agent('a', 3);
    world.agent('b', 2);
    for (const { kind, pick } of commands) {
      const offer = world.offers[pick % Math.max(1, world.offers.length)];
      if (kind === 'offer') world.market.setTask(taskOf('j', next++));
      else if (kind === 'accept' && offer) {
        const given = world.market.accept(offer.agentId, offer.id, [...offer.tasks.keys()]) ?? [];
        for (const { uid } of given) {
          if (leased.has(uid)) throw new Error(`${uid} was given twice`);
          leased.set(uid, offer.agentId);
        }
      } else if (kind === 'decline' && offer) world.market.decline(offer.agentId, offer.id, [...offer.tasks.keys()].slice(0, 1 + (pick % 2)), 'NoCapacity');
      else if (kind === 'wait') world.clock.advance(pick % 6000);
      else if (kind === 'cancel') world.market.removeTask(`j-${pick % Math.max(1, next)}`, 'j');
      else if (kind === 'agent') world.agent(pick % 2 ? 'a' : 'b', pick % 2 ? 3 : 2);
      else if (kind === 'offline') world.market.setAgent(pick % 2 ? 'a' : 'b', { availability: 'Offline' });
      else {
        const [uid, agentId] = [...leased][pick % Math.max(1, leased.size)] ?? [];
        if (uid && agentId) {
          world.end(uid, agentId);
          leased.delete(uid);
        }
      }
      world.turn();
      const used = [...world.market.pool.values()].map((each) => each.used.slots);
      const { active, ready } = world.market.pending.job('j')!;
      expect(active).toBeLessThanOrEqual(5);
      expect(used.reduce((sum, each) => sum + each, 0)).toBeGreaterThanOrEqual(leased.size);
      expect(ready).toBeGreaterThanOrEqual(0);
    }
    world.clock.advance(10_000);
    for (const id of ['a', 'b']) world.market.setAgent(id, { availability: 'Offline' });
    for (const [uid, agentId] of leased) world.end(uid, agentId);
    expect([...world.market.pool.values()].map((each) => each.used)).toEqual([{ cpuMillis: 0, memoryBytes: 0, scratchBytes: 0, slots: 0 }, { cpuMillis: 0, memoryBytes: 0, scratchBytes: 0, slots: 0 }]);
    expect(world.market.pending.job('j')?.active).toBe(0);
    world.market.stop();
  }), { numRuns: 300 });
});

test('a shape that nobody has is explained', () => {
  const world = new World();
  world.agent('a', 1);
  world.job('j', 1, { shape: shape({ amounts: amounts({ memoryBytes: 64 * GIB }) }) });
  expect(world.turn()).toEqual([]);
  expect(world.market.explain('j')?.message).toBe('1 agent: 1 too small for memory 64Gi');
  expect(world.market.explain('nothing')).toBeUndefined();
});
