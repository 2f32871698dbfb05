/** The agent against the real control plane over TLS, with real Docker: jobs, cuts, restarts of either side, draining, removal. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { attemptReasons } from '../support/job-attempts';
import { AgentWorld } from '../support/agent-world';
import { eventually } from '../support/gleaner';
import { TcpProxy } from '../support/tcp-proxy';

jest.setTimeout(120_000);

const RESULT = 'echo "{\\"index\\": $GLEANER_INDEX}" > out/result.json';
const indexes = (count: number): { index: number }[] => Array.from({ length: count }, (_, index) => ({ index }));
const digestOf = (data: string): string => `sha256:${createHash('sha256').update(data).digest('hex')}`;

describe('an agent with Docker', () => {
  const world = new AgentWorld();
  let proxy: TcpProxy;
  let id: string;
  beforeAll(async () => {
    await world.startPlane();
    await world.deposit('100');
    id = await world.join('one');
    proxy = await TcpProxy.start(Number(new URL(world.url).port));
    await world.startAgent('one', { url: proxy.url });
  });
  afterAll(async () => {
    await world.close();
    await proxy.stop();
  });

  const allRun = (count: number): Promise<true> => eventually('programs run', () => {
    const { attempts = [] } = world.agents.get('one')?.status() ?? {};
    return attempts.length === count && attempts.every(({ state }) => state === 'Running') ? true : undefined;
  });
  /** Complete, every index once, nothing held any more. */
  const isExact = async (name: string, count: number): Promise<void> => {
    const { status } = await world.untilFinished(name);
    expect(status).toMatchObject({ phase: 'Complete', succeeded: count, completedIndexes: count === 1 ? '0' : `0-${count - 1}` });
    expect(await world.results(name)).toEqual(indexes(count));
    // A copy that another one made superfluous is settled when its agent answers.
    await eventually('nothing is held', async () => ((await world.verify()).openHolds === 0 ? true : undefined));
    expect(await world.verify()).toMatchObject({ ok: true });
    // The agent forgets its results when the acknowledgement reaches it; the Job may be seen to be over before.
    await eventually('no result is left on the agent', () => (readdirSync(join(world.agentDir('one'), 'elements', 'out')).length === 0 ? true : undefined));
  };

  it('runs a job to its end: results, files, output', async () => {
    await world.apply('three', `echo "hello $GLEANER_INDEX"; ${RESULT}; echo part > out/file.txt`, 3);
    await isExact('three', 3);
    expect(await world.text('/logs/default/three-1')).toBe('hello 1\n');
    expect(await world.text(`/elements/${digestOf('part\n')}`)).toBe('part\n');
  });

  it('gives every index its own input', async () => {
    const parts = ['alpha', 'beta'];
    for (const part of parts) await world.client.open('PUT', `/elements/${digestOf(part)}`, { body: part });
    await world.apply('inputs', 'cat in/part; cp in/part out/part', 2, {
      spec: { completions: undefined, parameters: { matrix: { PART: parts.map(digestOf) } } },
      template: { inputs: [{ name: 'part', element: '$(PART)' }] },
    });
    expect((await world.untilFinished('inputs')).status).toMatchObject({ phase: 'Complete' });
    expect([await world.text('/logs/default/inputs-0'), await world.text('/logs/default/inputs-1')]).toEqual(parts);
  });

  it('refuses an input whose bytes have another digest', async () => {
    const digest = digestOf('original');
    await world.client.open('PUT', `/elements/${digest}`, { body: 'original' });
    writeFileSync(join(world.dir, 'plane', 'elements', digest.slice(7, 9), digest.slice(7)), 'tampered');
    await world.apply('tampered', 'cat in/part', 1, { spec: { retry: { limit: 0, backoff: '1ms' } }, template: { inputs: [{ name: 'part', element: digest }] } });
    expect((await world.untilFinished('tampered')).status).toMatchObject({ phase: 'Failed' });
    expect(await attemptReasons(world, 'tampered-0')).toEqual(['InputUnavailable']);
    expect(readdirSync(join(world.agentDir('one'), 'elements', 'cache'))).not.toContain(digest.slice(7));
  });

  it('survives cuts of the network at any time', async () => {
    await world.apply('cuts', `sleep 0.3; ${RESULT}; echo "$GLEANER_INDEX"; echo x > out/x`, 24);
    for (const done of [1, 4, 8, 12, 16, 20]) {
      await world.untilJob('cuts', `has ${done}`, ({ status }) => (status?.succeeded ?? 0) >= done);
      proxy.cut();
    }
    await isExact('cuts', 24);
    expect(await world.text('/logs/default/cuts-17')).toBe('17\n');
  });

  it('keeps working and delivers afterwards when the control plane is away', async () => {
    await world.apply('away', `sleep 1; ${RESULT}; echo x > out/x`, 4);
    await world.untilJob('away', 'runs', ({ status }) => status?.active === 4);
    await allRun(4);
    await world.stopPlane();
    await eventually('all ended', () => (world.agents.get('one')?.status().attempts.every(({ state }) => state === 'Reporting') ? true : undefined));
    await world.startPlane();
    await isExact('away', 4);
    for (let index = 0; index < 4; index += 1) expect(await attemptReasons(world, `away-${index}`)).toEqual(['Completed']);
  });

  it('adopts what runs, and delivers what ended, when the agent starts again', async () => {
    await world.apply('again', `echo begin; sleep 2; ${RESULT}; echo end`, 4);
    await allRun(4);
    await world.stopAgent('one');
    await world.startAgent('one', { url: proxy.url });
    await isExact('again', 4);
    for (let index = 0; index < 4; index += 1) expect(await attemptReasons(world, `again-${index}`)).toEqual(['Completed']);
    expect(await world.text('/logs/default/again-2')).toBe('begin\nend\n');
  });

  it('stops what is not wanted any more', async () => {
    await world.apply('unwanted', 'sleep 60', 2);
    await world.untilJob('unwanted', 'runs', ({ status }) => status?.active === 2);
    await world.client.json('DELETE', '/apis/gleaner.dev/v1alpha1/namespaces/default/jobs/unwanted');
    await eventually('nothing runs', () => (world.agents.get('one')?.status().attempts.length === 0 ? true : undefined));
    expect((await world.verify()).ok).toBe(true);
  });

  it('says in status.json what it does; only one agent runs in a folder; files are its own', async () => {
    const dir = world.agentDir('one');
    await eventually('status.json', () => {
      const status = JSON.parse(readFileSync(join(dir, 'status.json'), 'utf8')) as { state: string };
      return status.state === 'Ready' ? true : undefined;
    });
    await expect(world.startAgent('one')).rejects.toThrow(/runs in .* already/);
    for (const file of ['key.pem', 'cert.pem', 'agent.json', 'journal']) expect(statSync(join(dir, file)).mode & 0o777).toBe(0o600);
  });

  it('drains: what runs is ended and given back, then it is gone', async () => {
    await world.apply('drained', `trap 'exit 0' TERM; echo up; for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do sleep 0.1; done; ${RESULT}`, 2, { template: { gracePeriod: '5s' } });
    await world.untilJob('drained', 'runs', ({ status }) => status?.active === 2);
    await allRun(2);
    const draining = world.agents.get('one');
    await draining?.drain();
    await draining?.stopped;
    expect(execFileSync('docker', ['ps', '-q', '--filter', `label=dev.gleaner.agent=${createHash('sha256').update(id).digest('hex').slice(0, 12)}`]).toString()).toBe('');
    expect(await attemptReasons(world, 'drained-0')).toEqual(['AgentDrained']);
    await world.startAgent('one', { url: proxy.url });
    await isExact('drained', 2);
  });

  it('ends for good when the operator removes it', async () => {
    const agent = world.agents.get('one');
    await world.client.json('DELETE', `/apis/gleaner.dev/v1alpha1/agents/${id}`);
    await expect(agent?.stopped).rejects.toThrow(/join again with a new token/);
    world.agents.delete('one');
    expect(JSON.parse(readFileSync(join(world.agentDir('one'), 'status.json'), 'utf8'))).toMatchObject({ state: 'Refused' });
  });
});
