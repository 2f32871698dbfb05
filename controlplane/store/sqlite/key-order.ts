/**
 * The keys of one resource in order, kept lazily: changes are collected, and worked in when somebody lists. A few changes are
 * spliced in, many are merged in one pass; nothing is ever sorted anew.
 */

/** Up to so many changes are spliced one by one. */
const SPLICE_LIMIT = 64;

export class KeyOrder {
  private sorted: string[] = [];
  private readonly added = new Set<string>();
  private readonly removed = new Set<string>();

  add(key: string): void {
    if (!this.removed.delete(key)) this.added.add(key);
  }

  remove(key: string): void {
    if (!this.added.delete(key)) this.removed.add(key);
  }

  /** In code unit order. Valid until the next change; not to be modified. */
  keys(): readonly string[] {
    if (this.added.size + this.removed.size > SPLICE_LIMIT) this.merge();
    else this.splice();
    this.added.clear();
    this.removed.clear();
    return this.sorted;
  }

  private splice(): void {
    for (const key of this.removed) this.sorted.splice(firstAtLeast(this.sorted, key), 1);
    for (const key of this.added) this.sorted.splice(firstAtLeast(this.sorted, key), 0, key);
  }

  private merge(): void {
    const fresh = [...this.added].sort();
    const out: string[] = [];
    let i = 0;
    for (const key of this.sorted) {
      if (this.removed.size > 0 && this.removed.has(key)) continue;
      while (i < fresh.length && fresh[i] < key) out.push(fresh[i++]);
      out.push(key);
    }
    while (i < fresh.length) out.push(fresh[i++]);
    this.sorted = out;
  }
}

/** Index of the first key that is not before `key`. */
export function firstAtLeast(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (keys[middle] < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
