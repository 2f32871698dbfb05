/** Who may do what, over a whole control plane with an agent: issuers, agents, and the record of what they did. */
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { loadIdentity, type Identity } from '../../agent/identity';
import { eventually, GLEANER, jobManifest, runCommand, TestCluster, type CommandResult } from '../support/gleaner';
import { exchange } from '../support/https';

interface AuditEvent {
  verb: string;
  requestURI: string;
  user: { username: string; groups: string[] };
  impersonatedUser?: { username: string };
  objectRef?: { resource: string; namespace?: string; name?: string; subresource?: string };
  responseStatus: { code: number };
  annotations?: Record<string, string>;
}

const cluster = new TestCluster();
const issuerConfig = join(cluster.dir, 'lab-a.kubeconfig');
const agentDir = join(cluster.dataDir, 'agent');

const as = (kubeconfig: string, file: string, args: string[], input?: string): Promise<CommandResult> =>
  runCommand(file, args, { env: { ...cluster.env, KUBECONFIG: kubeconfig }, ...(input !== undefined && { input }) });
const issuer = (args: string[], input?: string): Promise<CommandResult> => as(issuerConfig, GLEANER, args, input);
const issuerKubectl = (args: string[], input?: string): Promise<CommandResult> => as(issuerConfig, process.env.KUBECTL ?? 'kubectl', ['--cache-dir', join(cluster.dir, 'issuer-cache'), ...args], input);
const job = (name: string, script: string, completions = 2): string => jobManifest(name, { runtime: 'shell', completions, template: { program: { script }, timeout: '10m' } });

beforeAll(async () => {
  await cluster.start('up', ['up', '--data', cluster.dataDir, '--port', '0', '--agent', 'scripted', '--audit-log-max-bytes', '64Ki', '--audit-log-max-files', '200']);
  expect((await cluster.gleaner(['issuer', 'create', 'lab-a', '--kubeconfig', issuerConfig, '--ttl', '1h'])).stderr).toMatch(/^issuer issuer of namespace lab-a; the kubeconfig is good until /);
  for (const namespace of ['lab-a', 'default']) await cluster.ok(['deposit', '5', '-n', namespace]);
}, 240_000);
afterAll(() => cluster.close(), 120_000);

