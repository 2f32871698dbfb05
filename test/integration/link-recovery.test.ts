/** Agents that are lost and come back, and a control plane that stops in the middle. */
import { TASKS } from '../../crds/meta';
import type { Task } from '../../crds/task';
import { Peer, usage } from '../support/link-peer';
import { LinkWorld } from '../support/link-world';

let world: LinkWorld | undefined;

afterEach(async () => {
  const report = await world?.ledger.verify();
  await world?.stop();
  world = undefined;
  if (!report?.ok) throw new Error(report?.violations.join('\n'));
});

const successes = async (): Promise<number> => (await (world as LinkWorld).ledger.statement('lab')).lines.filter(({ line }) => line === 'work').reduce((sum, { attempts }) => sum + attempts, 0);

describe('a lost agent', () => {
  test('its attempt is replaced, and its late result counts when it is first', async () => {
    world = await LinkWorld.start({ lostAfterMs: 300 });
    await world.job('late', 1);
    const slow = await world.peer(1);
    const [{ task }] = await slow.work(1);
    await slow.cut();
    const lost = await world.until('late-0', ({ status }) => status?.attempts?.[0]?.reason === 'AgentLost');
    expect(lost.status).toMatchObject({ phase: 'Pending' });
    expect(world.ledger.openHold(task.lease)).toBeUndefined();
    const other = await world.peer(1);
    const [{ task: second }] = await other.work(1);
    expect((await slow.connect({ running: [{ lease: task.lease, epoch: task.epoch }] })).resumed).toBe(false);
    await slow.acked(slow.send(slow.finished(task)));
    expect((await world.task('late-0')).status).toMatchObject({ phase: 'Succeeded', attempts: [{ reason: 'Completed' }, { reason: 'Superseded' }] });
    expect(await other.next('stop')).toMatchObject({ lease: second.lease, reason: 'Superseded' });
    await other.acked(other.send(other.finished(second)));
    await slow.acked(slow.send(slow.finished(task)));
    expect(await successes()).toBe(1);
    expect(world.ledger.held('lab')).toBe(0n);
    await Promise.all([slow.cut(), other.cut()]);
  });

  test('its late result is dropped when the other was first', async () => {
    world = await LinkWorld.start({ lostAfterMs: 300 });
    await world.job('second', 1);
    const slow = await world.peer(1);
    const [{ task }] = await slow.work(1);
    await slow.cut();
    const other = await world.peer(1);
    const [{ task: second }] = await other.work(1);
    await other.acked(other.send(other.finished(second)));
    await slow.connect();
    await slow.acked(slow.send(slow.finished(task)));
    expect((await world.task('second-0')).status?.attempts?.map(({ reason }) => reason)).toEqual(['AgentLost', 'Completed']);
    expect(await successes()).toBe(1);
    await Promise.all([slow.cut(), other.cut()]);
  });

  test('both at once are paid once', async () => {
    world = await LinkWorld.start({ lostAfterMs: 300 });
    await world.job('race', 8);
    const slow = await world.peer(8);
    const before = await slow.work(8);
    await slow.cut();
    const other = await world.peer(8);
    const after = await other.work(8);
    await slow.connect();
    const seqs = [slow.send(...before.map(({ task }) => slow.finished(task))), other.send(...after.map(({ task }) => other.finished(task)))];
    await Promise.all([slow.acked(seqs[0] as number), other.acked(seqs[1] as number)]);
    const tasks = (await world.store.list<Task>(TASKS)).items;
    expect(tasks.map(({ status }) => status?.phase)).toEqual(Array.from({ length: 8 }, () => 'Succeeded'));
    expect(await successes()).toBe(8);
    expect(world.ledger.held('lab')).toBe(0n);
    await Promise.all([slow.cut(), other.cut()]);
  });
});

