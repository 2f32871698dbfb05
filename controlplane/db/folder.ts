/** Makes a folder and what is missing above it. */
import { existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Like `mkdir -p`, mode 0700. Node's own recursive mkdir tries for ever where a file system has no room for new entries (/proc).
 * @throws Error with the system's reason
 */
export function makeFolder(path: string): void {
  if (existsSync(path)) return;
  makeFolder(dirname(path));
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}
