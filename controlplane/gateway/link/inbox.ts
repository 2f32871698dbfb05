/**
 * The receiving half of a session: which reliable frames are applied, which are durable.
 *
 * `applied` runs ahead of `durable`: frames are applied in order as they come, and become durable in any order; what is acknowledged is
 * the longest run from the start that is durable. After a cut the peer sends everything beyond `durable` again, and it is applied again
 * (every message is idempotent).
 */
export class Inbox {
  /** Last frame that was applied on this connection. */
  applied = 0;
  /** Everything up to here is durable. */
  durable = 0;
  private readonly done = new Set<number>();

  /** @param advanced called when `durable` rose */
  constructor(private readonly advanced: () => void) {}

  /** What to do with a frame. 'repeat': drop it, acknowledge again. 'gap': a frame is missing, the connection cannot go on. */
  receive(seq: number): 'apply' | 'repeat' | 'gap' {
    if (seq <= this.applied) return 'repeat';
    if (seq !== this.applied + 1) return 'gap';
    this.applied = seq;
    return 'apply';
  }

  /** Frames that are applied and not durable yet. */
  get inFlight(): number {
    return this.applied - this.durable;
  }

  completed(seq: number): void {
    if (seq <= this.durable) return;
    this.done.add(seq);
    const before = this.durable;
    while (this.done.delete(this.durable + 1)) this.durable += 1;
    if (this.applied < this.durable) this.applied = this.durable;
    if (this.durable > before) this.advanced();
  }

  /** A new connection of the same session: the peer continues after what is durable. */
  reconnected(): void {
    this.applied = this.durable;
  }
}
