/**
 * Blobs in a folder: `ROOT/<first two digits>/<hex>`; uploads go to `ROOT/tmp/` first.
 *
 * An upload is written, checked, fsynced, renamed, and its folder fsynced: a crash leaves the whole blob or none. Paths are made from
 * the 64 hex digits only, so no digest can point outside.
 */
import { createHash, randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { BlobError, DIGEST_PATTERN, type BlobStore, type Digest } from './blob-store';

export class DiskBlobStore implements BlobStore {
  readonly maxUploads = 256;
  private readonly temporary: string;

  constructor(private readonly root: string) {
    this.temporary = join(root, 'tmp');
  }

  async start(): Promise<void> {
    await mkdir(this.temporary, { recursive: true, mode: 0o700 });
    for (const name of await readdir(this.temporary)) await rm(join(this.temporary, name), { force: true });
  }

  async put(digest: Digest, source: AsyncIterable<Buffer>, maxBytes: number): Promise<{ bytes: number }> {
    const target = this.path(digest);
    const temporary = join(this.temporary, randomUUID());
    try {
      const file = await open(temporary, constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY, 0o600);
      let bytes: number;
      try {
        bytes = await receive(file, digest, source, maxBytes);
        await file.sync();
      } finally {
        await file.close();
      }
      await mkdir(this.folder(digest), { recursive: true, mode: 0o700 });
      await rename(temporary, target);
      await syncFolder(this.folder(digest));
      await syncFolder(this.root);
      return { bytes };
    } catch (error) {
      await rm(temporary, { force: true });
      if ((error as NodeJS.ErrnoException).code === 'ENOSPC') throw new BlobError('NoSpace', 'the disk of the control plane is full');
      throw error;
    }
  }

  async read(digest: Digest, start: number, end: number): Promise<Readable> {
    try {
      const file = await open(this.path(digest), 'r');
      return file.createReadStream({ start, end, highWaterMark: 256 * 1024 });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw new BlobError('NotFound', `there is no element ${digest}`);
      throw error;
    }
  }

  async size(digest: Digest): Promise<number | undefined> {
    try {
      return (await stat(this.path(digest))).size;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  private folder(digest: Digest): string {
    if (!DIGEST_PATTERN.test(digest)) throw new BlobError('NotFound', 'an element is named "sha256:" and 64 hex digits');
    return join(this.root, digest.slice(7, 9));
  }

  private path(digest: Digest): string {
    return join(this.folder(digest), digest.slice(7));
  }
}

async function receive(file: FileHandle, digest: Digest, source: AsyncIterable<Buffer>, maxBytes: number): Promise<number> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of source) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new BlobError('TooLarge', `the element has more than ${maxBytes} bytes`);
    hash.update(chunk);
    for (let written = 0; written < chunk.length;) written += (await file.write(chunk, written)).bytesWritten;
  }
  const actual = `sha256:${hash.digest('hex')}`;
  if (actual !== digest) throw new BlobError('WrongDigest', `the ${bytes} bytes that came are ${actual}, not ${digest}: send the element again`);
  return bytes;
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
