/** Newline-delimited JSON out of chunks that end anywhere, also within a character. A frame is bounded. */
import { StoreError } from '../store';

const NEWLINE = 10;

export class Frames {
  private rest: Buffer[] = [];
  private restBytes = 0;

  constructor(private readonly maxBytes: number) {}

  /** The frames that this chunk completes. @throws StoreError Unavailable when one is no JSON, Invalid when one is too large */
  push(chunk: Buffer): unknown[] {
    const frames: unknown[] = [];
    let from = 0;
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, from)) {
      this.keep(chunk.subarray(from, at));
      const text = Buffer.concat(this.rest).toString('utf8').trim();
      this.rest = [];
      this.restBytes = 0;
      from = at + 1;
      if (text !== '') frames.push(parse(text));
    }
    this.keep(chunk.subarray(from));
    return frames;
  }

  private keep(part: Buffer): void {
    if (part.length === 0) return;
    this.restBytes += part.length;
    if (this.restBytes > this.maxBytes) throw new StoreError('Invalid', `a frame of the watch has more than ${this.maxBytes} bytes`);
    this.rest.push(part);
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new StoreError('Unavailable', 'a frame of the watch is no JSON', {}, error);
  }
}
