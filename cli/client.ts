/** HTTPS client of the command line: finds the server through a kubeconfig, speaks JSON, turns Status objects into CliErrors. */
import { createReadStream, existsSync, readFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parse } from 'yaml';
import { CliError, EXIT } from './errors';

const MAX_JSON_BYTES = 256 * 1024 * 1024;

export interface Target {
  /** Where objects are: the Kubernetes API that the kubeconfig names. */
  server: string;
  ca?: string;
  token?: string;
  /** PEM: the client certificate of the kubeconfig's user. */
  certificate?: string;
  key?: string;
  namespace: string;
  /** Where Gleaner's own routes are; absent: looked for in the cluster, and else at `server`. */
  gateway?: Gateway;
  /** Namespace of the operator, in which the gateway is looked for; absent: it is not looked for. */
  operatorNamespace?: string;
}

export interface Gateway {
  server: string;
  ca?: string;
}

/** Where `up` and `server` keep their things unless `--data` says otherwise. */
export const defaultDataDir = (env: NodeJS.ProcessEnv = process.env): string => env.GLEANER_DATA ?? join(homedir(), '.gleaner');

interface Kubeconfig {
  'current-context'?: string;
  contexts?: { name: string; context: { cluster: string; user: string; namespace?: string } }[];
  clusters?: { name: string; cluster: { server: string; 'certificate-authority-data'?: string; 'certificate-authority'?: string } }[];
  users?: { name: string; user: KubeconfigUser }[];
}

interface KubeconfigUser {
  token?: string;
  tokenFile?: string;
  'client-certificate-data'?: string;
  'client-certificate'?: string;
  'client-key-data'?: string;
  'client-key'?: string;
  exec?: object;
}

export interface FindOptions {
  data?: string;
  namespace?: string;
  /** URL of Gleaner's own port, and a file with the CA that it is verified by. */
  gateway?: string;
  gatewayCa?: string;
  token?: string;
}

/**
 * The kubeconfig that counts: `--data DIR` → DIR/kubeconfig; else $KUBECONFIG (its first file); else the default data folder's.
 * @throws CliError when there is none or it names no server.
 */
export function findTarget(options: FindOptions, env: NodeJS.ProcessEnv = process.env): Target {
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
  const folder = dirname(file);
  const ca = pem(folder, cluster['certificate-authority-data'], cluster['certificate-authority']);
  const certificate = pem(folder, user?.['client-certificate-data'], user?.['client-certificate']);
  const key = pem(folder, user?.['client-key-data'], user?.['client-key']);
  const token = options.token ?? env.GLEANER_TOKEN ?? user?.token ?? (user?.tokenFile === undefined ? undefined : readFileSync(resolve(folder, user.tokenFile), 'utf8').trim());
  const gateway = gatewayOf(options, env);
  return {
    server: cluster.server.replace(/\/$/, ''),
    namespace: options.namespace ?? context.namespace ?? 'default',
    ...(ca === undefined ? {} : { ca }),
    ...(token === undefined ? {} : { token }),
    ...(certificate === undefined || key === undefined ? {} : { certificate, key }),
    ...(gateway === undefined ? {} : { gateway }),
    // A data folder is that of an embedded server, which is its own gateway.
    ...(options.data === undefined ? { operatorNamespace: env.GLEANER_NAMESPACE ?? DEFAULT_OPERATOR_NAMESPACE } : {}),
  };
}

const DEFAULT_OPERATOR_NAMESPACE = 'gleaner-system';

/** Of `--gateway` and `--gateway-ca`, or their environment. @throws CliError */
function gatewayOf(options: FindOptions, env: NodeJS.ProcessEnv): Gateway | undefined {
  const server = options.gateway ?? env.GLEANER_GATEWAY;
  if (server === undefined) return undefined;
  if (!/^https:\/\/[^/]+\/?$/.test(server)) throw new CliError(`--gateway ${server}: must be https:// and a host, with no path`, EXIT.usage);
  const file = options.gatewayCa ?? env.GLEANER_GATEWAY_CA;
  if (file !== undefined && !existsSync(file)) throw new CliError(`--gateway-ca ${file}: there is no such file`, EXIT.usage);
  return { server: server.replace(/\/$/, ''), ...(file === undefined ? {} : { ca: readFileSync(file, 'utf8') }) };
}

