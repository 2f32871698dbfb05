/** The program's `/task/status`: one JSON line. What is not understood is ignored: the file is the program's, and may be half written. */
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';

export const MAX_STATUS_BYTES = 4096;
const MAX_MESSAGE_LENGTH = 256;

export interface StatusLine {
  progress?: number;
  message?: string;
}

/** Undefined when the text holds nothing usable. */
export function parseStatusLine(text: string): StatusLine | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text.split('\n', 1)[0] ?? '');
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { progress, message } = value as Record<string, unknown>;
  const line: StatusLine = {};
  if (typeof progress === 'number' && progress >= 0 && progress <= 1) line.progress = progress;
  if (typeof message === 'string') line.message = message.replace(/\p{Cc}+/gu, ' ').slice(0, MAX_MESSAGE_LENGTH);
  return line.progress === undefined && line.message === undefined ? undefined : line;
}

/** Reads a status file when it changed since the last look. Never follows a link, never blocks on a pipe. */
export class StatusFile {
  private seen = '';

  constructor(private readonly path: string) {}

  async poll(): Promise<StatusLine | undefined> {
    const file = await open(this.path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(() => undefined);
    if (!file) return undefined;
    try {
      const stat = await file.stat();
      const version = `${stat.ino} ${stat.mtimeMs} ${stat.size}`;
      if (!stat.isFile() || version === this.seen) return undefined;
      const { buffer, bytesRead } = await file.read(Buffer.alloc(MAX_STATUS_BYTES), 0, MAX_STATUS_BYTES, 0);
      const line = parseStatusLine(buffer.toString('utf8', 0, bytesRead));
      // A line that is not whole yet is looked at again, although its time may not change any more.
      if (line) this.seen = version;
      return line;
    } catch {
      return undefined;
    } finally {
      await file.close();
    }
  }
}
