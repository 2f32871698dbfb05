import { createHash } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PutElement } from '../runtime';
import { collectResults } from './results';

let folder: string;
let out: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gleaner-results-'));
  out = join(folder, 'out');
  mkdirSync(join(out, 'a/b'), { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true }));

const put: PutElement = async (file) => {
  const content = await file.readFile();
  return { element: `sha256:${createHash('sha256').update(content).digest('hex')}`, bytes: content.length };
};
const collect = (): ReturnType<typeof collectResults> => collectResults(out, 2 ** 20, put, new AbortController().signal);

describe('collectResults', () => {
  it('takes regular files, result.json inline', async () => {
    writeFileSync(join(out, 'result.json'), '{"x":1}');
    writeFileSync(join(out, 'a/b/c.txt'), 'c');
    const { inline, files } = await collect();
    expect(inline).toBe('{"x":1}');
    expect(files).toEqual([{ path: 'a/b/c.txt', element: 'sha256:2e7d2c03a9507ae265ecf5b5356885a53393a2029d241394997265a1a25aefc6', bytes: 1 }]);
  });

  it('keeps a result.json that is large or no text as a file', async () => {
    writeFileSync(join(out, 'result.json'), Buffer.alloc(64 * 1024 + 1, 32));
    expect(await collect()).toMatchObject({ files: [{ path: 'result.json', bytes: 64 * 1024 + 1 }] });
    writeFileSync(join(out, 'result.json'), Buffer.from([0xff, 0xfe]));
    expect((await collect()).inline).toBeUndefined();
  });

  it('never follows links and leaves out what is no file', async () => {
    writeFileSync(join(folder, 'secret'), 'secret');
    symlinkSync(join(folder, 'secret'), join(out, 'result.json'));
    symlinkSync('/etc', join(out, 'etc'));
    execFileSync('mkfifo', [join(out, 'pipe')]);
    expect(await collect()).toEqual({ files: [] });
  });

  it('takes nothing when out/ itself is a link', async () => {
    rmSync(out, { recursive: true });
    symlinkSync('/etc', out);
    expect(await collect()).toEqual({ files: [] });
  });

  it.each([['a newline', Buffer.from('a\nb')], ['a backslash', Buffer.from('a\\b')], ['no UTF-8', Buffer.from([0xff, 0x41])]])('refuses a name with %s, which nobody would take', async (_what, name) => {
    writeFileSync(Buffer.concat([Buffer.from(`${out}/`), name]), 'x');
    await expect(collect()).rejects.toThrow('names are UTF-8 without control characters and backslashes');
  });

  it('refuses paths that are too long', async () => {
    const deep = join(out, ...Array.from({ length: 6 }, () => 'd'.repeat(200)));
    mkdirSync(deep, { recursive: true });
    await expect(collect()).rejects.toThrow('at most 1024 characters');
  });

  it('refuses too many files, too many bytes (sparse ones too), too deep folders', async () => {
    writeFileSync(join(out, 'sparse'), '');
    truncateSync(join(out, 'sparse'), 2 ** 40);
    await expect(collect()).rejects.toThrow('more than the 1048576 bytes');
    rmSync(join(out, 'sparse'));
    mkdirSync(join(out, 'd/'.repeat(40)), { recursive: true });
    await expect(collect()).rejects.toThrow('nested more than 32');
    rmSync(join(out, 'd'), { recursive: true });
    for (let i = 0; i < 1001; i++) writeFileSync(join(out, `f${i}`), '');
    await expect(collect()).rejects.toThrow('more than 1000 files');
  });
});
