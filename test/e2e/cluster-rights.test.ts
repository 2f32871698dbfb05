/**
 * A replica with exactly the rights of deploy/base/rbac.yaml on a real kube-apiserver: the API server's audit log says that it needs no
 * more and has no more, and how many writes a Task costs. People come with the tokens of the cluster, and its roles count.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { eventually, jobManifest } from '../support/gleaner';
import { KubeCluster, OPERATOR_NAMESPACE } from '../support/kube-cluster';
import { describeWithKube } from '../support/kube-apiserver';

const ROOT = join(__dirname, '..', '..');
const RBAC = join(ROOT, 'deploy', 'base', 'rbac.yaml');
const TASKS = 60;
/** More than the window of Tasks that exist at a time. */
const LARGE = 1300;
/** What did not happen here: events that repeat or expire, a conflict, a new image or address, a server without WatchList; asked for by admission alone. */
const RARE = new Set([
  'delete events', 'list events', 'get events', 'get tasks.gleaner.dev', 'update configmaps', 'update events',
  'update jobs/finalizers.gleaner.dev', 'update runtimes.gleaner.dev', 'update validatingwebhookconfigurations.admissionregistration.k8s.io',
]);

interface AuditEvent {
  stage: string;
  verb: string;
  user: { username: string };
  objectRef?: { apiGroup?: string; resource: string; subresource?: string; name?: string };
  responseStatus?: { code?: number };
}

interface Role {
  kind: string;
  metadata: { name: string };
  rules: { apiGroups: string[]; resources: string[]; verbs: string[] }[];
}

