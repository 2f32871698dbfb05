/**
 * The embedded Kubernetes-compatible API over whatever resources the registry holds.
 *
 *   request ─► health, version ─► authenticate ─► authorize ─► discovery │ OpenAPI │ verb of a resource ─► answer
 *
 * Refusals are `Status` objects with kube-apiserver's codes and words. `stop` ends the watches that are open.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';

import type { Logger } from 'pino';
import type { Registry as MetricsRegistry } from 'prom-client';

import type { ResourceName } from '../../crds/meta';
import { mastersOnly, type Attributes, type Authorizer } from '../auth/authorizer';
import type { Authenticator, Identity } from '../auth/identity';
import { StoreError, type ObjectStore } from '../store/store';
import { Encoder } from './codec/encode';
import { Discovery } from './discovery/discovery';
import { OpenApi } from './discovery/openapi';
import { negotiate, type AnswerForm } from './http/accept';
import { ApiError, badRequest, forbiddenError, methodNotAllowed, notAcceptable, storeUnavailable, unauthorized } from './http/errors';
import { Flow, type FlowOptions } from './http/flow';
import { health, healthRoot, type HealthChecks, type HealthRoot } from './http/health';
import { parseResourcePath } from './http/request-info';
import { sendError, sendJson, sendText } from './http/respond';
import { checkUrl } from './http/server-limits';
import { ApiMetrics } from './metrics';
import type { ResourceRegistry } from './resources/registry';
import type { Resource } from './resources/resource';
import { TableRenderer } from './table/table';
import type { Admit, ApiContext, Guard, ResourceRequest } from './verbs/context';
import { FieldManagers } from './verbs/field-managers';
import { KeyedLocks } from './verbs/locks';
import { OpenWatches } from './verbs/open-watches';
import { chooseVerb, type VerbName } from './verbs/verbs';
import { WatchMemory } from './verbs/watch-memory';

export interface ApiServerOptions {
  store: ObjectStore;
  registry: ResourceRegistry;
  authenticator: Authenticator;
  authorizer?: Authorizer;
  admit?: Admit;
  /** As in ApiContext; absent: of no resource. */
  admitsRules?: (resource: ResourceName) => boolean;
  guard?: Guard;
  metrics?: MetricsRegistry;
  /** Gleaner's version, for `/version`. */
  version?: string;
  /** Whether requests can be served: `/readyz`. */
  ready?: () => boolean;
  /** How many requests are worked on at a time. */
  flow?: FlowOptions;
  logger?: Pick<Logger, 'error'>;
  now?: () => number;
  random?: () => number;
}

/** The Kubernetes whose API this is. */
const KUBERNETES_VERSION = { major: '1', minor: '32', release: 'v1.32.0' };

const READING: ReadonlySet<VerbName> = new Set(['get', 'list', 'watch']);

export class ApiServer {
  readonly #context: ApiContext;
  readonly #discovery: Discovery;
  readonly #openApi: OpenApi;
  readonly #authorizer: Authorizer;
  readonly #renderers = new WeakMap<Resource, TableRenderer>();
  readonly #version: string;
  readonly #flow: Flow;
  readonly #checks: HealthChecks;
  #stopping = false;

