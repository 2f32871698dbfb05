/** Who somebody is, and what they may do, through stock kubectl: the scenarios of Kubernetes' own shell tests and more. */
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { stringify } from 'yaml';

import { clientCertificate } from '../support/client-certificate';
import { kubectl, type Kubectl } from '../support/kubectl';
import { nextNamespace, sharedKubectl } from '../support/shared-server';

const { server, k } = sharedKubectl();
let ns: string;

beforeEach(async () => {
  ({ ns } = await nextNamespace(server));
});

const args = (line: string): string[] => ['-n', ns, ...line.split(' ')];
const ok = (line: string): Promise<string> => k.ok(args(line));
const fails = (line: string): Promise<string> => k.fails(args(line));

/** kubectl with the credentials of `user` in a kubeconfig of its own, and nothing else. */
function kubectlAs(user: object): Kubectl {
  const file = join(server.dir, `kubeconfig-${Math.random().toString(36).slice(2)}`);
  const config = {
    apiVersion: 'v1', kind: 'Config', 'current-context': 'test',
    clusters: [{ name: 'test', cluster: { server: server.url, 'certificate-authority-data': Buffer.from(server.caCertificate).toString('base64') } }],
    users: [{ name: 'test', user }], contexts: [{ name: 'test', context: { cluster: 'test', user: 'test', namespace: ns } }],
  };
  writeFileSync(file, stringify(config));
  return kubectl(file, server.dir);
}

interface Whoami {
  kind: string;
  status: { userInfo: { username: string; uid?: string; groups: string[]; extra?: Record<string, string[]> } };
}
const whoami = async (of: Kubectl, ...more: string[]): Promise<Whoami['status']['userInfo']> => (JSON.parse(await of.ok(['auth', 'whoami', '-o', 'json', ...more])) as Whoami).status.userInfo;

describe('whoami', () => {
  test('by token', async () => {
    expect(JSON.parse(await ok('auth whoami -o json'))).toMatchObject({ kind: 'SelfSubjectReview', status: { userInfo: { username: 'admin', groups: ['system:masters', 'system:authenticated'] } } });
    expect(await ok('auth whoami')).toMatch(/^ATTRIBUTE +VALUE\nUsername +admin\nGroups +\[system:masters system:authenticated\]\n$/);
  });

  test('by client certificate: the common name is the user, organisations are groups', async () => {
    const { key, certificate } = await clientCertificate(server.ca, () => 'ann', ['lab', 'ops']);
    const data = (text: string): string => Buffer.from(text).toString('base64');
    const ann = kubectlAs({ 'client-certificate-data': data(certificate), 'client-key-data': data(key) });
    expect(await whoami(ann)).toMatchObject({ username: 'ann', groups: ['lab', 'ops', 'system:authenticated'], extra: { 'authentication.kubernetes.io/credential-id': [expect.stringMatching(/^X509SHA256=[0-9a-f]{64}$/)] } });
    expect(await ann.fails(['get', 'secrets'])).toContain('secrets is forbidden: User "ann" cannot list resource "secrets" in API group "" in the namespace');
    await ok('create rolebinding lab --clusterrole=edit --group=lab');
    await ann.ok(['get', 'secrets']);
  });

  test('a wrong token is nobody, no credentials are anonymous', async () => {
    expect(await kubectlAs({ token: 'wrong' }).fails(['get', 'secrets'])).toMatch(/Unauthorized|must be logged in/);
    // kubectl asks for a password where nothing is given.
    const answer = await server.request('GET', '/api/v1/secrets', { token: '' });
    expect([answer.code, answer.json.message]).toEqual([403, 'secrets is forbidden: User "system:anonymous" cannot list resource "secrets" in API group "" at the cluster scope']);
  });
});

