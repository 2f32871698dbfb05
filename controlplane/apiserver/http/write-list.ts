/**
 * Answers of many objects, written in pieces: other requests get their turn between them, and what a slow client has not taken is bounded.
 *
 *   objects ──encode──► one piece of memory ──full──► [indented] ──► [gzip] ──► socket, chunked ──taken──► the same piece again
 *                            └─all of it, small──► sent at once with its length
 */
import type { ServerResponse } from 'node:http';
import type { Writable } from 'node:stream';

import type { KubeObject } from '../../../crds/meta';
import { COMPRESS_FROM_BYTES, gzipStream, takesGzip } from './compress';
import { Indenter } from '../codec/indent';
import { toYaml } from '../codec/to-yaml';
import { wantsPretty, YAML_TYPE } from './accept';
import { JSON_TYPE } from './respond';

const PIECE_BYTES = 256 * 1024;
/** Most lists are small. */
const FIRST_BYTES = 16 * 1024;
/** Objects after which a piece ends, however small they are. */
const PIECE_OBJECTS = 1000;

/** The text of a list. */
export interface ListText {
  head: string | Buffer;
  /** Before each item. */
  open?: string;
  item: (object: KubeObject) => string | Buffer;
  tail: string;
  /** Between two items; absent: a comma. */
  between?: string;
  /** All of it when there are no items; absent: head and tail. */
  empty?: string;
  /** Absent: JSON. */
  type?: string;
}

/** The same list as YAML. Its items are the last thing that its JSON holds. */
export function asYaml({ head, open = '', item, tail }: ListText): ListText {
  const frame = JSON.parse(`${String(head)}${tail}`) as Record<string, unknown>;
  const keys = Object.keys(frame);
  const items = keys[keys.length - 1];
  const some = (wanted: (key: string) => boolean): string => {
    const part = Object.fromEntries(keys.filter(wanted).map((key) => [key, frame[key]]));
    return Object.keys(part).length === 0 ? '' : toYaml(part);
  };
  return {
    type: YAML_TYPE, between: '',
    head: `${some((key) => key < items)}${items}:\n`,
    item: (object) => toYaml([JSON.parse(`${open}${String(item(object))}`)]),
    tail: some((key) => key > items),
    empty: toYaml(frame),
  };
}

/**
 * Resolves when everything is handed over, or the client left.
 * @param onPiece is told of each piece that the client has to take before there is another one
 */
export async function writeList(res: ServerResponse, objects: readonly KubeObject[], { head, open = '', item, tail, between = ',', empty, type = JSON_TYPE }: ListText, onPiece: () => void = () => undefined): Promise<void> {
  res.setHeader('Content-Type', type);
  res.setHeader('Cache-Control', 'no-cache, private');
  const pieces = new Pieces();
  const indenter = type === JSON_TYPE && wantsPretty(res.req) ? new Indenter() : undefined;
  let out: Writable | undefined;
  const next = `${between}${open}`;
  pieces.add(objects.length === 0 && empty !== undefined ? empty : head);
  for (let at = 0; at < objects.length; at += 1) {
    pieces.add(at > 0 ? next : open);
    pieces.add(item(objects[at]));
    if (pieces.bytes < PIECE_BYTES && (at + 1) % PIECE_OBJECTS !== 0) continue;
    out ??= begin(res);
    for (const bytes of pieces.take()) {
      onPiece();
      await written(out, indenter ? indenter.push(bytes) : bytes);
    }
    if (res.destroyed) return;
  }
  if (objects.length > 0 || empty === undefined) pieces.add(tail);
  const last = Buffer.concat([...pieces.take()]);
  const rest = indenter ? indenter.push(last) : last;
  if (out) return void out.end(rest);
  if (rest.length > COMPRESS_FROM_BYTES && takesGzip(res)) return void begin(res).end(rest);
  res.setHeader('Content-Length', rest.length);
  res.end(rest);
}

function begin(res: ServerResponse): Writable {
  if (!takesGzip(res)) return res;
  res.setHeader('Content-Encoding', 'gzip');
  res.setHeader('Vary', 'Accept-Encoding');
  const zipped = gzipStream();
  zipped.pipe(res);
  res.once('close', () => zipped.destroy());
  return zipped;
}

/** Texts, gathered in memory that is used again and again; what does not fit goes by itself. */
class Pieces {
  bytes = 0;
  #memory: Buffer = Buffer.allocUnsafe(FIRST_BYTES);
  #used = 0;
  /** Before what is in the memory: parts of it that were closed, and large texts. */
  #before: Buffer[] = [];
  #from = 0;

  add(text: string | Buffer): void {
    const length = typeof text === 'string' ? Buffer.byteLength(text) : text.length;
    this.bytes += length;
    if (this.#used + length > this.#memory.length) {
      this.#close();
      if (length > FIRST_BYTES || this.#memory.length === PIECE_BYTES) return void this.#before.push(typeof text === 'string' ? Buffer.from(text) : text);
      this.#memory = Buffer.allocUnsafeSlow(PIECE_BYTES);
      this.#used = 0;
      this.#from = 0;
    }
    if (typeof text === 'string') this.#memory.write(text, this.#used);
    else text.copy(this.#memory, this.#used);
    this.#used += length;
  }

  /** What was gathered, in order; the memory is used again once the last part was taken and the next text is added. */
  *take(): Generator<Buffer> {
    this.#close();
    const parts = this.#before;
    this.#before = [];
    this.bytes = 0;
    this.#used = 0;
    this.#from = 0;
    yield* parts;
  }

  #close(): void {
    if (this.#used > this.#from) this.#before.push(this.#memory.subarray(this.#from, this.#used));
    this.#from = this.#used;
  }
}

/** Resolves when the bytes are not needed any more, or nobody reads. */
function written(out: Writable, bytes: Buffer): Promise<void> {
  return new Promise((resolve) => {
    if (out.destroyed) return resolve();
    const done = (): void => {
      out.off('close', done);
      resolve();
    };
    out.once('close', done);
    out.write(bytes, done);
  });
}
