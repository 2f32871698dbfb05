/** At most so many at a time, and so many that wait; first come, first served. */
import { StoreError } from '../store';

export class Gate {
  private free: number;
  private readonly waiting: { enter: () => void; refuse: (error: Error) => void }[] = [];
  private head = 0;
  private closed: Error | undefined;

  constructor(places: number, private readonly maxWaiting: number) {
    this.free = places;
  }

  /** Resolves with how to leave. @throws StoreError Unavailable when too many wait, or the gate was closed */
  async enter(): Promise<() => void> {
    if (this.closed) throw this.closed;
    if (this.free > 0) this.free -= 1;
    else {
      if (this.waiting.length - this.head >= this.maxWaiting) {
        throw new StoreError('Unavailable', `more than ${this.maxWaiting} requests wait for the Kubernetes API already`);
      }
      await new Promise<void>((enter, refuse) => { this.waiting.push({ enter, refuse }); });
    }
    let left = false;
    return () => {
      if (left) return;
      left = true;
      this.next();
    };
  }

  /** Whoever waits, or comes later, is refused. */
  close(error: Error): void {
    this.closed = error;
    for (const { refuse } of this.waiting.splice(this.head)) refuse(error);
    this.waiting.length = 0;
    this.head = 0;
  }

  private next(): void {
    const first = this.waiting[this.head];
    if (!first) {
      this.free += 1;
      return;
    }
    this.head += 1;
    if (this.head > 1024 && this.head * 2 > this.waiting.length) {
      this.waiting.splice(0, this.head);
      this.head = 0;
    }
    first.enter();
  }
}