describe('a control plane that stops', () => {
  test('leases are on again: reports of what ran meanwhile count once, billed from the hold', async () => {
    world = await LinkWorld.start();
    const { dir } = world;
    await world.job('restart', 2);
    const peer = await world.peer(2);
    const [a, b] = await peer.work(2);
    await world.halt();
    world = await LinkWorld.start({ dir });
    const back = new Peer(world, peer.identity);
    back.session = peer.session;
    const welcome = await back.connect({ running: [a, b].map((each) => ({ lease: each!.task.lease, epoch: each!.task.epoch })) });
    expect(welcome).toMatchObject({ resumed: false, lastSeq: 0 });
    await back.acked(back.send(back.finished(a.task, { usage: usage(5000, 50) }), back.finished(b!.task)));
    expect((await world.task('restart-0')).status).toMatchObject({ phase: 'Succeeded', attemptCount: 1 });
    expect(await successes()).toBe(2);
    expect(back.started()).toEqual([]);
    await back.cut();
  });

  test('an agent that does not come back is lost', async () => {
    world = await LinkWorld.start();
    const { dir } = world;
    await world.job('away', 1);
    const peer = await world.peer(1);
    const [{ task }] = await peer.work(1);
    await world.halt();
    world = await LinkWorld.start({ dir, lostAfterMs: 200 });
    expect(world.ledger.openHold(task.lease)).toBeDefined();
    await world.until('away-0', ({ status }) => status?.attempts?.[0]?.reason === 'AgentLost');
    expect(world.ledger.openHold(task.lease)).toBeUndefined();
  });

  test('between hold and lease: the hold is released, and the next attempt has another number', async () => {
    world = await LinkWorld.start();
    const { dir } = world;
    const job = await world.job('half', 1);
    const { metadata } = await world.task('half-0');
    const peer = await world.agent();
    await world.ledger.hold([{
      key: `${metadata.uid}/1`, amountMicro: 100n,
      terms: {
        namespace: 'lab', jobUid: job.metadata.uid!, jobName: 'half', taskUid: metadata.uid!, index: 0, attempt: 1, agentId: peer.id, ownerId: 'ann', tier: 'standard',
        rates: { cpuHour: 1n, memoryGiBHour: 1n, egressGiB: 1n, start: 1n, ownerSharePpm: 1n }, cpu: 1, memoryBytes: 1, timeoutMs: 1000,
      },
    }]);
    await world.halt();
    world = await LinkWorld.start({ dir });
    expect(world.ledger.held('lab')).toBe(0n);
    const back = await world.peer(1, peer);
    const [{ task }] = await back.work(1);
    expect(task.attempt).toBe(2);
    await back.acked(back.send(back.finished(task)));
    expect((await world.task('half-0')).status).toMatchObject({ phase: 'Succeeded', attemptCount: 2 });
    await back.cut();
  });

  test('between settlement and Task: a result that is durable is not run and paid again', async () => {
    world = await LinkWorld.start();
    const { dir } = world;
    const job = await world.job('paid', 1);
    const peer = await world.peer(1);
    const [{ task }] = await peer.work(1);
    await world.ledger.settle([{ key: task.lease, reason: 'Completed', usage: usage(10, 10), chargeMicro: 7n, ownerMicro: 5n }]);
    world.database.raw.prepare('INSERT INTO result (job_uid, idx, attempt, inline, files) VALUES (?, 0, 1, ?, NULL)').run(job.metadata.uid, '42');
    await world.halt();
    world = await LinkWorld.start({ dir });
    expect((await world.task('paid-0')).status).toMatchObject({ phase: 'Succeeded', cost: '0.000007', result: { inline: '42' } });
    const back = new Peer(world, peer.identity);
    await back.connect();
    await back.acked(back.send(back.finished(task)));
    expect(await successes()).toBe(1);
    await back.cut();
  });

  test('a Task that is gone: its attempt is stopped, and settled from its hold', async () => {
    world = await LinkWorld.start();
    const { dir } = world;
    await world.job('vanished', 1);
    const peer = await world.peer(1);
    const [{ task }] = await peer.work(1);
    peer.cut();
    await world.store.delete(TASKS, 'lab', 'vanished-0');
    await world.halt();
    world = await LinkWorld.start({ dir });
    const back = new Peer(world, peer.identity);
    await back.connect({ running: [{ lease: task.lease, epoch: task.epoch }] });
    expect(await back.next('stop')).toMatchObject({ lease: task.lease, epoch: task.epoch, reason: 'Cancelled' });
    await back.acked(back.send(back.finished(task, { reason: 'Cancelled', result: undefined })));
    expect(world.ledger.held('lab')).toBe(0n);
    expect((await world.ledger.statement('lab')).lines).toEqual([expect.objectContaining({ line: 'cancelled', attempts: 1 })]);
    await back.cut();
  });
});
