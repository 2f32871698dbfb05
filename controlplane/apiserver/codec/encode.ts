/** Objects as JSON text; a store that keeps it gives it, and watchers of one event share it. */
import type { KubeObject } from '../../../crds/meta';

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
  /** JSON of the objects encoded last, oldest first. */
  readonly #recent = new Map<KubeObject, string>();

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

  /** For objects that many watchers get at about the same time. */
  encodeShared(object: KubeObject): string {
    let text = this.#recent.get(object);
    if (text === undefined) {
      text = this.encode(object);
      this.#recent.set(object, text);
      if (this.#recent.size > RECENT) {
        for (const oldest of this.#recent.keys()) {
          this.#recent.delete(oldest);
          break;
        }
      }
    }
    return text;
  }
}