describe('an issuer', () => {
  test('works in its namespace with nothing but its kubeconfig', async () => {
    expect(statSync(issuerConfig).mode & 0o777).toBe(0o600);
    expect(await issuerKubectl(['apply', '-f', '-'], job('mine', '{"sleepMs": 5, "result": {"a": 1}}'))).toMatchObject({ code: 0 });
    expect(await issuerKubectl(['wait', '--for=condition=Complete', '--timeout=60s', 'gj/mine'])).toMatchObject({ code: 0 });
    expect((await issuer(['results', 'job/mine'])).stdout.trim().split('\n')).toHaveLength(2);
    expect(await issuer(['logs', 'job/mine'])).toMatchObject({ code: 0 });
    expect((await issuer(['explain', 'job/mine'])).stdout).toContain('Complete');
    expect((await issuer(['bill'])).stdout).toContain('mine');
    const put = await issuer(['elements', 'put', GLEANER]);
    expect(put).toMatchObject({ code: 0 });
    expect((await issuer(['elements', 'get', put.stdout.split(' ')[0]!, '-o', '-'])).stdout).toBe(readFileSync(GLEANER, 'utf8'));
    for (const what of ['tasks.gleaner.dev', 'events', 'runtimes', 'ratetiers']) expect({ what, ...(await issuerKubectl(['get', what])) }).toMatchObject({ what, code: 0 });
  }, 240_000);

  test('does nothing anywhere else', async () => {
    await cluster.kubectlOk(['apply', '-f', '-'], job('theirs', '{"sleepMs": 5, "result": 1}'));
    await cluster.kubectlOk(['wait', '--for=condition=Complete', '--timeout=60s', 'gj/theirs']);
    const no = (verb: string, resource: string, where = 'in the namespace "default"'): RegExp => new RegExp(`"system:serviceaccount:lab-a:issuer" cannot ${verb} (resource|path) "${resource}".*${where}`);
    for (const [args, words] of [
      [['results', 'job/theirs', '-n', 'default'], no('get', 'jobs/results')],
      [['logs', 'job/theirs', '-n', 'default'], no('get', 'tasks/log')],
      [['explain', 'job/theirs', '-n', 'default'], no('get', 'jobs/explain')],
      [['bill', '-n', 'default'], no('get', 'statements')],
      [['deposit', '5'], no('post', '/ledger/deposits', '')],
      [['ledger', 'verify'], no('get', '/ledger/verify', '')],
      [['token', 'create'], no('post', '/tokens', '')],
      [['token', 'create', '--user', 'root', '--group', 'system:masters'], no('post', '/tokens', '')],
    ] as [string[], RegExp][]) {
      const result = await issuer(args);
      expect({ args, code: result.code, stderr: result.stderr }).toEqual({ args, code: 4, stderr: expect.stringMatching(words) as string });
    }
    for (const args of [['get', 'gj', '-A'], ['get', 'gj', '-n', 'default'], ['get', 'agents'], ['get', 'accounts'], ['get', 'secrets'], ['create', 'ns', 'x'], ['get', '--raw', '/metrics'], ['get', 'ns']]) {
      expect({ args, ...(await issuerKubectl(args)) }).toMatchObject({ args, code: 1, stderr: expect.stringContaining('orbidden') as string });
    }
  }, 240_000);

  test('is made twice without harm, and ends with its account', async () => {
    const second = await cluster.ok(['issuer', 'create', 'lab-a', '--account', 'second']);
    const again = await cluster.ok(['issuer', 'create', 'lab-a', '--account', 'second']);
    expect([second, again].map((text) => /namespace: (\S+)/.exec(text)?.[1])).toEqual(['lab-a', 'lab-a']);
    const token = /token: (\S+)/.exec(again)![1]!;
    expect((await issuerKubectl(['get', 'gj', `--token=${token}`])).code).toBe(0);
    await cluster.kubectlOk(['delete', 'serviceaccount', 'second', '-n', 'lab-a']);
    expect((await issuerKubectl(['get', 'gj', `--token=${token}`])).stderr).toMatch(/Unauthorized|must be logged in/);
  }, 240_000);

  test('bad names and lives are refused before anything is made', async () => {
    expect(await cluster.gleaner(['issuer', 'create', 'Lab_A'])).toMatchObject({ code: 2, stderr: expect.stringContaining('namespace "Lab_A": must be 1 to 63') as string });
    expect(await cluster.gleaner(['issuer', 'create', 'lab-b', '--ttl', '1m'])).toMatchObject({ code: 2, stderr: expect.stringContaining('--ttl 1m: must be from 10m') as string });
    expect((await cluster.kubectl(['get', 'ns', 'lab-b'])).code).toBe(1);
  });
});

test('an operator makes tokens for agents and issuers, but none of somebody with more rights', async () => {
  const token = (await cluster.ok(['token', 'create', '--user', 'ops'])).trim();
  await cluster.kubectlOk(['create', 'clusterrolebinding', 'ops', '--clusterrole=gleaner-operator', '--user=ops']);
  const file = join(cluster.dir, 'ops.kubeconfig');
  writeFileSync(file, readFileSync(cluster.kubeconfig, 'utf8').replace(/token: \S+/, `token: ${token}`));
  const ops = (args: string[]): Promise<CommandResult> => as(file, GLEANER, args);
  expect(await ops(['token', 'create'])).toMatchObject({ code: 0 });
  expect(await ops(['ledger', 'verify'])).toMatchObject({ code: 0 });
  expect(await ops(['deposit', '1', '-n', 'lab-a'])).toMatchObject({ code: 0 });
  expect(await ops(['issuer', 'create', 'lab-c'])).toMatchObject({ code: 0 });
  expect(await ops(['token', 'create', '--user', 'me', '--group', 'system:masters'])).toMatchObject({ code: 4, stderr: expect.stringContaining('cannot impersonate resource "users"') as string });
  expect(await ops(['bill', '-n', 'default'])).toMatchObject({ code: 0 });
  const kubectl = await as(file, process.env.KUBECTL ?? 'kubectl', ['create', 'clusterrolebinding', 'me', '--clusterrole=cluster-admin', '--user=ops']);
  expect(kubectl.stderr).toContain('cannot create resource "clusterrolebindings"');
}, 240_000);

