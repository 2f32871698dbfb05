import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import type { Finished } from '../crds/agent-link';
import { Journal } from './journal';
import { attemptKey, type AttemptSpec, NO_USAGE } from './runtime/runtime';

const specOf = (n: number): AttemptSpec => ({
  lease: `uid-${n}/1`, epoch: 1, attempt: 1, index: n, job: 'j', completions: 9, env: { A: 'ä\n' },
  program: {
    image: 'i', imageArchive: 'a', entrypoint: [], args: [], env: [], inputs: [], timeoutMs: 1, gracePeriodMs: 1, script: 'x'.repeat(100),
    resources: { cpu: 1, memoryBytes: 1, scratchBytes: 1, pids: 1 },
  },
});
const finishedOf = (n: number): Finished => ({ type: 'finished', lease: `uid-${n}/1`, epoch: 1, reason: 'Completed', usage: NO_USAGE, result: { files: [] } });
const keyOf = (n: number): string => attemptKey(specOf(n));
const states = (journal: Journal): Record<string, string> => Object.fromEntries(journal.entries().map(([key, { ended }]) => [key, ended ? 'ended' : 'leased']));

describe('the journal', () => {
  const dir = mkdtempSync(join(tmpdir(), 'gleaner-journal-'));
  let count = 0;
  const fresh = (): string => join(dir, String(count++));
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  it('remembers leases, ends and output that was not delivered over a restart', async () => {
    const path = fresh();
    const journal = await Journal.open(path);
    await Promise.all([1, 2, 3].map((n) => journal.leased(specOf(n), `ticket-${n}`)));
    const log = { type: 'log' as const, lease: 'uid-2/1', epoch: 1, stream: 'stdout' as const, offset: 0, data: 'aGk=' };
    await journal.ended(keyOf(2), finishedOf(2), [log]);
    await journal.ended(keyOf(3), finishedOf(3), []);
    journal.done(keyOf(3));
    await journal.close();
    const again = await Journal.open(path);
    expect(again.entries()).toEqual([
      [keyOf(1), { spec: specOf(1), ticket: 'ticket-1' }],
      [keyOf(2), { spec: specOf(2), ticket: 'ticket-2', ended: { finished: finishedOf(2), logs: [log] } }],
    ]);
    await again.close();
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('after a cut at any byte knows exactly what was written whole before it', async () => {
    const path = fresh();
    const journal = await Journal.open(path);
    const known: { bytes: number; states: Record<string, string> }[] = [{ bytes: 0, states: {} }];
    const note = (): void => void known.push({ bytes: statSync(path).size, states: states(journal) });
    for (const n of [1, 2, 3]) {
      await journal.leased(specOf(n), 't');
      note();
      if (n === 2) continue;
      await journal.ended(keyOf(n), finishedOf(n), []);
      note();
    }
    await journal.close();
    const whole = readFileSync(path);
    await fc.assert(fc.asyncProperty(fc.integer({ min: 0, max: whole.length }), fc.boolean(), async (cut, isGarbled) => {
      const copy = fresh();
      appendFileSync(copy, whole.subarray(0, cut));
      if (isGarbled) appendFileSync(copy, '\u0000\u0000"}\n{"t":"done"');
      const reopened = await Journal.open(copy);
      const last = known.findLast(({ bytes }) => bytes <= cut);
      // The newline itself may be what was cut off, or be put there by what follows: then the line counts or not, as a whole.
      const allowed = [last, known.find(({ bytes }) => bytes > cut)].map((each) => JSON.stringify(each?.states));
      expect(allowed).toContain(JSON.stringify(states(reopened)));
      await reopened.leased(specOf(7), 't');
      await reopened.close();
      const third = await Journal.open(copy);
      expect(Object.keys(states(third))).toContain(keyOf(7));
      await third.close();
    }), { numRuns: 60 });
  });

  it('stays small, however much goes through it', async () => {
    const path = fresh();
    const journal = await Journal.open(path, { compactBytes: 10_000 });
    await journal.leased(specOf(0), 'kept');
    for (let n = 1; n <= 200; n += 1) {
      await journal.leased(specOf(n), 't');
      await journal.ended(keyOf(n), finishedOf(n), []);
      journal.done(keyOf(n));
    }
    await journal.close();
    expect(statSync(path).size).toBeLessThan(15_000);
    const again = await Journal.open(path);
    expect(states(again)).toEqual({ [keyOf(0)]: 'leased' });
    await again.close();
  });

  it('starts over after a file that is broken in its middle, with what came before', async () => {
    const path = fresh();
    const journal = await Journal.open(path);
    await journal.leased(specOf(1), 't');
    const { size } = statSync(path);
    await journal.leased(specOf(2), 't');
    await journal.close();
    truncateSync(path, size + 10);
    appendFileSync(path, '\n{"t":"done","key":"x"}\n');
    const again = await Journal.open(path);
    expect(states(again)).toEqual({ [keyOf(1)]: 'leased' });
    await again.close();
  });
});
