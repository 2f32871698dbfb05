/** One HTTPS request and its whole answer. */
import type { IncomingHttpHeaders } from 'node:http';
import { request, type RequestOptions } from 'node:https';

export interface WholeAnswer<T> {
  code: number;
  headers: IncomingHttpHeaders;
  /** The body as it came. */
  bytes: Buffer;
  text: string;
  /** The body, when it is JSON; else without fields. */
  json: T;
}

/**
 * @param body what is no string or Buffer is sent as JSON
 * @throws Error when the answer does not come whole, or `timeout` passes without a byte
 */
export function exchange<T>(url: string, options: RequestOptions, body?: unknown): Promise<WholeAnswer<T>> {
  return new Promise((resolve, reject) => {
    const req = request(url, options, (res) => {
      const chunks: Buffer[] = [];
      res.on('data', (chunk: Buffer) => chunks.push(chunk));
      res.on('error', reject);
      res.on('end', () => {
        const bytes = Buffer.concat(chunks);
        const text = bytes.toString('utf8');
        resolve({ code: res.statusCode ?? 0, headers: res.headers, bytes, text, json: parseOrEmpty<T>(text) });
      });
    });
    // Node's own agent tells of five quiet seconds: a watch may be quiet.
    if (options.timeout !== undefined) req.on('timeout', () => req.destroy(new Error(`no answer within ${options.timeout} ms`)));
    req.on('error', reject);
    if (body === undefined) return req.end();
    const sent = typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
    // Node adds none to a DELETE.
    if (!req.hasHeader('Content-Length') && !req.hasHeader('Transfer-Encoding')) req.setHeader('Content-Length', Buffer.byteLength(sent));
    req.end(sent);
  });
}

function parseOrEmpty<T>(text: string): T {
  try {
    return JSON.parse(text) as T;
  } catch {
    return {} as T;
  }
}
