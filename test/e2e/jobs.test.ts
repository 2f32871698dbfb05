/** Jobs as people use them: stock kubectl and the gleaner command, one control plane, one Docker agent. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import type { Job } from '../../crds/job';
import { eventually, jobManifest, runCommand, TestCluster } from '../support/gleaner';

const ROOT = join(__dirname, '..', '..');

describe('jobs from kubectl', () => {
  const cluster = new TestCluster();

  beforeAll(async () => {
    await cluster.startServer();
    await cluster.startAgentAndDeposit('50');
  }, 180_000);
  afterAll(() => cluster.close(), 60_000);

  const waitFor = (name: string, condition: string): Promise<string> =>
    cluster.kubectlOk(['wait', `--for=condition=${condition}`, '--timeout=120s', `jobs.gleaner.dev/${name}`], undefined, 130_000);
  const small = { cpu: '250m', memory: '64Mi', scratch: '16Mi', pids: 32 };
  const sleeper = (seconds: number): Record<string, unknown> => ({ program: { script: `sleep ${seconds}` }, timeout: '5m', gracePeriod: '1s', resources: small });

  it('runs the eight-line job; `get -w` shows its rows change; `wait` for Finished returns', async () => {
    const watch = spawn(process.env.KUBECTL ?? 'kubectl', ['--cache-dir', join(cluster.dir, 'kube-cache'), 'get', 'gj', '-w'], { env: cluster.env, stdio: ['ignore', 'pipe', 'inherit'] });
    let rows = '';
    watch.stdout.on('data', (chunk: Buffer) => { rows += chunk.toString(); });
    await cluster.kubectlOk(['apply', '-f', join(ROOT, 'examples/pi/job.yaml')]);
    await waitFor('pi', 'Finished');
    await eventually('a Complete row', () => (/^pi +Complete +4\/4/m.test(rows) ? true : undefined), 20_000).finally(() => watch.kill());
    await once(watch, 'exit');
    expect(rows).toMatch(/^NAME +STATUS +COMPLETIONS/m);
    expect(rows).toMatch(/^pi +(Pending|Running)? /m);
    const results = (await cluster.ok(['results', 'job/pi'])).trim().split('\n').map((line) => JSON.parse(line) as { index: number; result: number });
    expect(results).toHaveLength(4);
    for (const { result } of results) expect(Math.abs(result - Math.PI)).toBeLessThan(0.05);
    // An Event is written after the change that it tells of.
    await eventually('the Event', async () => (/Events:[\s\S]*Complete/.test(await cluster.kubectlOk(['describe', 'gj', 'pi'])) ? true : undefined), 20_000);
    // A change after the end makes a new generation, and the Job is still over.
    await cluster.kubectlOk(['scale', 'gj', 'pi', '--replicas=3']);
    await waitFor('pi', 'Finished');
  }, 180_000);

  it('runs the shell example: logs, files in out/, status line, results in a folder', async () => {
    await cluster.kubectlOk(['apply', '-f', join(ROOT, 'examples/shell/job.yaml')]);
    await waitFor('squares', 'Complete');
    expect(await cluster.ok(['logs', 'job/squares', '--index', '3'])).toBe('hello from index 3 of 5, attempt 1\n');
    const files = await cluster.resultFiles('squares');
    expect(JSON.parse(files['4/result.json'])).toEqual({ square: 16 });
    expect(files['4/note.txt']).toBe('index 4\n');
    expect(await cluster.kubectlOk(['get', 'gt', 'squares-2', '-o', 'jsonpath={.status.phase} {.status.attempts[0].agent}'])).toMatch(/^Succeeded agent-[0-9a-f]+$/);
  }, 180_000);

  it('runs the parameter sweep on the node runtime', async () => {
    await cluster.kubectlOk(['apply', '-f', join(ROOT, 'examples/sweep/job.yaml')]);
    await waitFor('sweep', 'Complete');
    const results = (await cluster.ok(['results', 'job/sweep'])).trim().split('\n').map((line) => JSON.parse(line) as { result: { alpha: string; seed: string } });
    expect(new Set(results.map(({ result }) => `${result.alpha}/${result.seed}`)).size).toBe(12);
  }, 180_000);

  it('runs flights over several tasks with the numbers of a single process, with kubectl and without', async () => {
    const run = (path: string): ReturnType<typeof runCommand> =>
      runCommand('bash', [join(ROOT, 'examples/flights/run.sh'), '6'], { env: { ...cluster.env, PATH: path }, timeoutMs: 240_000 });
    const withKubectl = await run(cluster.env.PATH ?? '');
    expect(withKubectl.stdout).toContain('job.gleaner.dev/flights created\n');
    expect(withKubectl.stdout).toContain('job.gleaner.dev/flights condition met\n');
    expect(withKubectl.stderr + withKubectl.stdout).toMatch(/check: equal to a plain single-process computation/);
    expect(withKubectl.stdout).toMatch(/flights +standard +work +6 /);
    expect(withKubectl.code).toBe(0);
    await cluster.ok(['delete', 'job/flights']);
    await eventually('the deletion', async () => ((await cluster.kubectl(['get', 'gj', 'flights'])).code === 0 ? undefined : true));
    const bare = mkdtempSync(join(tmpdir(), 'gleaner-path-'));
    try {
      const link = `for c in bash node dirname mktemp rm env; do ln -s "$(command -v $c)" ${bare}/$c; done`;
      await runCommand('bash', ['-c', link]);
      const without = await run(bare);
      expect(without.stdout).toContain('job/flights condition met\n');
      expect(without.stdout).toMatch(/check: equal to a plain single-process computation/);
      expect(without.code).toBe(0);
    } finally {
      rmSync(bare, { recursive: true, force: true });
    }
  }, 540_000);

  it('follows a log while it is written', async () => {
    await cluster.kubectlOk(['apply', '-f', '-'], jobManifest('talk', {
      runtime: 'shell', completions: 1,
      template: { program: { script: 'for i in 1 2 3 4; do echo line $i; sleep 0.5; done' }, timeout: '1m', resources: small },
    }));
    await eventually('a first line', async () => ((await cluster.gleaner(['logs', 'job/talk'])).stdout.includes('line 1') ? true : undefined), 60_000);
    expect(await cluster.ok(['logs', 'job/talk', '-f'])).toBe('line 1\nline 2\nline 3\nline 4\n');
  }, 120_000);

  it('suspends, resumes, scales and deletes: what runs is stopped, Tasks go with their Job', async () => {
    await cluster.kubectlOk(['apply', '-f', '-'], jobManifest('long', { runtime: 'shell', completions: 6, parallelism: 2, template: sleeper(120) }));
    const active = (count: number): Promise<true> => eventually(`${count} active`, async () => {
      const job = await cluster.getJson<Job>('gj', 'long');
      return (job.status?.active ?? 0) === count ? true : undefined;
    });
    await active(2);
    await cluster.kubectlOk(['scale', 'gj', 'long', '--replicas=3']);
    await active(3);
    await cluster.kubectlOk(['patch', 'gj', 'long', '--type=merge', '-p', '{"spec":{"suspend":true}}']);
    await waitFor('long', 'Suspended');
    await active(0);
    await cluster.kubectlOk(['patch', 'gj', 'long', '--type=merge', '-p', '{"spec":{"suspend":false}}']);
    await active(3);
    await cluster.kubectlOk(['delete', 'gj', 'long', '--timeout=60s'], undefined, 70_000);
    await eventually('the Tasks are gone', async () => ((await cluster.kubectlOk(['get', 'gt', '-o', 'name'])).includes('/long-') ? undefined : true));
    await eventually('nothing is held any more', async () => ((JSON.parse(await cluster.ok(['bill', '-o', 'json'])) as { held: string }).held === '0.00' ? true : undefined));
    expect(await cluster.ok(['ledger', 'verify'])).toMatch(/^ledger verify: ok/);
  }, 240_000);

  it('says why a job does not run', async () => {
    await cluster.kubectlOk(['apply', '-f', '-'], jobManifest('huge', { runtime: 'shell', completions: 1, template: { ...sleeper(1), timeout: '1s', resources: { ...small, memory: '8Ti' } } }));
    await cluster.kubectlOk(['wait', '--for=condition=Admitted=False', '--timeout=60s', 'jobs.gleaner.dev/huge'], undefined, 70_000);
    const message = await cluster.kubectlOk(['get', 'gj', 'huge', '-o', 'jsonpath={.status.conditions[?(@.type=="Admitted")].message}']);
    expect(message).toBe('1 agent: 1 too small for memory 8Ti');
    expect(await cluster.ok(['explain', 'job/huge'])).toContain('1 too small for memory 8Ti');
    await cluster.kubectlOk(['delete', 'gj', 'huge']);
  }, 120_000);

  it('keeps to maxCost: suspends with BudgetExhausted and goes on when it is raised', async () => {
    const template = { ...sleeper(0), timeout: '10s' };
    await cluster.kubectlOk(['apply', '-f', '-'], jobManifest('thrifty', { runtime: 'shell', completions: 2, maxCost: '0.000001', template }));
    await waitFor('thrifty', 'Suspended');
    expect(await cluster.kubectlOk(['get', 'gj', 'thrifty', '-o', 'jsonpath={.status.conditions[?(@.type=="Suspended")].reason}'])).toBe('BudgetExhausted');
    await cluster.kubectlOk(['patch', 'gj', 'thrifty', '--type=merge', '-p', '{"spec":{"maxCost":"1.00"}}']);
    await waitFor('thrifty', 'Complete');
  }, 180_000);
});
