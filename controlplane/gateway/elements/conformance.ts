/** What every BlobStore must do, as a jest suite. Call it from the test of an implementation. */
import { createHash, randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { buffer } from 'node:stream/consumers';
import { BlobError, type BlobStore, type Digest } from './blob-store';

const MIB = 1024 * 1024;
export const digestOf = (...parts: Buffer[]): Digest => `sha256:${parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest('hex')}`;

async function* source(...parts: Buffer[]): AsyncGenerator<Buffer> {
  for (const part of parts) {
    await delay(0);
    yield part;
  }
}

async function* breaking(part: Buffer): AsyncGenerator<Buffer> {
  yield part;
  throw new Error('the client went away');
}

export interface BlobStoreUnderTest {
  /** Ready for use, and empty. */
  blobs: BlobStore;
  /** The same place, as a process would find it that is started now. */
  reopen(): Promise<BlobStore>;
  /** Whatever lies there, also of uploads that failed. */
  left(): Promise<string[]>;
  cleanup(): Promise<void>;
}

export function describeBlobStore(name: string, open: () => Promise<BlobStoreUnderTest>): void {
  describe(`BlobStore: ${name}`, () => {
    let current: BlobStoreUnderTest;
    beforeEach(async () => { current = await open(); });
    afterEach(() => current.cleanup());
    const bytesOf = async (blobs: BlobStore, digest: Digest, start: number, end: number): Promise<Buffer> => buffer(await blobs.read(digest, start, end));

    test.each([['nothing', 0], ['a byte', 1], ['less than a part', MIB], ['several parts', 13 * MIB + 7]])('keeps %s, whole and in ranges, also for the next process', async (_, size) => {
      const content = randomBytes(size);
      const digest = digestOf(content);
      const { blobs } = current;
      expect(await blobs.size(digest)).toBeUndefined();
      expect(await blobs.put(digest, source(content.subarray(0, size / 3), content.subarray(size / 3)), 20 * MIB)).toEqual({ bytes: size });
      const again = await current.reopen();
      expect(await again.size(digest)).toBe(size);
      const ranges = size === 0 ? [] : [[0, size - 1], [0, 0], [size - 1, size - 1], [Math.floor(size / 2), size - 1]] as [number, number][];
      for (const [start, end] of ranges) {
        expect((await bytesOf(again, digest, start, end)).equals(content.subarray(start, end + 1))).toBe(true);
      }
    });

    test('putting what is there already is harmless, also twice at once', async () => {
      const content = randomBytes(6 * MIB);
      const digest = digestOf(content);
      const { blobs } = current;
      await Promise.all([blobs.put(digest, source(content), 8 * MIB), blobs.put(digest, source(content), 8 * MIB)]);
      expect(await blobs.put(digest, source(content), 8 * MIB)).toEqual({ bytes: content.length });
      expect((await bytesOf(blobs, digest, 0, content.length - 1)).equals(content)).toBe(true);
    });

    test.each([['small', 1000], ['of several parts', 12 * MIB]])('a wrong, a too large and a broken upload leave nothing: %s', async (_, size) => {
      const { blobs } = current;
      const content = randomBytes(size);
      const wrong = digestOf(Buffer.from('something else'));
      const refused = async (put: Promise<unknown>): Promise<unknown> => put.then(() => 'stored', (error: unknown) => (error instanceof BlobError ? error.reason : (error as Error).message));
      expect(await refused(blobs.put(wrong, source(content), size))).toBe('WrongDigest');
      expect(await refused(blobs.put(digestOf(content), source(content), size - 1))).toBe('TooLarge');
      expect(await refused(blobs.put(digestOf(content), breaking(content), size))).toContain('went away');
      for (const digest of [wrong, digestOf(content)]) {
        expect(await blobs.size(digest)).toBeUndefined();
        await expect(blobs.read(digest, 0, 0)).rejects.toMatchObject({ name: 'BlobError', reason: 'NotFound' });
      }
      expect(await current.left()).toEqual([]);
    });

    test('a name that is no digest is not there, whatever path it could mean', async () => {
      for (const name of ['sha256:../../etc/passwd', 'sha256:', `sha256:${'A'.repeat(64)}`]) {
        await expect(current.blobs.read(name, 0, 0)).rejects.toMatchObject({ reason: 'NotFound' });
        await expect(current.blobs.put(name, source(Buffer.from('x')), 10)).rejects.toMatchObject({ name: 'BlobError' });
      }
    });
  });
}
