/**
 * Blobs in a bucket of an S3-compatible service: `PREFIX<first two digits>/<hex>`.
 *
 * An upload is sent in parts while it comes, and completed only after all of it was read and its digest was right: before that nothing can
 * be seen under its key, and what was sent is dropped. What an upload holds in memory is one part, and the next while that is sent.
 * Parts that a killed process left are dropped at the next start.
 */
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import {
  AbortMultipartUploadCommand, GetObjectCommand, HeadBucketCommand, HeadObjectCommand, ListMultipartUploadsCommand, S3Client, S3ServiceException,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { BlobError, DIGEST_PATTERN, type BlobStore, type Digest } from './blob-store';

export interface S3Options {
  bucket: string;
  /** Before every key; ends in "/" unless it is empty. */
  prefix?: string;
  region: string;
  /** Absent: Amazon's own of the region. */
  endpoint?: string;
  /** The bucket is part of the path instead of the host's name: what most services that are not Amazon's want. */
  pathStyle?: boolean;
  /** Absent: from the environment (AWS_ACCESS_KEY_ID, …), the files that it names, or the pod's identity. */
  credentials?: { accessKeyId: string; secretAccessKey: string };
  /** Milliseconds since the epoch. */
  now?: () => number;
}

/** The least that S3 takes as a part that is not the last one. */
const PART_BYTES = 5 * 1024 * 1024;
const MAX_PARTS = 10_000;
/** Parts of an upload that began before that belong to nobody any more. */
const ABANDONED_MS = 24 * 3_600_000;
const MAX_ABANDONED = 1000;

export class S3BlobStore implements BlobStore {
  readonly maxUploads = 24;
  private readonly client: S3Client;
  private readonly prefix: string;
  private readonly now: () => number;

  constructor(private readonly options: S3Options) {
    const { region, endpoint, pathStyle = false, credentials, prefix = '' } = options;
    this.prefix = prefix;
    this.now = options.now ?? Date.now;
    this.client = new S3Client({
      region, forcePathStyle: pathStyle, maxAttempts: 4,
      ...(endpoint === undefined ? {} : { endpoint }),
      ...(credentials === undefined ? {} : { credentials }),
      // Content is checked against its name; not every service knows the checksums that are newer than that.
      requestChecksumCalculation: 'WHEN_REQUIRED', responseChecksumValidation: 'WHEN_REQUIRED',
      requestHandler: { connectionTimeout: 5_000, requestTimeout: 60_000, httpsAgent: { maxSockets: 128 }, httpAgent: { maxSockets: 128 } },
    });
  }

  async start(): Promise<void> {
    const { bucket } = this.options;
    try {
      await this.client.send(new HeadBucketCommand({ Bucket: bucket }));
    } catch (error) {
      throw new Error(`bucket ${bucket}: ${reasonOf(error)}; make it, or check its name, the endpoint, the region and the credentials`, { cause: error });
    }
    await this.dropAbandoned();
  }

  async put(digest: Digest, source: AsyncIterable<Buffer>, maxBytes: number): Promise<{ bytes: number }> {
    let bytes = 0;
    let refused: BlobError | undefined;
    async function* checked(): AsyncGenerator<Buffer> {
      const hash = createHash('sha256');
      for await (const chunk of source) {
        bytes += chunk.length;
        if (bytes > maxBytes) throw (refused = new BlobError('TooLarge', `the element has more than ${maxBytes} bytes`));
        hash.update(chunk);
        yield chunk;
      }
      const actual = `sha256:${hash.digest('hex')}`;
      if (actual !== digest) throw (refused = new BlobError('WrongDigest', `the ${bytes} bytes that came are ${actual}, not ${digest}: send the element again`));
    }
    const body = Readable.from(checked(), { objectMode: false, highWaterMark: 256 * 1024 });
    const upload = new Upload({
      client: this.client, queueSize: 1, leavePartsOnError: false, partSize: Math.max(PART_BYTES, Math.ceil(maxBytes / MAX_PARTS)),
      params: { Bucket: this.options.bucket, Key: this.key(digest), Body: body, ContentType: 'application/octet-stream' },
    });
    try {
      await upload.done();
    } catch (error) {
      body.destroy();
      if (refused) throw refused;
      if (isFull(error)) throw new BlobError('NoSpace', 'the bucket of the control plane is full');
      throw error;
    }
    return { bytes };
  }

  async read(digest: Digest, start: number, end: number): Promise<Readable> {
    try {
      const { Body } = await this.client.send(new GetObjectCommand({ Bucket: this.options.bucket, Key: this.key(digest), Range: `bytes=${start}-${end}` }));
      if (!(Body instanceof Readable)) throw new Error(`bucket ${this.options.bucket}: an answer without a body for ${digest}`);
      return Body;
    } catch (error) {
      if (isMissing(error)) throw new BlobError('NotFound', `there is no element ${digest}`);
      throw error;
    }
  }

  async size(digest: Digest): Promise<number | undefined> {
    try {
      const { ContentLength } = await this.client.send(new HeadObjectCommand({ Bucket: this.options.bucket, Key: this.key(digest) }));
      return ContentLength;
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  stop(): void {
    this.client.destroy();
  }

  private async dropAbandoned(): Promise<void> {
    const { bucket: Bucket } = this.options;
    const { Uploads = [] } = await this.client.send(new ListMultipartUploadsCommand({ Bucket, Prefix: this.prefix, MaxUploads: MAX_ABANDONED }));
    for (const { Key, UploadId, Initiated } of Uploads) {
      if (Initiated === undefined || Initiated.getTime() > this.now() - ABANDONED_MS) continue;
      await this.client.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId })).catch((error: unknown) => {
        if (!isMissing(error)) throw error;
      });
    }
  }

  private key(digest: Digest): string {
    if (!DIGEST_PATTERN.test(digest)) throw new BlobError('NotFound', 'an element is named "sha256:" and 64 hex digits');
    return `${this.prefix}${digest.slice(7, 9)}/${digest.slice(7)}`;
  }
}

const statusOf = (error: unknown): number | undefined => (error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined);
const isMissing = (error: unknown): boolean => statusOf(error) === 404;
const isFull = (error: unknown): boolean =>
  statusOf(error) === 507 || (error instanceof S3ServiceException && ['QuotaExceeded', 'XMinioStorageFull', 'InsufficientCapacity'].includes(error.name));

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const status = statusOf(error);
  if (status === 404) return 'there is no such bucket';
  if (status === 403) return 'the credentials may not use it';
  return error.message === '' || error.message === 'UnknownError' ? `${error.name}${status === undefined ? '' : ` (${status})`}` : error.message;
}
