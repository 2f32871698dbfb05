/** An HTTPS proxy before a real kube-apiserver that goes wrong when it is told to: refuses, answers late, never, or half. */
import { mkdtempSync, rmSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Agent, createServer, request, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CertificateAuthority } from '../../controlplane/tls/ca';
import type { TestKube } from './kube';

export type Fault =
  /** Answered here; the server never sees the request. */
  | { answer: number; body?: unknown; headers?: Record<string, string> }
  /** The server does it, and the answer is another one. */
  | { thenAnswer: number; body?: unknown }
  /** Of the answer's body so much comes through, then the connection breaks. */
  | { cutAfterBytes: number }
  /** Nothing ever comes. */
  | { hang: true }
  | { delayMs: number };

export class FaultyApi {
  /** What goes wrong with this request; undefined: nothing. */
  fault: (req: IncomingMessage) => Fault | undefined = () => undefined;
  readonly seen: string[] = [];
  cuts = 0;

  private constructor(
    private readonly kube: TestKube, private readonly server: Server, private readonly ca: string, private readonly folder: string, private readonly agent: Agent,
  ) {}

  static async start(kube: TestKube): Promise<FaultyApi> {
    const folder = mkdtempSync(join(tmpdir(), 'gleaner-faulty-'));
    const authority = await CertificateAuthority.open(folder);
    const pair = await authority.serverKeyPair();
    const server = createServer({ key: pair.key, cert: pair.certificate });
    const api = new FaultyApi(kube, server, authority.caCertificate, folder, new Agent({ ca: kube.server.caCertificate, keepAlive: true }));
    server.on('request', (req, res) => api.handle(req, res));
    await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
    return api;
  }

  /** Of the administrator, through here. */
  get kubeconfig(): string {
    const encoded = (pem: string): string => Buffer.from(pem).toString('base64');
    return this.kube.kubeconfig({ url: `https://127.0.0.1:${(this.server.address() as AddressInfo).port}` })
      .replaceAll(encoded(this.kube.server.caCertificate), encoded(this.ca));
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    this.agent.destroy();
    await new Promise((resolve) => { this.server.close(resolve); });
    rmSync(this.folder, { recursive: true, force: true });
  }

  private handle(req: IncomingMessage, res: ServerResponse): void {
    this.seen.push(`${req.method} ${req.url}`);
    const fault = this.fault(req);
    if (fault && 'hang' in fault) return;
    if (fault && 'answer' in fault) {
      req.resume();
      res.writeHead(fault.answer, { 'content-type': 'application/json', ...fault.headers }).end(JSON.stringify(fault.body ?? {}));
      return;
    }
    if (fault && 'delayMs' in fault) setTimeout(() => this.forward(req, res), fault.delayMs);
    else this.forward(req, res, fault);
  }

  private forward(req: IncomingMessage, res: ServerResponse, fault?: Extract<Fault, { thenAnswer: number } | { cutAfterBytes: number }>): void {
    const { host: _ours, ...headers } = req.headers;
    const upstream = request(`${this.kube.server.url}${req.url}`, { method: req.method, headers, agent: this.agent }, (answer) => {
      if (fault && 'thenAnswer' in fault) {
        answer.resume();
        answer.on('end', () => res.writeHead(fault.thenAnswer, { 'content-type': 'application/json' }).end(JSON.stringify(fault.body ?? {})));
        return;
      }
      res.writeHead(answer.statusCode ?? 502, answer.headers);
      res.flushHeaders();
      if (!fault) {
        answer.pipe(res);
        return;
      }
      let left = fault.cutAfterBytes;
      answer.on('data', (chunk: Buffer) => {
        if (left <= 0) return;
        res.write(chunk.subarray(0, left));
        left -= chunk.length;
        if (left > 0) return;
        this.cuts += 1;
        answer.destroy();
        // What was written so far goes out first: the cut is in the middle of a frame.
        setImmediate(() => res.destroy());
      });
      answer.on('end', () => res.end());
    });
    upstream.on('error', () => res.destroy());
    res.on('close', () => upstream.destroy());
    req.pipe(upstream);
  }
}
