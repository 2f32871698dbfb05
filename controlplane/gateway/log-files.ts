/**
 * Logs in files: `ROOT/<job uid>/<index>-<attempt>.<stream>`, made when there is something. Written bytes are the kernel's: a killed process
 * loses none; a power cut may lose the last seconds of a log (results, usage and money never).
 */
import { mkdir, open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { LogStore, LogStream, LogTarget } from './log-store';

const READ_BYTES = 64 * 1024;

export class LogFiles implements LogStore {
  constructor(private readonly root: string, readonly maxJobBytes = 1024 ** 3) {}

  async append(target: LogTarget, stream: LogStream, data: Buffer, offset: number): Promise<number> {
    const file = this.path(target, stream);
    await mkdir(join(this.root, target.jobUid), { recursive: true, mode: 0o700 });
    // Not 'a': a repeated offset overwrites. Not 'w': what is there stays.
    const handle = await open(file, 'r+', 0o600).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
      return open(file, 'w', 0o600);
    });
    try {
      const grown = Math.max(0, offset + data.length - (await handle.stat()).size);
      for (let written = 0; written < data.length;) written += (await handle.write(data, written, data.length - written, offset + written)).bytesWritten;
      return grown;
    } finally {
      await handle.close();
    }
  }

  async *content(target: LogTarget, stream: LogStream, offset: number): AsyncGenerator<Buffer> {
    const handle = await open(this.path(target, stream), 'r').catch(() => undefined);
    if (!handle) return;
    try {
      const buffer = Buffer.alloc(READ_BYTES);
      for (let at = offset; ;) {
        const { bytesRead } = await handle.read(buffer, 0, READ_BYTES, at);
        if (bytesRead === 0) return;
        at += bytesRead;
        yield Buffer.from(buffer.subarray(0, bytesRead));
      }
    } finally {
      await handle.close();
    }
  }

  async newest(jobUid: string, index: number): Promise<number | undefined> {
    const names = await readdir(join(this.root, jobUid)).catch(() => []);
    const attempts = names.map((name) => new RegExp(`^${index}-(\\d+)\\.`).exec(name)?.[1]).filter((n) => n !== undefined).map(Number);
    return attempts.length === 0 ? undefined : Math.max(...attempts);
  }

  async remove(jobUid: string): Promise<void> {
    await rm(join(this.root, jobUid), { recursive: true, force: true });
  }

  private path({ jobUid, index, attempt }: LogTarget, stream: LogStream): string {
    return join(this.root, jobUid, `${index}-${attempt}.${stream}`);
  }
}
