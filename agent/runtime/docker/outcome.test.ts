import { formatBytes } from './format-bytes';
import { outcomeOf, type Observed } from './outcome';

const base: Observed = {
  exitCode: 0, oomKilled: false, stopped: undefined, timeoutMs: 5000, unseen: false, killedFromOutside: false, scratchFull: false,
  scratchBytes: 2 ** 20, memoryBytes: 2 ** 26, memoryPeakBytes: 2 ** 20, pids: 10, pidsFull: false,
};

describe('outcomeOf', () => {
  const table: [string, Partial<Observed>, string, RegExp?][] = [
    ['an end with 0', {}, 'Completed'],
    ['0 although a child was killed for memory', { oomKilled: true }, 'Completed'],
    ['0 unseen', { unseen: true }, 'Completed'],
    ['another exit code', { exitCode: 3 }, 'NonZeroExit', /exit code 3$/],
    ['a signal', { exitCode: 139 }, 'NonZeroExit', /139 \(SIGSEGV\)/],
    ['killed for memory', { exitCode: 137, oomKilled: true }, 'OutOfMemory', /64Mi/],
    ['killed for memory, the engine missed it', { exitCode: 137, memoryPeakBytes: 2 ** 26 }, 'OutOfMemory'],
    ['killed itself', { exitCode: 137 }, 'NonZeroExit', /SIGKILL/],
    ['killed by another', { exitCode: 137, killedFromOutside: true }, 'RuntimeError', /from outside/],
    ['the engine was away', { exitCode: 137, unseen: true }, 'RuntimeError', /engine went away/],
    ['the engine was away, exit 1 for want of a reader', { exitCode: 1, unseen: true }, 'RuntimeError'],
    ['a full scratch space', { exitCode: 1, scratchFull: true }, 'ScratchExceeded', /1Mi/],
    ['a file too long', { exitCode: 153 }, 'ScratchExceeded'],
    ['0 with a full scratch space', { scratchFull: true }, 'Completed'],
    ['no more processes', { exitCode: 254, pidsFull: true }, 'PidsExceeded', /10 processes/],
    ['the timeout', { exitCode: 143, stopped: 'TimedOut' }, 'TimedOut', /5 s/],
    ['the timeout, forking', { exitCode: 137, stopped: 'TimedOut', pidsFull: true }, 'PidsExceeded'],
    ['the timeout, although it ended well then', { stopped: 'TimedOut' }, 'TimedOut'],
    ['asked to stop', { exitCode: 143, stopped: 'Cancelled' }, 'Cancelled'],
  ];
  it.each(table.map(([name, seen, reason, message]) => ({ name, seen, reason, message })))('$name', ({ seen, reason, message }) => {
    const outcome = outcomeOf({ ...base, ...seen });
    expect(outcome.reason).toBe(reason);
    expect(outcome.message ?? '').toMatch(message ?? /.*/);
  });

  it('shows sizes with their units', () => {
    expect([1, 1024, 1.5 * 2 ** 20, 2 ** 30].map(formatBytes)).toEqual(['1', '1Ki', '1.5Mi', '1Gi']);
  });
});
