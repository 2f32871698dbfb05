import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import type { AgentMessage, Finished } from '../../crds/agent-link';
import type { Task } from '../../crds/task';
import { CommitError } from '../db/writer';
import type { GatewayContext } from './context';
import { Leases, newLease } from './leases';
import { LogFiles } from './log-files';
import { Logs } from './logs';
import { Reports, type ReportsOptions } from './reports';
import { Aliases } from './tickets';

const ME = 'me';
const MINE = 'task-1/1';
const FOREIGN = 'task-2/1';

let dir: string;
const unhandled: unknown[] = [];
const note = (error: unknown): void => void unhandled.push(error);
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'gleaner-reports-'));
  process.on('unhandledRejection', note);
});
afterAll(() => {
  process.off('unhandledRejection', note);
  rmSync(dir, { recursive: true });
});
beforeEach(() => unhandled.splice(0));

/** One lease of mine, one of somebody else, a disk that takes no logs, and a database that answers nothing. */
function world(elementSizes: ReportsOptions['elementSizes'] = () => new Map()): Reports {
  const file = join(dir, 'file');
  writeFileSync(file, '');
  const leases = new Leases();
  for (const [taskUid, agentId] of [['task-1', ME], ['task-2', 'other']] as const) {
    leases.add(newLease({
      taskUid, agentId, namespace: 'lab', taskName: taskUid, jobUid: 'job-1', index: 0, number: 1, epoch: 1, holdMicro: 0n,
      amounts: { cpuMillis: 0, memoryBytes: 0, scratchBytes: 0 } as never, state: 'on', leasedAt: 0,
    }));
  }
  const aliases = new Aliases(Buffer.alloc(32, 1));
  const lost = {
    metadata: { name: 'lost', namespace: 'lab', uid: 'lost' },
    spec: { jobUid: 'job-1', index: 0 },
    status: { phase: 'Running', attempts: [{ number: 1, epoch: 1, agent: aliases.agent(ME, 'job-1'), phase: 'Ended', reason: 'AgentLost', leasedAt: '' }] },
  } as unknown as Task;
  const context = {
    leases, aliases, logs: new Logs(new LogFiles(file)), lateByTask: new Map(),
    store: { get: () => Promise.reject(new CommitError('write not saved', 'SQLITE_FULL')) },
  } as unknown as GatewayContext;
  return new Reports({
    context, progress: { report: () => undefined } as never, taskByUid: (uid) => (uid === 'lost' ? lost : undefined),
    elementSizes, holdsImage: () => undefined, withdraw: () => undefined,
  });
}

const finished = (lease: string): Finished => ({
  type: 'finished', lease, epoch: 1, reason: 'NonZeroExit', usage: { cpuMicros: 0, memoryMibSeconds: 0, wallMillis: 0, ioBytes: 0, egressBytes: 0 },
});
const log: AgentMessage = { type: 'log', lease: MINE, epoch: 1, stream: 'stdout', offset: 0, data: 'aGFsbG8=' };

test.each<[string, AgentMessage[], AgentMessage]>([
  ['a log chunk', [log], { type: 'attempt', lease: FOREIGN, epoch: 1, phase: 'Running' }],
  ['a late report', [finished('lost/1')], finished(FOREIGN)],
  ['both', [log, finished('lost/1')], finished(FOREIGN)],
])('what %s could not write is no unhandled rejection when a later message of the frame is refused', async (_what, first, then) => {
  const reports = world();
  await expect(Promise.resolve(reports.apply(ME, first))).rejects.toThrow(/./);
  expect(() => reports.apply(ME, [...first, then])).toThrow(/is not this agent's/);
  for (let turns = 0; turns < 20; turns += 1) await turn();
  expect(unhandled).toEqual([]);
});

test('a result with files of another agent\'s lease is refused at once, also when the index of elements answers later', () => {
  const reports = world(() => Promise.resolve(new Map()));
  const result = { files: [{ path: 'a', element: `sha256:${'0'.repeat(64)}`, bytes: 1 }] };
  expect(() => reports.apply(ME, [{ ...finished(FOREIGN), reason: 'Completed', result }])).toThrow(/is not this agent's/);
});
