/** A binary heap: the item with the least key first. Push and pop in O(log n). */
export class MinHeap<T> {
  private readonly items: { key: number; value: T }[] = [];

  get size(): number {
    return this.items.length;
  }

  /** Key of the first item; undefined when empty. */
  peekKey(): number | undefined {
    return this.items[0]?.key;
  }

  push(key: number, value: T): void {
    const { items } = this;
    let at = items.push({ key, value }) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (items[parent]!.key <= items[at]!.key) return;
      this.swap(at, parent);
      at = parent;
    }
  }

  pop(): T | undefined {
    const { items } = this;
    const first = items[0];
    const last = items.pop();
    if (!first || !last || items.length === 0) return first?.value;
    items[0] = last;
    let at = 0;
    for (;;) {
      const left = 2 * at + 1;
      const right = left + 1;
      let least = at;
      if (left < items.length && items[left]!.key < items[least]!.key) least = left;
      if (right < items.length && items[right]!.key < items[least]!.key) least = right;
      if (least === at) return first.value;
      this.swap(at, least);
      at = least;
    }
  }

  private swap(a: number, b: number): void {
    const kept = this.items[a]!;
    this.items[a] = this.items[b]!;
    this.items[b] = kept;
  }
}
