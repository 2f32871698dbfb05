/** Many whole agents in one process, over real TLS WebSockets and the real gateway, running scripted programs. */
import { VirtualAgents } from '../../agent/virtual';
import { TASKS } from '../../crds/meta';
import type { Task, TaskPhase } from '../../crds/task';
import { eventually } from '../support/link-peer';
import { LinkWorld } from '../support/link-world';

let world: LinkWorld;
let agents: VirtualAgents;
const COUNT = 40;

beforeAll(async () => {
  world = await LinkWorld.start();
  agents = await VirtualAgents.start({ url: `https://127.0.0.1:${world.port}`, token: await world.joinToken({ uses: COUNT }), count: COUNT });
}, 60_000);
afterAll(async () => {
  await agents.stop();
  const report = await world.ledger.verify();
  await world.stop();
  if (!report.ok) throw new Error(report.violations.join('\n'));
});

const resources = { cpu: '1', memory: '64Mi', scratch: '64Ki', pids: 16 };

async function allTasks(job: string, count: number, phase: TaskPhase): Promise<Task[]> {
  return eventually(async () => {
    const { items } = await world.store.list<Task>(TASKS, { namespace: 'lab' });
    const mine = items.filter(({ spec, status }) => spec.job === job && status?.phase === phase);
    return mine.length === count ? mine : undefined;
  }, `${count} tasks ${phase}`);
}

describe('virtual agents', () => {
  it('have each an identity of their own', () => {
    expect(new Set(agents.agents.map(({ id }) => id)).size).toBe(COUNT);
  });

  it('run 500 tasks, each once, spread over them', async () => {
    await world.job('many', 500, { template: { program: { script: '{"result": {"i": "$GLEANER_INDEX"}, "cpuMs": 3, "sleepMs": 5}' }, timeout: '60s', gracePeriod: '1s', resources } });
    const tasks = await allTasks('many', 500, 'Succeeded');
    expect(tasks.every(({ spec, status }) => status?.result?.inline === `{"i":"${spec.index}"}` && status.attemptCount === 1)).toBe(true);
    expect(new Set(tasks.map(({ status }) => status?.agent)).size).toBeGreaterThan(COUNT / 2);
    expect(tasks[0]?.status?.attempts?.[0]?.usage?.cpuMicros).toBe(3000);
    await eventually(async () => (agents.running === 0 ? true : undefined), 'every report acknowledged');
  });

  it('fail as their programs say', async () => {
    await world.job('bad', 3, { retry: { limit: 0, backoff: '1ms' }, template: { program: { script: '{"memoryBytes": 1e9}' }, timeout: '60s', gracePeriod: '1s', resources } });
    const tasks = await allTasks('bad', 3, 'Failed');
    expect(tasks.map(({ status }) => status?.attempts?.[0]?.reason)).toEqual(['OutOfMemory', 'OutOfMemory', 'OutOfMemory']);
  });

  it('resume after a cut', async () => {
    await world.job('cut', 100, { template: { program: { script: '{"sleepMs": 100}' }, timeout: '60s', gracePeriod: '1s', resources } });
    await eventually(async () => (agents.running > 20 ? true : undefined), 'some run');
    for (const { agent } of agents.agents) agent.session.sever();
    const tasks = await allTasks('cut', 100, 'Succeeded');
    expect(tasks.every(({ status }) => status?.attemptCount === 1)).toBe(true);
  });
});
