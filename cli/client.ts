/** HTTPS client of the command line: finds the server through a kubeconfig, speaks JSON, turns Status objects into CliErrors. */
import { createReadStream, existsSync, readFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { CliError, EXIT } from './errors';

const MAX_JSON_BYTES = 256 * 1024 * 1024;

export interface Target {
  server: string;
  ca?: string;
  token?: string;
  namespace: string;
}

/** Where `up` and `server` keep their things unless `--data` says otherwise. */
export const defaultDataDir = (env: NodeJS.ProcessEnv = process.env): string => env.GLEANER_DATA ?? join(homedir(), '.gleaner');

interface Kubeconfig {
  'current-context'?: string;
  contexts?: { name: string; context: { cluster: string; user: string; namespace?: string } }[];
  clusters?: { name: string; cluster: { server: string; 'certificate-authority-data'?: string; 'certificate-authority'?: string } }[];
  users?: { name: string; user: { token?: string } }[];
}

/**
 * The kubeconfig that counts: `--data DIR` → DIR/kubeconfig; else $KUBECONFIG (its first file); else the default data folder's.
 * @throws CliError when there is none or it names no server.
 */
export function findTarget(options: { data?: string; namespace?: string }, env: NodeJS.ProcessEnv = process.env): Target {
  const fromEnv = env.KUBECONFIG?.split(':').find((p) => p !== '');
  const file = options.data !== undefined ? join(options.data, 'kubeconfig') : (fromEnv ?? join(defaultDataDir(env), 'kubeconfig'));
  if (!existsSync(file)) {
    throw new CliError(
      `no kubeconfig at ${file}: start a server with "gleaner up", or name its data folder with --data DIR, or set KUBECONFIG`,
      EXIT.unreachable,
    );
  }
  const config = parseKubeconfig(file);
  const context = config.contexts?.find((c) => c.name === config['current-context'])?.context;
  const cluster = config.clusters?.find((c) => c.name === context?.cluster)?.cluster;
  const user = config.users?.find((u) => u.name === context?.user)?.user;
  if (context === undefined || cluster === undefined) {
    throw new CliError(`${file}: current-context "${config['current-context'] ?? ''}" names no cluster`, EXIT.unreachable);
  }
  const caData = cluster['certificate-authority-data'];
  const caFile = cluster['certificate-authority'];
  const ca = caData !== undefined ? Buffer.from(caData, 'base64').toString('utf8') : caFile !== undefined ? readFileSync(caFile, 'utf8') : undefined;
  return {
    server: cluster.server.replace(/\/$/, ''),
    namespace: options.namespace ?? context.namespace ?? 'default',
    ...(ca === undefined ? {} : { ca }),
    ...(user?.token === undefined ? {} : { token: user.token }),
  };
}

function parseKubeconfig(file: string): Kubeconfig {
  try {
    return (parse(readFileSync(file, 'utf8'), { maxAliasCount: 10 }) ?? {}) as Kubeconfig;
  } catch (error) {
    throw new CliError(`${file} is not a kubeconfig: ${(error as Error).message.split('\n')[0]}`, EXIT.unreachable);
  }
}

interface StatusBody {
  kind?: string;
  message?: string;
  reason?: string;
  code?: number;
}

export interface Reply {
  status: number;
  headers: IncomingMessage['headers'];
  stream: IncomingMessage;
}

export class Client {
  private readonly agent: HttpsAgent;

  constructor(readonly target: Target) {
    this.agent = new HttpsAgent({ keepAlive: true, maxSockets: 16, ...(target.ca === undefined ? {} : { ca: target.ca }) });
  }

  /** Ends idle connections. */
  close(): void {
    this.agent.destroy();
  }

  /** One request; the reply's body is a stream. Rejects with a CliError when the server cannot be reached or answers ≥ 400. */
  async open(method: string, path: string, options: { body?: Buffer | string; file?: string; headers?: Record<string, string>; signal?: AbortSignal } = {}): Promise<Reply> {
    const url = new URL(this.target.server + path);
    const headers: Record<string, string | number> = { accept: 'application/json', ...options.headers };
    if (this.target.token !== undefined) headers.authorization = `Bearer ${this.target.token}`;
    if (options.file !== undefined) headers['content-length'] = (await stat(options.file)).size;
    else if (options.body !== undefined) headers['content-length'] = Buffer.byteLength(options.body);
    const message = await new Promise<IncomingMessage>((resolve, reject) => {
      const req = httpsRequest(url, { method, headers, agent: this.agent, ...(options.signal === undefined ? {} : { signal: options.signal }) }, resolve);
      req.on('error', (error: NodeJS.ErrnoException) =>
        reject(error.name === 'AbortError' ? error : new CliError(`${this.target.server} cannot be reached: ${error.message}`, EXIT.unreachable)),
      );
      if (options.file === undefined) req.end(options.body);
      else createReadStream(options.file).on('error', (error) => req.destroy(error)).pipe(req);
    });
    const status = message.statusCode ?? 0;
    if (status >= 400) throw toError(status, await readAll(message));
    return { status, headers: message.headers, stream: message };
  }

  async json<T>(method: string, path: string, body?: unknown, contentType = 'application/json'): Promise<T> {
    const reply = await this.open(method, path, body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': contentType } });
    const text = await readAll(reply.stream);
    return (text === '' ? undefined : JSON.parse(text)) as T;
  }

  /** Calls `each` for every line of a newline-delimited JSON body. */
  async lines<T>(path: string, each: (value: T) => void | Promise<void>, signal?: AbortSignal): Promise<void> {
    const reply = await this.open('GET', path, signal === undefined ? {} : { signal });
    let rest = '';
    for await (const chunk of reply.stream.setEncoding('utf8')) {
      const parts = (rest + String(chunk)).split('\n');
      rest = parts.pop() ?? '';
      for (const line of parts) if (line !== '') await each(JSON.parse(line) as T);
    }
    if (rest !== '') await each(JSON.parse(rest) as T);
  }
}

async function readAll(stream: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream) {
    size += (chunk as Buffer).length;
    if (size > MAX_JSON_BYTES) throw new CliError(`the answer is larger than ${MAX_JSON_BYTES} bytes`);
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function toError(status: number, text: string): CliError {
  let body: StatusBody = {};
  try {
    body = JSON.parse(text) as StatusBody;
  } catch {
    // Not a Status object: the text itself is the message.
  }
  const message = body.message ?? (text.trim() || `HTTP ${status}`);
  const code = status === 400 ? EXIT.usage : status === 404 ? EXIT.notFound : status === 401 || status === 403 ? EXIT.forbidden : EXIT.failed;
  return new CliError(`${message}${body.reason === undefined ? '' : ` (${body.reason})`}`, code, body.reason);
}
