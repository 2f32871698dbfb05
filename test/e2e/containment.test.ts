/** Programs that misbehave, through everything: each is contained, reported with its own reason, and the agent goes on. */
import type { Job } from '../../crds/job';
import type { Task } from '../../crds/task';
import { jobManifest, TestCluster } from '../support/gleaner';

interface Misbehaviour {
  name: string;
  runtime: string;
  script: string;
  resources?: Record<string, unknown>;
  timeout?: string;
  reason: string;
  message?: RegExp;
}

const CASES: Misbehaviour[] = [
  { name: 'memory', runtime: 'python', script: 'x = bytearray(640 * 1024 * 1024)\nprint(len(x))', resources: { memory: '64Mi' }, reason: 'OutOfMemory' },
  { name: 'forks', runtime: 'shell', script: 'f() { sleep 30 & f; }; f; exit 1', resources: { pids: 32 }, reason: 'PidsExceeded' },
  { name: 'disk', runtime: 'shell', script: 'dd if=/dev/zero of=/task/big bs=1M count=200', resources: { scratch: '16Mi' }, reason: 'ScratchExceeded' },
  { name: 'sleep', runtime: 'shell', script: 'sleep 600', timeout: '2s', reason: 'TimedOut' },
  { name: 'network', runtime: 'python', script: 'import socket\nsocket.create_connection(("192.0.2.1", 80), 3)', reason: 'NonZeroExit' },
  { name: 'outside', runtime: 'shell', script: 'set -e; echo x > /etc/owned', reason: 'NonZeroExit' },
  { name: 'exit', runtime: 'shell', script: 'exit 7', reason: 'NonZeroExit', message: /7/ },
];

describe('tasks that misbehave', () => {
  const cluster = new TestCluster();

  beforeAll(async () => {
    await cluster.startServer();
    await cluster.startAgentAndDeposit('100');
  }, 180_000);
  afterAll(() => cluster.close(), 60_000);

  const runJob = async (c: Misbehaviour): Promise<Task> => {
    const template = { program: { script: c.script }, timeout: c.timeout ?? '60s', gracePeriod: '1s', resources: { cpu: '500m', memory: '128Mi', scratch: '64Mi', pids: 64, ...c.resources } };
    await cluster.kubectlOk(['apply', '-f', '-'], jobManifest(c.name, { runtime: c.runtime, completions: 1, retry: { limit: 0 }, template }));
    await cluster.kubectlOk(['wait', '--for=condition=Finished', '--timeout=120s', `jobs.gleaner.dev/${c.name}`], undefined, 130_000);
    return cluster.getJson<Task>('tasks.gleaner.dev', `${c.name}-0`);
  };

  it.each(CASES)('$name ends as $reason', async (c) => {
    const task = await runJob(c);
    const attempt = task.status?.attempts?.at(-1);
    expect(attempt?.reason).toBe(c.reason);
    expect(task.status?.phase).toBe('Failed');
    expect(`${attempt?.message} ${attempt?.exitCode}`).toMatch(c.message ?? /./);
    const job = await cluster.getJson<Job>('jobs.gleaner.dev', c.name);
    expect(job.status?.phase).toBe('Failed');
    expect(job.status?.failedIndexes).toBe('0');
  }, 150_000);

  /**
   * 59 million lines. The engine writes each to its log with a system call of its own, on one thread: 1.2 µs a line, 70 s in all on two cores
   * (20 s user, 50 s system), whether the output is read or not and whatever CPU the program may use. Without a log, which an agent that starts
   * anew needs, it would be 5 s; with lines of 100 bytes it is 17 s. The agent takes 4 s of CPU beside it. Hence a timeout of more than 60 s.
   */
  it('prints 1 GB: what is kept is bounded, head and tail, with a mark', async () => {
    const task = await runJob({ name: 'gigabyte', runtime: 'shell', script: 'echo first; yes 0123456789abcdef | head -c 1000000000; echo; echo last', timeout: '110s', reason: 'Completed' });
    expect(task.status?.phase).toBe('Succeeded');
    const log = await cluster.ok(['logs', 'task/gigabyte-0']);
    expect(log.length).toBeLessThan(1024 * 1024 + 1024);
    expect(log.startsWith('first\n')).toBe(true);
    expect(log.trimEnd().endsWith('last')).toBe(true);
    expect(log.slice(log.indexOf('\n[')).slice(0, 60)).toMatch(/^\n\[truncated: \d+ bytes not kept\]\n/);
  }, 150_000);

  it('goes on: the next task of the same agent succeeds', async () => {
    const task = await runJob({ name: 'after', runtime: 'shell', script: 'echo \'{"ok":true}\' > out/result.json', reason: 'Completed' });
    expect(task.status?.phase).toBe('Succeeded');
    const lines = (await cluster.ok(['results', 'job/after'])).trim().split('\n').map((line) => JSON.parse(line) as { index: number; result: unknown });
    expect(lines).toEqual([expect.objectContaining({ index: 0, result: { ok: true } })]);
    expect(await cluster.ok(['ledger', 'verify'])).toMatch(/^ledger verify: ok/);
  }, 150_000);
});
