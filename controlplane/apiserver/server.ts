/**
 * The embedded Kubernetes-compatible API over whatever resources the registry holds.
 *
 *   request ─► health ─► authenticate ─► authorize ─► non-resource URL │ verb of a resource ─► answer
 *
 * Refusals are `Status` objects with kube-apiserver's codes and words. `stop` ends the watches that are open.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';

import type { Logger } from 'pino';
import type { Registry as MetricsRegistry } from 'prom-client';

import type { ResourceName } from '../../crds/meta';
import { noteAttributes, noteDecision, noteIdentity } from '../auth/audit/record';
import { isMaster, mastersOnly, type Attributes, type Authorizer } from '../auth/authorizer';
import { AuthError, type Authenticator, type Identity } from '../auth/identity';
import { StoreError, type ObjectStore } from '../store/store';
import { Encoder } from './codec/encode';
import { VersionStore } from './definitions/version-store';
import { negotiate, TYPES, type AnswerForm } from './http/accept';
import { requestTimeoutMs } from './http/deadline';
import { AccessDenied, ApiError, badRequest, forbiddenError, noSuchResource, notAcceptable, notFound, storeUnavailable, unauthorized } from './http/errors';
import { NO_BODY } from './http/bodies';
import { Flow, type FlowOptions } from './http/flow';
import { isLongRunning, parseResourcePath, resourceAttributes } from './http/request-info';
import { addWarnings, sendError, sendText } from './http/respond';
import { checkUrl } from './http/server-limits';
import { ApiMetrics } from './metrics';
import { NonResourceUrls, type Documents } from './non-resource';
import type { ResourceRegistry } from './resources/registry';
import { groupVersion, type Resource } from './resources/resource';
import { TableRenderer } from './table/table';
import { isWritten } from './verbs/answer';
import type { Admit, ApiContext, Guard, ResourceRequest } from './verbs/context';
import { DeletionRuns } from './verbs/deletion-runs';
import { FanOut } from './verbs/fan-out';
import { FieldManagers } from './verbs/field-managers';
import { KeyedLocks } from './verbs/locks';
import { OpenWatches } from './verbs/open-watches';
import { chooseVerb, type Verb, type VerbName } from './verbs/verbs';
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
  documents?: Documents;
  /** Paths of other parts on the same port, to be listed at `/`. */
  otherPaths?: readonly string[];
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

/** What may be asked of a custom resource in all namespaces. */
const EVERYWHERE: ReadonlySet<string> = new Set(['list', 'watch']);
const READING: ReadonlySet<VerbName> = new Set(['get', 'list', 'watch']);
const DELETING: ReadonlySet<VerbName> = new Set(['delete', 'deletecollection']);

/** A path that is nothing: plain text. */
class NoPage extends Error {}

export class ApiServer {
  readonly #context: ApiContext;
  readonly #urls: NonResourceUrls;
  readonly #authorizer: Authorizer;
  readonly #renderers = new WeakMap<Resource, TableRenderer>();
  /** Of the resources that are kept in another form than they are served in. */
  readonly #versions = new Map<Resource, { store: VersionStore; context: ApiContext }>();
  readonly #flow: Flow;
  #stopping = false;

