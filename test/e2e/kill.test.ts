/**
 * `kill -9` of the control plane, the agent and dockerd in the middle of a 200-task Job: it ends complete, each index counted once,
 * the ledger exact. The Docker Engine that is killed is one of the test's own, in a network namespace of its own.
 */
import type { Job } from '../../crds/job';
import { TestDockerd } from '../support/dockerd';
import { eventually, jobManifest, paidAttempts, settledBill, TestCluster } from '../support/gleaner';

const TASKS = 200;

describe('kill -9 in the middle of a job', () => {
  const cluster = new TestCluster();
  let dockerd: TestDockerd;

  beforeAll(async () => {
    dockerd = await TestDockerd.start();
    await cluster.startServer();
    await cluster.joinAgent('agent-1');
    await cluster.startAgent('agent-1', [], { DOCKER_HOST: dockerd.host });
    await cluster.ok(['deposit', '100']);
  }, 240_000);
  afterAll(async () => {
    await cluster.close();
    await dockerd.stop();
  }, 90_000);

  const submit = async (name: string): Promise<void> => {
    const script = 'sleep 0.2; echo "{\\"index\\": $GLEANER_INDEX}" > out/result.json';
    const template = { program: { script }, timeout: '60s', resources: { cpu: '100m', memory: '16Mi', scratch: '4Mi', pids: 16 } };
    await cluster.kubectlOk(['apply', '-f', '-'], jobManifest(name, { runtime: 'shell', completions: TASKS, template }));
  };
  const succeeded = async (name: string, atLeast: number): Promise<void> => {
    await eventually(`${atLeast} of ${name}`, async () => {
      const job = await cluster.getJson<Job>('jobs.gleaner.dev', name).catch(() => undefined);
      return (job?.status?.succeeded ?? 0) >= atLeast ? true : undefined;
    }, 240_000);
  };
  /** What a Job came to, once it is over. */
  const outcome = async (name: string): Promise<unknown> => {
    await cluster.kubectlOk(['wait', '--for=condition=Finished', '--timeout=300s', `jobs.gleaner.dev/${name}`], undefined, 310_000);
    const { status } = await cluster.getJson<Job>('jobs.gleaner.dev', name);
    const lines = (await cluster.ok(['results', `job/${name}`])).trim().split('\n').map((line) => JSON.parse(line) as { index: number; result: { index: number } });
    const bill = await settledBill(cluster, name);
    return {
      phase: status?.phase,
      completedIndexes: status?.completedIndexes,
      results: lines.map((line) => line.index).sort((x, y) => x - y),
      wrongResults: lines.filter((line) => line.result.index !== line.index).length,
      paid: paidAttempts(bill),
      held: bill.held,
      ledger: (await cluster.ok(['ledger', 'verify'])).slice(0, 17),
    };
  };
  const EXACT = {
    phase: 'Complete',
    completedIndexes: `0-${TASKS - 1}`,
    results: Array.from({ length: TASKS }, (_, i) => i),
    wrongResults: 0,
    paid: TASKS,
    held: '0.00',
    ledger: 'ledger verify: ok',
  };

  it('the control plane', async () => {
    await submit('server-dies');
    await succeeded('server-dies', 40);
    await cluster.kill('server', 'SIGKILL');
    await cluster.startServer();
    expect(await outcome('server-dies')).toEqual(EXACT);
  }, 600_000);

  it('the agent', async () => {
    await submit('agent-dies');
    await succeeded('agent-dies', 40);
    await cluster.kill('agent-1', 'SIGKILL');
    await cluster.startAgent('agent-1', [], { DOCKER_HOST: dockerd.host });
    expect(await outcome('agent-dies')).toEqual(EXACT);
  }, 600_000);

  it('dockerd', async () => {
    await submit('docker-dies');
    await succeeded('docker-dies', 40);
    await dockerd.kill();
    await dockerd.restart();
    expect(await outcome('docker-dies')).toEqual(EXACT);
  }, 600_000);
});
