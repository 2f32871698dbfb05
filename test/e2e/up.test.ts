/** `gleaner up`: one command, ready line, clean end; and what the command line does with wrong input. */
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { GLEANER, jobManifest, runCommand, TestCluster } from '../support/gleaner';

describe('gleaner up', () => {
  const cluster = new TestCluster();
  afterAll(() => cluster.close(), 60_000);

  it('says when kubectl can be used, runs a job, ends cleanly on SIGTERM, and starts again with what it had', async () => {
    for (const name of ['first', 'second']) {
      const child = await cluster.start('up', ['up', '--data', cluster.dataDir, '--port', '0', '--agent', 'scripted']);
      await cluster.ok(['deposit', '5']);
      await cluster.kubectlOk(['apply', '-f', '-'], jobManifest(name, { runtime: 'shell', completions: 3, template: { program: { script: '{"sleepMs": 5}' }, timeout: '1m' } }));
      await cluster.kubectlOk(['wait', '--for=condition=Complete', '--timeout=60s', `jobs.gleaner.dev/${name}`], undefined, 70_000);
      child.kill('SIGTERM');
      const [code] = (await once(child, 'exit')) as [number | null];
      expect({ name, code }).toEqual({ name, code: 0 });
    }
    expect(existsSync(cluster.kubeconfig)).toBe(true);
  }, 240_000);

  it('refuses a data folder that is in use, naming it', async () => {
    await cluster.start('up', ['up', '--data', cluster.dataDir, '--port', '0', '--agent', 'none']);
    const second = await cluster.gleaner(['server', '--data', cluster.dataDir, '--port', '0']);
    expect(second.code).toBe(1);
    expect(second.stderr).toContain(cluster.dataDir);
    await cluster.kill('up');
  }, 120_000);
});

describe('wrong usage', () => {
  it.each([
    [['up', '--port', 'x'], 2, /--port x: must be a number/],
    [['up', '--agent', 'podman'], 2, /--agent podman: must be docker, scripted or none/],
    [['server', '--heartbeat', '1ns'], 2, /--heartbeat/],
    [['bill', '-o', 'xml', '--data', '/nonexistent'], 2, /-o xml: must be one of table, json, yaml, csv/],
    [['get', 'jobs', '--data', '/nonexistent'], 3, /no kubeconfig at \/nonexistent\/kubeconfig/],
    [['frobnicate'], 2, /unknown command/],
    [['agent', 'status', '--data', '/nonexistent'], 5, /no agent ran in \/nonexistent/],
  ])('gleaner %j ends with %d', async (args, code, words) => {
    const result = await runCommand(process.execPath, [GLEANER, ...args]);
    expect(result.stderr).toMatch(words);
    expect(result.code).toBe(code);
  }, 30_000);

  it('has help with an example for every command', async () => {
    const { stdout } = await runCommand(process.execPath, [GLEANER, '--help']);
    const commands = [...stdout.matchAll(/^ {2}([a-z]+)(?: |$)/gm)].map((match) => match[1]!).filter((name) => !['help', 'export', 'kubectl', 'gleaner', 'ledger', 'elements', 'agent', 'token'].includes(name));
    expect(commands.length).toBeGreaterThanOrEqual(11);
    for (const command of [...commands.map((c) => [c]), ['agent', 'join'], ['agent', 'run'], ['ledger', 'verify'], ['elements', 'put'], ['token', 'create']]) {
      const help = await runCommand(process.execPath, [GLEANER, ...command, '--help']);
      expect(help.stdout).toMatch(/Examples?:\n {2}gleaner/);
    }
  }, 120_000);
});
