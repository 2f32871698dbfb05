/**
 * A set of whole numbers ≥ 0 written as Kubernetes' indexed Jobs write them: "0-41,43".
 *
 * Kept as sorted ranges that neither overlap nor touch, so that 1,000,000 indexes in few ranges cost a few numbers.
 * has and nextMissing: O(log ranges); add: O(ranges) in the worst case; addAll of n: O(n log n + ranges).
 * The set is mutable; `clone` before changing one that others read.
 */
import { FormatError, shown } from './format-error';

export class IndexRanges implements Iterable<number> {
  /** Range i is starts[i] … ends[i], both inside. */
  private starts: number[] = [];
  private ends: number[] = [];
  private size = 0;

  /** A set of the given indexes. */
  static of(indexes: Iterable<number>): IndexRanges {
    const set = new IndexRanges();
    set.addAll(indexes);
    return set;
  }

  /** Reads "0-41,43"; "" and undefined are the empty set. Ranges must rise and may not overlap. Throws FormatError. */
  static parse(text: string | undefined): IndexRanges {
    const set = new IndexRanges();
    if (!text) return set;
    let last = -1;
    for (const part of text.split(',')) {
      const match = /^(\d{1,15})(?:-(\d{1,15}))?$/.exec(part);
      const start = Number(match?.[1]);
      const end = Number(match?.[2] ?? match?.[1]);
      if (!match || end < start || start <= last) {
        throw new FormatError(`${shown(part)} is not the next range; write rising ranges of indexes such as "0-41,43"`);
      }
      set.push(start, end);
      last = end;
    }
    return set;
  }

  /** Number of indexes. */
  get count(): number {
    return this.size;
  }

  get rangeCount(): number {
    return this.starts.length;
  }

  has(index: number): boolean {
    const at = this.rangeAtOrBefore(index);
    return at >= 0 && index <= (this.ends[at] as number);
  }

  /** True when `index` was not in the set. */
  add(index: number): boolean {
    if (!Number.isSafeInteger(index) || index < 0) throw new FormatError(`${index} is not an index; indexes are whole numbers from 0`);
    const before = this.rangeAtOrBefore(index);
    if (before >= 0 && index <= (this.ends[before] as number)) return false;
    const joinsBefore = before >= 0 && this.ends[before] === index - 1;
    const joinsAfter = this.starts[before + 1] === index + 1;
    if (joinsBefore && joinsAfter) {
      this.ends[before] = this.ends[before + 1] as number;
      this.starts.splice(before + 1, 1);
      this.ends.splice(before + 1, 1);
    } else if (joinsBefore) {
      this.ends[before] = index;
    } else if (joinsAfter) {
      this.starts[before + 1] = index;
    } else {
      this.starts.splice(before + 1, 0, index);
      this.ends.splice(before + 1, 0, index);
    }
    this.size += 1;
    return true;
  }

  /** Adds every index, or every range of another set, in one pass. Returns how many were new. */
  addAll(indexes: Iterable<number> | IndexRanges): number {
    const others = indexes instanceof IndexRanges ? indexes : IndexRanges.fromSorted([...indexes].sort((a, b) => a - b));
    const merged = new IndexRanges();
    let mine = 0;
    let theirs = 0;
    while (mine < this.starts.length || theirs < others.starts.length) {
      const takeMine = theirs >= others.starts.length
        || (mine < this.starts.length && (this.starts[mine] as number) <= (others.starts[theirs] as number));
      const from = takeMine ? this : others;
      const at = takeMine ? mine++ : theirs++;
      merged.push(from.starts[at] as number, from.ends[at] as number);
    }
    const added = merged.size - this.size;
    this.starts = merged.starts;
    this.ends = merged.ends;
    this.size = merged.size;
    return added;
  }

  /** The least index ≥ `from` that is not in the set. */
  nextMissing(from: number): number {
    const at = this.rangeAtOrBefore(from);
    const end = this.ends[at];
    return end !== undefined && from <= end ? end + 1 : from;
  }

  /** The indexes from `from` up to but without `to` that are not in the set, rising. */
  *missing(from: number, to: number): Generator<number> {
    for (let index = this.nextMissing(from); index < to; index = this.nextMissing(index + 1)) yield index;
  }

  *[Symbol.iterator](): Generator<number> {
    for (let at = 0; at < this.starts.length; at++) {
      for (let index = this.starts[at] as number; index <= (this.ends[at] as number); index++) yield index;
    }
  }

  clone(): IndexRanges {
    const copy = new IndexRanges();
    copy.starts = [...this.starts];
    copy.ends = [...this.ends];
    copy.size = this.size;
    return copy;
  }

  toString(): string {
    return this.starts.map((start, at) => (start === this.ends[at] ? `${start}` : `${start}-${this.ends[at]}`)).join(',');
  }

  private static fromSorted(indexes: number[]): IndexRanges {
    const set = new IndexRanges();
    for (const index of indexes) {
      if (!Number.isSafeInteger(index) || index < 0) throw new FormatError(`${index} is not an index; indexes are whole numbers from 0`);
      set.push(index, index);
    }
    return set;
  }

  /** Appends a range whose start is not below the last range's start; joins what overlaps or touches. */
  private push(start: number, end: number): void {
    const last = this.ends.length - 1;
    const lastEnd = this.ends[last];
    if (lastEnd === undefined || start > lastEnd + 1) {
      this.starts.push(start);
      this.ends.push(end);
      this.size += end - start + 1;
    } else if (end > lastEnd) {
      this.ends[last] = end;
      this.size += end - lastEnd;
    }
  }

  /** Position of the last range that starts at or before `index`, -1 when there is none. */
  private rangeAtOrBefore(index: number): number {
    let low = 0;
    let high = this.starts.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.starts[middle] as number) <= index) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}
