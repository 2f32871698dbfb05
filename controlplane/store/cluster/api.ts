/**
 * HTTPS to a Kubernetes API: HTTP/1.1 on kept connections, a bounded number at a time, every request with an end.
 *
 * What is tried again, with growing and spread pauses (the server's Retry-After is obeyed): 429 and 5xx, and connections that break.
 * Of a write whose connection broke it is not known whether it took place: `reply.repeated` says that it was sent more than once, and
 * whoever asked must take "is there already" or "is gone already" for what it may be. Once closed, nothing is sent any more, what is
 * under way is cut: a leader that lost its lease writes nothing.
 */
import { setMaxListeners } from 'node:events';
import { Agent, request as httpsRequest } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { StoreError } from '../store';
import type { Access, Credentials } from './credentials';
import { errorOf, mayPass, retryAfterMs } from './errors';
import { Gate } from './gate';

export interface ApiRequest {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  path: string;
  query?: Record<string, string>;
  body?: unknown;
  contentType?: string;
}

export interface ApiReply {
  status: number;
  body: unknown;
  /** It was sent before, and it is not known what came of it. */
  repeated: boolean;
}

export interface KubeApiOptions {
  credentials: Credentials;
  /** Requests at a time, watches aside. */
  maxInFlight?: number;
  maxQueued?: number;
  /** Of one try. */
  timeoutMs?: number;
  maxTries?: number;
  maxBodyBytes?: number;
  /** How long a write that is sent now may take, at most; undefined: no bound but `timeoutMs`. 0 or less: it may not be sent. */
  writeWindowMs?: () => number | undefined;
  random?: () => number;
  delay?: (ms: number) => Promise<void>;
  onRetry?: (what: string, why: string) => void;
}

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 10_000;
/** Silence after which the other end is probed: a machine that is gone sends no reset. */
const TCP_PROBE_MS = 10_000;

const sleep = (ms: number): Promise<void> => new Promise((resolve) => { setTimeout(resolve, ms); });

export class KubeApi {
  private readonly gate: Gate;
  private readonly stopping = new AbortController();
  private agents: { generation: number; requests: Agent; watches: Agent } | undefined;
  private readonly options: Required<Omit<KubeApiOptions, 'writeWindowMs' | 'onRetry'>> & Pick<KubeApiOptions, 'writeWindowMs' | 'onRetry'>;

  constructor(options: KubeApiOptions) {
    this.options = {
      maxInFlight: 32, maxQueued: 20_000, timeoutMs: 15_000, maxTries: 6, maxBodyBytes: 256 * 1024 * 1024, random: Math.random, delay: sleep, ...options,
    };
    setMaxListeners(0, this.stopping.signal);
    this.gate = new Gate(this.options.maxInFlight, this.options.maxQueued);
  }

  get server(): string {
    return this.options.credentials.server;
  }

  get closed(): boolean {
    return this.stopping.signal.aborted;
  }

  /** Cuts everything, and lets nothing more through. */
  close(why = 'the connection to the Kubernetes API was closed'): void {
    if (this.closed) return;
    const error = new StoreError('Unavailable', why);
    this.gate.close(error);
    this.stopping.abort(error);
    this.agents?.requests.destroy();
    this.agents?.watches.destroy();
  }

  /** The answer, whatever its status. @throws StoreError Unavailable when there is none */
  async request(request: ApiRequest): Promise<ApiReply> {
    let repeated = false;
    for (let tries = 1; ; tries += 1) {
      const outcome = await this.once(request);
      // A token that was rotated a moment ago: once more with the new one.
      const again = 'failed' in outcome ? outcome.failed.retryable : mayPass(outcome.status, outcome.body) || (outcome.status === 401 && tries === 1);
      if (!again || tries >= this.options.maxTries || this.closed) {
        if ('failed' in outcome) throw outcome.failed;
        return { status: outcome.status, body: outcome.body, repeated };
      }
      // 401 and 429 were turned away before anything happened.
      if (request.method !== 'GET' && !('status' in outcome && outcome.status < 500)) repeated = true;
      const asked = 'failed' in outcome ? undefined : outcome.retryAfterMs;
      this.options.onRetry?.(`${request.method} ${request.path}`, 'failed' in outcome ? outcome.failed.message : `status ${outcome.status}`);
      await this.options.delay(this.pause(tries, asked));
      if (this.closed) throw this.reason();
    }
  }

  /** A success' body. @throws StoreError */
  async json(request: ApiRequest): Promise<unknown> {
    const { status, body } = await this.request(request);
    if (status >= 400) throw errorOf(status, body, `${request.method} ${request.path}`);
    return body;
  }

