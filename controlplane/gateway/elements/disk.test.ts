import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeBlobStore } from './conformance';
import { DiskBlobStore } from './disk';

const files = (root: string): string[] => readdirSync(root, { recursive: true, withFileTypes: true }).filter((each) => each.isFile()).map((each) => each.name);

describeBlobStore('a folder', async () => {
  const root = mkdtempSync(join(tmpdir(), 'gleaner-blobs-'));
  const open = async (): Promise<DiskBlobStore> => {
    const blobs = new DiskBlobStore(root);
    await blobs.start();
    return blobs;
  };
  return { blobs: await open(), reopen: open, left: async () => files(root), cleanup: async () => rmSync(root, { recursive: true, force: true }) };
});

test('what interrupted uploads left is removed at the start', async () => {
  const root = mkdtempSync(join(tmpdir(), 'gleaner-blobs-'));
  mkdirSync(join(root, 'tmp'));
  writeFileSync(join(root, 'tmp', 'half'), 'half');
  await new DiskBlobStore(root).start();
  expect(files(root)).toEqual([]);
  rmSync(root, { recursive: true });
});
