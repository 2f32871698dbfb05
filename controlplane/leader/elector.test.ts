/** Electors on one Lease kept in memory with compare-and-swap, and on clocks that are moved by hand. */
import { Elector, type LeaseApi } from './elector';
import type { Lease } from './lease';

class Machine {
  private timers: { due: number; callback: () => void }[] = [];
  time = 1000;
  now = (): number => this.time;
  setTimer = (callback: () => void, ms: number): (() => void) => {
    const entry = { due: this.time + ms, callback };
    this.timers.push(entry);
    return () => { this.timers = this.timers.filter((each) => each !== entry); };
  };
  async advance(ms: number): Promise<void> {
    const end = this.time + ms;
    for (;;) {
      const next = this.timers.filter((each) => each.due <= end).sort((x, y) => x.due - y.due)[0];
      if (!next) break;
      this.timers = this.timers.filter((each) => each !== next);
      this.time = Math.max(this.time, next.due);
      next.callback();
      await quiet();
    }
    this.time = end;
    await quiet();
  }
}

const quiet = async (): Promise<void> => { for (let each = 0; each < 10; each += 1) await new Promise((resolve) => { setImmediate(resolve); }); };

class LeaseServer implements LeaseApi {
  lease: Lease | undefined;
  private version = 0;
  writes = 0;
  down = new Set<string>();
  as(name: string): LeaseApi {
    return { request: (request) => (this.down.has(name) ? Promise.reject(new Error('cut off')) : this.request(request)) };
  }
  async request({ method, body }: { method: string; body?: unknown }): Promise<{ status: number; body: unknown }> {
    const answer = (status: number): { status: number; body: unknown } => ({ status, body: structuredClone(this.lease) });
    if (method === 'GET') return answer(this.lease ? 200 : 404);
    const lease = body as Lease;
    if (method === 'POST' ? this.lease !== undefined : lease.metadata.resourceVersion !== this.lease?.metadata.resourceVersion) return answer(409);
    this.writes += 1;
    this.lease = { ...lease, metadata: { ...lease.metadata, resourceVersion: String(++this.version) } };
    return answer(200);
  }
}

interface Replica {
  elector: Elector;
  machine: Machine;
  told: string[];
}

const server = (): { server: LeaseServer; replica: (name: string, machine: Machine) => Replica } => {
  const shared = new LeaseServer();
  return {
    server: shared,
    replica: (name, machine) => {
      const told: string[] = [];
      const elector = new Elector({
        api: shared.as(name), name: 'gleaner', namespace: 'ops', identity: name, address: `${name}:1`, durationSeconds: 4,
        renewMs: 2000, retryMs: 500, deadlineMs: 3000, random: () => 0.5, now: machine.now, setTimer: machine.setTimer, wall: () => new Date(0),
        acquired: () => told.push('acquired'), lost: (why) => told.push(`lost: ${why}`), observed: (holder) => told.push(`sees ${holder?.address ?? 'nobody'}`),
      });
      elector.start();
      return { elector, machine, told };
    },
  };
};

test('one leads; when it is gone another one does, not before the Lease is over and soon after', async () => {
  const { server: shared, replica } = server();
  const machine = new Machine();
  const a = replica('a', machine);
  await machine.advance(10);
  const b = replica('b', machine);
  await machine.advance(20_000);
  expect([a.elector.leads, b.elector.leads, a.told, b.told]).toEqual([true, false, ['sees a:1', 'acquired'], ['sees a:1']]);
  expect(shared.writes).toBe(10);
  shared.down.add('a');
  // As if it was killed: it does nothing any more, not even notice.
  a.elector.stop().catch(() => undefined);
  await machine.advance(1900);
  expect(b.elector.leads).toBe(false);
  await machine.advance(2800);
  expect([b.elector.leads, b.told]).toEqual([true, ['sees a:1', 'sees b:1', 'acquired']]);
  expect(shared.lease?.spec?.leaseTransitions).toBe(1);
});

test('a leader that cannot renew stops before anybody else may lead, and writes nothing meanwhile', async () => {
  const { server: shared, replica } = server();
  const machine = new Machine();
  const a = replica('a', machine);
  await machine.advance(10);
  const b = replica('b', machine);
  await machine.advance(1000);
  shared.down.add('a');
  const leading: number[] = [];
  const windows: boolean[] = [];
  for (let ms = 0; ms < 6000; ms += 50) {
    await machine.advance(50);
    leading.push([a, b].filter(({ elector }) => elector.leads).length);
    windows.push(a.elector.leads || a.elector.writeWindowMs() === 0);
  }
  expect(Math.max(...leading)).toBe(1);
  expect(windows).not.toContain(false);
  expect(a.told).toContain('lost: the Lease could not be renewed for 3000 ms');
  expect(b.elector.leads).toBe(true);
  expect(leading).toContain(0);
});

test('clocks that are hours apart change nothing', async () => {
  const { server: shared, replica } = server();
  const [here, there] = [new Machine(), new Machine()];
  there.time += 36_000_000;
  const a = replica('a', here);
  await here.advance(10);
  const b = replica('b', there);
  for (let each = 0; each < 40; each += 1) {
    await here.advance(500);
    await there.advance(500);
  }
  expect([a.elector.leads, b.elector.leads]).toEqual([true, false]);
  shared.down.add('a');
  for (let each = 0; each < 5; each += 1) await there.advance(500);
  expect(b.elector.leads).toBe(false);
  for (let each = 0; each < 5; each += 1) await there.advance(500);
  expect(b.elector.leads).toBe(true);
});

test('a leader whose Lease was taken from it stops; one whose Lease was labelled goes on', async () => {
  const { server: shared, replica } = server();
  const machine = new Machine();
  const a = replica('a', machine);
  await machine.advance(10);
  await shared.request({ method: 'PUT', body: { ...shared.lease, metadata: { ...shared.lease?.metadata, labels: { x: 'y' } } } });
  await machine.advance(3000);
  expect([a.elector.leads, shared.lease?.metadata.labels]).toEqual([true, { x: 'y' }]);
  await shared.request({ method: 'PUT', body: { ...shared.lease, spec: { ...shared.lease?.spec, holderIdentity: 'b' } } });
  await machine.advance(3000);
  expect(a.told).toEqual(['sees a:1', 'acquired', 'sees a:1', 'lost: the Lease was taken by b']);
});

test('a Lease that is given back is taken at once', async () => {
  const { replica } = server();
  const machine = new Machine();
  const a = replica('a', machine);
  await machine.advance(10);
  const b = replica('b', machine);
  await machine.advance(600);
  expect(a.elector.writeWindowMs()).toBeGreaterThan(3000);
  await a.elector.stop();
  await machine.advance(600);
  expect([a.elector.leads, b.elector.leads]).toEqual([false, true]);
});

test('times that make no sense are refused', () => {
  const machine = new Machine();
  const shared = new LeaseServer();
  expect(() => new Elector({
    api: shared, name: 'x', namespace: 'y', identity: 'z', address: '', durationSeconds: 3, renewMs: 2000, retryMs: 500, deadlineMs: 3000,
    acquired: () => undefined, lost: () => undefined, observed: () => undefined, now: machine.now,
  })).toThrow('renewed every 2000 ms, given up after 3000 ms, lasts 3 s');
});
