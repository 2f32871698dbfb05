import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseStatusLine, StatusFile } from './status-line';

describe('parseStatusLine', () => {
  it.each([
    ['{"progress": 0.4, "message": "half"}\n', { progress: 0.4, message: 'half' }],
    ['{"progress": 1}', { progress: 1 }],
    ['{"progress": 7, "message": "a\\u0007b"}', { message: 'a b' }],
    ['{"progress": "x"}', undefined],
    ['{"progress": 0.', undefined],
    ['', undefined],
    ['null', undefined],
    ['[1]', undefined],
  ])('%j', (text, expected) => {
    expect(parseStatusLine(text)).toEqual(expected);
  });
});

describe('StatusFile', () => {
  let folder: string;
  beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'gleaner-status-')); });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('reports a change once', async () => {
    const path = join(folder, 'status');
    const status = new StatusFile(path);
    expect(await status.poll()).toBeUndefined();
    writeFileSync(path, '{"progress": 0.5}');
    expect(await status.poll()).toEqual({ progress: 0.5 });
    expect(await status.poll()).toBeUndefined();
    writeFileSync(path, '{"progress": 0.75, "message": "x"}');
    expect(await status.poll()).toEqual({ progress: 0.75, message: 'x' });
  });

  it('does not follow links, does not wait on a pipe, and reads 4 KiB at most', async () => {
    const path = join(folder, 'status');
    writeFileSync(join(folder, 'other'), '{"progress": 0.5}');
    symlinkSync(join(folder, 'other'), path);
    expect(await new StatusFile(path).poll()).toBeUndefined();
    rmSync(path);
    execFileSync('mkfifo', [path]);
    expect(await new StatusFile(path).poll()).toBeUndefined();
    rmSync(path);
    writeFileSync(path, `{"message": "${'x'.repeat(5000)}"}`);
    expect(await new StatusFile(path).poll()).toBeUndefined();
  });
});