  constructor(private readonly options: ApiServerOptions) {
    const { store, registry, metrics, admit = () => [], admitsRules = () => false, guard = () => undefined, now = Date.now, random = Math.random } = options;
    this.#flow = new Flow(options.flow);
    this.#authorizer = options.authorizer ?? mastersOnly;
    this.#urls = new NonResourceUrls({ ...options, stopping: () => this.#stopping });
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
      deletionRuns: new DeletionRuns(),
      watchMemory: new WatchMemory(),
      fanOut: new FanOut(),
      onError: (error) => options.logger?.error({ err: error }, 'a watch failed'),
      now,
      random,
    };
    registry.onGone((resource) => {
      this.#versions.get(resource)?.store.close();
      this.#versions.delete(resource);
    });
  }

  #contextOf(resource: Resource): ApiContext {
    const { stored } = resource;
    if (!stored) return this.#context;
    let version = this.#versions.get(resource);
    if (!version) {
      const store = new VersionStore(this.#context.store, { ...resource, stored });
      version = { store, context: { ...this.#context, store } };
      // It may have been replaced since the request came.
      if (this.options.registry.find(groupVersion(resource), resource.plural) === resource) this.#versions.set(resource, version);
      else store.close();
    }
    return version.context;
  }

  /** Serves one request; never rejects. */
  readonly handle = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    const started = performance.now();
    const labels = { verb: (req.method ?? '').toLowerCase(), resource: 'none' };
    try {
      await this.#serve(req, res, labels);
    } catch (error) {
      if (error instanceof NoPage) sendText(res, 404, '404 page not found\n');
      else sendError(res, this.#asApiError(error));
      // Headers are out: the client must see that the answer is broken off.
      if (!res.writableEnded) res.destroy();
    }
    this.#context.metrics.requests.inc({ verb: labels.verb, resource: labels.resource, code: res.statusCode });
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
    const query = new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1));
    const target = parseResourcePath(path);
    const attributes = target && resourceAttributes(req.method ?? '', target, query, path);
    // Whoever asks, and whatever it is that is there.
    if (!attributes || !isLongRunning(attributes)) requestTimeoutMs(query);
    if (this.#urls.serveToAll(res, url, path)) return;
    const found = this.options.authenticator.authenticate(req);
    const identity = found instanceof Promise ? await found : found;
    if (!identity) throw unauthorized();
    noteIdentity(req, identity);
    if (!target || !attributes) {
      const allowed = this.#authorize(req, identity, { verb: (req.method ?? 'GET').toLowerCase(), path });
      if (allowed) await allowed;
      if (this.#urls.serve(req, res, path, labels)) return;
      throw this.#nothingAt(path);
    }
    const allowed = this.#authorize(req, identity, attributes, target.groupVersion);
    if (allowed) await allowed;
    const resource = this.options.registry.find(target.groupVersion, target.plural);
    if (!resource) throw this.#nothingAt(path);
    if (resource.warning !== undefined) addWarnings(res, [resource.warning]);
    const form = formOf(req, resource);
    const { namespace, name, subresource, watch: watchPath } = target;
    const request: ResourceRequest = { req, res, resource, namespace, name, subresource, watchPath, query, identity, form, body: NO_BODY.read, onPiece: () => undefined };
    const scopeFits = resource.namespaced ? namespace !== '' || (name === '' && (resource.core || EVERYWHERE.has(attributes.verb))) : namespace === '';
    const verb = scopeFits ? chooseVerb(request) : undefined;
    if (!verb) throw this.#nothingThere(request, scopeFits);
    if (DELETING.has(verb.name)) this.#context.deletionRuns.goOn(req.socket);
    else this.#context.deletionRuns.end(req.socket);
    labels.verb = verb.name;
    labels.resource = resource.name;
    // A single object that is watched.
    if (verb.name === 'watch' && attributes.verb !== 'watch') await this.#authorize(req, identity, { ...attributes, verb: 'watch' }, target.groupVersion);
    if (verb.name === 'watch') return verb.run(this.#contextOf(resource), request);
    if (resource.subresources?.find((each) => each.name === subresource)?.longRunning) return this.#follow(request, verb);
    await this.#flow.run({ req, res, query, client: identity.user, privileged: isMaster(identity), mutating: !READING.has(verb.name) }, (turn) => verb.run(this.#contextOf(resource), { ...request, ...turn }));
  }

  /** Counts with the watches: it takes as long as the client wants. */
  async #follow(request: ResourceRequest, verb: Verb): Promise<void> {
    const { res, resource, identity } = request;
    const { openWatches } = this.#context;
    openWatches.check(identity.user, isMaster(identity));
    const over = openWatches.add(identity.user, () => res.destroy());
    try {
      await verb.run(this.#contextOf(resource), request);
    } finally {
      over();
    }
  }

  /** @returns what is to be waited for, if anything. @throws ApiError 403 */
  #authorize(req: IncomingMessage, identity: Identity, attributes: Attributes, groupVersion?: string): Promise<void> | undefined {
    noteAttributes(req, attributes, groupVersion);
    const why = this.#authorizer(identity, attributes);
    if (why instanceof Promise) return why.then((said) => this.#decided(req, attributes, said));
    this.#decided(req, attributes, why);
    return undefined;
  }

  /** @throws ApiError 403 */
  #decided(req: IncomingMessage, attributes: Attributes, why: string | undefined): void {
    noteDecision(req, why);
    if (why === undefined) return;
    const { resource } = attributes;
    throw new AccessDenied(resource ? forbiddenError({ group: resource.group, plural: resource.plural, kind: '' }, resource.name, why) : new ApiError(403, 'Forbidden', `forbidden: ${why}`, {}));
  }

  /** A path below a resource that leads nowhere. */
  #nothingThere({ resource, name }: ResourceRequest, scopeFits: boolean): ApiError | NoPage {
    if (resource.core) return noSuchResource();
    return scopeFits ? notFound(resource, name) : new NoPage();
  }

  /** In a group of Kubernetes' own, what is not there is told by a Status. */
  #nothingAt(path: string): ApiError | NoPage {
    const [, root, group, version] = path.split('/');
    const inCoreGroup = root === 'api' ? group !== undefined : root === 'apis' && version !== undefined && this.options.registry.all().some((resource) => resource.core && resource.group === group);
    return inCoreGroup ? noSuchResource() : new NoPage();
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
    if (error instanceof AuthError) {
      const refusal = new ApiError(error.code, error.reason, error.message, error.details);
      return error.early ? new AccessDenied(refusal) : refusal;
    }
    if (error instanceof StoreError) return this.#asApiError(error.retryable ? storeUnavailable(error) : badRequest(error.message));
    this.options.logger?.error({ err: error }, 'request failed');
    return new ApiError(500, 'InternalError', 'Internal error occurred: see the log of the server', {
      causes: [{ message: error instanceof Error ? error.name : 'unknown' }],
    });
  }
}

function formOf(req: IncomingMessage, resource: Resource): AnswerForm {
  const form = negotiate(req.headers.accept, (each) => isWritten(resource, each));
  if (form.as === 'APIGroupDiscoveryList') throw notAcceptable(TYPES);
  return form;
}
