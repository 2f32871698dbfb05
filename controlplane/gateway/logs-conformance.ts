/** Logs over a LogStore, as a jest suite: runs over every implementation. */
import { Logs } from './logs';
import type { LogStore, LogTarget } from './log-store';

export interface LogStoreUnderTest {
  /** The same place each time, as another process would find it. */
  open(maxJobBytes?: number): LogStore;
  cleanup(): Promise<void>;
}

const target: LogTarget = { jobUid: 'job-1', index: 0, attempt: 1 };
const chunk = (offset: number, text: string) => ({ stream: 'stdout' as const, offset, data: Buffer.from(text).toString('base64') });

export function describeLogStore(name: string, make: () => Promise<LogStoreUnderTest>): void {
  describe(`logs in ${name}`, () => {
    let current: LogStoreUnderTest;
    beforeEach(async () => { current = await make(); });
    afterEach(() => current.cleanup());
    const never = new AbortController().signal;

    const read = async (logs: Logs, of: LogTarget = target, tail?: number): Promise<string> => {
      const parts: Buffer[] = [];
      for await (const part of logs.read(of, 'stdout', { tail, active: () => false, signal: never })) parts.push(part);
      return Buffer.concat(parts).toString();
    };
    const open = (maxJobBytes?: number): Logs => new Logs(current.open(maxJobBytes));

    test('what was acknowledged is there for the next process, whole, from the end, and gone with its Job', async () => {
      const logs = open();
      const lines = Array.from({ length: 300 }, (_, n) => `line ${n} ${'x'.repeat(n)}\n`);
      let offset = 0;
      for (const line of lines) {
        await logs.write(target, chunk(offset, line));
        offset += line.length;
      }
      await logs.write({ ...target, attempt: 12 }, chunk(0, 'newer'));
      const next = open();
      expect(await read(next)).toBe(lines.join(''));
      expect(await read(next, target, 2)).toBe(lines.slice(-2).join(''));
      expect([await read(next, target, 0), await read(next, { ...target, index: 9 }), await read(next, { ...target, attempt: 12 }, 1)]).toEqual(['', '', 'newer']);
      expect([await current.open().newest('job-1', 0), await current.open().newest('job-1', 1)]).toEqual([12, undefined]);
      await next.remove('job-1');
      expect([await read(open()), await current.open().newest('job-1', 0)]).toEqual(['', undefined]);
    });

    test('a chunk that is repeated is not counted again towards the bytes of its Job, nor read twice', async () => {
      const logs = open(12);
      for (let repeat = 0; repeat < 10; repeat += 1) await logs.write(target, chunk(0, 'first '));
      await logs.write(target, chunk(3, 'st sec'));
      await logs.write(target, chunk(9, 'ond'));
      expect(await read(logs)).toBe('first second');
      await logs.write(target, chunk(12, ' third'));
      expect(await read(logs)).toBe('first second');
      const next = open(20);
      await next.write(target, chunk(6, 'second third'));
      expect(await read(next)).toBe('first second third');
    });

    test('what would go over the bytes of a Job is dropped, in whatever order it comes', async () => {
      const logs = open(10);
      // What lies before it is counted with it.
      await logs.write(target, chunk(20, 'far'));
      await logs.write(target, chunk(23, 'more'));
      await logs.write({ ...target, index: 1 }, chunk(0, 'other'));
      expect([await read(logs), await read(logs, { ...target, index: 1 })]).toEqual([`${'\0'.repeat(20)}far`, '']);
    });

    test('a follower gets what comes, in order and once, until the attempt has ended', async () => {
      const logs = open();
      await logs.write(target, chunk(0, 'one '));
      const state = { active: true, got: '' };
      const following = (async () => {
        for await (const part of logs.read(target, 'stdout', { active: () => state.active, signal: never })) state.got += part.toString();
      })();
      await logs.write(target, chunk(4, 'two '));
      await Promise.all([logs.write(target, chunk(8, 'three ')), logs.write(target, chunk(14, 'four'))]);
      state.active = false;
      logs.ended(target);
      await following;
      expect(state.got).toBe('one two three four');
    });
  });
}
