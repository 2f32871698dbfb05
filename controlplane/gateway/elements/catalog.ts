/**
 * Which data elements there are: the table `element`. A row is written after its blob is durable, so a row means a whole blob.
 * All elements together stay within a bound; uploads that are on count with what they may still become.
 */
import type { Database, Statement } from 'better-sqlite3';
import type { Writer } from '../../db/writer';
import { BlobError, DIGEST_PATTERN, type BlobStore, type Digest } from './blob-store';
import { HttpError } from '../http/reply';

export interface CatalogOptions {
  db: Database;
  writer: Writer;
  blobs: BlobStore;
  maxElementBytes: number;
  maxTotalBytes: number;
  maxUploads?: number;
  wall?: () => number;
}

const MAX_UPLOADS = 256;

export class ElementCatalog {
  readonly maxElementBytes: number;
  private readonly find: Statement<[string], number>;
  private readonly wall: () => number;
  private total: number;
  private reserved = 0;
  private uploads = 0;

  constructor(private readonly options: CatalogOptions) {
    this.maxElementBytes = options.maxElementBytes;
    this.wall = options.wall ?? Date.now;
    this.find = options.db.prepare<[string], number>('SELECT bytes FROM element WHERE digest = ?').pluck();
    this.total = options.db.prepare<[], number>('SELECT coalesce(sum(bytes), 0) FROM element').pluck().get() as number;
  }

  get totalBytes(): number {
    return this.total;
  }

  /** Size of a known element; synchronous, from the index. */
  bytes(digest: Digest): number | undefined {
    return this.find.get(digest);
  }

  /**
   * Stores an element; one that is known is not read again.
   * @param declared Content-Length; absent: the most that is allowed counts until it is known
   * @throws HttpError 400 wrong digest, 413 too large, 503 too many uploads, 507 no space
   */
  async put(digest: Digest, source: AsyncIterable<Buffer>, declared: number | undefined, allowed: number): Promise<{ bytes: number; known: boolean }> {
    if (!DIGEST_PATTERN.test(digest)) throw new HttpError(400, 'BadRequest', 'an element is named "sha256:" and 64 hex digits');
    const known = this.bytes(digest);
    if (known !== undefined) return { bytes: known, known: true };
    const most = Math.min(allowed, this.maxElementBytes);
    if (declared !== undefined && declared > most) throw tooLarge(declared, most);
    const room = this.options.maxTotalBytes - this.total - this.reserved;
    const reserve = declared ?? Math.min(most, Math.max(0, room));
    if (reserve > room || room <= 0) throw this.full(reserve);
    if (this.uploads >= (this.options.maxUploads ?? MAX_UPLOADS)) {
      throw new HttpError(503, 'ServiceUnavailable', `${this.uploads} uploads are on already: try again later`, { 'retry-after': '1' });
    }
    this.uploads += 1;
    this.reserved += reserve;
    try {
      const { bytes } = await this.options.blobs.put(digest, source, Math.min(most, reserve));
      const isNew = await this.record(digest, bytes);
      if (isNew) this.total += bytes;
      return { bytes, known: !isNew };
    } catch (error) {
      if (!(error instanceof BlobError)) throw error;
      if (error.reason === 'TooLarge') throw reserve < most && declared === undefined ? this.full(most) : tooLarge(undefined, declared ?? most);
      if (error.reason === 'NoSpace') throw this.full(reserve);
      throw new HttpError(400, error.reason, error.message);
    } finally {
      this.uploads -= 1;
      this.reserved -= reserve;
    }
  }

  private async record(digest: Digest, bytes: number): Promise<boolean> {
    let isNew = false;
    await this.options.writer.enqueue((db) => {
      isNew = db.prepare('INSERT OR IGNORE INTO element (digest, bytes, created_at) VALUES (?, ?, ?)').run(digest, bytes, this.wall()).changes > 0;
    });
    return isNew;
  }

  private full(bytes: number): HttpError {
    const { maxTotalBytes } = this.options;
    return new HttpError(507, 'InsufficientStorage', `${bytes} more bytes do not fit: ${this.total} of ${maxTotalBytes} bytes for elements are used and ${this.reserved} are being uploaded; the operator can raise --max-elements-bytes or make room`);
  }
}

const tooLarge = (declared: number | undefined, most: number): HttpError => new HttpError(
  413, 'RequestEntityTooLarge',
  `${declared === undefined ? 'the element' : `an element of ${declared} bytes`} is larger than the ${most} bytes that are allowed here`,
  { connection: 'close' });
