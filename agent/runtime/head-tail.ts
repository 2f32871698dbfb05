/**
 * Bounds one output stream: the first HEAD_BYTES go out as they come, of what follows only the last TAIL_BYTES are kept and go out at
 * the end, after a line that says how much is missing between them. What goes out has offsets in the kept bytes, at most MAX_LOG_BYTES.
 */
import { MAX_LOG_BYTES } from '../../crds/agent-link';

const MARKER_BYTES = 64;
export const HEAD_BYTES = MAX_LOG_BYTES / 2;
export const TAIL_BYTES = MAX_LOG_BYTES - HEAD_BYTES - MARKER_BYTES;

export class HeadTail {
  private total = 0;
  private tail: Buffer[] = [];
  private tailBytes = 0;

  constructor(private readonly emit: (offset: number, data: Buffer) => void) {}

  write(data: Buffer): void {
    const room = HEAD_BYTES - this.total;
    this.total += data.length;
    if (room > 0) {
      const head = data.subarray(0, room);
      this.emit(HEAD_BYTES - room, head);
      if (head.length === data.length) return;
      data = data.subarray(room);
    }
    this.tail.push(data);
    this.tailBytes += data.length;
    for (let first = this.tail[0]; first && this.tailBytes - first.length >= TAIL_BYTES; first = this.tail[0]) {
      this.tail.shift();
      this.tailBytes -= first.length;
    }
  }

  /** Sends the tail. Nothing may be written afterwards. */
  end(): void {
    if (this.tailBytes === 0) return;
    const tail = Buffer.concat(this.tail).subarray(-TAIL_BYTES);
    this.tail = [];
    this.tailBytes = 0;
    const missing = this.total - HEAD_BYTES - tail.length;
    this.emit(HEAD_BYTES, missing > 0 ? Buffer.concat([Buffer.from(`\n[truncated: ${missing} bytes not kept]\n`), tail]) : tail);
  }
}
