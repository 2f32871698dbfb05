/**
 * Unpacks a program's archive (tar or tar.gz) on the host, where the container's caps do not hold: so everything is bounded here, and
 * nothing can land outside the target. The archive comes from an issuer and is not trusted.
 *
 * Kept: folders, regular files, symbolic links whose target stays inside, hard links to files of the same archive (as copies).
 * Refused: absolute paths and `..`, anything below a symbolic link, devices and pipes, too many entries, too many bytes.
 */
import { createReadStream, createWriteStream } from 'node:fs';
import { copyFile, lstat, mkdir, open, rm, symlink } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { extract, type Header } from 'tar-stream';

export const MAX_ARCHIVE_ENTRIES = 20_000;
const MAX_DEPTH = 64;
const MAX_PATH_BYTES = 4096;

/** The archive cannot be used; the message says why. */
export class ArchiveError extends Error {}

/** `a/./b/` → `a/b`; undefined for what leaves the target, '' for the target itself. */
function safePath(name: string): string | undefined {
  if (name.startsWith('/') || name.includes('\0') || Buffer.byteLength(name) > MAX_PATH_BYTES) return undefined;
  const path = normalize(name).replace(/\/$/, '');
  if (path === '.') return '';
  const parts = path.split('/');
  return parts.includes('..') || parts.length > MAX_DEPTH ? undefined : path;
}

/** Ends with an error once more than `limit` bytes went through: a few bytes of gzip can be many of tar. */
function bounded(limit: number): Transform {
  let sum = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      sum += chunk.length;
      done(sum > limit ? new ArchiveError(`the archive unpacks to more than ${limit} bytes`) : null, chunk);
    },
  });
}

async function isGzip(path: string): Promise<boolean> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(2), 0, 2, 0);
    return bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b;
  } finally {
    await file.close();
  }
}

/** Makes the folders down to a path, none of which may be a link. */
async function makeFolders(target: string, path: string): Promise<void> {
  if (path === '' || path === '.') return;
  await makeFolders(target, dirname(path));
  const full = join(target, path);
  const stat = await lstat(full).catch(() => undefined);
  if (!stat) await mkdir(full, { mode: 0o755 });
  else if (!stat.isDirectory()) throw new ArchiveError(`${path} is a folder and something else at once`);
}

/** Returns the bytes that it wrote beyond the archive's own: copies of hard links. */
async function unpackEntry(target: string, header: Header, content: AsyncIterable<unknown>): Promise<number> {
  const path = safePath(header.name);
  if (path === undefined) throw new ArchiveError(`${JSON.stringify(header.name)} leads out of the archive's folder`);
  const full = join(target, path);
  if (header.type === 'directory') {
    await makeFolders(target, path);
    return 0;
  }
  if (path === '') throw new ArchiveError('an entry has no name');
  await makeFolders(target, dirname(path));
  await rm(full, { force: true });
  switch (header.type) {
    case 'file':
    case 'contiguous-file':
      await pipeline(Readable.from(content), createWriteStream(full, { flags: 'wx', mode: (header.mode ?? 0) & 0o111 ? 0o755 : 0o644 }));
      return 0;
    case 'symlink': {
      const to = header.linkname ?? '';
      if (to.startsWith('/') || safePath(join(dirname(path), to)) === undefined) {
        throw new ArchiveError(`the link ${path} leads to ${JSON.stringify(to)}, outside of the archive's folder`);
      }
      await symlink(to, full);
      return 0;
    }
    case 'link': {
      const from = safePath(header.linkname ?? '');
      if (!from) throw new ArchiveError(`the link ${path} leads to ${JSON.stringify(header.linkname)}, outside of the archive's folder`);
      await makeFolders(target, dirname(from));
      const stat = await lstat(join(target, from)).catch(() => undefined);
      if (!stat?.isFile()) throw new ArchiveError(`the link ${path} leads to ${from}, which is no file before it in the archive`);
      await copyFile(join(target, from), full);
      return stat.size;
    }
    default:
      throw new ArchiveError(`${path} is a ${header.type}, which an archive may not hold`);
  }
}

/**
 * Unpacks into an existing empty folder.
 * @throws ArchiveError when it cannot be used; what was unpacked until then stays for the caller to remove.
 */
export async function unpack(archive: string, target: string, maxBytes: number, signal: AbortSignal): Promise<void> {
  const tar = extract();
  let entries = 0;
  let copied = 0;
  const source = createReadStream(archive);
  const plain = (await isGzip(archive)) ? source.pipe(createGunzip()).on('close', () => source.destroy()) : source;
  source.on('error', (error) => plain.destroy(error));
  const reading = pipeline(plain, bounded(maxBytes), tar as unknown as NodeJS.WritableStream, { signal })
    .catch((error: unknown) => {
      tar.destroy();
      throw error;
    });
  // Handled below; without this an early failure would count as unhandled.
  reading.catch(() => undefined);
  try {
    for await (const entry of tar) {
      if (++entries > MAX_ARCHIVE_ENTRIES) throw new ArchiveError(`the archive holds more than ${MAX_ARCHIVE_ENTRIES} entries`);
      copied += await unpackEntry(target, entry.header, entry);
      if (copied > maxBytes) throw new ArchiveError(`the archive's hard links are copies of more than ${maxBytes} bytes`);
      entry.resume();
    }
  } catch (error) {
    const cause = await reading.catch((failure: unknown) => failure);
    throw asArchiveError(error instanceof ArchiveError ? error : (cause ?? error));
  }
  await reading.catch((error: unknown) => {
    throw asArchiveError(error);
  });
}

function asArchiveError(error: unknown): Error {
  if (error instanceof ArchiveError || (error instanceof Error && error.name === 'AbortError')) return error;
  return new ArchiveError(`the archive cannot be read: ${error instanceof Error ? error.message : String(error)}`);
}
