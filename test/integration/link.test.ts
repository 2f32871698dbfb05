/** The link over real TLS WebSockets: an attempt's way, resuming, late and doubled reports, and everything that is refused. */
import { CLOSE, MAX_FRAME_BYTES } from '../../crds/agent-link';
import { AGENTS, JOBS, TASKS } from '../../crds/meta';
import type { Agent } from '../../crds/agent';
import type { Job } from '../../crds/job';
import type { Task } from '../../crds/task';
import { eventually, IMAGE, Peer, PeerIdentity, usage } from '../support/link-peer';
import { LinkWorld } from '../support/link-world';

let world: LinkWorld;

beforeAll(async () => {
  world = await LinkWorld.start();
});

afterAll(async () => {
  const report = await world.ledger.verify();
  await world.stop();
  if (!report.ok) throw new Error(report.violations.join('\n'));
});

/** The link goes on working: a fresh agent runs a fresh job. */
async function workGoesOn(name: string): Promise<void> {
  await world.job(name, 1);
  const peer = await world.peer(1);
  const [{ task }] = await peer.work(1);
  await peer.acked(peer.send(peer.finished(task)));
  expect((await world.task(`${name}-0`)).status?.phase).toBe('Succeeded');
  await peer.cut();
}

describe('an attempt', () => {
  test('offer, accept, start, finished: the task succeeds, the money moves, the result is there', async () => {
    await world.job('way', 3);
    const before = world.ledger.available('lab');
    const peer = await world.peer(3);
    const started = await peer.work(3);
    expect(started.map(({ task }) => task.index).sort()).toEqual([0, 1, 2]);
    expect(started[0].start.program).toMatchObject({ image: IMAGE, script: 'true', timeoutMs: 60_000, resources: { cpu: 1 } });
    expect(JSON.stringify(peer.received)).not.toMatch(/"lab"|way/);
    expect(world.ledger.held('lab')).toBeGreaterThan(0n);
    await peer.acked(peer.send(...started.map(({ task }) => peer.finished(task, { usage: usage(3600, 100_000) }))));
    const task = await world.task('way-1');
    expect(task.status).toMatchObject({ phase: 'Succeeded', attemptCount: 1, result: { inline: '{"index":1}' } });
    expect(task.status?.agent).toMatch(/^agent-[0-9a-f]{8}$/);
    expect(world.ledger.held('lab')).toBe(0n);
    expect(world.ledger.available('lab')).toBeLessThan(before);
    const { text } = await world.request('GET', '/results/lab/way');
    expect(text.trim().split('\n').map((line) => JSON.parse(line) as { index: number; inline: string })).toEqual([
      expect.objectContaining({ index: 0, inline: '{"index":0}' }), expect.objectContaining({ index: 1 }), expect.objectContaining({ index: 2 }),
    ]);
    await peer.cut();
  });

  test('a failed one is tried again with the next number, and a repeated finished changes nothing', async () => {
    await world.job('again', 1);
    const peer = await world.peer(1);
    const [first] = await peer.work(1);
    const report = peer.finished(first.task, { reason: 'NonZeroExit', exitCode: 3, result: undefined });
    await peer.acked(peer.send(report, report));
    await peer.acked(peer.send(report));
    const [, second] = await peer.work(2);
    expect(second!.task).toMatchObject({ attempt: 2, index: 0 });
    await peer.acked(peer.send(report, peer.finished(second!.task)));
    const { status } = await world.task('again-0');
    expect(status).toMatchObject({ phase: 'Succeeded', attemptCount: 2, countedFailures: 1 });
    const statement = await world.ledger.statement('lab', 'again');
    expect(statement.lines.map(({ line, attempts }) => [line, attempts]).sort()).toEqual([['failed', 1], ['work', 1]]);
    await peer.cut();
  });

  test('running reports are written, and stop reaches the agent', async () => {
    await world.job('stopped', 1);
    const peer = await world.peer(1);
    const [{ task }] = await peer.work(1);
    peer.send({ type: 'attempt', lease: task.lease, epoch: task.epoch, phase: 'Running', progress: 0.5, message: 'half', usage: usage(10, 10) });
    const running = await world.until('stopped-0', ({ status }) => status?.attempts?.[0]?.phase === 'Running');
    expect(running.status).toMatchObject({ progress: 0.5, message: 'half' });
    await world.store.delete(TASKS, 'lab', 'stopped-0');
    expect(await peer.next('stop')).toMatchObject({ lease: task.lease, epoch: task.epoch, reason: 'Cancelled', gracePeriodMs: 1000 });
    await peer.acked(peer.send(peer.finished(task, { reason: 'Cancelled', result: undefined })));
    expect(world.ledger.openHold(task.lease)).toBeUndefined();
    await peer.cut();
  });

  test('an end as Cancelled or Suspended that nobody asked for is the agent\'s own, and not paid', async () => {
    await world.job('unasked', 1);
    const before = world.ledger.available('lab');
    const peer = await world.peer(1);
    const [first] = await peer.work(1);
    await peer.acked(peer.send(peer.finished(first.task, { reason: 'Cancelled', result: undefined, usage: usage(1e15, 1e15) })));
    const [, second] = await peer.work(2);
    await peer.acked(peer.send(peer.finished(second!.task, { reason: 'Suspended', result: undefined, usage: usage(1e15, 1e15) })));
    expect((await world.task('unasked-0')).status?.attempts?.map(({ reason }) => reason)).toEqual(expect.arrayContaining(['AgentDrained', 'AgentDrained']));
    expect(world.ledger.openHold(first.task.lease)).toBeUndefined();
    expect((await world.ledger.statement('lab', 'unasked')).totalMicro).toBe(0n);
    expect(world.ledger.available('lab') + world.ledger.held('lab')).toBe(before);
    const [, , third] = await peer.work(3);
    await peer.acked(peer.send(peer.finished(third!.task)));
    await peer.cut();
  });

  test('declined: another agent gets it, and the reason is counted', async () => {
    await world.job('declined', 1);
    const first = await world.peer(1);
    const { offers } = await first.next('offers');
    first.send({ type: 'decline', offer: offers[0]!.offer, leases: offers[0]!.leases, reason: 'OwnerRules' });
    const second = await world.peer(1);
    const [{ task }] = await second.work(1);
    await second.acked(second.send(second.finished(task)));
    expect(await world.registry.getSingleMetric('gleaner_offers_total')?.get()).toMatchObject({
      values: expect.arrayContaining([expect.objectContaining({ labels: { outcome: 'OwnerRules' } })]) as unknown,
    });
    await Promise.all([first.cut(), second.cut()]);
  });

  test('without credit the job is parked, and a deposit lets it go on', async () => {
    await world.job('poor', 1, { template: { program: { script: 'true' }, timeout: '1000000h', gracePeriod: '1s', resources: { cpu: '1', memory: '64Mi', scratch: '64Ki', pids: 16 } } });
    const peer = await world.peer(1);
    const { offers } = await peer.next('offers');
    peer.send({ type: 'accept', offer: offers[0]!.offer, leases: offers[0]!.leases });
    const explained = await eventually(async () => {
      const { json } = await world.request('GET', '/explain/lab/poor');
      return /credits are missing/.test(String(json.summary)) ? json : undefined;
    }, 'the job is parked');
    expect(explained).toMatchObject({ agents: expect.any(Number) as number });
    // Otherwise the agent keeps the room for what never starts, and declines what it is offered next.
    expect(await peer.next('withdraw')).toEqual({ type: 'withdraw', offer: offers[0]!.offer });
    const { code, json } = await world.request('POST', '/ledger/deposits', { body: { namespace: 'lab', amount: '2000000', key: 'rich' } });
    expect([code, json.repeated]).toEqual([200, false]);
    expect((await world.request('POST', '/ledger/deposits', { body: { namespace: 'lab', amount: '2000000', key: 'rich' } })).json.repeated).toBe(true);
    const [{ task }] = await peer.work(1);
    await peer.acked(peer.send(peer.finished(task)));
    await peer.cut();
  });

  test('a suspended job is not offered', async () => {
    const job = await world.job('later', 1, { suspend: true });
    const peer = await world.peer(1);
    await eventually(async () => ((await world.request('GET', '/explain/lab/later')).json.fits === 1 ? true : undefined), 'the agent is there');
    expect(peer.received.filter(({ type }) => type === 'offers')).toEqual([]);
    await world.store.update<Job>(JOBS, { ...job, spec: { ...job.spec, suspend: false } });
    const [{ task }] = await peer.work(1);
    await peer.acked(peer.send(peer.finished(task)));
    await peer.cut();
  });
});

