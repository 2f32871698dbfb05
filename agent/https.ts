/** Small JSON requests to the control plane. */
import { request, type RequestOptions } from 'node:https';

/** The control plane answered with a refusal. */
export class HttpFailure extends Error {
  override readonly name = 'HttpFailure';

  constructor(readonly status: number, message: string) {
    super(message);
  }
}

const TIMEOUT_MS = 30_000;
const MAX_ANSWER_BYTES = 256 * 1024;

/** @throws HttpFailure, and Error when there is no (whole) answer */
export async function postJson(url: string, body: unknown, tls: Pick<RequestOptions, 'ca' | 'key' | 'cert'>): Promise<Record<string, unknown>> {
  const text = JSON.stringify(body);
  const { status, answer } = await new Promise<{ status: number; answer: string }>((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
    const req = request(url, { method: 'POST', agent: false, headers, timeout: TIMEOUT_MS, ...tls }, (res) => {
      let received = '';
      res.setEncoding('utf8');
      res.on('data', (chunk: string) => {
        received += chunk;
        if (received.length > MAX_ANSWER_BYTES) req.destroy(new Error('the answer is too long'));
      });
      res.on('error', reject);
      res.on('end', () => resolve({ status: res.statusCode ?? 0, answer: received }));
    });
    req.on('timeout', () => req.destroy(new Error(`no answer within ${TIMEOUT_MS / 1000} s`)));
    req.on('error', (error) => reject(new Error(`${new URL(url).origin} cannot be reached: ${error.message}`, { cause: error })));
    req.end(text);
  });
  const json = parse(answer);
  if (status >= 300) throw new HttpFailure(status, typeof json.message === 'string' ? json.message : `HTTP status ${status}`);
  return json;
}

function parse(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
