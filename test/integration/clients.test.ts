/** Client libraries as they are published, against the embedded server: create, watch, patch, delete. */
import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';

import { runCommand, TestCluster } from '../support/gleaner';
import { describeWithKube } from '../support/kube-apiserver';

const fixture = (name: string): string => resolve('test/fixtures/clients', name);
let cluster: TestCluster;

beforeAll(async () => {
  cluster = new TestCluster();
  await cluster.start('server', ['server', '--data', cluster.dataDir, '--port', '0']);
}, 90_000);
afterAll(() => cluster?.close());

test('Python, as Debian packages it', async () => {
  const found = spawnSync(resolve('scripts/ensure-python-client.sh'), { encoding: 'utf8' });
  expect(found.stderr).toBe('');
  const ran = await runCommand(found.stdout.trim(), [fixture('scenario.py')], { env: cluster.env });
  expect(ran.stderr).toBe('');
  const saw = JSON.parse(ran.stdout) as { namespaces: string[] };
  expect(saw).toMatchObject({
    uid: true, note: 'patched', conflict: { status: 409, reason: 'AlreadyExists' }, listed: ['from-python'], data: { a: 'b', c: 'd' },
    gone: true, first: 'ADDED', patched: true, last: 'DELETED', ended: true,
  });
  expect(saw.namespaces).toContain('default');
}, 90_000);

test('the informer of @kubernetes/client-node', async () => {
  const ran = await runCommand(process.execPath, [fixture('informer.mjs')], { env: cluster.env });
  expect(ran.stderr).toBe('');
  expect(JSON.parse(ran.stdout)).toEqual({ first: ['add', ''], cached: 'patched', left: [], errors: [] });
}, 90_000);

describeWithKube('Helm', ['helm'], (paths) => {
  const chart = fixture('../helm');
  const helm = async (...args: string[]): Promise<string> => {
    const ran = await runCommand(paths.helm, args, { env: { ...cluster.env, HELM_CACHE_HOME: cluster.dir, HELM_CONFIG_HOME: cluster.dir, HELM_DATA_HOME: cluster.dir } });
    expect({ code: ran.code, stderr: ran.stderr }).toEqual({ code: 0, stderr: '' });
    return ran.stdout;
  };
  const greeting = (): Promise<string> => cluster.kubectlOk(['get', 'configmap', 'lab-settings', '-n', 'team', '-o', 'jsonpath={.data.greeting}']);

  test('installs, upgrades, rolls back, shows and uninstalls a release', async () => {
    expect(await helm('install', 'lab', chart, '--namespace', 'team', '--create-namespace')).toContain('STATUS: deployed');
    expect(await greeting()).toBe('hello');
    expect(await helm('upgrade', 'lab', chart, '--namespace', 'team', '--set', 'greeting=goodbye', '--wait', '--timeout', '30s')).toContain('REVISION: 2');
    expect(await greeting()).toBe('goodbye');
    expect(JSON.parse(await helm('list', '--namespace', 'team', '-o', 'json'))).toMatchObject([{ name: 'lab', revision: '2', status: 'deployed' }]);
    await helm('rollback', 'lab', '1', '--namespace', 'team');
    expect(await greeting()).toBe('hello');
    expect(JSON.parse(await helm('history', 'lab', '--namespace', 'team', '-o', 'json'))).toHaveLength(3);
    expect(await helm('get', 'manifest', 'lab', '--namespace', 'team')).toContain('kind: Job');
    expect(await helm('template', 'lab', chart, '--namespace', 'team', '--validate', '--is-upgrade')).toContain('kind: RoleBinding');
    expect(await cluster.kubectlOk(['auth', 'can-i', 'create', 'jobs.gleaner.dev', '-n', 'team', '--as', 'system:serviceaccount:team:lab'])).toBe('yes\n');
    expect(await helm('uninstall', 'lab', '--namespace', 'team', '--wait')).toBe('release "lab" uninstalled\n');
    expect(await cluster.kubectlOk(['get', 'gj,secret,rolebinding', '-n', 'team', '-o', 'name'])).toBe('');
  }, 120_000);

  test('refuses what does not fit the schema, naming the field', async () => {
    const { code, stderr } = await runCommand(paths.helm, ['install', 'bad', chart, '--set', 'completions=many'], { env: cluster.env });
    expect(stderr).toContain('spec.completions');
    expect(code).toBe(1);
  }, 60_000);
});