describe('acting as others', () => {
  test('needs a user', async () => {
    expect(await fails('get secrets --as-group=foo')).toContain('without impersonating a user');
    expect(await fails('get secrets --as-uid=abc123')).toContain('without impersonating a user');
  });

  test('as a user, with groups and a uid', async () => {
    expect(await whoami(k, '--as=user1')).toEqual({ username: 'user1', groups: ['system:authenticated'] });
    expect(await whoami(k, '--as=user1', '--as-group=group2', '--as-group=group1', '--as-group=,,,chameleon')).toEqual({ username: 'user1', groups: ['group2', 'group1', ',,,chameleon', 'system:authenticated'] });
    expect(await whoami(k, '--as=user1', '--as-uid=abc123')).toEqual({ username: 'user1', uid: 'abc123', groups: ['system:authenticated'] });
    expect(await whoami(k, '--as=system:serviceaccount:a:b')).toEqual({ username: 'system:serviceaccount:a:b', groups: ['system:serviceaccounts', 'system:serviceaccounts:a', 'system:authenticated'] });
  });

  test('needs the right to', async () => {
    const { token } = await server.tokens.create({ subject: 'helper' });
    const helper = kubectlAs({ token });
    expect(await helper.fails(['create', 'token', 'any', '--as=user1'])).toContain('users "user1" is forbidden: User "helper" cannot impersonate resource "users" in API group "" at the cluster scope');
    await k.ok(['create', 'clusterrole', `imp-${ns}`, '--verb=impersonate', '--resource=serviceaccounts']);
    await ok(`create rolebinding imp --clusterrole=imp-${ns} --user=helper`);
    expect((await whoami(helper, `--as=system:serviceaccount:${ns}:default`)).username).toBe(`system:serviceaccount:${ns}:default`);
    expect(await helper.fails(['create', 'token', 'any', '--as=system:serviceaccount:default:default'])).toContain('in the namespace "default"');
    expect(await helper.fails(['create', 'token', 'any', `--as=system:serviceaccount:${ns}:default`, '--as-group=system:masters'])).toContain('groups "system:masters" is forbidden');
  });
});

describe('can-i', () => {
  test('yes and no, with the reason', async () => {
    expect(await ok('auth can-i delete jobs.gleaner.dev')).toBe('yes\n');
    expect((await k.run(args('auth can-i delete jobs.gleaner.dev --as=ann'))).stdout).toBe('no\n');
    await ok('create rolebinding ann --clusterrole=gleaner-issuer --user=ann');
    expect(await ok('auth can-i delete jobs.gleaner.dev --as=ann')).toBe('yes\n');
    const elsewhere = await k.run(['-n', 'default', 'auth', 'can-i', 'delete', 'jobs.gleaner.dev', '--as=ann']);
    expect([elsewhere.code, elsewhere.stdout]).toEqual([1, 'no\n']);
    await ok('create rolebinding bob --role=none --user=bob');
    expect((await k.run(args('auth can-i get secrets --as=bob'))).stdout).toBe('no - RBAC: role.rbac.authorization.k8s.io "none" not found\n');
  });

  test.each([
    ['get jobs.gleaner.dev/pi', true],
    ['get jobs.gleaner.dev --subresource=results', true],
    ['get tasks.gleaner.dev --subresource=log', true],
    ['update jobs.gleaner.dev --subresource=status', false],
    ['patch jobs.gleaner.dev --subresource=scale', true],
    ['create jobs.gleaner.dev --all-namespaces', false],
    ['get namespaces', true],
    ['list runtimes.gleaner.dev', true],
    ['update runtimes.gleaner.dev', false],
    ['get secrets', false],
    ['create rolebindings', false],
    ['get agents.gleaner.dev', false],
    ['get /version', true],
    ['get /ledger/verify', false],
    ['post /ledger/deposits', false],
  ])('an issuer in its namespace: %s: %s', async (what, expected) => {
    await ok('create rolebinding ann --clusterrole=gleaner-issuer --user=ann');
    expect((await k.run(args(`auth can-i ${what} --as=ann`))).stdout).toBe(expected ? 'yes\n' : 'no\n');
  });

  test.each([
    ['gleaner-operator', 'create jobs.gleaner.dev', true],
    ['gleaner-operator', 'update agents.gleaner.dev', true],
    ['gleaner-operator', 'create namespaces', true],
    ['gleaner-operator', 'create rolebindings', true],
    ['gleaner-operator', 'post /tokens', true],
    ['gleaner-operator', 'get secrets', false],
    ['gleaner-operator', 'create clusterrolebindings', false],
    ['gleaner-operator', 'impersonate users', false],
    ['gleaner-viewer', 'list agents.gleaner.dev', true],
    ['gleaner-viewer', 'get /ledger/verify', true],
    ['gleaner-viewer', 'create jobs.gleaner.dev', false],
    ['gleaner-viewer', 'get secrets', false],
    ['gleaner-viewer', 'post /ledger/deposits', false],
  ])('%s: %s: %s', async (role, what, expected) => {
    await k.ok(['create', 'clusterrolebinding', `${ns}-b`, `--clusterrole=${role}`, `--user=${ns}-u`]);
    expect((await k.run(args(`auth can-i ${what} -A --as=${ns}-u`))).stdout).toBe(expected ? 'yes\n' : 'no\n');
  });

  test('--list', async () => {
    await ok('create rolebinding ann --clusterrole=gleaner-issuer --user=ann');
    const listed = await ok('auth can-i --list --as=ann');
    expect(listed).toMatch(/^Resources +Non-Resource URLs +Resource Names +Verbs\n/);
    expect(listed).toMatch(/jobs\.gleaner\.dev +\[\] +\[\] +\[get list watch create delete deletecollection patch update\]/);
    expect(listed).toMatch(/jobs\.gleaner\.dev\/results +\[\] +\[\] +\[get\]/);
    expect(listed).toMatch(/selfsubjectreviews\.authentication\.k8s\.io +\[\] +\[\] +\[create\]/);
    expect(listed).toMatch(/ +\[\/openapi\/\*\] +\[\] +\[get\]/);
    expect(listed).not.toContain('secrets');
    expect(await ok('auth can-i --list')).toMatch(/\*\.\* +\[\] +\[\] +\[\*\]/);
  });

  test('a SubjectAccessReview by create -f', async () => {
    const review = { apiVersion: 'authorization.k8s.io/v1', kind: 'SubjectAccessReview', spec: { user: 'ann', groups: ['lab'], resourceAttributes: { verb: 'get', resource: 'secrets', namespace: ns } } };
    await k.ok(['create', '-f', '-', '--validate=false'], { input: JSON.stringify(review) });
    const answer = JSON.parse(await k.ok(['create', '-f', '-', '-o', 'json'], { input: JSON.stringify(review) })) as { status: object };
    expect(answer.status).toEqual({ allowed: false });
  });
});

