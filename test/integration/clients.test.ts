/** Client libraries as they are published, against the embedded server: create, watch, patch, delete. */
import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';

import { runCommand, TestCluster } from '../support/gleaner';

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