  /** Opens a watch: its answer's head; the body is for the caller. One try. @throws StoreError */
  async stream(path: string, query: Record<string, string>, signal: AbortSignal): Promise<IncomingMessage> {
    const { response } = await this.send({ method: 'GET', path, query }, this.options.timeoutMs, 'watches', signal);
    const status = response.statusCode ?? 0;
    if (status < 300) return response;
    const body = parse(await readAll(response, 1024 * 1024));
    if (status === 401) this.options.credentials.refused();
    const error = errorOf(status, body, `watch ${path}`);
    throw Object.assign(error, { retryAfterMs: retryAfterMs(response.headers['retry-after'], body) });
  }

  /** Doubled each time, half of it by chance; what the server asks for is the least. */
  pause(failures: number, askedMs = 0): number {
    const ms = Math.min(FIRST_PAUSE_MS * 2 ** Math.min(failures - 1, 16), LONGEST_PAUSE_MS);
    return Math.max(askedMs, 0) + ms * (0.5 + this.options.random() / 2);
  }

  private reason(): StoreError {
    return this.stopping.signal.reason as StoreError;
  }

  private async once(request: ApiRequest): Promise<{ status: number; body: unknown; retryAfterMs: number | undefined } | { failed: StoreError }> {
    let leave: () => void = () => undefined;
    try {
      leave = await this.gate.enter();
      const timeoutMs = this.timeoutOf(request);
      const { response, done } = await this.send(request, timeoutMs, 'requests', this.stopping.signal);
      const text = await readAll(response, this.options.maxBodyBytes).finally(done);
      const status = response.statusCode ?? 0;
      if (status === 401) this.options.credentials.refused();
      const body = parse(text);
      return { status, body, retryAfterMs: retryAfterMs(response.headers['retry-after'], body) };
    } catch (error) {
      if (this.closed) throw this.reason();
      return { failed: error instanceof StoreError ? error : unavailable(request, error) };
    } finally {
      leave();
    }
  }

  private timeoutOf({ method }: ApiRequest): number {
    const window = method === 'GET' ? undefined : this.options.writeWindowMs?.();
    if (window === undefined) return this.options.timeoutMs;
    if (window <= 0) throw new StoreError('Unavailable', 'this replica is no longer sure to be the leader: nothing is written');
    return Math.min(this.options.timeoutMs, Math.max(1, Math.floor(window)));
  }

  /** Resolves with the head of the answer. `done` ends the deadline, which else goes on over the body. */
  private async send(
    { method, path, query = {}, body, contentType = 'application/json' }: ApiRequest, timeoutMs: number, kind: 'requests' | 'watches', signal: AbortSignal,
  ): Promise<{ response: IncomingMessage; done: () => void }> {
    const access = await this.options.credentials.get();
    if (this.closed) throw this.reason();
    const agent = this.agentsFor(access.generation, access.tls)[kind];
    // The server gives up together with us: a write is not done after we have taken it for failed.
    const params = new URLSearchParams(method === 'GET' ? query : { ...query, timeout: `${timeoutMs}ms` });
    const url = new URL(`${this.server}${path}${params.size === 0 ? '' : `?${params.toString()}`}`);
    const text = body === undefined ? undefined : JSON.stringify(body);
    return new Promise((resolve, reject) => {
      const headers: Record<string, string | number> = { accept: 'application/json', 'user-agent': 'gleaner', ...access.headers };
      if (text !== undefined) Object.assign(headers, { 'content-type': contentType, 'content-length': Buffer.byteLength(text) });
      const req = httpsRequest(url, { method, headers, agent, signal, ...access.tls });
      const timer = setTimeout(() => req.destroy(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
      const done = (): void => clearTimeout(timer);
      req.on('error', (error) => {
        done();
        reject(error);
      });
      req.on('close', done);
      req.on('response', (response) => {
        if (kind === 'watches') done();
        resolve({ response, done });
      });
      req.end(text);
    });
  }

  private agentsFor(generation: number, tls: Access['tls']): { requests: Agent; watches: Agent } {
    if (this.agents?.generation === generation) return this.agents;
    this.agents?.requests.destroy();
    const common = { keepAlive: true, keepAliveMsecs: TCP_PROBE_MS, ALPNProtocols: ['http/1.1'], ...tls };
    this.agents = {
      generation,
      requests: new Agent({ ...common, maxSockets: this.options.maxInFlight, maxFreeSockets: this.options.maxInFlight, scheduling: 'lifo' }),
      watches: new Agent({ ...common, keepAlive: false }),
    };
    return this.agents;
  }
}

function unavailable({ method, path }: ApiRequest, cause: unknown): StoreError {
  return new StoreError('Unavailable', `${method} ${path}: ${cause instanceof Error ? cause.message : String(cause)}`, {}, cause);
}

async function readAll(response: IncomingMessage, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response) {
    bytes += (chunk as Buffer).length;
    if (bytes > maxBytes) throw new StoreError('Invalid', `the answer of the Kubernetes API has more than ${maxBytes} bytes`);
    chunks.push(chunk as Buffer);
  }
  if (!response.complete) throw new Error('the connection broke in the middle of the answer');
  return Buffer.concat(chunks).toString('utf8');
}

/** JSON, or the text itself. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
