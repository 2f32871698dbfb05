/** A real API server for tests: TLS with its own CA, SQLite in a temporary folder, a free port, a kubeconfig. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Registry } from 'prom-client';

import { admitAccepted, loadCrds, NAMESPACES, resourceInfo, type ObjectMeta } from '../../crds';
import type { FlowOptions } from '../../controlplane/apiserver/http/flow';
import { answerBadHeads, HEAD_LIMITS } from '../../controlplane/apiserver/http/server-limits';
import { CORE_KINDS, VIEWS } from '../../controlplane/apiserver/resources/core-kinds';
import { CRDS } from '../../controlplane/apiserver/definitions/crd-resource';
import { definitionOf, Definitions } from '../../controlplane/apiserver/definitions/definitions';
import type { CustomResourceDefinition } from '../../controlplane/apiserver/resources/crd';
import { collectedKinds } from '../../controlplane/collected';
import { GarbageCollector } from '../../controlplane/controllers/garbage/collector';
import { FollowedResources } from '../../controlplane/controllers/garbage/followed';
import { NamespaceContentController } from '../../controlplane/controllers/namespace/content-controller';
import { ResourceRegistry } from '../../controlplane/apiserver/resources/registry';
import { isStored } from '../../controlplane/apiserver/resources/resource';
import { ApiServer } from '../../controlplane/apiserver/server';
import { AccessControl } from '../../controlplane/access';
import { NO_LEASES, type AgentLeases } from '../../controlplane/auth/agent-authorizer';
import { MASTERS } from '../../controlplane/auth/authorizer';
import { writeKubeconfig } from '../../controlplane/auth/kubeconfig';
import { TokenStore } from '../../controlplane/auth/token-store';
import { NamespaceController, ensureNamespace } from '../../controlplane/controllers/namespace/namespace-controller';
import { openDatabase } from '../../controlplane/db/open';
import type { ObjectStore } from '../../controlplane/store/store';
import { ViewStore } from '../../controlplane/store/view/view-store';
import { SqliteObjectStore } from '../../controlplane/store/sqlite/sqlite-store';
import { CertificateAuthority } from '../../controlplane/tls/ca';
import { exchange, type WholeAnswer } from './https';

export type Answer = WholeAnswer<Json>;

/** What tests read out of answers: an object, a list, a Table or a Status. */
export interface Json {
  kind: string;
  apiVersion: string;
  metadata: ObjectMeta & { continue?: string; remainingItemCount?: number };
  message: string;
  reason: string;
  code: number;
  details: { name?: string; group?: string; kind?: string; uid?: string; retryAfterSeconds?: number; causes?: { reason: string; message: string; field: string }[] };
  items: Json[];
  [field: string]: unknown;
}

export interface RequestOptions {
  body?: unknown;
  headers?: Record<string, string>;
  /** '' sends none; absent: the administrator's. */
  token?: string;
  /** Shown to the server; PEM. */
  certificate?: { key: string; certificate: string };
}

export interface TestApiServer {
  url: string;
  dir: string;
  kubeconfig: string;
  caCertificate: string;
  token: string;
  /** Signs client certificates that the server takes. */
  ca: CertificateAuthority;
  access: AccessControl;
  store: ObjectStore;
  tokens: TokenStore;
  metrics: Registry;
  api: ApiServer;
  /** One HTTPS request; a body that is no string or Buffer is sent as JSON. */
  request(method: string, path: string, options?: RequestOptions): Promise<Answer>;
  /** A JSON merge patch. */
  merge(path: string, body: unknown): Promise<Answer>;
  stop(): Promise<void>;
}

export interface TestApiServerOptions {
  /** Served besides Gleaner's own. */
  crds?: readonly Pick<CustomResourceDefinition, 'metadata' | 'spec'>[];
  flow?: FlowOptions;
  /** What agents may read. */
  leases?: AgentLeases;
  /** Whether what nobody owns any more is deleted. */
  garbage?: boolean;
  /** Whether namespaces get their ServiceAccount and ConfigMap. */
  namespaceContent?: boolean;
}

