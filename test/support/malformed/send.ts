/** Sends malformed requests, several at a time, and says what is wrong with the answers. */
import { Agent, request } from 'node:https';
import { connect } from 'node:tls';

import type { Identity, Malformed } from './requests';

export interface Connection {
  host: string;
  port: number;
  ca: string;
  /** Of whom requests are sent as; of `anonymous` there is none. */
  tokens: Readonly<Partial<Record<Identity, string>>>;
}

export interface Reply {
  /** 0: the connection was closed without an answer. */
  code: number;
  type: string;
  text: string;
}

const ANSWER_MS = 20_000;
/** A watch is left as soon as it has begun, and raw bytes that get no answer are left. */
const PATIENCE_MS = 150;
const MAX_TEXT = 100_000;

export class Sender {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 16 });

  constructor(private readonly connection: Connection) {}

  close(): void {
    this.#agent.destroy();
  }

  send(malformed: Malformed): Promise<Reply> {
    return malformed.raw ? this.#sendRaw(malformed.body?.bytes ?? Buffer.alloc(0)) : this.#sendHttp(malformed);
  }

  #sendHttp({ method, path, headers, body, as = 'administrator' }: Malformed): Promise<Reply> {
    const { host, port, ca, tokens } = this.connection;
    const token = tokens[as];
    return new Promise((resolve, reject) => {
      const sent = { ...(token !== undefined && { Authorization: `Bearer ${token}` }), ...(body && { 'Content-Type': body.type, 'Content-Length': String(body.bytes.length) }), ...headers };
      const req = request({ host, port, ca, method, path, headers: sent, agent: this.#agent, servername: '' }, (res) => {
        let text = '';
        const done = (): void => {
          clearTimeout(timer);
          resolve({ code: res.statusCode ?? 0, type: res.headers['content-type'] ?? '', text });
        };
        const timer = setTimeout(() => {
          res.destroy();
          done();
        }, PATIENCE_MS + (isWatch(path) ? 0 : ANSWER_MS));
        res.setEncoding('utf8');
        res.on('data', (chunk: string) => {
          if (text.length < MAX_TEXT) text += chunk;
        });
        res.on('end', done);
        res.on('error', done);
        res.on('close', done);
      });
      req.setTimeout(ANSWER_MS, () => req.destroy(new Error(`no answer within ${ANSWER_MS} ms`)));
      // A server may answer and close while the body is still being sent.
      req.on('error', (error: NodeJS.ErrnoException) => (error.code === 'ECONNRESET' || error.code === 'EPIPE' || error.code?.startsWith('HPE_') ? resolve({ code: 0, type: '', text: '' }) : reject(error)));
      req.end(body?.bytes);
    });
  }

  #sendRaw(bytes: Buffer): Promise<Reply> {
    const { host, port, ca } = this.connection;
    return new Promise((resolve, reject) => {
      let text = '';
      const socket = connect({ host, port, ca, servername: '' }, () => socket.write(bytes));
      const done = (): void => {
        clearTimeout(timer);
        socket.destroy();
        resolve({ code: Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0), type: '', text });
      };
      const timer = setTimeout(done, PATIENCE_MS * 2);
      socket.setEncoding('latin1');
      socket.on('data', (chunk: string) => {
        if (text.length < MAX_TEXT) text += chunk;
      });
      socket.on('end', done);
      socket.on('error', (error: NodeJS.ErrnoException) => (error.code === 'ECONNRESET' || error.code === 'EPIPE' ? done() : reject(error)));
    });
  }
}

const isWatch = (path: string): boolean => /[?&]watch|\/watch\//i.test(path);

/** A time that is over, or a revision that has not happened yet: a 504 was asked for. Nothing that a client sends makes a 503 right. */
const asksForTimeout = (path: string): boolean => /[?&](?:timeout|resourceVersion)=/.test(path);

/** undefined: a proper answer. Only bytes that may be no request are left without one. */
export function complaint({ method, path, raw = false }: Pick<Malformed, 'method' | 'path' | 'raw'>, { code, type, text }: Reply): string | undefined {
  if (code === 0 && !raw) return 'the connection was closed without an answer';
  if (code >= 500 && !(code === 504 && asksForTimeout(path))) return `answered ${code}: ${text.slice(0, 500)}`;
  if (/^[^"]*at .*\.(?:js|ts):\d+/m.test(text)) return `shows the server's inside: ${text.slice(0, 500)}`;
  if (code < 400 || method === 'HEAD' || !type.startsWith('application/json')) return undefined;
  try {
    const { kind, status, code: said, message } = JSON.parse(text) as Record<string, unknown>;
    return kind === 'Status' && status === 'Failure' && said === code && typeof message === 'string' ? undefined : `is no Status of ${code}: ${text.slice(0, 500)}`;
  } catch {
    return text.length >= MAX_TEXT ? undefined : `is no JSON: ${text.slice(0, 500)}`;
  }
}

/** Runs `task` over all items, `width` at a time. */
export async function inParallel<T>(items: readonly T[], width: number, task: (item: T, index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < items.length; index = next++) await task(items[index], index);
  };
  await Promise.all(Array.from({ length: width }, worker));
}