describe('service accounts', () => {
  test('create, in dry runs and for good', async () => {
    for (const how of ['client', 'server']) await ok(`create serviceaccount bot --dry-run=${how}`);
    expect(await fails('get serviceaccount bot')).toContain('serviceaccounts "bot" not found');
    await ok('create serviceaccount bot');
    expect(await ok('get sa bot')).toMatch(/^NAME +SECRETS +AGE\nbot +0 +\d+s\n$/);
    expect(await ok('describe sa bot')).toMatch(new RegExp(`Name: +bot\\nNamespace: +${ns}\\n`));
    await ok('delete serviceaccount bot');
  });

  test('a token stands for its account, with what roles give it, until the account is gone', async () => {
    await ok('create serviceaccount bot');
    const token = (await ok('create token bot --duration=10m')).trim();
    const bot = kubectlAs({ token });
    const uid = (await k.ok(['-n', ns, 'get', 'sa', 'bot', '-o', 'jsonpath={.metadata.uid}'])).trim();
    expect(await whoami(bot)).toMatchObject({ username: `system:serviceaccount:${ns}:bot`, uid, groups: ['system:serviceaccounts', `system:serviceaccounts:${ns}`, 'system:authenticated'] });
    expect(await bot.fails(['get', 'jobs.gleaner.dev'])).toContain(`User "system:serviceaccount:${ns}:bot" cannot list resource "jobs" in API group "gleaner.dev" in the namespace "${ns}"`);
    await ok(`create rolebinding bot --clusterrole=view --serviceaccount=${ns}:bot`);
    await bot.ok(['get', 'jobs.gleaner.dev']);
    expect((await k.run(args(`auth can-i get jobs.gleaner.dev --as=system:serviceaccount:${ns}:bot`))).stdout).toBe('yes\n');
    await ok('delete serviceaccount bot');
    expect(await bot.fails(['get', 'jobs.gleaner.dev'])).toMatch(/Unauthorized|must be logged in/);
    await ok('create serviceaccount bot');
    expect(await bot.fails(['get', 'jobs.gleaner.dev'])).toMatch(/Unauthorized|must be logged in/);
  });

  test('a group of accounts', async () => {
    await ok('create serviceaccount one');
    await ok(`create rolebinding all --clusterrole=view --group=system:serviceaccounts:${ns}`);
    expect((await kubectlAs({ token: (await ok('create token one')).trim() }).run(['get', 'jobs.gleaner.dev'])).code).toBe(0);
  });

  test('a token bound to a Secret ends with it', async () => {
    await ok('create serviceaccount bot');
    await ok('create secret generic s --from-literal=a=b');
    const bot = kubectlAs({ token: (await ok('create token bot --bound-object-kind=Secret --bound-object-name=s')).trim() });
    await whoami(bot);
    await ok('delete secret s');
    expect(await bot.fails(['auth', 'whoami'])).toMatch(/Unauthorized|must be logged in/);
  });

  test('a token for somebody else is none for this server', async () => {
    await ok('create serviceaccount bot');
    const token = (await ok('create token bot --audience=vault')).trim();
    expect(await kubectlAs({ token }).fails(['auth', 'whoami'])).toMatch(/Unauthorized|must be logged in/);
  });

  test.each([
    ['create token none', 'serviceaccounts "none" not found'],
    ['create token bot --duration=5m', 'spec.expirationSeconds: Invalid value: 300: may not specify a duration less than 10 minutes'],
    ['create token bot --bound-object-kind=Secret --bound-object-name=none', 'secrets "none" not found'],
    ['create token bot --bound-object-kind=Pod --bound-object-name=zz', 'pods "zz" not found'],
  ])('%s', async (line, words) => {
    await ok('create serviceaccount bot');
    expect(await fails(line)).toContain(words);
  });

  test('who may edit may make tokens, who may view may not', async () => {
    await ok('create serviceaccount bot');
    await ok('create rolebinding v --clusterrole=view --user=vic');
    await ok('create rolebinding e --clusterrole=edit --user=ed');
    expect(await fails('create token bot --as=vic')).toContain('User "vic" cannot create resource "serviceaccounts/token" in API group ""');
    expect((await ok('create token bot --as=ed')).split('.')).toHaveLength(3);
  });
});

