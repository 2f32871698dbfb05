/**
 * Large answers are sent with gzip to clients that take it, as kube-apiserver does: from 128 KiB on, at its fastest level. Watches never are.
 */
import type { ServerResponse } from 'node:http';
import { createGzip, gzip, type Gzip } from 'node:zlib';

export const COMPRESS_FROM_BYTES = 128 * 1024;
const OPTIONS = { level: 1 };

/** Whether the client that gets `res` takes gzip. */
export function takesGzip({ req }: ServerResponse): boolean {
  const header = req.headers['accept-encoding'];
  if (typeof header !== 'string' || header === '') return false;
  return header.split(',').some((clause) => clause.split(';', 1)[0].trim() === 'gzip');
}

export function gzipBytes(bytes: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    gzip(bytes, OPTIONS, (error, result) => (error ? reject(error) : resolve(result)));
  });
}

export const gzipStream = (): Gzip => createGzip(OPTIONS);
