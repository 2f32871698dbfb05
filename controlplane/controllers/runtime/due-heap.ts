/**
 * Keys and the time at which each is due: a binary heap with positions, so that a key can be moved or taken out again.
 * set, delete, take: O(log n). Bounded by the number of distinct keys.
 */
export class DueHeap {
  private readonly heap: { key: string; due: number }[] = [];
  private readonly positions = new Map<string, number>();

  get size(): number {
    return this.heap.length;
  }

  /** Milliseconds since the epoch of the earliest key; undefined when empty. */
  get nextDue(): number | undefined {
    return this.heap[0]?.due;
  }

  dueOf(key: string): number | undefined {
    const at = this.positions.get(key);
    return at === undefined ? undefined : this.heap[at]!.due;
  }

  /** Adds the key, or moves it to another time. */
  set(key: string, due: number): void {
    const at = this.positions.get(key);
    if (at === undefined) {
      this.heap.push({ key, due });
      this.positions.set(key, this.heap.length - 1);
      this.up(this.heap.length - 1);
      return;
    }
    this.heap[at] = { key, due };
    this.up(at);
    this.down(this.positions.get(key)!);
  }

  delete(key: string): boolean {
    const at = this.positions.get(key);
    if (at === undefined) return false;
    const last = this.heap.pop()!;
    this.positions.delete(key);
    if (last.key !== key) {
      this.heap[at] = last;
      this.positions.set(last.key, at);
      this.up(at);
      this.down(this.positions.get(last.key)!);
    }
    return true;
  }

  /** Takes the earliest key out when it is due at `now`. */
  takeDue(now: number): string | undefined {
    const first = this.heap[0];
    if (!first || first.due > now) return undefined;
    this.delete(first.key);
    return first.key;
  }

  clear(): void {
    this.heap.length = 0;
    this.positions.clear();
  }

  private up(start: number): void {
    let at = start;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (this.heap[parent]!.due <= this.heap[at]!.due) return;
      this.swap(at, parent);
      at = parent;
    }
  }

  private down(start: number): void {
    let at = start;
    for (;;) {
      let least = at;
      for (const child of [2 * at + 1, 2 * at + 2]) {
        if (child < this.heap.length && this.heap[child]!.due < this.heap[least]!.due) least = child;
      }
      if (least === at) return;
      this.swap(at, least);
      at = least;
    }
  }

  private swap(a: number, b: number): void {
    const first = this.heap[a]!;
    const second = this.heap[b]!;
    this.heap[a] = second;
    this.heap[b] = first;
    this.positions.set(second.key, a);
    this.positions.set(first.key, b);
  }
}
