/**
 * The control plane, embedded mode: one process, one TLS port, SQLite. The only place that wires parts together.
 *
 * Start: folder locked, database migrated → store and ledger in memory → caches filled → leases made again → controllers → port opened.
 * Stop: the reverse; requests that are on get a moment, agents keep their work and come back.
 */
import 'reflect-metadata';
import { constants } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { parse } from 'yaml';
import pino, { type Logger } from 'pino';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { admit, loadCrds, resourceInfo } from '../crds';
import type { KubeObject } from '../crds/meta';
import { VERSION_OF_PACKAGE } from '../crds/package-info';
import { answerBadHeads, HEAD_LIMITS } from './apiserver/http/server-limits';
import { publishApiService } from './api-service';
import { CORE_KINDS, VIEWS } from './apiserver/resources/core-kinds';
import { resourceFromCrd } from './apiserver/resources/crd';
import { ResourceRegistry } from './apiserver/resources/registry';
import { isStored } from './apiserver/resources/resource';
import { ApiServer } from './apiserver/server';
import { AccessControl } from './access';
import { NO_LEASES, type AgentLeases } from './auth/agent-authorizer';
import { MASTERS } from './auth/authorizer';
import { writeKubeconfig } from './auth/kubeconfig';
import { TokenStore } from './auth/token-store';
import { ensureDefaults, ensureRuntimes } from './bootstrap';
import { makeCaches, startCaches, stopCaches } from './caches';
import { type ControlPlaneConfig, paths } from './config';
import { startControllers } from './controllers';
import { openDatabase } from './db/open';
import { Gateway, gatewayDirs } from './gateway/gateway';
import { BookLedger } from './ledger/book-ledger';
import { commitMetrics } from './metrics';
import { route } from './routes';
import { SqliteObjectStore } from './store/sqlite/sqlite-store';
import { ViewStore } from './store/view/view-store';
import { CertificateAuthority } from './tls/ca';
import { readThroughStreams } from './tls/keep-alive';

export interface ControlPlane {
  url: string;
  kubeconfig: string;
  /** Names of the runtimes that are offered. */
  runtimes: string[];
  /** Resolves when everything is closed. May be called twice. */
  stop(): Promise<void>;
}

/** How long requests that are on may take at the end. */
const CLOSE_MS = 5000;

