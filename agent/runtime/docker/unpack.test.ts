import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { pack, type Header } from 'tar-stream';
import { ArchiveError, unpack } from './unpack';

let folder: string;
let target: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gleaner-unpack-'));
  target = join(folder, 'app');
  mkdirSync(target);
});
afterEach(() => rmSync(folder, { recursive: true }));

type EntrySpec = [header: Partial<Header> & { name: string }, content?: string | Buffer];

async function archive(entries: EntrySpec[], gzip = false): Promise<string> {
  const tar = pack();
  for (const [header, content] of entries) tar.entry(header, content ?? '');
  tar.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of tar) chunks.push(chunk as Buffer);
  const path = join(folder, 'archive');
  writeFileSync(path, gzip ? gzipSync(Buffer.concat(chunks)) : Buffer.concat(chunks));
  return path;
}
const never = new AbortController().signal;
const MIB = 2 ** 20;

describe('unpack', () => {
  it.each([false, true])('unpacks files, folders and links (gzip %s)', async (gzip) => {
    const path = await archive([
      [{ name: './' , type: 'directory' }],
      [{ name: 'bin/run.sh', mode: 0o4755 }, '#!/bin/sh\n'],
      [{ name: './data/big.bin' }, Buffer.alloc(300_000, 7)],
      [{ name: 'bin/again', type: 'symlink', linkname: '../data/big.bin' }],
      [{ name: 'copy', type: 'link', linkname: 'bin/run.sh' }],
    ], gzip);
    await unpack(path, target, MIB, never);
    expect(readFileSync(join(target, 'copy'), 'utf8')).toBe('#!/bin/sh\n');
    expect(lstatSync(join(target, 'bin/run.sh')).mode & 0o7777).toBe(0o755);
    expect(readlinkSync(join(target, 'bin/again'))).toBe('../data/big.bin');
    expect(readFileSync(join(target, 'bin/again')).length).toBe(300_000);
  });

  const bad: [string, EntrySpec[], RegExp][] = [
    ['a path up', [[{ name: '../evil' }, 'x']], /"..\/evil" leads out/],
    ['a hidden path up', [[{ name: 'a/../../evil' }, 'x']], /leads out/],
    ['an absolute path', [[{ name: '/evil' }, 'x']], /leads out/],
    ['an absolute link', [[{ name: 'l', type: 'symlink', linkname: '/etc' }]], /the link l leads to "\/etc"/],
    ['a link up', [[{ name: 'a/l', type: 'symlink', linkname: '../../etc' }]], /outside/],
    ['a file below a link', [[{ name: 'l', type: 'symlink', linkname: 'd' }], [{ name: 'l/x' }, 'x']], /l is a folder and something else/],
    ['a hard link up', [[{ name: 'l', type: 'link', linkname: '../x' }]], /outside/],
    ['a hard link to a link', [[{ name: 'd' }, 'x'], [{ name: 's', type: 'symlink', linkname: 'd' }], [{ name: 'l', type: 'link', linkname: 's' }]], /no file before it/],
    ['a pipe', [[{ name: 'p', type: 'fifo' }]], /p is a fifo/],
    ['a device', [[{ name: 'p', type: 'block-device', devmajor: 8, devminor: 0 }]], /block-device/],
    ['too many bytes', [[{ name: 'x' }, Buffer.alloc(2 * MIB)]], /more than 1048576 bytes/],
    ['too many bytes of hard links', [[{ name: 'x' }, Buffer.alloc(MIB / 2)], ...[1, 2, 3].map((i): EntrySpec => [{ name: `l${i}`, type: 'link', linkname: 'x' }])], /hard links are copies/],
  ];
  it.each(bad)('refuses %s', async (_name, entries, words) => {
    const path = await archive(entries);
    const refusal = await unpack(path, target, MIB, never).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(ArchiveError);
    expect((refusal as Error).message).toMatch(words);
    expect(readdirSync(folder).sort()).toEqual(['app', 'archive']);
  });

  it('stops a gzip bomb at the bound', async () => {
    const path = await archive([[{ name: 'x' }, Buffer.alloc(64 * MIB)]], true);
    await expect(unpack(path, target, MIB, never)).rejects.toThrow('the archive unpacks to more than 1048576 bytes');
  });

  it('refuses what is no archive, and a cut one', async () => {
    const path = join(folder, 'archive');
    writeFileSync(path, Buffer.alloc(2000, 1));
    await expect(unpack(path, target, MIB, never)).rejects.toThrow(ArchiveError);
    await archive([[{ name: 'x' }, Buffer.alloc(100_000)]], true);
    writeFileSync(path, readFileSync(path).subarray(0, 60));
    await expect(unpack(path, target, MIB, never)).rejects.toThrow(ArchiveError);
  });

  it('refuses too many entries', async () => {
    const path = await archive(Array.from({ length: 20_001 }, (_, i): EntrySpec => [{ name: `d/${i}/`, type: 'directory' }]));
    await expect(unpack(path, target, 64 * MIB, never)).rejects.toThrow('more than 20000 entries');
  });
});
