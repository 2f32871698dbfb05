import type { TaskProgram } from '../../../crds/agent-link';
import type { AttemptEvents, AttemptIo, AttemptSpec } from '../runtime';
import { ScriptedRuntime } from './scripted-runtime';

const spec = (script: unknown, patch: Partial<TaskProgram> = {}): AttemptSpec => ({
  lease: 'l/1', epoch: 1, attempt: 2, index: 7, job: 'j', completions: 9, env: { COLOUR: 'red' },
  program: {
    image: 'i', imageArchive: 'a', entrypoint: ['sh'], script: typeof script === 'string' ? script : JSON.stringify(script), args: [],
    env: [{ name: 'SIZE', value: '12' }], inputs: [], resources: { cpu: 1, memoryBytes: 2 ** 26, scratchBytes: 2 ** 20, pids: 9 },
    timeoutMs: 50, gracePeriodMs: 10, ...patch,
  },
});
const io: AttemptIo = {
  fetch: async (digest) => { throw new Error(`no element ${digest}`); },
  put: async () => { throw new Error('nothing is put'); },
};
const seen: string[] = [];
const events: AttemptEvents = {
  started: () => { seen.push('started'); },
  progress: ({ progress }) => { seen.push(`progress ${progress}`); },
  log: (stream, offset, data) => { seen.push(`${stream}@${offset} ${data.toString()}`); },
};
beforeEach(() => seen.splice(0));
const run = (script: unknown, patch?: Partial<TaskProgram>) => new ScriptedRuntime().run(spec(script, patch), io, events).ended;

describe('ScriptedRuntime', () => {
  it('succeeds at once with the index for what is no directive', async () => {
    for (const script of ['echo hello', '{"broken', '']) {
      expect(await run(script)).toMatchObject({ reason: 'Completed', exitCode: 0, result: { inline: '{"index":7}', files: [] } });
    }
  });

  it('does what the directives say, with the environment put in', async () => {
    const end = await run({ sleepMs: 20, cpuMs: '$SIZE', result: { c: '$COLOUR', i: '${GLEANER_INDEX}' }, stdout: 'out $GLEANER_ATTEMPT', progress: [0.5] });
    expect(end).toMatchObject({ reason: 'Completed', usage: { cpuMicros: 12_000 }, result: { inline: '{"c":"red","i":"7"}' } });
    expect(seen).toEqual(['started', 'stdout@0 out 2', 'progress 0.5']);
  });

  it('holds the caps that Docker holds', async () => {
    expect((await run({ memoryBytes: 2 ** 27 })).reason).toBe('OutOfMemory');
    expect((await run({ scratchBytes: 2 ** 21 })).reason).toBe('ScratchExceeded');
    expect((await run({ sleepMs: 1000 })).reason).toBe('TimedOut');
    expect((await run({ result: 'x'.repeat(70_000) })).reason).toBe('ResultTooLarge');
    const { usage } = await run({ cpuMs: 1e9, sleepMs: 10 });
    expect(usage.cpuMicros).toBeLessThanOrEqual(usage.wallMillis * 1000);
  });

  it('fails as it is told', async () => {
    expect(await run({ exit: 3 })).toMatchObject({ reason: 'NonZeroExit', exitCode: 3 });
    expect((await run({ reason: 'RuntimeError' })).reason).toBe('RuntimeError');
    expect((await run('x', { element: 'sha256:0' })).reason).toBe('InputUnavailable');
  });

  it('stops when asked, once', async () => {
    const attempt = new ScriptedRuntime().run(spec({ sleepMs: 40 }), io, events);
    attempt.stop('Cancelled', 0);
    attempt.stop('AgentDrained', 0);
    expect((await attempt.ended).reason).toBe('Cancelled');
  });
});