test('a token of a person is listed without itself, and ends when it is revoked', async () => {
  const token = (await cluster.ok(['token', 'create', '--user', 'zoe', '--group', 'lab'])).trim();
  const text = await cluster.ok(['token', 'list', '-o', 'json']);
  expect(text).not.toContain(token);
  const zoe = (JSON.parse(text) as { id: string; subject: string; groups: string[] }[]).find(({ subject }) => subject === 'zoe')!;
  expect(zoe.groups).toEqual(['lab']);
  const can = (): Promise<CommandResult> => cluster.kubectl(['get', 'runtimes', `--token=${token}`]);
  expect((await can()).code).toBe(0);
  expect(await cluster.ok(['token', 'revoke', zoe.id])).toBe(`token ${zoe.id} of zoe is refused from now on\n`);
  expect((await can()).stderr).toMatch(/Unauthorized|must be logged in/);
  expect(await cluster.gleaner(['token', 'revoke', zoe.id])).toMatchObject({ code: 5, stderr: expect.stringContaining(`there is no token "${zoe.id}"`) as string });
  expect((await issuer(['token', 'list'])).code).toBe(4);
}, 240_000);

describe('an agent', () => {
  let identity: Identity;
  const get = (path: string, method = 'GET') => {
    const { key, certificate: cert, ca } = identity;
    return exchange<{ message?: string; kind?: string; metadata?: { name: string } }>(`${cluster.serverUrl()}${path}`, { method, key, cert, ca, agent: false });
  };

  test('reads with its certificate what is its own and what is leased to it, as long as it is, and nothing else', async () => {
    identity = await loadIdentity(agentDir);
    const api = '/apis/gleaner.dev/v1alpha1';
    await cluster.kubectlOk(['apply', '-f', '-'], job('long', '{"sleepMs": 600000}', 1));
    await eventually('the task is leased', async () => ((await get(`${api}/namespaces/default/tasks/long-0`)).code === 200 ? true : undefined));
    expect(await get(`${api}/agents/${identity.id}`)).toMatchObject({ code: 200, json: { kind: 'Agent', metadata: { name: identity.id } } });
    expect(await get(`${api}/namespaces/default/jobs/long`)).toMatchObject({ code: 200, json: { kind: 'Job' } });
    for (const [method, path] of [
      ['GET', `${api}/agents`], ['GET', `${api}/agents/${'0'.repeat(64)}`], ['DELETE', `${api}/agents/${identity.id}`], ['GET', `${api}/agents/${identity.id}/status`],
      ['GET', `${api}/namespaces/default/tasks`], ['GET', `${api}/namespaces/default/jobs/theirs`], ['GET', `${api}/namespaces/lab-a/jobs/mine`],
      ['GET', `${api}/watch/namespaces/default/tasks/long-0`], ['GET', `${api}/namespaces/default/tasks?watch=true&fieldSelector=metadata.name%3Dlong-0`], ['DELETE', `${api}/namespaces/default/jobs/long`], ['GET', '/api/v1/namespaces/default/secrets'], ['GET', '/api'], ['GET', '/version'],
      ['GET', '/metrics'], ['GET', '/results/default/long'], ['GET', '/logs/default/long-0'], ['GET', '/ledger/statements/default'], ['GET', `/elements/sha256:${'0'.repeat(64)}`],
      ['POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews'],
    ] as const) {
      expect({ method, path, ...(await get(path, method)) }).toMatchObject({ method, path, code: 403 });
    }
    expect((await get(`${api}/namespaces/default/jobs/theirs`)).json.message).toContain(`User "system:gleaner:agent:${identity.id}" cannot get resource "jobs"`);
    await cluster.kubectlOk(['delete', 'gj', 'long']);
    await eventually('the lease is over', async () => ((await get(`${api}/namespaces/default/tasks/long-0`)).code === 403 ? true : undefined));
  }, 240_000);

  test('that was deleted is nobody', async () => {
    await cluster.kubectlOk(['delete', 'agent', identity.id]);
    expect(await eventually('it is forgotten', async () => ((await get('/apis/gleaner.dev/v1alpha1/agents')).code === 401 ? 401 : undefined))).toBe(401);
  }, 240_000);
});

