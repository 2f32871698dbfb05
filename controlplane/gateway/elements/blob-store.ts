/**
 * The BlobStore port: content-addressed bytes. Implementations: a local folder; an S3-compatible bucket.
 *
 * Invariants
 * - What `put` resolved for is durable and complete, and its sha-256 is the digest; a broken or wrong upload leaves nothing.
 * - Blobs never change. Putting one that is there already is harmless.
 */
import type { Readable } from 'node:stream';

/** `sha256:<64 hex digits>` */
export type Digest = string;

export const DIGEST_PATTERN = /^sha256:[0-9a-f]{64}$/;

export interface BlobStore {
  /** Uploads at once that memory and connections suffice for. */
  readonly maxUploads: number;
  /** Ready for use; removes what interrupted uploads left. */
  start(): Promise<void>;
  /**
   * Streams `source` in.
   * @param maxBytes more is refused while it comes
   * @throws BlobError WrongDigest, TooLarge, NoSpace
   */
  put(digest: Digest, source: AsyncIterable<Buffer>, maxBytes: number): Promise<{ bytes: number }>;
  /** Bytes `start` … `end` (both included). @throws BlobError NotFound */
  read(digest: Digest, start: number, end: number): Promise<Readable>;
  /** Size, undefined: not there. */
  size(digest: Digest): Promise<number | undefined>;
}

export class BlobError extends Error {
  override readonly name = 'BlobError';

  constructor(readonly reason: 'WrongDigest' | 'TooLarge' | 'NoSpace' | 'NotFound', message: string) {
    super(message);
  }
}
