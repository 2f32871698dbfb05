import { WatchMemory, type Buffering } from './watch-memory';

/** A stream that writes once more when it is ended, and is counted doing so. */
class Stream implements Buffering {
  counted = 0;
  ended = false;
  constructor(
    private readonly memory: WatchMemory,
    public bytes: number,
  ) {
    memory.add(this);
  }

  buffered(): number {
    return this.bytes;
  }

  tooSlow(): void {
    this.memory.count(this);
    this.ended = true;
    this.memory.forget(this);
  }
}

test('what is ended for too much in all is off the account, also when it writes once more', () => {
  const memory = new WatchMemory({ maxTotalBytes: 100 });
  const [small, large] = [new Stream(memory, 30), new Stream(memory, 60)];
  expect(memory.total).toBe(90);
  small.bytes = 50;
  memory.count(small);
  expect([small.ended, large.ended, memory.total]).toEqual([false, true, 50]);
  memory.forget(small);
  expect(memory.total).toBe(0);
});