test('the audit log says who did what, with which outcome, and keeps no secret', async () => {
  await cluster.kubectlOk(['create', 'secret', 'generic', 'hidden', '--from-literal=password=correct-horse-battery', '--as=ann', '--as-group=system:masters']);
  const token = (await cluster.ok(['token', 'create', '--user', 'eve'])).trim();
  await cluster.kubectl(['get', 'secrets', `--token=${token}`]);
  await cluster.kubectlOk(['get', '--raw', '/readyz']);
  await cluster.kill('up');
  const files = readdirSync(cluster.dataDir).filter((name) => name.startsWith('audit.log'));
  expect(files.length).toBeGreaterThan(1);
  for (const name of files) expect(statSync(join(cluster.dataDir, name)).size).toBeLessThan(80 * 1024);
  const text = files.map((name) => readFileSync(join(cluster.dataDir, name), 'utf8')).join('');
  const events = text.trim().split('\n').map((line) => JSON.parse(line) as AuditEvent);
  const find = (wanted: object): AuditEvent[] => events.filter((event) => {
    try {
      expect(event).toMatchObject(wanted);
      return true;
    } catch {
      return false;
    }
  });
  const issuerUser = { username: 'system:serviceaccount:lab-a:issuer' };
  expect(find({ verb: 'get', user: issuerUser, objectRef: { resource: 'jobs', namespace: 'lab-a', name: 'mine', subresource: 'results' }, responseStatus: { code: 200 } })).toHaveLength(1);
  expect(find({ verb: 'get', user: issuerUser, objectRef: { resource: 'jobs', namespace: 'default', name: 'theirs', subresource: 'results' }, responseStatus: { code: 403 }, annotations: { 'authorization.k8s.io/decision': 'forbid' } })).toHaveLength(1);
  expect(find({ verb: 'post', requestURI: '/ledger/deposits', user: { username: 'operator' }, responseStatus: { code: 200 } }).length).toBeGreaterThanOrEqual(2);
  expect(find({ verb: 'create', user: { username: 'operator' }, impersonatedUser: { username: 'ann' }, objectRef: { resource: 'secrets', namespace: 'default' }, responseStatus: { code: 201 } })).toHaveLength(1);
  expect(find({ verb: 'list', user: { username: 'eve' }, objectRef: { resource: 'secrets' }, responseStatus: { code: 403 } })).toHaveLength(1);
  expect(find({ verb: 'watch', objectRef: { resource: 'jobs' } }).length).toBeGreaterThan(0);
  expect(events.filter(({ requestURI }) => requestURI.startsWith('/readyz'))).toEqual([]);
  for (const secret of [token, 'correct-horse-battery', Buffer.from('correct-horse-battery').toString('base64'), 'Bearer', 'gln_']) expect(text).not.toContain(secret);
}, 240_000);
