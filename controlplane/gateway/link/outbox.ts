/**
 * The sending half of a session. Messages are queued as JSON texts and leave together, once per turn, in as few frames as the frame
 * size allows; reliable ones are numbered and kept until the peer acknowledged them.
 */
import { MAX_UNACKED_FRAMES } from '../../../crds/agent-link';

export interface OutboxLimits {
  /** A frame is closed once its messages have so many characters. */
  frameChars: number;
  unackedFrames: number;
  unackedChars: number;
}

export const OUTBOX_LIMITS: OutboxLimits = { frameChars: 512 * 1024, unackedFrames: MAX_UNACKED_FRAMES, unackedChars: 32 * 1024 * 1024 };

interface Kept {
  seq: number;
  /** The messages, joined; the frame around them is made anew each time, so that it carries the newest `ack`. */
  body: string;
}

export class Outbox {
  private seq = 0;
  private kept: Kept[] = [];
  private keptChars = 0;
  private reliable: string[] = [];
  private reliableChars = 0;
  private unreliable: string[] = [];
  private unreliableChars = 0;

  constructor(private readonly limits: OutboxLimits = OUTBOX_LIMITS) {}

  /** @returns false when the bound is reached: the peer takes nothing, the session has to end */
  pushReliable(message: string): boolean {
    if (this.overflowing) return false;
    this.reliable.push(message);
    this.reliableChars += message.length;
    return true;
  }

  /** Dropped when there is no connection or too much waits. */
  pushUnreliable(message: string): void {
    if (this.unreliableChars + message.length > this.limits.unackedChars) return;
    this.unreliable.push(message);
    this.unreliableChars += message.length;
  }

  get overflowing(): boolean {
    return this.kept.length >= this.limits.unackedFrames || this.keptChars + this.reliableChars > this.limits.unackedChars;
  }

  /** More than half of a bound is used: no new work should be produced for this peer. */
  get congested(): boolean {
    return this.kept.length * 2 >= this.limits.unackedFrames || (this.keptChars + this.reliableChars) * 2 > this.limits.unackedChars;
  }

  get unacked(): number {
    return this.kept.length;
  }

  /** @returns false when the peer acknowledges what was never sent */
  acknowledged(ack: number): boolean {
    if (ack > this.seq) return false;
    let count = 0;
    while (count < this.kept.length && (this.kept[count] as Kept).seq <= ack) {
      this.keptChars -= (this.kept[count] as Kept).body.length;
      count += 1;
    }
    if (count > 0) this.kept.splice(0, count);
    return true;
  }

  /** The frames to send again after a reconnect. Unreliable messages of the old connection are forgotten. */
  replay(): string[] {
    this.unreliable = [];
    this.unreliableChars = 0;
    return this.kept.map(({ seq, body }) => `{"seq":${seq},"messages":[${body}]}`);
  }

  /**
   * What is queued, as frames. Without a connection call `keep` instead: reliable messages wait for `replay`.
   * @param ack to send along, when there is something to acknowledge
   */
  flush(ack: number | undefined): string[] {
    const acked = ack === undefined ? '' : `"ack":${ack},`;
    const frames = this.keep().map(({ seq, body }) => `{"seq":${seq},${acked}"messages":[${body}]}`);
    for (const body of chunks(this.unreliable, this.limits.frameChars)) frames.push(`{${frames.length === 0 ? acked : ''}"messages":[${body}]}`);
    this.unreliable = [];
    this.unreliableChars = 0;
    if (frames.length === 0 && ack !== undefined) frames.push(`{"ack":${ack},"messages":[]}`);
    return frames;
  }

  /** Numbers what is queued, and keeps it. */
  keep(): readonly Kept[] {
    const fresh: Kept[] = [];
    for (const body of chunks(this.reliable, this.limits.frameChars)) {
      this.seq += 1;
      fresh.push({ seq: this.seq, body });
      this.keptChars += body.length;
    }
    this.kept.push(...fresh);
    this.reliable = [];
    this.reliableChars = 0;
    return fresh;
  }
}

function* chunks(messages: readonly string[], size: number): Iterable<string> {
  let start = 0;
  let length = 0;
  for (let at = 0; at < messages.length; at += 1) {
    const next = (messages[at] as string).length;
    if (at > start && length + next > size) {
      yield messages.slice(start, at).join(',');
      start = at;
      length = 0;
    }
    length += next + 1;
  }
  if (start < messages.length) yield messages.slice(start).join(',');
}
