/**
 * A keep-alive HTTP/1.1 client over one TLS connection, one request at a time: as little work per request as a load generator can
 * do, because it shares the machine with what it measures.
 */
import { connect, type TLSSocket } from 'node:tls';

export interface Endpoint {
  host: string;
  port: number;
  ca: string;
  token?: string;
}

export interface HttpReply {
  status: number;
  body: string;
}

const MAX_REPLY_BYTES = 64 * 1024 * 1024;
const HEAD_END = Buffer.from('\r\n\r\n');

interface Pending {
  resolve: (reply: HttpReply) => void;
  reject: (error: Error) => void;
  onData: ((text: string) => void) | undefined;
}

interface Head {
  status: number;
  /** undefined: chunked. */
  length: number | undefined;
}

export class HttpConnection {
  private buffered: Buffer = Buffer.alloc(0);
  private head: Head | undefined;
  private chunks: Buffer[] = [];
  private bodyBytes = 0;
  private pending: Pending | undefined;
  private broken: Error | undefined;

  private constructor(
    private readonly socket: TLSSocket,
    private readonly headers: string,
  ) {
    socket.on('data', (chunk: Buffer) => this.receive(chunk));
    socket.on('error', (error) => this.fail(error));
    socket.on('close', () => this.fail(new Error('connection closed by the server')));
  }

  static open(endpoint: Endpoint): Promise<HttpConnection> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host: endpoint.host, port: endpoint.port, ca: endpoint.ca, servername: 'localhost', checkServerIdentity: () => undefined });
      socket.setNoDelay(true);
      socket.once('error', reject);
      socket.once('secureConnect', () => {
        socket.off('error', reject);
        const auth = endpoint.token === undefined ? '' : `authorization: Bearer ${endpoint.token}\r\n`;
        resolve(new HttpConnection(socket, `host: ${endpoint.host}:${endpoint.port}\r\n${auth}accept: application/json\r\n`));
      });
    });
  }

  request(method: string, path: string, body = '', contentType = 'application/json'): Promise<HttpReply> {
    return this.send(method, path, body, contentType, undefined);
  }

  /** GET whose body is passed on as it arrives; resolves when it ends, rejects when the connection does. */
  stream(path: string, onData: (text: string) => void): Promise<HttpReply> {
    return this.send('GET', path, '', 'application/json', onData);
  }

  close(): void {
    this.socket.destroy();
  }

  private send(method: string, path: string, body: string, contentType: string, onData: Pending['onData']): Promise<HttpReply> {
    if (this.broken) return Promise.reject(this.broken);
    if (this.pending) return Promise.reject(new Error('one request at a time'));
    const entity = body === '' ? '' : `content-type: ${contentType}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n`;
    this.socket.write(`${method} ${path} HTTP/1.1\r\n${this.headers}${entity}\r\n${body}`);
    return new Promise((resolve, reject) => {
      this.pending = { resolve, reject, onData };
    });
  }

  private fail(error: Error): void {
    this.broken ??= error;
    this.pending?.reject(error);
    this.pending = undefined;
  }

  private receive(chunk: Buffer): void {
    this.buffered = this.buffered.length === 0 ? chunk : Buffer.concat([this.buffered, chunk]);
    if (this.buffered.length > MAX_REPLY_BYTES) this.socket.destroy(new Error('reply too large'));
    while (this.advance());
  }

  /** One step of parsing. @returns whether another may follow */
  private advance(): boolean {
    if (this.head === undefined) return this.parseHead();
    if (this.head.length === undefined) return this.parseChunk();
    if (this.buffered.length < this.head.length) return false;
    this.chunks.push(this.take(this.head.length));
    return this.complete();
  }

  private parseHead(): boolean {
    const end = this.buffered.indexOf(HEAD_END);
    if (end < 0) return false;
    const text = this.take(end + 4).toString('latin1');
    const length = /\r\ncontent-length: *(\d+)/i.exec(text)?.[1];
    this.head = { status: Number(text.slice(9, 12)), length: length === undefined ? undefined : Number(length) };
    if (length === undefined && !/\r\ntransfer-encoding: *chunked/i.test(text)) this.head.length = 0;
    return true;
  }

  private parseChunk(): boolean {
    const line = this.buffered.indexOf('\r\n');
    if (line < 0) return false;
    const size = Number.parseInt(this.buffered.toString('latin1', 0, line), 16);
    if (this.buffered.length < line + 2 + size + 2) return false;
    this.take(line + 2);
    const data = this.take(size);
    this.take(2);
    if (size === 0) return this.complete();
    if (this.pending?.onData) this.pending.onData(data.toString('utf8'));
    else this.keep(data);
    return this.buffered.length > 0;
  }

  private keep(data: Buffer): void {
    this.bodyBytes += data.length;
    if (this.bodyBytes > MAX_REPLY_BYTES) this.socket.destroy(new Error('reply too large'));
    this.chunks.push(data);
  }

  private complete(): boolean {
    const { pending, head } = this;
    const body = this.chunks.length === 0 ? '' : Buffer.concat(this.chunks).toString('utf8');
    this.head = undefined;
    this.chunks = [];
    this.bodyBytes = 0;
    this.pending = undefined;
    pending?.resolve({ status: head!.status, body });
    return this.buffered.length > 0;
  }

  private take(bytes: number): Buffer {
    const taken = this.buffered.subarray(0, bytes);
    this.buffered = this.buffered.subarray(bytes);
    return taken;
  }
}
