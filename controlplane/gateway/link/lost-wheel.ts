/**
 * Who was not heard of for too long? A wheel of buckets, one timer for all.
 *
 * A beat costs one assignment (`peer.lastHeard = now`): nothing is moved. When a peer's bucket comes up, it is either really late, or
 * goes into the bucket of its new deadline; so each peer is looked at about once per `lostAfterMs`.
 */
import type { Clock } from '../../market/pending';

export interface Heard {
  /** Milliseconds of the monotonic clock. */
  lastHeard: number;
}

const BUCKETS = 16;

export class LostWheel<P extends Heard> {
  private readonly buckets: Set<P>[] = Array.from({ length: BUCKETS }, () => new Set<P>());
  private readonly bucketOf = new Map<P, number>();
  private readonly tickMs: number;
  private at = 0;
  private cancel?: () => void;

  /** @param lost called once for a peer that is late by then; it is out of the wheel */
  constructor(private readonly lostAfterMs: number, private readonly clock: Clock, private readonly lost: (peer: P) => void) {
    this.tickMs = Math.max(1, Math.ceil(lostAfterMs / (BUCKETS - 2)));
  }

  get size(): number {
    return this.bucketOf.size;
  }

  add(peer: P): void {
    if (this.bucketOf.has(peer)) return;
    this.put(peer);
    this.cancel ??= this.clock.setTimer(() => this.tick(), this.tickMs);
  }

  remove(peer: P): void {
    const bucket = this.bucketOf.get(peer);
    if (bucket === undefined) return;
    this.bucketOf.delete(peer);
    (this.buckets[bucket] as Set<P>).delete(peer);
  }

  stop(): void {
    this.cancel?.();
    this.cancel = undefined;
  }

  private put(peer: P): void {
    const left = peer.lastHeard + this.lostAfterMs - this.clock.now();
    const ahead = Math.min(BUCKETS - 1, Math.max(1, Math.ceil(left / this.tickMs)));
    const bucket = (this.at + ahead) % BUCKETS;
    this.bucketOf.set(peer, bucket);
    (this.buckets[bucket] as Set<P>).add(peer);
  }

  private tick(): void {
    this.at = (this.at + 1) % BUCKETS;
    const due = [...(this.buckets[this.at] as Set<P>)];
    const now = this.clock.now();
    const late: P[] = [];
    for (const peer of due) {
      this.remove(peer);
      if (now - peer.lastHeard >= this.lostAfterMs) late.push(peer);
      else this.put(peer);
    }
    this.cancel = this.bucketOf.size > 0 ? this.clock.setTimer(() => this.tick(), this.tickMs) : undefined;
    for (const peer of late) this.lost(peer);
  }
}
