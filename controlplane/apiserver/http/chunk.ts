/**
 * The chunked transfer coding (RFC 9112 §7.1), for bytes that many answers share: each is made into a chunk once, instead of by Node for
 * each answer.
 */
const CRLF = Buffer.from('\r\n');

/** What ends an answer in chunks, without trailers. */
export const LAST_CHUNK = Buffer.from('0\r\n\r\n');

/** One chunk. `parts` must hold at least one byte: an empty chunk would be the last one. */
export function chunk(...parts: Buffer[]): Buffer {
  const bytes = parts.reduce((sum, part) => sum + part.length, 0);
  return Buffer.concat([Buffer.from(`${bytes.toString(16)}\r\n`), ...parts, CRLF]);
}

/** What a chunk carries, for an answer that is not in chunks (HTTP/1.0). A view, no copy. */
export const contentOf = (chunk: Buffer): Buffer => chunk.subarray(chunk.indexOf(CRLF) + CRLF.length, chunk.length - CRLF.length);
