/** Non-resource URLs: health, version, discovery, OpenAPI, the documents of other parts, and the list of all paths. */
import type { IncomingMessage, ServerResponse } from 'node:http';

import { Discovery, type Document } from './discovery/discovery';
import { OpenApi, type OpenApiAnswer } from './discovery/openapi/serve';
import { negotiate, plainForm, type AnswerForm } from './http/accept';
import { methodNotAllowed } from './http/errors';
import { health, healthRoot, type HealthChecks, type HealthRoot } from './http/health';
import { forReader, JSON_TYPE, sendDocument, sendText } from './http/respond';
import type { ResourceRegistry } from './resources/registry';

/** Documents at paths that are no resources, made when they are asked for. */
export type Documents = ReadonlyMap<string, () => Document>;

export interface NonResourceOptions {
  registry: ResourceRegistry;
  documents?: Documents;
  /** Of other parts on the same port, to be listed. */
  otherPaths?: readonly string[];
  /** Gleaner's version, for `/version`. */
  version?: string;
  /** Whether requests can be served: `/readyz`. */
  ready?: () => boolean;
  stopping: () => boolean;
  now?: () => number;
}

/** The Kubernetes whose API this is. */
const KUBERNETES_VERSION = { major: '1', minor: '32', release: 'v1.32.0' };

export class NonResourceUrls {
  readonly #documents: Documents;
  readonly #otherPaths: readonly string[];
  readonly #registry: ResourceRegistry;
  readonly #discovery: Discovery;
  readonly #openApi: OpenApi;
  readonly #version: string;
  readonly #checks: HealthChecks;

  constructor({ registry, documents = new Map(), otherPaths = [], version = '0.1.0', ready = () => true, stopping, now = Date.now }: NonResourceOptions) {
    this.#documents = documents;
    this.#otherPaths = otherPaths;
    this.#registry = registry;
    this.#version = version;
    this.#discovery = new Discovery(registry);
    this.#openApi = new OpenApi(registry, version, now);
    const live = [{ name: 'ping', ok: () => true }, { name: 'log', ok: () => true }];
    this.#checks = { '/healthz': live, '/livez': live, '/readyz': [...live, { name: 'controllers', ok: ready }, { name: 'shutdown', ok: () => !stopping() }] };
  }

  /** Answers what anyone may see. @returns whether this was it */
  serveToAll(res: ServerResponse, url: string, path: string): boolean {
    const target = healthRoot(path);
    if (target?.check !== '') return false;
    this.#health(res, url, target);
    return true;
  }

  /** Answers whoever was authorized. @returns whether there is something at that path @throws ApiError */
  serve(req: IncomingMessage, res: ServerResponse, path: string, labels: { resource: string }): boolean {
    if (path === '/' || path === '/index.html') {
      labels.resource = 'discovery';
      // Whatever the method, and whatever the client takes.
      sendDocument(req, res, { contentType: JSON_TYPE, body: JSON.stringify({ paths: this.#paths() }, null, 2) });
      return true;
    }
    const trimmed = withoutSlashes(path);
    if (trimmed === '/openapi/v2' || trimmed === '/openapi/v3' || trimmed.startsWith('/openapi/v3/')) {
      labels.resource = 'openapi';
      sendOpenApi(req, res, this.#openApi.answer(trimmed, req.headers.accept, new URLSearchParams((req.url ?? '').split('?', 2)[1] ?? '').get('hash') ?? undefined));
      return true;
    }
    const found = this.#document(req, trimmed);
    if (found) {
      labels.resource = found.label;
      if (req.method !== 'GET') throw methodNotAllowed();
      sendDocument(req, res, found.label === 'discovery' ? forReader(req, found.document) : found.document);
      return true;
    }
    const check = healthRoot(path);
    if (check) this.#health(res, '', check);
    return check !== undefined;
  }

  #health(res: ServerResponse, url: string, { root, check }: { root: HealthRoot; check: string }): void {
    const { code, text } = health(this.#checks, root, check, new URLSearchParams(url.split('?', 2)[1] ?? ''));
    sendText(res, code, text);
  }

  #document(req: IncomingMessage, path: string): { label: string; document: Document } | undefined {
    const labelled = (label: string, document: Document | undefined) => document && { label, document };
    if (path === '/version') {
      negotiate(req.headers.accept, ({ yaml, protobuf }) => !yaml && !protobuf, JSON_TYPE);
      return labelled('version', { contentType: JSON_TYPE, body: JSON.stringify(this.#versionInfo(), null, 2) });
    }
    const other = this.#documents.get(path);
    if (other) return labelled('document', other());
    return labelled('discovery', this.#discovery.answer(path, discoveryForm(req, path)));
  }

  /** What there is, as kube-apiserver lists it: documents, groups and their versions, each health check. */
  #paths(): string[] {
    const groups = this.#registry.groupVersions().flatMap((gv) => (gv.includes('/') ? [`/apis/${gv.split('/', 1)[0]}`, `/apis/${gv}`] : [`/api/${gv}`]));
    const checks = Object.entries(this.#checks).flatMap(([root, all]) => [root, ...all.map(({ name }) => `${root}/${name}`)]);
    const fixed = ['/api', '/apis', '/apis/', '/openapi/v2', '/openapi/v3', '/openapi/v3/', '/version'];
    return [...new Set([...fixed, ...groups, ...checks, ...this.#documents.keys(), ...this.#otherPaths])].sort();
  }

  #versionInfo(): object {
    const { major, minor, release } = KUBERNETES_VERSION;
    return {
      major, minor,
      gitVersion: `${release}-gleaner.${this.#version}`,
      gitCommit: '', gitTreeState: 'clean', buildDate: '1970-01-01T00:00:00Z', goVersion: '', compiler: 'node',
      platform: goPlatform(process.platform, process.arch),
    };
  }
}

const GO_SYSTEMS: Readonly<Record<string, string>> = { win32: 'windows', sunos: 'solaris' };
const GO_ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386', ppc64: 'ppc64le' };

/** A platform of Node as Go, and so every client, calls it: `linux/amd64`, `linux/arm64`. */
export const goPlatform = (system: string, architecture: string): string => `${GO_SYSTEMS[system] ?? system}/${GO_ARCHITECTURES[architecture] ?? architecture}`;

function sendOpenApi(req: IncomingMessage, res: ServerResponse, answer: OpenApiAnswer | undefined): void {
  if (!answer) return sendText(res, 404, '404 page not found\n');
  if (req.method !== 'GET' && req.method !== 'HEAD') throw methodNotAllowed();
  switch (answer.kind) {
    case 'redirect':
      res.writeHead(301, { Location: answer.location, 'Content-Length': 0 });
      return void res.end();
    case 'notAcceptable':
      return sendText(res, 406, '');
    case 'document':
      return sendDocument(req, res, answer);
  }
}

/** `/api` and `/apis` come aggregated when asked for; everything else is plain. */
function discoveryForm(req: IncomingMessage, path: string): AnswerForm {
  return path === '/api' || path === '/apis' ? negotiate(req.headers.accept) : plainForm(req.headers.accept);
}

/** Without those at the end. */
function withoutSlashes(path: string): string {
  let end = path.length;
  while (end > 1 && path[end - 1] === '/') end -= 1;
  return path.slice(0, end);
}
