/**
 * A replica with exactly the rights of deploy/base/rbac.yaml on a real kube-apiserver: the API server's audit log says that it needs no
 * more and has no more, and how many writes a Task costs. People come with the tokens of the cluster, and its roles count.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { WEBHOOK_PATH } from '../../controlplane/webhook/handler';
import { helm as helmIn, set } from '../support/chart';
import { freePort } from '../support/free-ports';
import { eventually, jobManifest } from '../support/gleaner';
import { exchange } from '../support/https';
import { type AuditEvent, KubeAudit, resourceOf } from '../support/kube-audit';
import { KubeCluster, OPERATOR_NAMESPACE } from '../support/kube-cluster';
import { describeWithKube } from '../support/kube-apiserver';
import { allows, canNameOf, describeRight, describeUse, needs, rightsOf, type Role } from '../support/rights';

const ROOT = join(__dirname, '..', '..');
const RBAC = join(ROOT, 'deploy', 'base', 'rbac.yaml');
const TASKS = 60;
/** More than the window of Tasks that exist at a time. */
const LARGE = 1300;
/** What did not happen here: events that repeat or expire, a conflict, a new image or address, a server without WatchList; asked for by admission alone. */
const RARE = new Set([
  'ClusterRole delete events', 'ClusterRole list events', 'ClusterRole get events', 'ClusterRole update events', 'ClusterRole get tasks.gleaner.dev',
  'ClusterRole update jobs/finalizers.gleaner.dev', 'ClusterRole update runtimes.gleaner.dev', 'Role update configmaps gleaner-gateway',
  'ClusterRole update validatingwebhookconfigurations.admissionregistration.k8s.io gleaner',
]);
/** Names that nobody knows when the roles are written; definitions are everybody's to know. */
const ANY_NAME = /(^|\.)(gleaner\.dev|events|namespaces|customresourcedefinitions\.apiextensions\.k8s\.io)$/;
/** As MicroTime is written. */
const now = (): string => new Date().toISOString().replace('Z', '000Z');