describe('resuming', () => {
  test('what was sent during a cut arrives, repeated frames are dropped and acknowledged', async () => {
    await world.job('resume', 2);
    const peer = await world.peer(2);
    const [a, b] = await peer.work(2);
    const report = { seq: peer.seq + 1, messages: [peer.finished(a.task)] };
    await peer.acked(peer.send(...(report.messages)));
    await peer.cut();
    await world.store.delete(TASKS, 'lab', 'resume-1');
    const before = peer.received.length;
    const welcome = await peer.connect({ running: [{ lease: b!.task.lease, epoch: b!.task.epoch }] });
    expect(welcome).toMatchObject({ resumed: true, lastSeq: report.seq });
    expect(await peer.next('stop', before)).toMatchObject({ lease: b!.task.lease });
    peer.raw(report);
    await peer.acked(peer.send(peer.finished(b!.task, { reason: 'Cancelled', result: undefined })));
    expect((await world.task('resume-0')).status).toMatchObject({ phase: 'Succeeded', attemptCount: 1 });
    await peer.cut();
  });

  test('frames that were not acknowledged by the agent come again', async () => {
    await world.job('replay', 1);
    const peer = await world.peer(1);
    await peer.work(1);
    await peer.cut();
    peer.lastSeq = 0;
    const from = peer.received.length;
    expect((await peer.connect()).resumed).toBe(true);
    const again = await peer.next('start', from);
    await peer.acked(peer.send(peer.finished(again.tasks[0]!)));
    expect((await world.task('replay-0')).status?.phase).toBe('Succeeded');
    await peer.cut();
  });

  test('a gap closes the connection, and the session can still be resumed', async () => {
    const peer = await world.peer(1);
    peer.raw({ seq: 5, messages: [] });
    expect(await peer.closing()).toMatchObject({ code: CLOSE.protocol, reason: 'BadSequence' });
    expect(peer.received).toContainEqual(expect.objectContaining({ type: 'error', code: 'BadSequence' }));
    expect((await peer.connect()).resumed).toBe(true);
    await peer.cut();
  });

  test('an agent that opens new sessions to misbehave in is complained of once', async () => {
    const first = await world.peer(1);
    const sessions = new Set<string | undefined>();
    for (let at = 0; at < 5; at += 1) {
      const peer = new Peer(world, first.identity);
      await peer.connect();
      sessions.add(peer.session);
      peer.raw({ seq: 5, messages: [] });
      expect(await peer.closing()).toMatchObject({ code: CLOSE.protocol, reason: 'BadSequence' });
    }
    expect(sessions.size).toBe(5);
    expect(world.warnings.filter(({ fields }) => fields.agent === first.identity.id)).toHaveLength(1);
  });

  test('a second connection of the same agent replaces the first', async () => {
    const peer = await world.peer(1);
    const twin = new Peer(world, peer.identity);
    expect((await twin.connect()).resumed).toBe(false);
    expect(await peer.closing()).toMatchObject({ code: CLOSE.replaced });
    await twin.cut();
  });

  test('a new session: unknown attempts are stopped, those that never arrived are started again', async () => {
    await world.job('anew', 1);
    const peer = await world.peer(1);
    const [{ task }] = await peer.work(1);
    await peer.cut();
    const fresh = new Peer(world, peer.identity);
    await fresh.connect({ running: [{ lease: 'gone/1', epoch: 1 }] });
    expect(await fresh.next('stop')).toMatchObject({ lease: 'gone/1', reason: 'Superseded', gracePeriodMs: 0 });
    const again = await fresh.next('start');
    expect(again.tasks).toEqual([expect.objectContaining({ lease: task.lease, epoch: task.epoch })]);
    await fresh.acked(fresh.send(fresh.finished(task)));
    await fresh.cut();
  });
});

