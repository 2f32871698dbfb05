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

  it('names what is wrong in what a command was given, and prints JSON when asked', async () => {
    await cluster.start('up', ['up', '--data', cluster.dataDir, '--port', '0', '--agent', 'scripted']);
    await cluster.ok(['deposit', '5']);
    await cluster.kubectlOk(['apply', '-f', '-'], jobManifest('named', { runtime: 'shell', completions: 3, template: { program: { script: '{}' }, timeout: '1m' } }));
    await cluster.ok(['wait', 'job/named', '--for', 'condition=Finished', '--timeout', '60s']);
    const outcomes = async (all: [string[], number, RegExp][]): Promise<void> => {
      for (const [args, code, words] of all) {
        const result = await cluster.gleaner(args);
        expect({ args, code: result.code, stderr: result.stderr }).toEqual({ args, code, stderr: expect.stringMatching(words) as string });
      }
    };
    await outcomes([
      [['deposit', 'abc'], 2, /amount: "abc" is not an amount of credits/],
      [['deposit', '-n', 'nope', '5'], 5, /there is no namespace "nope"; make it with/],
      [['token', 'create', '--uses', '0'], 2, /uses: 0 is not a whole number/],
      [['apply', '-f', '/nonexistent'], 2, /\/nonexistent cannot be read/],
      [['get', 'job', 'nope'], 5, /"nope" not found/],
      [['explain', 'job/nope'], 5, /there is no job "nope"/],
      [['logs', 'job/named', '--index', 'x'], 2, /--index x: must be a whole number/],
      [['logs', 'job/named', '--index', '99'], 5, /there are no logs of task "named-99"/],
      [['logs', 'job/named', '--attempt', '9'], 5, /has no attempt 9: the newest is 1/],
      [['results', 'job/named', '--index', '99'], 5, /index 99 of job "named" has no result/],
    ]);
    expect(await cluster.ok(['bill', '--job', 'nope'])).toContain('Nothing was charged for a job "nope" in namespace default yet.');
    expect(await cluster.ok(['explain', 'job/named'])).toMatch(/^job\/named: Complete\. all 3 indexes succeeded\n/);
    const json = async (args: string[]): Promise<unknown> => JSON.parse(await cluster.ok([...args, '-o', 'json']));
    expect(await json(['deposit', '1', '--key', 'once'])).toMatchObject({ namespace: 'default', repeated: false });
    expect(await json(['deposit', '1', '--key', 'once'])).toMatchObject({ namespace: 'default', repeated: true });
    expect(await json(['token', 'create'])).toMatchObject({ token: expect.any(String) as string, expiresAt: expect.any(String) as string });
    expect(await json(['elements', 'put', GLEANER])).toEqual([{ element: expect.stringMatching(/^sha256:[0-9a-f]{64}$/) as string, file: GLEANER, known: false }]);
    // The agent of `up`, found through KUBECONFIG.
    expect(await json(['agent', 'status'])).toMatchObject({ running: true, url: cluster.serverUrl() });
    const counted = async (args: string[]): Promise<unknown> => (await json(['ledger', 'verify', ...args]));
    expect(await counted(['--data', cluster.dataDir])).toEqual(await counted([]));
    await cluster.kill('up');
    // Without a server: the database itself.
    expect(await counted(['--data', cluster.dataDir])).toMatchObject({ ok: true, violations: [] });
    expect(await cluster.gleaner(['ledger', 'verify'])).toMatchObject({ code: 3 });
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
    [['agent', 'run', '--data', '/nonexistent', '--log-level', 'loud'], 2, /--log-level loud: must be one of trace/],
    [['frobnicate'], 2, /unknown command/],
    [['agent', 'status', '--data', '/nonexistent'], 5, /no agent ran in \/nonexistent/],
  ])('gleaner %j ends with %d', async (args, code, words) => {
    const result = await runCommand(GLEANER, args);
    expect(result.stderr).toMatch(words);
    expect(result.code).toBe(code);
  }, 30_000);

  it('has help with an example for every command', async () => {
    const { stdout } = await runCommand(GLEANER, ['--help']);
    const commands = [...stdout.matchAll(/^ {2}([a-z]+)(?: |$)/gm)].map((match) => match[1]!).filter((name) => !['help', 'export', 'kubectl', 'gleaner', 'ledger', 'elements', 'agent', 'token', 'issuer'].includes(name));
    expect(commands.length).toBeGreaterThanOrEqual(11);
    for (const command of [...commands.map((c) => [c]), ['agent', 'join'], ['agent', 'run'], ['ledger', 'verify'], ['elements', 'put'], ['token', 'create'], ['issuer', 'create']]) {
      const help = await runCommand(GLEANER, [...command, '--help']);
      expect(help.stdout).toMatch(/Examples?:\n {2}gleaner/);
    }
  }, 120_000);
});
