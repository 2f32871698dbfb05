/**
 * The receiving half of a session: which frames of the control plane are applied, which are durable here. Frames are applied in order and
 * become durable in any order; what is acknowledged is the longest run from the start that is durable.
 */
export class Inbox {
  applied = 0;
  durable = 0;
  private readonly settled = new Set<number>();

  /** 'repeat': drop it, acknowledge again. 'gap': one is missing, the connection cannot go on. */
  receive(seq: number): 'apply' | 'repeat' | 'gap' {
    if (seq <= this.applied) return 'repeat';
    if (seq !== this.applied + 1) return 'gap';
    this.applied = seq;
    return 'apply';
  }

  /** @returns whether there is more to acknowledge */
  completed(seq: number): boolean {
    this.settled.add(seq);
    const before = this.durable;
    while (this.settled.delete(this.durable + 1)) this.durable += 1;
    return this.durable > before;
  }
}