  constructor(private readonly options: ApiServerOptions) {
    const { store, registry, metrics, admit = () => [], admitsRules = () => false, guard = () => undefined, now = Date.now, random = Math.random, version = '0.1.0' } = options;
    this.#version = version;
    this.#flow = new Flow(options.flow);
    const live = [{ name: 'ping', ok: () => true }, { name: 'log', ok: () => true }];
    const ready = [...live, { name: 'controllers', ok: () => options.ready?.() ?? true }, { name: 'shutdown', ok: () => !this.#stopping }];
    this.#checks = { '/healthz': live, '/livez': live, '/readyz': ready };
    this.#authorizer = options.authorizer ?? mastersOnly;
    this.#discovery = new Discovery(registry);
    this.#openApi = new OpenApi(registry, version);
    const apiMetrics = new ApiMetrics(metrics);
    apiMetrics.countInFlight(this.#flow);
    this.#context = {
      store,
      encoder: new Encoder(store),
      admit,
      admitsRules,
      guard,
      metrics: apiMetrics,
      renderer: (resource) => this.#renderer(resource, now),
      fieldManagers: new FieldManagers(now),
      locks: new KeyedLocks(),
      openWatches: new OpenWatches(),
      watchMemory: new WatchMemory(),
      now,
      random,
    };
  }

  /** Serves one request; never rejects. */
  readonly handle = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    const started = performance.now();
    const labels = { verb: (req.method ?? '').toLowerCase(), resource: 'none' };
    try {
      await this.#serve(req, res, labels);
    } catch (error) {
      sendError(res, this.#asApiError(error));
      // Headers are out: the client must see that the answer is broken off.
      if (!res.writableEnded) res.destroy();
    }
    this.#context.metrics.requests.inc({ ...labels, code: res.statusCode });
    if (labels.verb !== 'watch') this.#context.metrics.seconds.observe(labels, (performance.now() - started) / 1000);
  };

  /** Ends every open watch; requests that run are answered. */
  stop(): void {
    this.#stopping = true;
    this.#context.openWatches.endAll();
  }

  async #serve(req: IncomingMessage, res: ServerResponse, labels: { verb: string; resource: string }): Promise<void> {
    const url = req.url ?? '/';
    const mark = url.indexOf('?');
    const path = mark < 0 ? url : url.slice(0, mark);
    checkUrl(url);
    if (this.#open(path, res, url)) return;
    const identity = await this.options.authenticator.authenticate(req);
    if (!identity) throw unauthorized();
    const target = parseResourcePath(path);
    const resource = target && this.options.registry.find(target.groupVersion, target.plural);
    if (!resource) return this.#other(req, res, path, identity, labels);
    const form = formOf(req);
    const query = new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1));
    const { namespace, name, subresource, watch: watchPath } = target;
    const request: ResourceRequest = { req, res, resource, namespace, name, subresource, watchPath, query, identity, form };
    const scopeFits = resource.namespaced ? name === '' || namespace !== '' : namespace === '';
    const verb = scopeFits ? chooseVerb(request) : undefined;
    if (!verb) return sendText(res, 404, '404 page not found\n');
    labels.verb = verb.name;
    labels.resource = resource.name;
    await this.#authorize(identity, verb.name, request, path);
    if (verb.name === 'watch') return verb.run(this.#context, request);
    await this.#flow.run({ req, res, query, client: identity.user, mutating: !READING.has(verb.name) }, () => verb.run(this.#context, request));
  }

  /** What anyone may see. */
  #open(path: string, res: ServerResponse, url: string): boolean {
    const target = healthRoot(path);
    if (target?.check === '') {
      this.#health(res, url, target);
      return true;
    }
    switch (path) {
      case '/version': {
        const { major, minor, release } = KUBERNETES_VERSION;
        sendJson(res, 200, {
          major,
          minor,
          gitVersion: `${release}-gleaner.${this.#version}`,
          gitCommit: '',
          gitTreeState: 'clean',
          buildDate: '1970-01-01T00:00:00Z',
          goVersion: '',
          compiler: 'node',
          platform: `${process.platform}/${process.arch}`,
        });
        return true;
      }
      default:
        return false;
    }
  }

  #health(res: ServerResponse, url: string, { root, check }: { root: HealthRoot; check: string }): void {
    const { code, text } = health(this.#checks, root, check, new URLSearchParams(url.split('?', 2)[1] ?? ''));
    sendText(res, code, text);
  }

  async #authorize(identity: Identity, verb: VerbName, { resource, subresource, namespace, name }: ResourceRequest, path: string): Promise<void> {
    const attributes: Attributes = { verb, resource: { group: resource.group, plural: resource.plural, subresource, namespace, name }, path };
    const why = await this.#authorizer(identity, attributes);
    if (why !== undefined) throw forbiddenError(resource, name, why);
  }

  /** Discovery, OpenAPI (any identity may read them), and paths that are nothing. */
  async #other(req: IncomingMessage, res: ServerResponse, path: string, identity: Identity, labels: { resource: string }): Promise<void> {
    const trimmed = path.length > 1 ? path.replace(/\/+$/, '') : path;
    const openApi = trimmed === '/openapi/v2' || trimmed === '/openapi/v3' || trimmed.startsWith('/openapi/v3/');
    const document = openApi ? this.#openApi.answer(trimmed) : this.#discovery.answer(trimmed, discoveryForm(req, trimmed));
    if (!document) {
      const why = openApi ? undefined : await this.#authorizer(identity, { verb: (req.method ?? 'GET').toLowerCase(), path });
      if (why !== undefined) throw new ApiError(403, 'Forbidden', `forbidden: ${why}`, {});
      const check = healthRoot(path);
      if (check) return this.#health(res, '', check);
      return sendText(res, 404, '404 page not found\n');
    }
    labels.resource = openApi ? 'openapi' : 'discovery';
    if (req.method !== 'GET') throw methodNotAllowed();
    sendJson(res, 200, document.body, document.contentType);
  }

  #renderer(resource: Resource, now: () => number): TableRenderer {
    let renderer = this.#renderers.get(resource);
    if (!renderer) {
      renderer = new TableRenderer(resource, now);
      this.#renderers.set(resource, renderer);
    }
    return renderer;
  }

  #asApiError(error: unknown): ApiError {
    if (error instanceof ApiError) {
      if (error.cause !== undefined) this.options.logger?.error({ err: error.cause }, 'request failed');
      return error;
    }
    if (error instanceof StoreError) return this.#asApiError(error.retryable ? storeUnavailable(error) : badRequest(error.message));
    this.options.logger?.error({ err: error }, 'request failed');
    return new ApiError(500, 'InternalError', 'Internal error occurred: see the log of the server', {
      causes: [{ message: error instanceof Error ? error.name : 'unknown' }],
    });
  }
}

function formOf(req: IncomingMessage): AnswerForm {
  const form = negotiate(req.headers.accept);
  if (form.as === 'APIGroupDiscoveryList') throw notAcceptable('application/json');
  return form;
}

/** `/api` and `/apis` come aggregated when asked for; everything else is plain. */
function discoveryForm(req: IncomingMessage, path: string): AnswerForm {
  return path === '/api' || path === '/apis' ? negotiate(req.headers.accept) : { as: 'object' };
}