describeWithKube('a replica with the rights of the chart', ['etcd', 'kube-apiserver', 'kube-controller-manager'], () => {
  const cluster = new KubeCluster();
  const folder = mkdtempSync(join(tmpdir(), 'gleaner-audit-'));
  const auditLog = join(folder, 'audit.log');

  beforeAll(async () => {
    writeFileSync(join(folder, 'policy.yaml'), 'apiVersion: audit.k8s.io/v1\nkind: Policy\nomitStages: [RequestReceived]\nrules: [{level: Metadata}]\n');
    await cluster.startKube({
      controllerManager: true,
      flags: [
        `--audit-policy-file=${join(folder, 'policy.yaml')}`, `--audit-log-path=${auditLog}`,
        // Asks for the right to update jobs/finalizers: Tasks name their Job as an owner that is not to go before them.
        '--enable-admission-plugins=OwnerReferencesPermissionEnforcement',
      ],
    });
    await cluster.kubectlOk(['apply', '-f', RBAC]);
    const token = (await cluster.kubectlOk(['create', 'token', 'gleaner', '-n', OPERATOR_NAMESPACE])).trim();
    cluster.replicaKubeconfig = join(cluster.dir, 'replica-kubeconfig');
    writeFileSync(cluster.replicaKubeconfig, cluster.kube.kubeconfig({ token }), { mode: 0o600 });
    // Nothing is to fail over here, however busy the machine is.
    await cluster.startReplica('a', ['--webhook', cluster.service.url, '--lease-duration', '30s']);
    await cluster.serving('a');
    await cluster.kubectlOk(['create', 'namespace', 'lab']);
    await cluster.joinAgent('agent-1');
    await cluster.startAgent('agent-1', ['--runtime', 'scripted', '--slots', '10', '--cpu', '10', '--memory', '4Gi']);
    await cluster.ok(['deposit', '-n', 'lab', '50']);
  }, 240_000);
  afterAll(async () => {
    await cluster.close();
    rmSync(folder, { recursive: true, force: true });
  }, 90_000);

  const events = (): AuditEvent[] => readFileSync(auditLog, 'utf8').trim().split('\n').map((line) => JSON.parse(line) as AuditEvent)
    .filter(({ user, stage }) => user.username === `system:serviceaccount:${OPERATOR_NAMESPACE}:gleaner` && stage !== 'RequestReceived');
  const resourceOf = ({ objectRef }: AuditEvent): string => {
    const { apiGroup = '', resource = '', subresource } = objectRef ?? {};
    return `${resource}${subresource === undefined ? '' : `/${subresource}`}${apiGroup === '' ? '' : `.${apiGroup}`}`;
  };
  const run = async (name: string, spec: Record<string, unknown>, seconds = 120): Promise<void> => {
    const template = { program: { script: '{"sleepMs": 300, "result": {"index": "$GLEANER_INDEX"}}' }, timeout: '60s', resources: { cpu: '500m', memory: '64Mi', scratch: '16Mi' } };
    await cluster.kubectlOk(['-n', 'lab', 'apply', '-f', '-'], jobManifest(name, { runtime: 'shell', template, ...spec }));
    await cluster.kubectlOk(['-n', 'lab', 'wait', '--for=condition=Complete', `--timeout=${seconds}s`, `jobs.gleaner.dev/${name}`], undefined, (seconds + 10) * 1000);
  };

  it('writes few times for each Task, and not for heartbeats', async () => {
    const before = events().length;
    await run('many', { completions: TASKS });
    const writes = new Map<string, number>();
    for (const event of events().slice(before)) {
      if (['get', 'list', 'watch'].includes(event.verb)) continue;
      const what = `${event.verb} ${resourceOf(event)}`;
      writes.set(what, (writes.get(what) ?? 0) + 1);
    }
    process.stderr.write(`writes of a Job of ${TASKS} Tasks: ${JSON.stringify(Object.fromEntries(writes))}\n`);
    expect(writes.get('create tasks.gleaner.dev')).toBe(TASKS);
    // Leased, and ended; a Task that is over within the pace of progress is not written in between.
    expect(writes.get('update tasks/status.gleaner.dev')).toBeLessThanOrEqual(2 * TASKS + 5);
    const others = [...writes].filter(([what]) => !what.includes('tasks') && !what.includes('leases') && !what.includes('reviews'));
    expect(others.reduce((sum, [, count]) => sum + count, 0)).toBeLessThan(TASKS);
  }, 180_000);

  it('folds the finished Tasks of a large Job into its status and takes them away', async () => {
    const before = events().length;
    const began = Date.now();
    await run('large', { completions: LARGE, template: { program: { script: '{}' }, timeout: '60s', resources: { cpu: '500m', memory: '64Mi', scratch: '16Mi' } } }, 300);
    const seconds = (Date.now() - began) / 1000;
    expect(await cluster.kubectlOk(['-n', 'lab', 'get', 'jobs.gleaner.dev', 'large', '-o', 'jsonpath={.status.completedIndexes}'])).toBe(`0-${LARGE - 1}`);
    let writes: AuditEvent[] = [];
    const count = (what: string): number => writes.filter((event) => `${event.verb} ${resourceOf(event)}` === what).length;
    // The last Tasks may be taken away beside the Job's last status.
    const left = await eventually('as many Tasks are left as were not deleted', async () => {
      const names = (await cluster.kubectlOk(['-n', 'lab', 'get', 'tasks.gleaner.dev', '-l', 'gleaner.dev/job=large', '-o', 'name'])).trim().split('\n');
      writes = events().slice(before).filter(({ verb, responseStatus }) => !['get', 'list', 'watch'].includes(verb) && (responseStatus?.code ?? 0) < 300);
      return count('delete tasks.gleaner.dev') === LARGE - names.length ? names.length : undefined;
    }, 30_000);
    process.stderr.write(`${LARGE} Tasks in ${seconds} s: ${writes.length} writes, ${(writes.length / LARGE).toFixed(2)} for each\n`);
    expect(count('create tasks.gleaner.dev')).toBe(LARGE);
    expect(left).toBeLessThanOrEqual(1000);
    expect(count('update tasks/status.gleaner.dev')).toBeLessThanOrEqual(2.2 * LARGE);
    expect(writes.length).toBeLessThan(3.6 * LARGE);
  }, 360_000);

  it('is asked about what schema and CEL cannot say', async () => {
    const template = { program: { script: '{}' }, timeout: '60s' };
    const refused = await cluster.kubectl(['-n', 'lab', 'apply', '-f', '-'], jobManifest('impossible', { runtime: 'shell', template, parameters: { matrix: { A: [] } } }));
    expect(refused.stderr).toBe('The Job "impossible" is invalid: spec.parameters.matrix.A: Required value: must have at least one value\n');
    expect(refused.code).toBe(1);
    const asked = JSON.parse(await cluster.kubectlOk(['get', 'validatingwebhookconfiguration', 'gleaner', '-o', 'json'])) as { webhooks: { matchConditions: { expression: string }[] }[] };
    expect(asked.webhooks[0].matchConditions[0].expression).toContain(`system:serviceaccount:${OPERATOR_NAMESPACE}:gleaner`);
  }, 60_000);

  it('lets in whom the cluster knows, for what its roles allow', async () => {
    const token = async (account: string): Promise<string> => {
      await cluster.kubectlOk(['-n', 'lab', 'create', 'serviceaccount', account]);
      return (await cluster.kubectlOk(['-n', 'lab', 'create', 'token', account])).trim();
    };
    const [alice, bob] = [await token('alice'), await token('bob')];
    await cluster.kubectlOk(['-n', 'lab', 'create', 'role', 'issuer', '--verb=get', '--resource=jobs.gleaner.dev/results', '--resource=jobs.gleaner.dev/explain']);
    await cluster.kubectlOk(['-n', 'lab', 'create', 'rolebinding', 'issuer', '--role=issuer', '--serviceaccount=lab:alice']);
    const results = (await cluster.ok(['results', 'job/many', '-n', 'lab', '--token', alice])).trim().split('\n');
    expect(results).toHaveLength(TASKS);
    const refused = await cluster.gleaner(['results', 'job/many', '-n', 'lab', '--token', bob]);
    expect([refused.code, refused.stderr]).toEqual([4, expect.stringContaining('system:serviceaccount:lab:bob')]);
    expect((await cluster.gleaner(['deposit', '5', '-n', 'lab', '--token', alice])).code).toBe(4);
    expect((await cluster.gleaner(['results', 'job/many', '-n', 'lab', '--token', 'nobody'])).code).not.toBe(0);
    expect(await cluster.ok(['explain', 'job/many', '-n', 'lab', '--token', alice])).toContain('Complete');
    expect(await cluster.ok(['bill', '-n', 'lab'])).toContain('many');
  }, 120_000);

  it('needs what it may, and may what it needs', async () => {
    await run('short-lived', { completions: 2, ttlAfterFinished: '1s' });
    await cluster.kubectlOk(['-n', 'lab', 'wait', '--for=delete', '--timeout=60s', 'jobs.gleaner.dev/short-lived'], undefined, 70_000);
    const [agent = ''] = (await cluster.kubectlOk(['get', 'agents', '-o', 'jsonpath={.items[*].metadata.name}'])).split(' ');
    await cluster.ok(['agent', 'drain', agent]);
    await cluster.kill('a');
    const all = events();
    const refused = all.filter(({ responseStatus }) => responseStatus?.code === 403).map((event) => `${event.verb} ${resourceOf(event)}`);
    expect([...new Set(refused)]).toEqual([]);
    const used = new Set(all.map((event) => `${event.verb} ${resourceOf(event)}`));
    const granted = new Set<string>();
    for (const document of parseAllDocuments(readFileSync(RBAC, 'utf8'))) {
      const role = document.toJS() as Role;
      if (role.metadata.name !== 'gleaner-controlplane' || !role.rules) continue;
      for (const { apiGroups, resources, verbs } of role.rules) for (const group of apiGroups) for (const resource of resources) for (const verb of verbs) {
        granted.add(`${verb} ${resource}${group === '' ? '' : `.${group}`}`);
      }
    }
    expect([...granted].filter((each) => !used.has(each) && !RARE.has(each))).toEqual([]);
    expect([...used].filter((each) => !granted.has(each) && !each.startsWith('get '))).toEqual([]);
  }, 180_000);
});
