/** Running attempts as Pods: stock kubectl's get, describe, wait and logs, over one control plane and one Docker agent. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

import { eventually, jobManifest, runCommand, TestCluster } from '../support/gleaner';
import { describeWithKube } from '../support/kube-apiserver';

const cluster = new TestCluster();

beforeAll(async () => {
  await cluster.startServer();
  await cluster.startAgentAndDeposit('50');
}, 180_000);
afterAll(() => cluster.close(), 60_000);

const resources = { cpu: '250m', memory: '64Mi', scratch: '16Mi', pids: 32 };
const job = (name: string, script: string, more: object = {}): string =>
  jobManifest(name, { runtime: 'shell', completions: 1, ...more, template: { program: { script }, timeout: '5m', gracePeriod: '1s', resources, env: [{ name: 'COLOUR', value: 'red' }] } });
const kubectl = (...args: string[]): Promise<string> => cluster.kubectlOk(args, undefined, 130_000);

test('a running attempt is a Pod: listed, selected, described, watched, its log followed to the end', async () => {
  const watch = spawn(process.env.KUBECTL ?? 'kubectl', ['--cache-dir', join(cluster.dir, 'kube-cache'), 'get', 'pods', '-w'], { env: cluster.env, stdio: ['ignore', 'pipe', 'inherit'] });
  let rows = '';
  watch.stdout.on('data', (chunk: Buffer) => { rows += chunk.toString(); });
  await cluster.kubectlOk(['apply', '-f', '-'], job('steps', 'for i in 1 2 3 4; do echo "step $i"; sleep 1; done; echo done >&2'));
  await eventually('a running pod', async () => (/^steps-0-1 +1\/1 +Running +0 /m.test(await kubectl('get', 'pods', '-l', 'gleaner.dev/job=steps')) ? true : undefined));
  const follow = kubectl('logs', '-f', 'steps-0-1');
  const [shown, described] = await Promise.all([kubectl('get', 'pod', 'steps-0-1', '-o', 'json'), kubectl('describe', 'pod', 'steps-0-1')]);
  const pod = JSON.parse(shown) as { metadata: Record<string, unknown>; spec: { nodeName: string; containers: { image: string; env: object[]; resources: object }[] }; status: { phase: string } };
  expect(pod.metadata).toMatchObject({
    labels: { 'gleaner.dev/job': 'steps', 'gleaner.dev/index': '0', 'gleaner.dev/attempt': '1' },
    ownerReferences: [{ apiVersion: 'gleaner.dev/v1alpha1', kind: 'Task', name: 'steps-0' }],
  });
  expect(pod.spec.containers[0]).toMatchObject({ image: 'shell', env: [{ name: 'COLOUR', value: 'red' }, { name: 'JOB_COMPLETION_INDEX', value: '0' }], resources: { limits: { cpu: '250m', memory: '64Mi' } } });
  expect(pod.spec.nodeName).toMatch(/^agent-[0-9a-f]+$/);
  expect(described).toMatch(/Controlled By: +Task\/steps-0/);
  expect(await kubectl('get', 'pods', '-o', 'wide')).toMatch(new RegExp(`${pod.spec.nodeName} `));
  await kubectl('wait', '--for=jsonpath={.status.phase}=Succeeded', 'pod/steps-0-1', '--timeout=60s');
  expect(await follow).toBe('step 1\nstep 2\nstep 3\nstep 4\ndone\n');
  expect(await kubectl('logs', 'steps-0-1', '--tail=2')).toBe('step 4\ndone\n');
  expect(await kubectl('logs', 'steps-0-1', '--limit-bytes=6', '-c', 'task')).toBe('step 1');
  expect(await kubectl('logs', 'steps-0-1', '--since=1h')).toBe('step 1\nstep 2\nstep 3\nstep 4\ndone\n');
  expect(await kubectl('logs', 'steps-0-1', '--since=1h', '--tail=1')).toBe('done\n');
  expect(await kubectl('logs', 'steps-0-1', '--since-time=2099-01-01T00:00:00Z')).toBe('');
  const between = new Date(Date.parse(pod.metadata.creationTimestamp as string) + 2000).toISOString().slice(0, 19);
  const refused = await cluster.kubectl(['logs', 'steps-0-1', `--since-time=${between}Z`]);
  expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('when a line was written is not kept')]);
  await eventually('the watch has seen it end', () => (/^steps-0-1 +0\/1 +Completed /m.test(rows) ? true : undefined)).finally(() => watch.kill());
  await once(watch, 'exit');
  expect(rows).toMatch(/^NAME +READY +STATUS +RESTARTS +AGE/m);
}, 180_000);

test('an attempt that fails is a Pod that failed, with its exit code; each retry is another one', async () => {
  await cluster.kubectlOk(['apply', '-f', '-'], job('broken', 'echo oops >&2; exit 3', { retry: { limit: 1, backoff: '1s' } }));
  await kubectl('wait', '--for=condition=Finished', 'jobs.gleaner.dev/broken', '--timeout=120s');
  const pods = JSON.parse(await kubectl('get', 'pods', '-l', 'gleaner.dev/job=broken', '-o', 'json')) as { items: { metadata: { name: string }; status: { phase: string; containerStatuses: { state: object }[] } }[] };
  expect(pods.items.map(({ metadata, status }) => [metadata.name, status.phase])).toEqual([['broken-0-1', 'Failed'], ['broken-0-2', 'Failed']]);
  expect(pods.items[0].status.containerStatuses[0].state).toMatchObject({ terminated: { exitCode: 3, reason: 'Error' } });
  expect(await kubectl('logs', 'broken-0-2')).toBe('oops\n');
  expect(await kubectl('get', 'pods', '--field-selector=status.phase=Failed', '-o', 'name')).toContain('pod/broken-0-1');
}, 180_000);

describeWithKube('kubectl 1.20', ['kubectl-old'], (paths) => {
  const old = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await runCommand(paths['kubectl-old'], ['--cache-dir', join(cluster.dir, 'old-cache'), ...args], { env: cluster.env });
    if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`);
    return stdout;
  };

  test('lists and describes them, and follows their logs', async () => {
    await cluster.kubectlOk(['apply', '-f', '-'], job('aged', 'echo one; sleep 2; echo two'));
    await eventually('a running pod', async () => (/^aged-0-1 +1\/1 +Running /m.test(await old('get', 'pods', '-l', 'gleaner.dev/job=aged')) ? true : undefined));
    expect(await old('logs', '-f', 'aged-0-1')).toBe('one\ntwo\n');
    expect(await old('logs', 'aged-0-1', '--tail=1')).toBe('two\n');
    expect(await old('describe', 'pod', 'aged-0-1')).toMatch(/Controlled By: +Task\/aged-0/);
  }, 120_000);
});

test('Pods cannot be written, and what logs do not hold is said', async () => {
  const refusals: [string[], RegExp][] = [
    [['run', 'x', '--image=nginx'], /MethodNotAllowed.*create a Job/s],
    [['delete', 'pod', 'broken-0-1'], /MethodNotAllowed/],
    [['label', 'pod', 'broken-0-1', 'a=b'], /MethodNotAllowed/],
    [['logs', 'nothing-0-1'], /pods "nothing-0-1" not found/],
    [['logs', 'broken-0-1', '-c', 'other'], /container other is not valid for pod broken-0-1/],
    [['logs', 'broken-0-1', '--timestamps'], /when a line was written is not kept/],
    [['get', '--raw', '/api/v1/namespaces/default/pods/broken-0-1/log?sinceSeconds=0'], /PodLogOptions "broken-0-1" is invalid: sinceSeconds: Invalid value: 0: must be greater than 0/],
    [['get', '--raw', '/api/v1/namespaces/default/pods/broken-0-1/log?sinceSeconds=1&sinceTime=2026-01-01T00:00:00Z'], /Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified/],
    [['get', '--raw', '/api/v1/namespaces/default/pods/broken-0-1/log?tailLines=x'], /strconv\.ParseInt: parsing "x": invalid syntax/],
    [['get', '--raw', '/api/v1/namespaces/default/pods/broken-0-1/log?sinceTime=x'], /parsing time "x" as "2006-01-02T15:04:05Z07:00": cannot parse "x" as "2006"/],
    [['logs', 'broken-0-1', '--previous'], /previous terminated container "task" in pod "broken-0-1" not found/],
  ];
  for (const [args, words] of refusals) {
    const { code, stderr } = await cluster.kubectl(args);
    expect([args, code, stderr]).toEqual([args, 1, expect.stringMatching(words)]);
  }
}, 60_000);

test('`gleaner up` with the scripted runtime: many attempts at once, each a Pod with its own log', async () => {
  const up = new TestCluster();
  try {
    await up.start('up', ['up', '--data', up.dataDir, '--port', '0', '--agent', 'scripted']);
    await up.ok(['deposit', '5']);
    const script = '{"sleepMs": 1500, "stdout": "index $GLEANER_INDEX\\n", "stderr": "done\\n"}';
    await up.kubectlOk(['apply', '-f', '-'], jobManifest('many', { runtime: 'shell', completions: 20, template: { program: { script }, timeout: '1m', resources: { cpu: '10m', memory: '16Mi', scratch: '1Mi' } } }));
    const list = async (...args: string[]): Promise<string[]> => (await up.kubectlOk(['get', 'pods', '--no-headers', ...args])).trim().split('\n').filter((line) => line !== '');
    const running = await eventually('running pods', async () => {
      const rows = await list('--field-selector=status.phase=Running');
      return rows.length > 0 ? rows : undefined;
    });
    expect(running[0]).toMatch(/^many-\d+-1 +1\/1 +Running /);
    await up.kubectlOk(['wait', '--for=condition=Complete', '--timeout=60s', 'jobs.gleaner.dev/many'], undefined, 70_000);
    expect((await list('-l', 'gleaner.dev/job=many')).map((row) => row.split(/ +/)[2])).toEqual(Array.from({ length: 20 }, () => 'Completed'));
    expect(await up.kubectlOk(['logs', 'many-7-1'])).toBe('index 7\ndone\n');
    expect(await list('-l', 'gleaner.dev/index=7', '-o', 'name')).toEqual(['pod/many-7-1']);
    await up.kubectlOk(['delete', 'jobs.gleaner.dev', 'many']);
    await eventually('the pods have gone with it', async () => ((await list()).length === 0 ? true : undefined));
  } finally {
    await up.close();
  }
}, 180_000);