describe('credential plugins', () => {
  const plugin = (apiVersion: string, command: string, ...more: string[]): object => ({ exec: { apiVersion, command, args: more, interactiveMode: 'IfAvailable' } });

  test.each(['client.authentication.k8s.io/v1beta1', 'client.authentication.k8s.io/v1'])('%s', async (apiVersion) => {
    const credential = JSON.stringify({ apiVersion, kind: 'ExecCredential', status: { token: server.token } });
    expect((await whoami(kubectlAs(plugin(apiVersion, 'echo', credential)))).username).toBe('admin');
    const broken = kubectlAs(plugin(apiVersion, 'ls'));
    expect(await broken.fails(['get', 'namespaces'])).toContain('json parse error');
    // What the command line gives goes before the plugin.
    expect((await whoami(broken, `--token=${server.token}`)).username).toBe('admin');
  });

  test('a client certificate by a plugin', async () => {
    const { key, certificate } = await clientCertificate(server.ca, () => 'plug');
    const script = join(server.dir, 'plugin.sh');
    const credential = { apiVersion: 'client.authentication.k8s.io/v1', kind: 'ExecCredential', status: { clientKeyData: key, clientCertificateData: certificate } };
    writeFileSync(script, `#!/bin/sh\ncat <<'X'\n${JSON.stringify(credential)}\nX\n`);
    chmodSync(script, 0o700);
    expect((await whoami(kubectlAs(plugin('client.authentication.k8s.io/v1', script)))).username).toBe('plug');
  });
});

test('a kubeconfig of a service account, made by kubectl alone', async () => {
  await ok('create serviceaccount issuer');
  await ok(`create rolebinding issuer --clusterrole=gleaner-issuer --serviceaccount=${ns}:issuer`);
  const token = (await ok('create token issuer --duration=24h')).trim();
  const file = join(server.dir, 'issuer.kubeconfig');
  const ca = join(server.dir, 'ca.pem');
  writeFileSync(ca, server.caCertificate);
  const config = (line: string): Promise<string> => k.ok(['config', `--kubeconfig=${file}`, ...line.split(' ')]);
  await config(`set-cluster gleaner --server=${server.url} --certificate-authority=${ca} --embed-certs=true`);
  await config(`set-credentials issuer --token=${token}`);
  await config(`set-context gleaner --cluster=gleaner --user=issuer --namespace=${ns}`);
  await config('use-context gleaner');
  const issuer = kubectl(file, server.dir);
  await issuer.ok(['create', '-f', '-'], { input: JSON.stringify({ apiVersion: 'gleaner.dev/v1alpha1', kind: 'Job', metadata: { name: 'pi' }, spec: { runtime: 'python', completions: 1, template: { program: { script: 'print(1)' } } } }) });
  expect(await issuer.ok(['get', 'gj', '-o', 'name'])).toBe('job.gleaner.dev/pi\n');
  expect(await issuer.fails(['get', 'gj', '-A'])).toContain('at the cluster scope');
  expect(await issuer.fails(['get', 'secrets'])).toContain('forbidden');
});

test('get --raw / lists the paths, for whoever may get that path', async () => {
  const listed = JSON.parse(await k.ok(['get', '--raw', '/'])) as { paths: string[] };
  expect(listed.paths).toEqual(expect.arrayContaining(['/api/v1', '/apis/gleaner.dev', '/openapi/v3', '/version']));
  const raw = (path: string): Promise<string> => k.fails(['get', '--raw', path, '--as=pat']);
  expect(await raw('/')).toContain('forbidden: User "pat" cannot get path "/"');
  await k.ok(['create', 'clusterrole', 'root-path', '--verb=get', '--non-resource-url=/']);
  await k.ok(['create', 'clusterrolebinding', 'root-path', '--clusterrole=root-path', '--user=pat']);
  expect(JSON.parse(await k.ok(['get', '--raw', '/', '--as=pat']))).toEqual(listed);
  expect(await raw('/index.html')).toContain('forbidden: User "pat" cannot get path "/index.html"');
});