export async function startApiServer({ crds = [], flow = {}, leases: leasesOf, namespaceContent = false, garbage = false }: TestApiServerOptions = {}): Promise<TestApiServer> {
  const dir = mkdtempSync(join(tmpdir(), 'gleaner-api-'));
  const database = await openDatabase(join(dir, 'gleaner.db'));
  const store = new SqliteObjectStore(database);
  const registry = new ResourceRegistry(CORE_KINDS);
  const definitions = new Definitions({ store, registry, shipped: loadCrds(), define: (name, definition) => store.defineResource(name, definition) });
  await definitions.start();
  for (const crd of crds) await store.create(CRDS, definitionOf(crd));
  const tokens = await TokenStore.open(database.tables);
  const metrics = new Registry();
  await ensureNamespace(store, 'default');
  const leases = leasesOf ?? NO_LEASES;
  const access = await AccessControl.open({ store, tokens, pkiDir: join(dir, 'pki'), agentKnown: () => true, leases, onError: () => undefined });
  access.register(registry);
  let url = '';
  const { authenticator, authorizer, guard } = access;
  const api = new ApiServer({ store: new ViewStore(store, VIEWS), registry, authenticator, authorizer, guard, documents: access.documents(() => url), admit: admitAccepted, admitsRules: (resource) => resourceInfo(resource) !== undefined, metrics, flow });
  const namespaces = new NamespaceController({
    store,
    resources: () => registry.preferred().filter((each) => each.namespaced && isStored(each)).map(({ name }) => name),
  });
  await namespaces.start();
  const collector = garbage ? new GarbageCollector({ store, resources: [] }) : undefined;
  const followed = collector && new FollowedResources({ store, collector, kinds: () => collectedKinds(registry, new Set()), onChange: (listener) => registry.onChange(listener) });
  collector?.start();
  await followed?.start();
  const ca = await CertificateAuthority.open(join(dir, 'pki'));
  const content = new NamespaceContentController({ store, caCertificate: ca.caCertificate });
  if (namespaceContent) await content.start();
  const pair = await ca.serverKeyPair();
  const server = createServer({ key: pair.key, cert: pair.certificate, ca: ca.caCertificate, requestCert: true, rejectUnauthorized: false, ...HEAD_LIMITS }, (req, res) => void api.handle(req, res));
  answerBadHeads(server);
  await listen(server);
  url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { token } = await tokens.create({ subject: 'admin', groups: [MASTERS] });
  const kubeconfig = join(dir, 'kubeconfig');
  writeKubeconfig(kubeconfig, { server: url, caCertificate: ca.caCertificate, token });
  const stop = async (): Promise<void> => {
    api.stop();
    await namespaces.stop();
    await access.stop();
    if (namespaceContent) await content.stop();
    followed?.stop();
    await collector?.stop();
    await definitions.stop();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    store.close();
    await database.close();
    rmSync(dir, { recursive: true, force: true });
  };
  const request: TestApiServer['request'] = (method, path, options = {}) => send(`${url}${path}`, method, ca.caCertificate, { token, ...options });
  return {
    url, dir, kubeconfig, caCertificate: ca.caCertificate, token, ca, access, store, tokens, metrics, api, request, stop,
    merge: (path, body) => request('PATCH', path, { body, headers: { 'Content-Type': 'application/merge-patch+json' } }),
  };
}

function listen(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => resolve());
  });
}

function send(url: string, method: string, ca: string, { body, headers = {}, token = '', certificate }: RequestOptions): Promise<Answer> {
  const all = {
    ...(token !== '' && { Authorization: `Bearer ${token}` }),
    ...(body !== undefined && { 'Content-Type': 'application/json' }),
    ...headers,
  };
  return exchange(url, { method, ca, headers: all, ...(certificate && { key: certificate.key, cert: certificate.certificate, agent: false }) }, body);
}

/** Makes a namespace of its own for one test. */
export async function makeNamespace(server: TestApiServer, name: string): Promise<string> {
  const { code, text } = await server.request('POST', `/api/v1/${NAMESPACES}`, { body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name } } });
  if (code !== 201) throw new Error(`namespace ${name} was not made: ${text}`);
  return name;
}