describe('refused, and nothing breaks', () => {
  const bad: [string, unknown, string][] = [
    ['no JSON', '{"messages":[', 'BadFrame'],
    ['no object', '[]', 'BadFrame'],
    ['no messages', { seq: 1 }, 'BadFrame'],
    ['unknown type', { messages: [{ type: 'sudo' }] }, 'BadFrame'],
    ['a second hello', { messages: [{ type: 'hello', version: '', os: 'linux', arch: 'x', lastSeq: 0, images: [], running: [], total: { cpu: 1, memoryBytes: 1, scratchBytes: 1, slots: 1 } }] }, 'BadFrame'],
    ['negative usage', { messages: [{ type: 'finished', lease: 'a/1', epoch: 1, reason: 'Completed', usage: usage(-1) }] }, 'BadFrame'],
    ['unknown reason', { messages: [{ type: 'finished', lease: 'a/1', epoch: 1, reason: 'constructor', usage: usage() }] }, 'BadFrame'],
    ['path that climbs', { messages: [{ type: 'finished', lease: 'a/1', epoch: 1, reason: 'Completed', usage: usage(), result: { files: [{ path: 'a/../../b', element: IMAGE, bytes: 1 }] } }] }, 'BadFrame'],
    ['digest that climbs', { messages: [{ type: 'finished', lease: 'a/1', epoch: 1, reason: 'Completed', usage: usage(), result: { files: [{ path: 'a', element: 'sha256:../../etc/passwd', bytes: 1 }] } }] }, 'BadFrame'],
    ['lease that climbs', { messages: [{ type: 'log', lease: '../x/1', epoch: 1, stream: 'stdout', offset: 0, data: '' }] }, 'BadFrame'],
    ['ack of what was never sent', { ack: 99, messages: [] }, 'BadSequence'],
    ['too many slots', { messages: [{ type: 'capacity', total: { cpu: 1, memoryBytes: 1, scratchBytes: 1, slots: 1e9 }, ask: { cpuHour: '0' }, draining: false }] }, 'BadFrame'],
    ['an ask that is no amount', { messages: [{ type: 'capacity', total: { cpu: 1, memoryBytes: 1, scratchBytes: 1, slots: 1 }, ask: { cpuHour: '-1' }, draining: false }] }, 'BadFrame'],
  ];

  test.each(bad)('%s', async (_name, frame, code) => {
    const peer = await world.peer(1);
    const logged = world.warnings.length;
    peer.raw(frame);
    peer.raw(frame);
    expect(await peer.closing()).toMatchObject({ code: CLOSE.protocol, reason: code });
    expect(peer.received.at(-1)).toMatchObject({ type: 'error', code });
    expect(world.warnings.slice(logged).filter(({ fields }) => fields.agent === peer.identity.id)).toHaveLength(1);
  });

  test('a frame that is too long', async () => {
    const peer = await world.peer(1);
    peer.raw(' '.repeat(MAX_FRAME_BYTES + 1));
    expect((await peer.closing()).code).toBe(1009);
  });

  test('anything before hello', async () => {
    const peer = new Peer(world, await world.agent());
    await peer.open();
    peer.raw({ messages: [{ type: 'heartbeat' }] });
    expect(await peer.closing()).toMatchObject({ code: CLOSE.protocol, reason: 'NoHello' });
  });

  test('a lease of another agent, for reports, logs and results', async () => {
    await world.job('mine', 1);
    const owner = await world.peer(1);
    const [{ task }] = await owner.work(1);
    const thief = await world.agent();
    const attacks = [
      owner.finished(task),
      { type: 'attempt' as const, lease: task.lease, epoch: task.epoch, phase: 'Running' as const },
      { type: 'log' as const, lease: task.lease, epoch: task.epoch, stream: 'stdout' as const, offset: 0, data: 'eA==' },
    ];
    for (const message of attacks) {
      const peer = await world.peer(0, thief);
      peer.send(message);
      expect(await peer.closing()).toMatchObject({ code: CLOSE.protocol, reason: 'ForeignLease' });
    }
    await owner.acked(owner.send(owner.finished(task)));
    const thiefAfter = await world.peer(0, thief);
    thiefAfter.send(owner.finished(task));
    expect(await thiefAfter.closing()).toMatchObject({ reason: 'ForeignLease' });
    const { lines } = await world.ledger.statement('lab', 'mine');
    expect(lines).toEqual([expect.objectContaining({ line: 'work', attempts: 1 })]);
    await owner.cut();
  });

  test('a wrong epoch changes nothing and is acknowledged', async () => {
    await world.job('epoch', 1);
    const peer = await world.peer(1);
    const [{ task }] = await peer.work(1);
    await peer.acked(peer.send(peer.finished(task, { epoch: task.epoch + 1 })));
    expect((await world.task('epoch-0')).status?.phase).toBe('Running');
    await peer.acked(peer.send(peer.finished(task)));
    expect((await world.task('epoch-0')).status?.phase).toBe('Succeeded');
    await peer.cut();
  });

  test('a result whose file was not uploaded is none: the attempt is tried again', async () => {
    await world.job('claims', 1);
    const peer = await world.peer(1);
    const [{ task }] = await peer.work(1);
    await peer.acked(peer.send(peer.finished(task, { result: { files: [{ path: 'big.bin', element: `sha256:${'9'.repeat(64)}`, bytes: 7 }] } })));
    const { status } = await world.task('claims-0');
    expect(status?.attempts?.[0]).toMatchObject({ reason: 'RuntimeError' });
    const [, second] = await peer.work(2);
    await peer.acked(peer.send(peer.finished(second!.task)));
    await peer.cut();
  });

  test('no certificate, a foreign one, another path', async () => {
    const nobody = new Peer(world, await PeerIdentity.make());
    nobody.identity.certificate = '';
    await expect(new Peer(world, { ...nobody.identity, tls: {} } as PeerIdentity).open()).rejects.toThrow('401');
    const stranger = await PeerIdentity.make();
    stranger.certificate = await world.ca.issueClientCertificate(stranger.csr, 'x', 1);
    await expect(new Peer(world, stranger).open()).rejects.toThrow('403');
  });

  test('an agent that is removed is cut at once, and its attempts are lost', async () => {
    await world.job('revoked', 1);
    const peer = await world.peer(1);
    const [{ task }] = await peer.work(1);
    await world.store.delete(AGENTS, '', peer.identity.id);
    expect(await peer.closing()).toMatchObject({ code: CLOSE.unauthorized });
    const after = await world.until('revoked-0', ({ status }) => status?.phase === 'Pending');
    expect(after.status?.attempts?.[0]).toMatchObject({ reason: 'AgentLost' });
    await expect(peer.open()).rejects.toThrow('403');
    expect(world.ledger.openHold(task.lease)).toBeUndefined();
  });

  test('after all that, work goes on', async () => {
    const pending = (await world.store.list<Task>(TASKS)).items.filter(({ status }) => status?.phase === 'Pending');
    const peer = await world.peer(4);
    const started = await peer.work(pending.length);
    await peer.acked(peer.send(...started.map(({ task }) => peer.finished(task))));
    await peer.cut();
    await workGoesOn('on');
    expect((await world.store.list<Task>(TASKS)).items.filter(({ status }) => status?.phase !== 'Succeeded')).toEqual([]);
  });
});

test('an agent\'s status follows its connection', async () => {
  const peer = await world.peer(2);
  const status = async (state: string): Promise<Agent> => eventually(async () => {
    const agent = await world.store.get<Agent>(AGENTS, '', peer.identity.id);
    return agent?.status?.state === state ? agent : undefined;
  }, `agent ${state}`);
  expect((await status('Ready')).status).toMatchObject({ owner: 'ann', platform: 'linux/amd64', running: 0, runtimes: [IMAGE] });
  await peer.cut();
  expect((await status('Offline')).status).toMatchObject({ owner: 'ann' });
});
