import type { Attempt, Task } from '../../crds/task';
import type { Job } from '../../crds/job';
import { attemptOf, podName, podsOf } from './pod';
import { podLogs, type AttemptLogs } from './pod-logs';

const LEASED: Attempt = { number: 1, epoch: 1, agent: 'agent-0f', phase: 'Leased', leasedAt: '2026-01-01T00:00:00.5Z' };
const task = (...attempts: Attempt[]): Task => ({
  apiVersion: 'gleaner.dev/v1alpha1', kind: 'Task', metadata: { name: 'pi-3', namespace: 'lab', uid: 'u-1', labels: { team: 'red' } },
  spec: { job: 'pi', jobUid: 'j-1', index: 3 }, status: { attempts },
});
interface Pod {
  metadata: { name: string; uid: string; labels: object; creationTimestamp: string };
  spec: { nodeName: string; containers: { image: string }[] };
  status: { phase: string; reason?: string; containerStatuses: { ready: boolean; state: object }[] };
}
const podsFor = (attempts: Attempt[], job?: Job): Pod[] => podsOf(task(...attempts), job) as unknown as Pod[];

test.each<[string, Partial<Attempt>, string, string | undefined, object]>([
  ['leased', {}, 'Pending', undefined, { waiting: { reason: 'ContainerCreating' } }],
  ['running', { phase: 'Running', startedAt: 't1' }, 'Running', undefined, { running: { startedAt: 't1' } }],
  ['done', { phase: 'Ended', reason: 'Completed', exitCode: 0, startedAt: 't1', finishedAt: 't2' }, 'Succeeded', undefined, { terminated: { exitCode: 0, reason: 'Completed', startedAt: 't1', finishedAt: 't2' } }],
  ['failed', { phase: 'Ended', reason: 'NonZeroExit', exitCode: 3, message: 'why' }, 'Failed', 'NonZeroExit', { terminated: { exitCode: 3, reason: 'Error', message: 'why', startedAt: null, finishedAt: null } }],
  ['out of memory', { phase: 'Ended', reason: 'OutOfMemory' }, 'Failed', 'OutOfMemory', { terminated: { exitCode: 137, reason: 'OOMKilled', startedAt: null, finishedAt: null } }],
  ['lost', { phase: 'Ended', reason: 'AgentLost' }, 'Failed', 'AgentLost', { terminated: { exitCode: 137, reason: 'AgentLost', startedAt: null, finishedAt: null } }],
])('an attempt that is %s', (_what, change, phase, reason, state) => {
  const [{ status }] = podsFor([{ ...LEASED, ...change }]);
  expect([status.phase, status.reason, status.containerStatuses[0].state, status.containerStatuses[0].ready]).toEqual([phase, reason, state, phase === 'Running']);
});

