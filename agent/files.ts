/** Small files that are there whole or not at all, and only for their owner. */
import { mkdirSync } from 'node:fs';
import { open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Durable when it resolves. */
export async function writeWhole(path: string, text: string, { durable = true }: { durable?: boolean } = {}): Promise<void> {
  const temporary = `${path}.new`;
  await rm(temporary, { force: true });
  const file = await open(temporary, 'wx', 0o600);
  try {
    await file.writeFile(text);
    if (durable) await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
  if (durable) await syncFolder(dirname(path));
}

/** undefined: it is not there. */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** What is renamed or made in the folder stays after a power cut. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Searchable by others (containers' users reach their mounts through it), not readable. */
export function makeFolder(path: string, mode = 0o700): void {
  mkdirSync(path, { recursive: true, mode });
}
