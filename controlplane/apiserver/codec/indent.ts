/** JSON text as people read it: two spaces a level, as Go's `json.MarshalIndent`. Texts come in pieces that may end anywhere. */

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const NEWLINE = 0x0a;
const SPACE = 0x20;

const isOpening = (byte: number): boolean => byte === 0x7b || byte === 0x5b;
const isClosing = (byte: number): boolean => byte === 0x7d || byte === 0x5d;
const isBlank = (byte: number): boolean => byte === SPACE || byte === NEWLINE || byte === 0x0d || byte === 0x09;

export class Indenter {
  #depth = 0;
  #inText = false;
  #escaped = false;
  /** After an opening bracket: whether it holds anything is not known yet. */
  #opened = false;
  #out = Buffer.alloc(0);
  #used = 0;

  /** The next piece of a well-formed text, indented. */
  push(piece: Buffer): Buffer {
    this.#out = Buffer.allocUnsafe(piece.length * 2 + 64);
    this.#used = 0;
    for (let at = 0; at < piece.length; at += 1) {
      if (this.#inText) at = this.#text(piece, at);
      else this.#byte(piece[at]);
    }
    return this.#out.subarray(0, this.#used);
  }

  /** Copies up to the end of a string, or of the piece. @returns where the last copied byte is */
  #text(piece: Buffer, from: number): number {
    let end = from;
    for (; end < piece.length; end += 1) {
      if (this.#escaped) this.#escaped = false;
      else if (piece[end] === BACKSLASH) this.#escaped = true;
      else if (piece[end] === QUOTE) {
        this.#inText = false;
        break;
      }
    }
    const last = Math.min(end, piece.length - 1);
    this.#room(last + 1 - from);
    this.#used += piece.copy(this.#out, this.#used, from, last + 1);
    return last;
  }

  #byte(byte: number): void {
    if (isBlank(byte)) return;
    if (isClosing(byte)) {
      this.#depth -= 1;
      if (!this.#opened) this.#line();
      this.#opened = false;
      return this.#write(byte);
    }
    if (this.#opened) this.#line();
    this.#opened = isOpening(byte);
    this.#write(byte);
    if (this.#opened) this.#depth += 1;
    else if (byte === COMMA) this.#line();
    else if (byte === COLON) this.#write(SPACE);
    else if (byte === QUOTE) this.#inText = true;
  }

  #line(): void {
    this.#room(1 + 2 * this.#depth);
    this.#out[this.#used] = NEWLINE;
    this.#out.fill(SPACE, this.#used + 1, this.#used + 1 + 2 * this.#depth);
    this.#used += 1 + 2 * this.#depth;
  }

  #write(byte: number): void {
    this.#room(1);
    this.#out[this.#used] = byte;
    this.#used += 1;
  }

  #room(bytes: number): void {
    if (this.#used + bytes <= this.#out.length) return;
    const more = Buffer.allocUnsafe(this.#out.length * 2 + bytes);
    this.#out.copy(more, 0, 0, this.#used);
    this.#out = more;
  }
}

export const indented = (json: string | Buffer): Buffer => new Indenter().push(typeof json === 'string' ? Buffer.from(json) : json);
