/**
 * The sending half of a session: reliable messages in order, in as few frames as their size allows, kept until acknowledged.
 *
 * ```
 *  push ─► pending ──(window open)──► kept, numbered ──ack──► delivered
 *             ▲                          │
 *             └──── new session ─────────┘   numbered anew; answers to offers of the old session are forgotten
 * ```
 * At most `unackedFrames` frames and about `unackedChars` characters are on their way; beyond that messages wait in `pending`. What can
 * wait there is bounded by its producers: one `finished` and a bounded log per leased attempt, one report per attempt.
 */
import { MAX_UNACKED_FRAMES } from '../crds/agent-link';

export interface Item {
  kind: 'finished' | 'log' | 'attempt' | 'answer';
  /** Attempt key. */
  key: string;
  /** JSON. */
  text: string;
}

export interface OutboxLimits {
  frameChars: number;
  frameMessages: number;
  unackedFrames: number;
  unackedChars: number;
}

export const OUTBOX_LIMITS: OutboxLimits = { frameChars: 512 * 1024, frameMessages: 5000, unackedFrames: MAX_UNACKED_FRAMES / 2, unackedChars: 8 * 1024 * 1024 };

interface Kept {
  seq: number;
  items: Item[];
  chars: number;
}

export class Outbox {
  private seq = 0;
  private pending: Item[] = [];
  private kept: Kept[] = [];
  private keptChars = 0;
  /** One message on its way at a time: what is refused then is known. */
  private oneByOne = false;

  constructor(private readonly limits: OutboxLimits = OUTBOX_LIMITS) {}

  push(item: Item): void {
    this.pending.push(item);
  }

  /** Nothing waits for the window: reports that can be coalesced may be pushed. */
  get roomy(): boolean {
    return this.pending.length === 0 || this.windowOpen;
  }

  get size(): number {
    return this.pending.length + this.kept.reduce((sum, { items }) => sum + items.length, 0);
  }

  /** Messages of an attempt that are not acknowledged, in order. */
  of(key: string, kind: Item['kind']): Item[] {
    const found: Item[] = [];
    const collect = (items: readonly Item[]): void => {
      for (const item of items) if (item.key === key && item.kind === kind) found.push(item);
    };
    for (const { items } of this.kept) collect(items);
    collect(this.pending);
    return found;
  }

  /** @returns what is durable at the control plane now; undefined when the peer acknowledges what was never sent */
  acknowledged(ack: number): Item[] | undefined {
    if (ack > this.seq) return undefined;
    const delivered: Item[] = [];
    let count = 0;
    for (const { seq, items, chars } of this.kept) {
      if (seq > ack) break;
      delivered.push(...items);
      this.keptChars -= chars;
      count += 1;
    }
    if (count > 0) this.kept.splice(0, count);
    if (this.pending.length === 0 && this.kept.length === 0) this.oneByOne = false;
    return delivered;
  }

  /** Puts what fits the window into frames. @param ack goes along with the first */
  flush(ack: number | undefined): string[] {
    const frames: string[] = [];
    let at = 0;
    while (at < this.pending.length && this.windowOpen) {
      const start = at;
      let chars = 0;
      while (at < this.pending.length && at - start < (this.oneByOne ? 1 : this.limits.frameMessages)) {
        const next = (this.pending[at] as Item).text.length + 1;
        if (at > start && chars + next > this.limits.frameChars) break;
        chars += next;
        at += 1;
      }
      this.seq += 1;
      const kept = { seq: this.seq, items: this.pending.slice(start, at), chars };
      this.kept.push(kept);
      this.keptChars += chars;
      frames.push(frameOf(kept, frames.length === 0 ? ack : undefined));
    }
    if (at > 0) this.pending.splice(0, at);
    return frames;
  }

  /** The session goes on over a new connection: the frames to send again. */
  replay(): string[] {
    return this.kept.map((kept) => frameOf(kept, undefined));
  }

  /** A new session: everything that is not acknowledged is to be sent in it, but answers to offers that are void. */
  restart(): void {
    const all = [...this.kept.flatMap(({ items }) => items), ...this.pending];
    this.pending = all.filter(({ kind }) => kind !== 'answer');
    this.kept = [];
    this.keptChars = 0;
    this.seq = 0;
  }

  /**
   * The peer closes again and again because of something that is in here. The first call makes messages go one by one; when one is
   * refused alone, the next call takes it out, so that it does not hold up the rest for ever.
   */
  refused(): Item | undefined {
    const alone = this.oneByOne ? this.kept.shift() : undefined;
    if (alone) this.keptChars -= alone.chars;
    this.oneByOne = true;
    return alone?.items[0];
  }

  private get windowOpen(): boolean {
    if (this.oneByOne) return this.kept.length === 0;
    return this.kept.length < this.limits.unackedFrames && this.keptChars < this.limits.unackedChars;
  }
}

function frameOf({ seq, items }: Kept, ack: number | undefined): string {
  const head = ack === undefined ? `{"seq":${seq}` : `{"seq":${seq},"ack":${ack}`;
  return `${head},"messages":[${items.map(({ text }) => text).join(',')}]}`;
}
