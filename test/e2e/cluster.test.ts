/**
 * Kubernetes mode as it is meant: a real kube-apiserver, two replicas, a Docker agent. The leader is killed in the middle of the flights
 * example: work goes on within five seconds, each index is counted once, the result is that of a single process, the ledger is exact.
 */
import { once } from 'node:events';
import { join } from 'node:path';
import type { Job } from '../../crds/job';
import { JOBS, TASKS } from '../../crds/meta';
import type { Task } from '../../crds/task';
import { eventually, jobManifest, paidAttempts, runCommand, settledBill } from '../support/gleaner';
import { KubeCluster } from '../support/kube-cluster';
import { describeWithKube } from '../support/kube-apiserver';

const ROOT = join(__dirname, '..', '..');
const PARTS = 24;

describeWithKube('an operator with two replicas', ['etcd', 'kube-apiserver', 'kube-controller-manager'], () => {
  const cluster = new KubeCluster();

  beforeAll(async () => {
    await cluster.startKube({ controllerManager: true, crds: false });
    await cluster.startReplica('a', ['--install-crds']);
    await cluster.startReplica('b');
    await cluster.serving('a');
    await cluster.serving('b');
    await cluster.startAgentAndDeposit('50');
  }, 240_000);
  afterAll(() => cluster.close(), 90_000);

  const succeeded = async (): Promise<number> => (await cluster.kube.store({ api: cluster.kube.admin }).get<Job>(JOBS, 'default', 'flights'))?.status?.succeeded ?? 0;
  /** When the newest lease of any Task was made. */
  const newestLease = async (): Promise<number> => {
    const { items } = await cluster.kube.store({ api: cluster.kube.admin }).list<Task>(TASKS, { namespace: 'default' });
    return Math.max(0, ...items.flatMap((task) => task.status?.attempts ?? []).map(({ leasedAt }) => Date.parse(leasedAt)));
  };

  it('runs flights to the end, exactly, though the leader is killed in the middle', async () => {
    const run = runCommand('bash', [join(ROOT, 'examples/flights/run.sh'), String(PARTS)], { env: cluster.env, timeoutMs: 400_000 });
    let ended = '';
    void run.then(({ stdout, stderr }) => { ended = stdout + stderr; });
    await eventually('four results', async () => {
      if (ended !== '') throw new Error(`flights ended early: ${ended}\n${cluster.log('a')}\n${cluster.log('b')}\n${cluster.log('agent-1')}`);
      return (await succeeded()) >= 4 ? true : undefined;
    }, 60_000).catch(async (error: Error) => {
      throw new Error(`${error.message}\n${(await cluster.gleaner(['explain', 'job/flights'])).stdout}\n${cluster.log('a')}\n${cluster.log('b')}\n${cluster.log('agent-1')}`);
    });
    const first = await cluster.leader();
    await cluster.kill(first, 'SIGKILL');
    const killedAt = Date.now();
    const before = await succeeded();
    expect(before).toBeLessThan(PARTS - 4);
    await eventually('a new lease', async () => ((await newestLease()) > killedAt ? true : undefined), 60_000);
    const goesOnMs = Date.now() - killedAt;
    process.stderr.write(`work went on ${goesOnMs} ms after the leader was killed\n`);
    expect(goesOnMs).toBeLessThan(5000);
    await cluster.startReplica(first);
    const { code, stdout, stderr } = await run;
    // What kubectl says; `gleaner wait` says job/flights.
    expect(stdout).toContain('job.gleaner.dev/flights created\n');
    expect(stdout).toContain('job.gleaner.dev/flights condition met\n');
    expect(stderr + stdout).toMatch(/check: equal to a plain single-process computation/);
    expect(stdout).toMatch(new RegExp(`flights +standard +work +${PARTS} `));
    expect(code).toBe(0);
    expect(await cluster.leader()).not.toBe(first);
    await cluster.serving(first);
    const job = await cluster.getJson<Job>('jobs.gleaner.dev', 'flights');
    expect(job.status).toMatchObject({ phase: 'Complete', succeeded: PARTS, completedIndexes: `0-${PARTS - 1}` });
    const bill = await settledBill(cluster, 'flights');
    expect([bill.held, paidAttempts(bill)]).toEqual(['0.00', PARTS]);
    expect(await cluster.ok(['ledger', 'verify'])).toMatch(/^ledger verify: ok/);
  }, 500_000);

  /** Sleeps of a second, so that something runs at any time. */
  const sleepers = async (name: string, completions: number): Promise<void> => {
    const template = { program: { script: 'sleep 1; echo "{}" > out/result.json' }, timeout: '60s', resources: { cpu: '250m', memory: '32Mi', scratch: '8Mi', pids: 16 } };
    await cluster.kubectlOk(['apply', '-f', '-'], jobManifest(name, { runtime: 'shell', completions, template }));
    await eventually(`the first of ${name}`, async () => (((await cluster.getJson<Job>('jobs.gleaner.dev', name)).status?.succeeded ?? 0) >= 2 ? true : undefined), 60_000);
  };
  const exact = async (name: string, completions: number): Promise<void> => {
    await cluster.kubectlOk(['wait', '--for=condition=Finished', '--timeout=180s', `jobs.gleaner.dev/${name}`], undefined, 190_000);
    expect((await cluster.getJson<Job>('jobs.gleaner.dev', name)).status).toMatchObject({ phase: 'Complete', completedIndexes: `0-${completions - 1}` });
    const bill = await settledBill(cluster, name);
    expect([bill.held, paidAttempts(bill)]).toEqual(['0.00', completions]);
    expect(await cluster.ok(['ledger', 'verify'])).toMatch(/^ledger verify: ok/);
  };

  it('a leader that was frozen longer than its Lease ends when it wakes up, and has written nothing', async () => {
    await sleepers('frozen', 16);
    const first = await cluster.leader();
    const child = cluster.process(first);
    child.kill('SIGSTOP');
    await eventually('another leader', async () => ((await cluster.leader()) === first ? undefined : true), 30_000);
    const ended = once(child, 'exit');
    child.kill('SIGCONT');
    expect(await ended).toEqual([1, null]);
    // Its last words are on their way through a pipe when it is gone.
    await eventually('the log says why', () => (/leads no longer/.test(cluster.log(first)) ? true : undefined), 10_000);
    await exact('frozen', 16);
  }, 300_000);

  it('a leader that is told to stop hands over at once', async () => {
    await sleepers('handed', 12);
    const first = await cluster.leader();
    const before = (await cluster.lease()).spec?.leaseTransitions ?? 0;
    await cluster.kill(first, 'SIGTERM');
    expect(cluster.process(first).exitCode).toBe(0);
    await eventually('another leader', async () => (((await cluster.lease()).spec?.leaseTransitions ?? 0) > before ? true : undefined), 30_000);
    await cluster.startReplica(first);
    await exact('handed', 12);
  }, 300_000);
});