/** What is in the kubeconfig itself counts before the file that it names. */
function pem(folder: string, data: string | undefined, file: string | undefined): string | undefined {
  if (data !== undefined) return Buffer.from(data, 'base64').toString('utf8');
  return file === undefined ? undefined : readFileSync(resolve(folder, file), 'utf8');
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

/** Without a CA: those of the system. */
const trusting = (ca: string | undefined): { ca?: string } => (ca === undefined ? {} : { ca });

interface Destination {
  server: string;
  agent: HttpsAgent;
}

export interface Reply {
  status: number;
  headers: IncomingMessage['headers'];
  stream: IncomingMessage;
}

/** Paths that Gleaner serves itself, also where objects are in a cluster. */
const OWN_PATH = /^\/(join|elements|results|logs|ledger|explain|tokens|drain)(\/|\?|$)/;
/** Where kubernetes mode says how it is reached. */
const GATEWAY_MAP = 'gleaner-gateway';

export class Client {
  private readonly api: Destination;
  private own: Promise<Destination> | undefined;
  private readonly agents: HttpsAgent[] = [];

  constructor(readonly target: Target) {
    const { server, ca, certificate, key } = target;
    this.api = { server, agent: this.agentFor({ ...(ca !== undefined && { ca }), ...(certificate !== undefined && { cert: certificate, key }) }) };
  }

  /** Ends idle connections. */
  close(): void {
    for (const agent of this.agents) agent.destroy();
  }

  private agentFor(options: { ca?: string; cert?: string; key?: string }): HttpsAgent {
    const agent = new HttpsAgent({ keepAlive: true, maxSockets: 16, ...options });
    this.agents.push(agent);
    return agent;
  }

  private destination(path: string): Destination | Promise<Destination> {
    return OWN_PATH.test(path) ? (this.own ??= this.gateway()) : this.api;
  }

  /** What was named, what the cluster announces, or (embedded) the server itself. */
  private async gateway(): Promise<Destination> {
    const { gateway, ca, operatorNamespace } = this.target;
    if (gateway) return { server: gateway.server, agent: this.agentFor(trusting(gateway.ca ?? ca)) };
    if (operatorNamespace === undefined) return this.api;
    const path = `/api/v1/namespaces/${encodeURIComponent(operatorNamespace)}/configmaps/${GATEWAY_MAP}`;
    const map = await this.json<{ data?: { url?: string; 'ca.crt'?: string } }>('GET', path).catch((error: unknown) => {
      if (error instanceof CliError && (error.exitCode === EXIT.notFound || error.exitCode === EXIT.forbidden)) return undefined;
      throw error;
    });
    const { url, 'ca.crt': announced } = map?.data ?? {};
    return url === undefined ? this.api : { server: url, agent: this.agentFor(trusting(announced ?? ca)) };
  }

  /** One request; the reply's body is a stream. Rejects with a CliError when the server cannot be reached or answers ≥ 400. */
  async open(method: string, path: string, options: { body?: Buffer | string; file?: string; headers?: Record<string, string>; signal?: AbortSignal } = {}): Promise<Reply> {
    const { server, agent } = await this.destination(path);
    if (this.target.token === undefined && server !== this.target.server) {
      throw new CliError(`${server} wants a bearer token, and the kubeconfig has none: give one by --token ("kubectl create token" makes one for a service account)`, EXIT.forbidden);
    }
    const url = new URL(server + path);
    const headers: Record<string, string | number> = { accept: 'application/json', ...options.headers };
    if (this.target.token !== undefined) headers.authorization = `Bearer ${this.target.token}`;
    if (options.file !== undefined) headers['content-length'] = (await stat(options.file)).size;
    else if (options.body !== undefined) headers['content-length'] = Buffer.byteLength(options.body);
    const message = await new Promise<IncomingMessage>((resolve, reject) => {
      const req = httpsRequest(url, { method, headers, agent, ...(options.signal === undefined ? {} : { signal: options.signal }) }, resolve);
      req.on('error', (error: NodeJS.ErrnoException) =>
        reject(error.name === 'AbortError' ? error : new CliError(`${server} cannot be reached: ${error.message}`, EXIT.unreachable)),
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