test('each attempt has a name, a uid and labels of its own, the same ones whenever it is asked for', () => {
  const [first, second] = podsFor([LEASED, { ...LEASED, number: 2 }]);
  expect([first.metadata.name, second.metadata.name]).toEqual(['pi-3-1', 'pi-3-2']);
  expect(first.metadata).toMatchObject({ labels: { team: 'red', 'gleaner.dev/job': 'pi', 'gleaner.dev/index': '3', 'gleaner.dev/attempt': '1' }, creationTimestamp: '2026-01-01T00:00:00Z' });
  expect(first.metadata.uid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(second.metadata.uid).not.toBe(first.metadata.uid);
  expect(podsFor([LEASED])[0]).toEqual(first);
});

test('it knows the alias of its agent and no more; a Job that is gone leaves its image out', () => {
  const [pod] = podsFor([LEASED]);
  expect([pod.spec.nodeName, pod.spec.containers[0].image]).toEqual(['agent-0f', '']);
  expect(JSON.stringify(pod)).not.toContain('hostIP');
});

test('its times are whole seconds', () => {
  const [{ metadata, status }] = podsFor([{ ...LEASED, phase: 'Ended', reason: 'Completed', startedAt: '2026-01-01T00:00:01.25Z', finishedAt: '2026-01-01T00:00:02.999Z' }]);
  const times = JSON.stringify([metadata, status]).match(/2026-[^"]*/g);
  expect(new Set(times)).toEqual(new Set(['2026-01-01T00:00:00Z', '2026-01-01T00:00:01Z', '2026-01-01T00:00:02Z']));
});

test('names lead back to their attempt', () => {
  expect(attemptOf(podName('a-b-7', 12))).toEqual({ task: 'a-b-7', attempt: 12 });
  for (const name of ['pi', 'pi-', '-1', 'pi-x']) expect(attemptOf(name)).toBeUndefined();
});

describe('logs', () => {
  const written = { stdout: 'a\nb\n', stderr: 'x\ny' };
  const gateway = (active: boolean): AttemptLogs => ({
    find: async (_namespace, name) => (name === 'pi-3' ? { jobUid: 'j', index: 3, active: () => active } : undefined),
    async *read(_target, stream, { tail }) {
      const lines = written[stream].match(/[^\n]*\n|[^\n]+$/g) ?? [];
      yield Buffer.from(lines.slice(tail === undefined ? 0 : Math.max(0, lines.length - tail)).join(''));
    },
  });
  const read = async (options: { stream?: 'All' | 'Stdout' | 'Stderr'; tailLines?: number; follow?: boolean; active?: boolean } = {}): Promise<string | undefined> => {
    const { stream = 'All', follow = false, active = false, tailLines } = options;
    const open = podLogs(gateway(active), async () => podsOf(task(LEASED), undefined)[0]);
    const log = await open({ namespace: 'lab', pod: 'pi-3-1', stream, follow, signal: new AbortController().signal, ...(tailLines !== undefined && { tailLines }) });
    let text = '';
    for await (const chunk of log?.chunks ?? []) text += chunk.toString();
    return log && text;
  };

  test.each<[Parameters<typeof read>[0], string]>([
    [{}, 'a\nb\nx\ny'], [{ stream: 'Stdout' }, 'a\nb\n'], [{ stream: 'Stderr' }, 'x\ny'], [{ tailLines: 1 }, 'y'], [{ tailLines: 3 }, 'b\nx\ny'], [{ tailLines: 0 }, ''],
    [{ stream: 'Stdout', tailLines: 1 }, 'b\n'],
  ])('%j', async (options, expected) => {
    expect(await read(options)).toBe(expected);
  });

  test('that are followed come as they come', async () => {
    expect((await read({ follow: true, active: true }))?.split('\n').sort()).toEqual(['a', 'b', 'x', 'y'].sort());
  });

  test('say from when to when they may have been written', async () => {
    const times = async (change: Partial<Attempt>) => {
      const log = await podLogs(gateway(false), async () => podsOf(task({ ...LEASED, ...change }), undefined)[0])({ namespace: 'lab', pod: 'pi-3-1', stream: 'All', follow: false, signal: new AbortController().signal });
      return [log?.began, log?.ended];
    };
    expect(await times({})).toEqual(['2026-01-01T00:00:00Z', undefined]);
    expect(await times({ phase: 'Ended', reason: 'Completed', finishedAt: '2026-01-01T00:01:00.5Z' })).toEqual(['2026-01-01T00:00:00Z', '2026-01-01T00:01:01Z']);
    expect(await times({ phase: 'Ended', reason: 'AgentLost', finishedAt: '2026-01-01T00:01:00.5Z' })).toEqual(['2026-01-01T00:00:00Z', undefined]);
  });

  test('of what is no Pod are none', async () => {
    const ask = (pod: string, exists: boolean) => podLogs(gateway(false), async () => (exists ? podsOf(task(LEASED), undefined)[0] : undefined))({ namespace: 'lab', pod, stream: 'All', follow: false, signal: new AbortController().signal });
    expect([await ask('pi', true), await ask('pi-3-1', false), await ask('other-0-1', true)]).toEqual([undefined, undefined, undefined]);
  });
});
