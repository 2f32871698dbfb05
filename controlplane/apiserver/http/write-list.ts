/**
 * Answers of many objects, written in pieces: other requests get their turn between them, and what a slow client has not taken is bounded.
 *
 *   objects ──encode a piece──► gathered ──128 KiB──► [gzip] ──► socket, chunked
 *                                   └─all of it, small──► one piece with its length
 */
import type { ServerResponse } from 'node:http';
import type { Writable } from 'node:stream';

import type { KubeObject } from '../../../crds/meta';
import { COMPRESS_FROM_BYTES, gzipStream, takesGzip } from './compress';
import { drained, JSON_TYPE } from './respond';

/** Bytes encoded at a time. */
const PIECE_BYTES = 256 * 1024;
/** Objects after which a piece ends, however small they are. */
const PIECE_OBJECTS = 1000;

/** Resolves when everything is handed over, or the client left. */
export async function writeList(res: ServerResponse, head: string, objects: readonly KubeObject[], encode: (object: KubeObject) => string | Buffer, tail: string): Promise<void> {
  let pieces: (string | Buffer)[] = [head];
  let bytes = head.length;
  let out: Writable | undefined;
  res.setHeader('Content-Type', JSON_TYPE);
  res.setHeader('Cache-Control', 'no-cache, private');
  for (let at = 0; at < objects.length; at += 1) {
    const text = encode(objects[at]);
    if (at > 0) pieces.push(',');
    pieces.push(text);
    bytes += text.length + 1;
    const full = bytes >= PIECE_BYTES || (out !== undefined && pieces.length >= 2 * PIECE_OBJECTS);
    if (!full || at + 1 === objects.length) continue;
    out ??= begin(res);
    if (!out.write(join(pieces))) await drained(out);
    else await turn();
    if (res.destroyed) return;
    pieces = [];
    bytes = 0;
  }
  pieces.push(tail);
  const rest = join(pieces);
  if (out) return void out.end(rest);
  if (rest.length > COMPRESS_FROM_BYTES && takesGzip(res)) return void begin(res).end(rest);
  res.setHeader('Content-Length', rest.length);
  res.end(rest);
}

function begin(res: ServerResponse): Writable {
  if (!takesGzip(res)) return res;
  res.setHeader('Content-Encoding', 'gzip');
  const zipped = gzipStream();
  zipped.pipe(res);
  res.once('close', () => zipped.destroy());
  return zipped;
}

const COMMA = Buffer.from(',');

/** Neighbouring texts are encoded together. */
function join(pieces: readonly (string | Buffer)[]): Buffer {
  const buffers: Buffer[] = [];
  let text = '';
  for (const piece of pieces) {
    if (typeof piece === 'string') text += piece;
    else {
      if (text !== '') buffers.push(text === ',' ? COMMA : Buffer.from(text));
      text = '';
      buffers.push(piece);
    }
  }
  if (text !== '') buffers.push(Buffer.from(text));
  return buffers.length === 1 ? buffers[0] : Buffer.concat(buffers);
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