describeWithKube('a replica with the rights of the chart', ['etcd', 'kube-apiserver', 'kube-controller-manager', 'helm'], ({ helm }) => {
  const cluster = new KubeCluster();
  const folder = mkdtempSync(join(tmpdir(), 'gleaner-audit-'));
  const audit = new KubeAudit(folder);
  /** Addresses of the replicas' own ports. */
  const peers = new Map<string, string>();
  const startReplica = async (name: string, flags: (peer: string) => string[]): Promise<void> => {
    const port = await freePort();
    const peer = `https://127.0.0.1:${port}`;
    peers.set(name, peer);
    // Nothing is to fail over here, however busy the machine is.
    await cluster.startReplica(name, ['--peer-port', String(port), '--lease-duration', '30s', ...flags(peer)]);
  };

  beforeAll(async () => {
    await cluster.startKube({
      controllerManager: true,
      flags: [
        ...audit.flags,
        // Asks for the right to update jobs/finalizers: Tasks name their Job as an owner that is not to go before them.
        '--enable-admission-plugins=OwnerReferencesPermissionEnforcement',
      ],
    });
    await cluster.kubectlOk(['apply', '-f', RBAC]);
    await cluster.actAsServiceAccount();
    // The API server asks at the peer port, as with the chart.
    await startReplica('a', (peer) => ['--webhook', peer, '--heartbeat', '100ms']);
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

  const events = (): AuditEvent[] => audit.events();
  const isWrite = ({ verb }: AuditEvent): boolean => !['get', 'list', 'watch'].includes(verb);
  const run = async (name: string, spec: Record<string, unknown>, seconds = 120): Promise<void> => {
    const template = { program: { script: '{"sleepMs": 300, "result": {"index": "$GLEANER_INDEX"}}' }, timeout: '60s', resources: { cpu: '500m', memory: '64Mi', scratch: '16Mi' } };
    await cluster.kubectlOk(['-n', 'lab', 'apply', '-f', '-'], jobManifest(name, { runtime: 'shell', template, ...spec }));
    await cluster.kubectlOk(['-n', 'lab', 'wait', '--for=condition=Complete', `--timeout=${seconds}s`, `jobs.gleaner.dev/${name}`], undefined, (seconds + 10) * 1000);
  };

  const countWrites = (before: number): Map<string, number> => {
    const writes = new Map<string, number>();
    for (const event of events().slice(before).filter(isWrite)) {
      const what = `${event.verb} ${resourceOf(event)}`;
      writes.set(what, (writes.get(what) ?? 0) + 1);
    }
    return writes;
  };
  const ca = (): Promise<string> => cluster.kubectlOk(['-n', OPERATOR_NAMESPACE, 'get', 'configmap', 'gleaner-gateway', '-o', 'jsonpath={.data.ca\\.crt}']);
  /** A GET at the peer port of a replica, by who has this token. */
  const ask = async (replica: string, path: string, token?: string): Promise<{ code: number; text: string }> =>
    exchange(`${peers.get(replica)}${path}`, { ca: await ca(), agent: false, timeout: 5000, ...(token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } }) });
  const tokenOf = async (account: string): Promise<string> => {
    await cluster.kubectlOk(['-n', 'lab', 'create', 'serviceaccount', account]);
    return (await cluster.kubectlOk(['-n', 'lab', 'create', 'token', account])).trim();
  };

  it('writes few times for each Task', async () => {
    const before = events().length;
    const began = Date.now();
    await run('many', { completions: TASKS });
    const seconds = (Date.now() - began) / 1000;
    const writes = countWrites(before);
    process.stderr.write(`writes of a Job of ${TASKS} Tasks in ${seconds} s: ${JSON.stringify(Object.fromEntries(writes))}\n`);
    expect(writes.get('create tasks.gleaner.dev')).toBe(TASKS);
    // Leased, and ended; a Task that is over within the pace of progress is not written in between.
    expect(writes.get('update tasks/status.gleaner.dev')).toBeLessThanOrEqual(2 * TASKS + 5);
    // Phases at once, numbers at a pace (controlplane/config.ts): docs/kubernetes-mode.md promises as much.
    const most: Record<string, number> = {
      'update jobs/status.gleaner.dev': 3 + seconds, 'update agents/status.gleaner.dev': 1 + seconds / 10, 'create accounts.gleaner.dev': 2,
      'update accounts/status.gleaner.dev': 2 * (1 + seconds / 5), // Which agents hold an image: of three Runtimes, as late as the machine is slow.
      'update runtimes/status.gleaner.dev': 6, 'create events': 2,
    };
    const others = [...writes].filter(([what]) => !/ tasks|leases|reviews/.test(what));
    expect(others.filter(([what, count]) => count > (most[what] ?? 0))).toEqual([]);
  }, 180_000);

  it('writes nothing for heartbeats', async () => {
    const prometheus = await tokenOf('prometheus');
    // The rule and the binding of the chart's `metrics.readers`.
    await cluster.kubectlOk(['create', 'clusterrole', 'gleaner-metrics', '--verb=get', '--non-resource-url=/metrics']);
    await cluster.kubectlOk(['create', 'clusterrolebinding', 'gleaner-metrics', '--clusterrole=gleaner-metrics', '--serviceaccount=lab:prometheus']);
    const beats = async (): Promise<number> => Number(/^gleaner_heartbeats_total (\d+)$/m.exec((await ask('a', '/metrics', prometheus)).text)?.[1]);
    const [before, first] = [events().length, await beats()];
    await eventually('forty heartbeats', async () => ((await beats()) >= first + 40 ? true : undefined));
    const writes = countWrites(before);
    // Numbers of before may still come, once.
    expect(writes.get('update agents/status.gleaner.dev') ?? 0).toBeLessThanOrEqual(1);
  }, 60_000);

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
      writes = events().slice(before).filter((event) => isWrite(event) && (event.responseStatus?.code ?? 0) < 300);
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

  it("lets in whom the cluster knows, for what the chart's roles allow, an issuer in its namespace only", async () => {
    await cluster.kubectlOk(['apply', '-f', '-'], await helmIn(helm, cluster.dir).template([...set('blobs.existingClaim=blobs'), '--show-only', 'templates/user-roles.yaml']));
    await cluster.kubectlOk(['create', 'namespace', 'other']);
    const [olga, vera, alice, bob] = await Promise.all(['olga', 'vera', 'alice', 'bob'].map(tokenOf));
    await cluster.kubectlOk(['create', 'clusterrolebinding', 'olga', '--clusterrole=gleaner-operator', '--serviceaccount=lab:olga']);
    await cluster.kubectlOk(['create', 'clusterrolebinding', 'vera', '--clusterrole=gleaner-viewer', '--serviceaccount=lab:vera']);
    // An operator lets somebody be an issuer, and nothing that it is not itself.
    const bind = (role: string, whom: string) => cluster.kubectl(['--token', olga, '-n', 'lab', 'create', 'rolebinding', whom, `--clusterrole=${role}`, `--serviceaccount=lab:${whom}`]);
    expect(await bind('gleaner-issuer', 'alice')).toMatchObject({ code: 0, stderr: '' });
    expect(await bind('cluster-admin', 'bob')).toMatchObject({ code: 1, stderr: expect.stringContaining('is attempting to grant RBAC permissions not currently held') });

    const job = jobManifest('of-alice', { runtime: 'shell', completions: 1, template: { program: { script: '{"result": 1, "stdout": "done"}' }, timeout: '60s', resources: { cpu: '500m', memory: '64Mi', scratch: '16Mi' } } });
    const create = (who: string, namespace: string) => cluster.kubectl(['--token', who, '-n', namespace, 'create', '-f', '-'], job);
    const forbidden = (who: string, namespace: string) => ({
      code: 1, stderr: expect.stringContaining(`jobs.gleaner.dev is forbidden: User "system:serviceaccount:lab:${who}" cannot create resource "jobs" in API group "gleaner.dev" in the namespace "${namespace}"`),
    });
    expect(await create(alice, 'other')).toMatchObject(forbidden('alice', 'other'));
    expect(await create(vera, 'lab')).toMatchObject(forbidden('vera', 'lab'));
    expect(await create(bob, 'lab')).toMatchObject(forbidden('bob', 'lab'));
    expect(await create(alice, 'lab')).toEqual({ code: 0, stdout: 'job.gleaner.dev/of-alice created\n', stderr: '' });
    await cluster.kubectlOk(['--token', alice, '-n', 'lab', 'wait', '--for=condition=Complete', '--timeout=60s', 'jobs.gleaner.dev/of-alice'], undefined, 70_000);
    expect(await cluster.kubectlOk(['--token', alice, '-n', 'lab', 'describe', 'jobs.gleaner.dev', 'of-alice'])).toMatch(/\nEvents:[^]*Complete/);
    /** The cluster's own answer to `WHO NAMESPACE VERB [GROUP/]RESOURCE`. */
    const may = async (question: string): Promise<boolean> => {
      const [who, namespace, verb, what] = question.split(' ');
      const [resource, group = ''] = what.split('/').toReversed();
      const spec = { user: `system:serviceaccount:lab:${who}`, groups: ['system:authenticated'], resourceAttributes: { namespace, verb, group, resource } };
      const body = { apiVersion: 'authorization.k8s.io/v1', kind: 'SubjectAccessReview', spec };
      return ((await cluster.kube.admin.json({ method: 'POST', path: '/apis/authorization.k8s.io/v1/subjectaccessreviews', body })) as { status: { allowed: boolean } }).status.allowed;
    };
    const yes = [
      'alice lab list gleaner.dev/runtimes', 'alice lab delete gleaner.dev/jobs', 'alice lab list events', 'vera other list gleaner.dev/jobs', 'vera lab list gleaner.dev/agents',
      'olga other create gleaner.dev/jobs', 'olga other update gleaner.dev/agents', 'bob lab list gleaner.dev/runtimes',
    ];
    const no = [
      'alice lab list gleaner.dev/agents', 'alice lab update gleaner.dev/tasks', 'alice lab get secrets', 'alice other list gleaner.dev/jobs', 'alice other list events',
      'vera lab delete gleaner.dev/jobs', 'olga lab get secrets', 'bob lab list gleaner.dev/jobs',
    ];
    expect(await Promise.all(yes.map(may))).toEqual(yes.map(() => true));
    expect(await Promise.all(no.map(may))).toEqual(no.map(() => false));

    const results = (await cluster.ok(['results', 'job/many', '-n', 'lab', '--token', alice])).trim().split('\n');
    expect(results).toHaveLength(TASKS);
    expect(await cluster.ok(['explain', 'job/many', '-n', 'lab', '--token', alice])).toContain('Complete');
    expect(await cluster.ok(['bill', '-n', 'lab', '--token', alice])).toContain('many');
    expect(await cluster.ok(['logs', 'job/of-alice', '--index', '0', '-n', 'lab', '--token', alice])).toBe('done');
    const [ofAlice, ofVera] = ['alice', 'vera'].map((who) => join(cluster.dir, `element-${who}`));
    for (const file of [ofAlice, ofVera]) writeFileSync(file, file);
    /** Exit code 0, or 4 and why: nobody is let in for something that then fails. */
    const allowed = async ([who, ...args]: string[]): Promise<boolean> => {
      const { code, stderr } = await cluster.gleaner([...args, '--token', who]);
      if (code === 0) return true;
      expect([code, stderr]).toEqual([4, expect.stringMatching(/^gleaner: .*User "system:serviceaccount:lab:[a-z]+" cannot /)]);
      return false;
    };
    const letIn = [
      [alice, 'elements', 'put', ofAlice, '-n', 'lab'], [vera, 'results', 'job/many', '-n', 'lab'], [vera, 'ledger', 'verify'],
      [olga, 'deposit', '1', '-n', 'other'], [olga, 'token', 'create', '--owner', 'ann'],
    ];
    const refused = [
      [alice, 'elements', 'put', ofAlice, '-n', 'other'], [alice, 'bill', '-n', 'other'], [alice, 'deposit', '5', '-n', 'lab'], [alice, 'ledger', 'verify'],
      [vera, 'elements', 'put', ofVera, '-n', 'lab'], [vera, 'deposit', '5', '-n', 'lab'], [bob, 'results', 'job/many', '-n', 'lab'],
    ];
    expect(await Promise.all(letIn.map(allowed))).toEqual(letIn.map(() => true));
    expect(await Promise.all(refused.map(allowed))).toEqual(refused.map(() => false));
    expect((await cluster.gleaner(['results', 'job/many', '-n', 'lab', '--token', 'nobody'])).code).not.toBe(0);

    // Gleaner's own routes are in the replica's own audit log; a line is written within a second or so.
    const lines = (user: string): unknown[] => readFileSync(join(cluster.dir, 'a', 'audit.log'), 'utf8').split('\n').slice(0, -1)
      .map((line) => JSON.parse(line) as AuditEvent & { requestURI: string }).filter((line) => line.user.username === `system:serviceaccount:lab:${user}` && line.requestURI.startsWith('/results/'));
    const ofBob = await eventually('a line about bob', () => (lines('bob').length > 0 ? lines('bob') : undefined), 10_000);
    const line = { kind: 'Event', level: 'Metadata', stage: 'ResponseComplete', verb: 'get', objectRef: { apiGroup: 'gleaner.dev', resource: 'jobs', subresource: 'results', namespace: 'lab', name: 'many' } };
    expect(ofBob).toEqual([expect.objectContaining({
      ...line, responseStatus: { metadata: {}, status: 'Failure', code: 403 }, annotations: expect.objectContaining({ 'authorization.k8s.io/decision': 'forbid' }),
    })]);
    expect(lines('alice')).toContainEqual(expect.objectContaining({ ...line, responseStatus: { metadata: {}, code: 200 }, annotations: { 'authorization.k8s.io/decision': 'allow' } }));
  }, 180_000);

  it('answers for itself at the peer port, whether it leads or not', async () => {
    const [prometheus, stranger] = [(await cluster.kubectlOk(['-n', 'lab', 'create', 'token', 'prometheus'])).trim(), await tokenOf('stranger')];
    const targets = cluster.service.targets;
    await startReplica('b', () => []);
    await eventually('b knows who leads', async () => ((await ask('b', '/readyz')).code === 200 ? true : undefined));
    cluster.service.targets = targets;
    for (const [replica, leads] of [['a', 1], ['b', 0]] as const) {
      expect(await ask(replica, '/livez')).toMatchObject({ code: 200, text: 'ok' });
      expect(await ask(replica, '/readyz')).toMatchObject({ code: 200, text: 'ok' });
      const { code, text } = await ask(replica, '/metrics', prometheus);
      expect([code, text.split('\n').filter((line) => line.startsWith('gleaner_leader'))]).toEqual([200, [`gleaner_leader ${leads}`]]);
      expect((await ask(replica, '/metrics', stranger)).code).toBe(403);
      expect((await ask(replica, '/metrics')).code).toBe(401);
    }
    // The API server may ask any of them.
    const object = JSON.parse(jobManifest('impossible', { runtime: 'shell', template: { program: { script: '{}' } }, parameters: { matrix: { A: [] } } })) as object;
    const request = { uid: '1', operation: 'CREATE', resource: { group: 'gleaner.dev', version: 'v1alpha1', resource: 'jobs' }, kind: { group: 'gleaner.dev', version: 'v1alpha1', kind: 'Job' }, object };
    const { json } = await exchange<{ response: { allowed: boolean } }>(
      `${peers.get('b')}${WEBHOOK_PATH}`, { ca: await ca(), agent: false, method: 'POST', headers: { 'content-type': 'application/json' } },
      { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request },
    );
    expect(json.response).toMatchObject({ uid: '1', allowed: false, status: { message: expect.stringContaining('spec.parameters.matrix.A') as string } });
    await cluster.kill('b');
  }, 60_000);

  it('lives and is not ready while nobody leads', async () => {
    // Held by somebody who says no address: there is nobody to pass connections on to.
    const spec = { holderIdentity: 'nobody', leaseDurationSeconds: 3600, acquireTime: now(), renewTime: now(), leaseTransitions: 0 };
    await cluster.kubectlOk(['create', '-f', '-'], JSON.stringify({ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: 'held', namespace: OPERATOR_NAMESPACE }, spec }));
    const { service: { targets }, replicaKubeconfig } = cluster;
    cluster.replicaKubeconfig = undefined;
    await startReplica('c', () => ['--lease-name', 'held']);
    [cluster.service.targets, cluster.replicaKubeconfig] = [targets, replicaKubeconfig];
    await eventually('c saw who holds the Lease', () => (cluster.log('c').includes('"holder":"nobody"') ? true : undefined));
    expect(await ask('c', '/livez')).toMatchObject({ code: 200, text: 'ok' });
    expect(await ask('c', '/readyz')).toMatchObject({ code: 503, text: 'there is no leader yet' });
    await cluster.kill('c');
  }, 60_000);

  it('needs what it may, and may what it needs', async () => {
    await run('short-lived', { completions: 2, ttlAfterFinished: '1s' });
    await cluster.kubectlOk(['-n', 'lab', 'wait', '--for=delete', '--timeout=60s', 'jobs.gleaner.dev/short-lived'], undefined, 70_000);
    const [agent = ''] = (await cluster.kubectlOk(['get', 'agents', '-o', 'jsonpath={.items[*].metadata.name}'])).split(' ');
    await cluster.ok(['agent', 'drain', agent]);
    await cluster.kill('a');
    const all = events();
    expect(audit.refused()).toEqual([]);
    const rights = parseAllDocuments(readFileSync(RBAC, 'utf8')).map((document) => document.toJS() as Role)
      .filter(({ metadata, rules }) => metadata.name === 'gleaner-controlplane' && rules).flatMap(rightsOf);
    const unused = rights.filter((right) => !all.some((event) => needs(right, event, OPERATOR_NAMESPACE))).map(describeRight);
    expect(unused.filter((each) => !RARE.has(each))).toEqual([]);
    expect([...RARE].filter((each) => !rights.some((right) => describeRight(right) === each))).toEqual([]);
    expect(rights.filter(({ verb, name, resource }) => name === undefined && canNameOf(verb) && !ANY_NAME.test(resource)).map(describeRight)).toEqual([]);
    expect([...new Set(all.filter((event) => !rights.some((right) => allows(right, event))).map(describeUse))]).toEqual([]);
  }, 180_000);
});
