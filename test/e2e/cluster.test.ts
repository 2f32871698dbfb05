/**
 * Kubernetes mode as it is meant: a real kube-apiserver with what the chart makes, two replicas with no more rights than it gives, a Docker
 * agent. The leader is killed in the middle of the flights example: work goes on within five seconds, each index is counted once, the
 * result is that of a single process, the ledger, which is in PostgreSQL, is exact.
 */
import { once } from 'node:events';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Job } from '../../crds/job';
import { JOBS, TASKS } from '../../crds/meta';
import type { Task } from '../../crds/task';
import type { KubeEvent } from '../../controlplane/controllers/events';
import type { VerifyReport } from '../../controlplane/ledger/ledger';
import { ChartCluster } from '../support/chart-cluster';
import { eventually, jobManifest, paidAttempts, runCommand, settledBill } from '../support/gleaner';
import { describeWithKube } from '../support/kube-apiserver';
import { resourceOf } from '../support/kube-audit';
import { OPERATOR_NAMESPACE } from '../support/kube-cluster';

const ROOT = join(__dirname, '..', '..');
const PARTS = 24;

describeWithKube('an operator with two replicas', ['etcd', 'kube-apiserver', 'kube-controller-manager', 'helm'], ({ helm }) => {
  const cluster = new ChartCluster(helm);

  beforeAll(async () => {
    await cluster.startKube();
    await cluster.startReplica('a');
    await cluster.startReplica('b');
    await cluster.serving('a');
    await cluster.serving('b');
    await cluster.startAgentAndDeposit('50');
  }, 240_000);
  afterAll(() => cluster.close(), 90_000);

  it('is asked about what schema and CEL cannot say, at the Service of the chart', async () => {
    const { webhooks: [webhook] } = await cluster.getJson<{ webhooks: { failurePolicy: string; clientConfig: { caBundle: string; service: object } }[] }>('validatingwebhookconfiguration', 'gleaner');
    const ca = (await cluster.getJson<{ data: Record<string, string> }>('configmap/gleaner-gateway', `--namespace=${OPERATOR_NAMESPACE}`)).data['ca.crt'];
    expect(webhook.clientConfig).toEqual({
      service: { namespace: OPERATOR_NAMESPACE, name: 'gleaner-webhook', port: 7644, path: '/validate' }, caBundle: Buffer.from(ca).toString('base64'),
    });
    expect(webhook.failurePolicy).toBe('Fail');
    const template = { program: { script: 'true' }, timeout: '60s' };
    const create = (name: string, values: string[]) => cluster.kubectl(['create', '--dry-run=server', '-o', 'name', '-f', '-'], jobManifest(name, { runtime: 'shell', template, parameters: { matrix: { A: values } } }));
    expect(await create('impossible', [])).toMatchObject({ code: 1, stderr: expect.stringContaining('spec.parameters.matrix.A: Required value: must have at least one value') });
    expect(await create('possible', ['x'])).toEqual({ code: 0, stdout: 'job.gleaner.dev/possible\n', stderr: '' });
  }, 60_000);

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
    await inPostgres('flights', PARTS);
    // As kubectl finds them: by the uid and name of the object.
    const events = async (): Promise<KubeEvent[]> => (await cluster.getJson<{ items: KubeEvent[] }>('events')).items.filter(({ involvedObject }) => involvedObject.uid === job.metadata.uid);
    const [complete] = await eventually('an event', async () => ((await events()).length > 0 ? events() : undefined), 10_000);
    expect(complete).toMatchObject({ type: 'Normal', reason: 'Complete', count: 1, message: expect.stringContaining(`${PARTS}/${PARTS}`), source: { component: 'gleaner' } });
    expect(await events()).toHaveLength(1);
    expect(await cluster.kubectlOk(['describe', 'jobs.gleaner.dev', 'flights'])).toMatch(new RegExp(`\\nEvents:\n.*\n.*\n +Normal +Complete +\\S+ +gleaner +.*${PARTS}/${PARTS}`));
  }, 500_000);

  /** The ledger of the Job, the only one so far, is in the database and nowhere else: read there, without a replica. */
  const inPostgres = async (name: string, completions: number): Promise<void> => {
    const report = JSON.parse(await cluster.ok(['ledger', 'verify', '-o', 'json', ...cluster.databaseFlags])) as VerifyReport;
    expect(report).toMatchObject({ ok: true, openHolds: 0 });
    expect(JSON.parse(await cluster.ok(['ledger', 'verify', '-o', 'json']))).toEqual(report);
    const settled = await cluster.rows<{ task_index: string; reason: string }>(`SELECT task_index, reason FROM ledger_settlement WHERE job_name = '${name}' ORDER BY task_index`);
    expect(settled.filter(({ reason }) => reason === 'Completed').map((row) => Number(row.task_index))).toEqual(Array.from({ length: completions }, (_, index) => index));
    // The deposit; each attempt's hold and its end.
    expect(report.transactions).toBe(1 + 2 * settled.length);
    expect(readdirSync(cluster.dir, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.db'))).toEqual([]);
  };

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

  it('an agent that reaches nothing but a follower gets work, and its output and results come through that follower', async () => {
    await cluster.kill('agent-1');
    const leader = await cluster.leader();
    const follower = leader === 'a' ? 'b' : 'a';
    await cluster.serving(follower);
    const transitions = (await cluster.lease()).spec?.leaseTransitions;
    const agent = await cluster.joinAgent('agent-2', cluster.url(follower));
    await cluster.startAgent('agent-2');
    const ca = join(cluster.dir, 'gateway-ca.crt');
    writeFileSync(ca, await cluster.kubectlOk(['-n', OPERATOR_NAMESPACE, 'get', 'configmap', 'gleaner-gateway', '-o', 'jsonpath={.data.ca\\.crt}']));
    const through = ['--gateway', cluster.url(follower), '--gateway-ca', ca];
    const template = {
      program: { script: 'for n in 1 2 3; do echo "$GLEANER_INDEX: $n"; sleep 1; done; echo "{\\"index\\": $GLEANER_INDEX}" > out/result.json' },
      timeout: '60s', resources: { cpu: '250m', memory: '32Mi', scratch: '8Mi', pids: 16 },
    };
    await cluster.kubectlOk(['apply', '-f', '-'], jobManifest('followed', { runtime: 'shell', completions: 3, template }));
    const running = async (): Promise<true | undefined> => ((await cluster.getJson<Task>('tasks.gleaner.dev', 'followed-0').catch(() => undefined))?.status?.phase === 'Running' ? true : undefined);
    await eventually('index 0 runs', running, 60_000);
    // Ends with the attempt.
    expect(await cluster.ok(['logs', 'job/followed', '--index', '0', '-f', ...through])).toBe('0: 1\n0: 2\n0: 3\n');
    await exact('followed', 3);
    const results = (await cluster.ok(['results', 'job/followed', ...through])).trim().split('\n').map((line) => JSON.parse(line) as { result: unknown });
    expect(results.map(({ result }) => result)).toEqual([0, 1, 2].map((index) => ({ index })));
    expect(await cluster.rows("SELECT DISTINCT agent FROM ledger_settlement WHERE job_name = 'followed'")).toEqual([{ agent }]);
    expect([await cluster.leader(), (await cluster.lease()).spec?.leaseTransitions]).toEqual([leader, transitions]);
  }, 180_000);

  it("was led by one after the other with no right beyond the chart's, and missed none", () => {
    expect(cluster.audit.refused()).toEqual([]);
    const done = new Set(cluster.audit.events().map((event) => `${event.verb} ${resourceOf(event)}`));
    const what = ['update leases.coordination.k8s.io', 'update tasks/status.gleaner.dev', 'create events', 'update validatingwebhookconfigurations.admissionregistration.k8s.io'];
    expect(what.filter((each) => !done.has(each))).toEqual([]);
  });
});
