/**
 * Which data elements there are: the table `element`. A row is written after its blob is durable, so a row means a whole blob.
 * All elements together stay within a bound; uploads that are on count with what they may still become.
 */
import type { Answer, Database } from '../../db/database';
import { insert, lookup, query } from '../../db/statements';
import { BlobError, DIGEST_PATTERN, type BlobStore, type Digest } from './blob-store';
import { HttpError } from '../http/reply';

export interface CatalogOptions {
  tables: Database;
  blobs: BlobStore;
  maxElementBytes: number;
  maxTotalBytes: number;
  wall?: () => number;
}

const SIZES = lookup<{ digest: string; bytes: bigint }>('SELECT digest, bytes FROM element', 'digest', 'text');
const TOTAL = query<{ total: bigint }>('SELECT CAST(coalesce(sum(bytes), 0) AS BIGINT) AS total FROM element');
const ADD = insert('element', { digest: 'text', bytes: 'int', created_at: 'int' }, { conflict: { on: 'ignore' } });

export class ElementCatalog {
  readonly maxElementBytes: number;
  private readonly wall: () => number;
  private total = 0;
  private reserved = 0;
  private uploads = 0;

  constructor(private readonly options: CatalogOptions) {
    this.maxElementBytes = options.maxElementBytes;
    this.wall = options.wall ?? Date.now;
  }

  /** Counts what is there. Before anything else is asked. */
  async start(): Promise<void> {
    this.total = Number((await this.options.tables.select(TOTAL))[0]?.total ?? 0n);
  }

  get totalBytes(): number {
    return this.total;
  }

  /** Sizes of those elements that are known, from the index. */
  sizes(digests: readonly Digest[]): Answer<ReadonlyMap<Digest, number>> {
    const rows = this.options.tables.lookup(SIZES, digests);
    return rows instanceof Promise ? rows.then(sizesOf) : sizesOf(rows);
  }

  /** Size of a known element. */
  async bytes(digest: Digest): Promise<number | undefined> {
    return (await this.sizes([digest])).get(digest);
  }

  /**
   * Stores an element; one that is known is not read again.
   * @param declared Content-Length; absent: the most that is allowed counts until it is known
   * @throws HttpError 400 wrong digest, 413 too large, 503 too many uploads, 507 no space
   */
  async put(digest: Digest, source: AsyncIterable<Buffer>, declared: number | undefined, allowed: number): Promise<{ bytes: number; known: boolean }> {
    if (!DIGEST_PATTERN.test(digest)) throw new HttpError(400, 'BadRequest', 'an element is named "sha256:" and 64 hex digits');
    const known = await this.bytes(digest);
    if (known !== undefined) return { bytes: known, known: true };
    const most = Math.min(allowed, this.maxElementBytes);
    if (declared !== undefined && declared > most) throw tooLarge(declared, most);
    const room = this.options.maxTotalBytes - this.total - this.reserved;
    const reserve = declared ?? Math.min(most, Math.max(0, room));
    if (reserve > room || room <= 0) throw this.full(reserve);
    if (this.uploads >= this.options.blobs.maxUploads) {
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
    const changed = (count: number): void => {
      isNew = count > 0;
    };
    await this.options.tables.write([{ statement: ADD, rows: [[digest, bytes, this.wall()]], changed }]);
    return isNew;
  }

  private full(bytes: number): HttpError {
    const { maxTotalBytes } = this.options;
    return new HttpError(507, 'InsufficientStorage', `${bytes} more bytes do not fit: ${this.total} of ${maxTotalBytes} bytes for elements are used and ${this.reserved} are being uploaded; the operator can raise --max-elements-bytes or make room`);
  }
}

const sizesOf = (rows: readonly { digest: string; bytes: bigint }[]): ReadonlyMap<Digest, number> => new Map(rows.map(({ digest, bytes }) => [digest, Number(bytes)]));

const tooLarge = (declared: number | undefined, most: number): HttpError => new HttpError(
  413, 'RequestEntityTooLarge',
  `${declared === undefined ? 'the element' : `an element of ${declared} bytes`} is larger than the ${most} bytes that are allowed here`,
  { connection: 'close' });