/** @throws Error when the folder is in use, damaged or not writable, or the port is taken */
export async function startControlPlane(config: ControlPlaneConfig, logger: Logger = pino({ level: config.logLevel }, pino.destination(2))): Promise<ControlPlane> {
  const files = paths(config.dataDir);
  const closers: (() => Promise<void> | void)[] = [];
  const stop = async (): Promise<void> => {
    for (let close = closers.pop(); close !== undefined; close = closers.pop()) await close();
  };
  try {
    const database = await openDatabase(files.database);
    closers.push(() => database.close());
    const metrics = new Registry();
    collectDefaultMetrics({ register: metrics });
    commitMetrics(metrics, database.writer);

    const store = new SqliteObjectStore(database, { onHandlerError: (error) => logger.error({ err: error }, 'a watch handler failed') });
    closers.push(() => store.close());
    const resources = new ResourceRegistry([...CORE_KINDS, ...loadCrds().map(resourceFromCrd)]);
    for (const { name, hasStatus, schema } of resources.all().filter(isStored)) {
      const initialStatus = schema.properties?.status?.default as object | undefined;
      store.defineResource(name, { statusSubresource: hasStatus, ...(initialStatus === undefined ? {} : { initialStatus }) });
    }
    const ledger = await BookLedger.open({ database: database.tables, registry: metrics });
    const tokens = new TokenStore(database);
    const ca = await CertificateAuthority.open(files.pki, { names: [...config.names, config.listen] });

    await ensureDefaults(store);
    const caches = makeCaches(store, (error) => logger.error({ err: error }, 'a cache lost its watch; it lists again'));
    await startCaches(caches);
    closers.push(() => stopCaches(caches));

    let agentLeases: AgentLeases = NO_LEASES;
    const access = await AccessControl.open({
      store, tokens, pkiDir: files.pki,
      agentKnown: (id) => caches.agents.get('', id) !== undefined,
      leases: { ofTask: (...which) => agentLeases.ofTask(...which), ofJob: (...which) => agentLeases.ofJob(...which) },
      onError: (error) => logger.error({ err: error }, 'roles could not be read or written; it is tried again'),
    });
    closers.push(() => access.stop());
    access.register(resources);
    const { authenticator, authorizer } = access;

    let fitChanged: (namespace: string, name: string) => void = () => undefined;
    const gateway = new Gateway({
      dirs: gatewayDirs(config.dataDir), db: database.raw, writer: database.writer, store, ledger, reflectors: caches,
      authenticator, authorizer, userTokens: tokens,
      certificates: ca, registry: metrics, log: logger,
      settings: { heartbeatMs: config.heartbeatMs, lostAfterMs: config.lostAfterMs, progressIntervalMs: config.progressIntervalMs },
      maxElementBytes: config.maxElementBytes, maxElementsBytes: config.maxElementsBytes,
      fitChanged: (namespace, name) => fitChanged(namespace, name),
    });
    agentLeases = gateway.agentLeases;
    await gateway.start();
    closers.push(() => gateway.stop());
    const runtimes = config.imagesDir === undefined ? [] : await ensureRuntimes(store, gateway.elements, config.imagesDir, logger);

    const controllers = await startControllers({
      store, ledger, caches, metrics, logger,
      fit: (job) => gateway.fit(job),
      caCertificate: ca.caCertificate,
      namespacedResources: () => resources.all().filter((each) => each.namespaced && isStored(each)).map((each) => each.name),
    });
    fitChanged = controllers.fitChanged;
    closers.push(() => controllers.stop());

    let ready = false;
    let url = '';
    const api = new ApiServer({
      store: new ViewStore(store, VIEWS), registry: resources, authenticator, authorizer, metrics, version: VERSION_OF_PACKAGE, logger,
      ready: () => ready,
      flow: { maxRequestsInFlight: config.maxRequestsInFlight, maxMutatingRequestsInFlight: config.maxMutatingRequestsInFlight },
      guard: access.guard,
      documents: access.documents(() => url),
      admit: (resource, object, old) => admit(resource, object as KubeObject, old),
      admitsRules: (resource) => resourceInfo(resource) !== undefined,
    });
    const pair = await ca.serverKeyPair();
    const server = createServer(
      {
        key: pair.key, cert: pair.certificate, ca: ca.caCertificate, requestCert: true, rejectUnauthorized: false, keepAliveTimeout: 65_000, ...HEAD_LIMITS,
        // A session ticket holds the client's certificate: 15 KiB for every agent's connection.
        secureOptions: constants.SSL_OP_NO_TICKET,
      },
      route({ api: api.handle, gateway: gateway.handle, metrics, authenticator, authorizer }),
    );
    readThroughStreams(server);
    answerBadHeads(server);
    gateway.attach(server);
    await listen(server, config);
    closers.push(() => closeServer(server));
    // Agents' connections are cut first: the server is closed once no connection is left.
    closers.push(() => gateway.stop());
    closers.push(() => api.stop());
    url = `https://${hostOf(config.listen)}:${(server.address() as AddressInfo).port}`;
    await publishApiService(store, new URL(url).hostname, Number(new URL(url).port));
    await giveKubeconfig(files.kubeconfig, url, ca, tokens);
    ready = true;
    logger.info({ url, dataDir: config.dataDir, runtimes }, 'control plane ready');
    return { url, kubeconfig: files.kubeconfig, runtimes, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Clients on this machine reach a server that listens everywhere by loopback. */
function hostOf(listen: string): string {
  if (listen === '0.0.0.0') return '127.0.0.1';
  if (listen === '::') return '[::1]';
  return listen.includes(':') ? `[${listen}]` : listen;
}

function listen(server: Server, { listen: host, port }: ControlPlaneConfig): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const words: Record<string, string> = {
        EADDRINUSE: `port ${port} of ${host} is in use: choose another one with --port (0: any free one)`,
        EADDRNOTAVAIL: `${host} is no address of this machine: choose another one with --listen (0.0.0.0: all)`,
        EACCES: `port ${port} may not be opened by this user: choose one above 1023 with --port`,
      };
      const text = words[error.code ?? ''];
      reject(text === undefined ? error : new Error(text));
    });
    server.listen(port, host, () => resolve());
  });
}

async function closeServer(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => { server.close(() => resolve()); });
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), CLOSE_MS);
  await closed;
  clearTimeout(timer);
}

/** The operator's token is made once: it lives in the kubeconfig (0600) and, hashed, in the database. A new port is written into it. */
async function giveKubeconfig(file: string, url: string, ca: CertificateAuthority, tokens: TokenStore): Promise<void> {
  const kept = existsSync(file) ? readToken(file) : undefined;
  const token = kept !== undefined && tokens.identify(kept) !== undefined
    ? kept
    : (await tokens.create({ subject: 'operator', groups: [MASTERS], description: 'kubeconfig of the data folder' })).token;
  writeKubeconfig(file, { server: url, caCertificate: ca.caCertificate, token });
}

function readToken(file: string): string | undefined {
  const config = parse(readFileSync(file, 'utf8'), { maxAliasCount: 0 }) as { users?: { user?: { token?: string } }[] } | null;
  return config?.users?.[0]?.user?.token;
}
