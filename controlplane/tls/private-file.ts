/**
 * Files with secrets: read and written by their owner only, and there whole or not at all, whenever the process or the machine dies.
 */
import { closeSync, fchmodSync, fsyncSync, linkSync, openSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** Puts `data` into `file`, in place of what is there. Durable when it returns. */
export function writePrivate(file: string, data: string | Buffer): void {
  renameSync(writeAside(file, data), file);
  syncFolder(file);
}

/** As writePrivate, unless there is such a file already: that one stays. */
export function createPrivate(file: string, data: string | Buffer): void {
  const aside = writeAside(file, data);
  try {
    linkSync(aside, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    unlinkSync(aside);
  }
  syncFolder(file);
}

/** What a crash left aside is overwritten. */
function writeAside(file: string, data: string | Buffer): string {
  const aside = `${file}.new`;
  const fd = openSync(aside, 'w', 0o600);
  try {
    fchmodSync(fd, 0o600);
    writeFileSync(fd, data);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  return aside;
}

/** The name is durable only with its folder. */
function syncFolder(file: string): void {
  const fd = openSync(dirname(file), 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
