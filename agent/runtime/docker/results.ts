/**
 * Reads `out/` after the container is gone. Its content was made by a program that is not trusted: links are never followed, only
 * regular files count, and number and size are bounded before anything is read.
 */
import { constants } from 'node:fs';
import { lstat, open, opendir } from 'node:fs/promises';
import { join } from 'node:path';
import { isResultPath, MAX_INLINE_RESULT_BYTES, MAX_RESULT_FILES, MAX_RESULT_PATH_CHARS, type ResultFile } from '../../../crds/agent-link';
import type { PutElement } from '../runtime';

const MAX_DEPTH = 32;
const MAX_ENTRIES = 10 * MAX_RESULT_FILES;

/** `out/` holds what a result may not, or more; the message says what. */
export class ResultTooLargeError extends Error {}

interface Found {
  path: string;
  bytes: number;
}

/** Regular files below `root`, sorted by path. */
async function list(root: string, maxBytes: number): Promise<Found[]> {
  const found: Found[] = [];
  let entries = 0;
  let bytes = 0;
  const walk = async (folder: string, depth: number): Promise<void> => {
    if (depth > MAX_DEPTH) throw new ResultTooLargeError(`out/ is nested more than ${MAX_DEPTH} folders deep`);
    for await (const { name } of await opendir(join(root, folder))) {
      if (++entries > MAX_ENTRIES) throw new ResultTooLargeError(`out/ holds more than ${MAX_ENTRIES} entries`);
      const path = folder === '' ? name : `${folder}/${name}`;
      // The control plane takes no such name: it would refuse the report, and with it the connection.
      if (!isResultPath(path)) throw new ResultTooLargeError(`out/ holds ${JSON.stringify(path.slice(0, 100))}: names are UTF-8 without control characters and backslashes, paths at most ${MAX_RESULT_PATH_CHARS} characters long`);
      const stat = await lstat(join(root, path));
      if (stat.isDirectory()) {
        await walk(path, depth + 1);
      } else if (stat.isFile()) {
        bytes += stat.size;
        found.push({ path, bytes: stat.size });
        if (found.length > MAX_RESULT_FILES) throw new ResultTooLargeError(`out/ holds more than ${MAX_RESULT_FILES} files`);
        if (bytes > maxBytes) throw new ResultTooLargeError(`the files in out/ have more than the ${maxBytes} bytes of resources.scratch`);
      }
    }
  };
  await walk('', 0);
  return found.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/**
 * Hands every file over to `put`, `result.json` inline when it is small.
 * @throws ResultTooLargeError; what `put` throws.
 */
export async function collectResults(out: string, maxBytes: number, put: PutElement, signal: AbortSignal): Promise<{ inline?: string; files: ResultFile[] }> {
  const stat = await lstat(out).catch(() => undefined);
  if (!stat?.isDirectory()) return { files: [] };
  const files: ResultFile[] = [];
  let inline: string | undefined;
  for (const { path, bytes } of await list(out, maxBytes)) {
    const file = await open(join(out, path), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const text = path === 'result.json' && bytes <= MAX_INLINE_RESULT_BYTES ? utf8(await file.readFile()) : undefined;
      if (text !== undefined) inline = text;
      else files.push({ path, ...(await put(file, signal)) });
    } finally {
      await file.close();
    }
  }
  return { ...(inline === undefined ? {} : { inline }), files };
}

function utf8(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
