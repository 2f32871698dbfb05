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

const RECENT = 512;

export class Encoder {
  readonly #source: EncodedSource | undefined;
  /** Frames of the objects that were sent last, oldest first; by type of event. */
  readonly #frames = new Map<KubeObject, Record<string, Buffer>>();

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
    let frames = this.#frames.get(object);
    if (!frames) this.#remember(object, (frames = {}));
    return (frames[type] ??= this.#makeFrame(type, object));
  }

  /** As `frame`, in protobuf; undefined when objects of the kind are not written so. */
  protobufFrame(type: string, object: KubeObject): Buffer | undefined {
    let frames = this.#frames.get(object);
    if (!frames) this.#remember(object, (frames = {}));
    const key = `${type} protobuf`;
    const made = frames[key] ?? toProtobuf(object);
    return made && (frames[key] ??= chunk(protobufFrame(type, made)));
  }

  #makeFrame(type: string, object: KubeObject): Buffer {
    const json = this.encodeBytes(object);
    const head = `{"type":"${type}","object":`;
    return typeof json === 'string' ? chunk(Buffer.from(`${head}${json}}\n`)) : chunk(Buffer.from(head), json, FRAME_END);
  }

  #remember(object: KubeObject, frames: Record<string, Buffer>): void {
    this.#frames.set(object, frames);
    if (this.#frames.size <= RECENT) return;
    const [oldest] = this.#frames.keys();
    this.#frames.delete(oldest);
  }
}

const FRAME_END = Buffer.from('}\n');
