/** Finds the programs that are measured beside ours. */
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';

/** Path of a command, also in the folders of the superuser; undefined when it is not installed. */
export function which(command: string, path: string = process.env.PATH ?? ''): string | undefined {
  for (const dir of [...path.split(':'), '/usr/sbin', '/sbin']) {
    const file = join(dir, command);
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      // Not here.
    }
  }
  return undefined;
}
