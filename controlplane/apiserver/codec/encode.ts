/** Objects as JSON text; a store that keeps it gives it, and watchers of one event share it. */
import type { KubeObject } from '../../../crds/meta';
import { chunk } from '../http/chunk';
import { protobufFrame, toProtobuf } from './to-protobuf';

/** Offered by stores that keep the encoded form of their objects. */
export interface EncodedSource {
  /** The JSON of exactly this object (by identity); undefined when it is not kept. */
  encoded(object: KubeObject): string | Buffer | undefined;
}

export function isEncodedSource(store: object): store is EncodedSource {
  return 'encoded' in store && typeof store.encoded === 'function';
}

/** Objects, and bytes of their frames, that are remembered; the newest always is. */
const RECENT = 512;
const RECENT_BYTES = 16 * 1024 * 1024;

interface Frames {
  byType: Record<string, Buffer>;
  bytes: number;
}

export class Encoder {
  readonly #source: EncodedSource | undefined;
  /** Frames of the objects that were sent last, oldest first. */
  readonly #frames = new Map<KubeObject, Frames>();
  #bytes = 0;

  constructor(store: object) {
    this.#source = isEncodedSource(store) ? store : undefined;
  }

  encode(object: KubeObject): string {
    const kept = this.#source?.encoded(object);
    return kept === undefined ? JSON.stringify(object) : kept.toString();
  }

  /** As `encode`, without a copy of what is kept. Not to be modified. */
  encodeBytes(object: KubeObject): string | Buffer {
    return this.#source?.encoded(object) ?? JSON.stringify(object);
  }

  /** One line of a watch, as a chunk: made once for all who watch, as many get the same event at about the same time. Not to be modified. */
  frame(type: string, object: KubeObject): Buffer {
    return this.#known(type, object) ?? this.#remember(type, object, this.#makeFrame(type, object));
  }

  /** As `frame`, in protobuf; undefined when objects of the kind are not written so. */
  protobufFrame(type: string, object: KubeObject): Buffer | undefined {
    const key = `${type} protobuf`;
    const known = this.#known(key, object);
    if (known) return known;
    const made = toProtobuf(object);
    return made && this.#remember(key, object, chunk(protobufFrame(type, made)));
  }

  #known(key: string, object: KubeObject): Buffer | undefined {
    return this.#frames.get(object)?.byType[key];
  }

  #makeFrame(type: string, object: KubeObject): Buffer {
    const json = this.encodeBytes(object);
    const head = `{"type":"${type}","object":`;
    return typeof json === 'string' ? chunk(Buffer.from(`${head}${json}}\n`)) : chunk(Buffer.from(head), json, FRAME_END);
  }

  #remember(key: string, object: KubeObject, frame: Buffer): Buffer {
    let frames = this.#frames.get(object);
    if (!frames) this.#frames.set(object, (frames = { byType: {}, bytes: 0 }));
    frames.byType[key] = frame;
    frames.bytes += frame.length;
    this.#bytes += frame.length;
    for (const [oldest, { bytes }] of this.#frames) {
      if (oldest === object || (this.#frames.size <= RECENT && this.#bytes <= RECENT_BYTES)) break;
      this.#frames.delete(oldest);
      this.#bytes -= bytes;
    }
    return frame;
  }
}

const FRAME_END = Buffer.from('}\n');
