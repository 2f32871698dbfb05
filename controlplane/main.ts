/**
 * The control plane. The only place that chooses the mode and wires parts together; kubernetes mode's wiring is in kubernetes/.
 *
 * Embedded mode: one process, one TLS port, SQLite.
 * Start: folder locked, database migrated → store and ledger in memory → caches filled → leases made again → controllers → port opened.
 * Stop: the reverse; requests that are on get a moment, agents keep their work and come back.
 */
import 'reflect-metadata';
import { existsSync, readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { parse } from 'yaml';
import pino, { type Logger } from 'pino';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { admitAccepted, loadCrds, resourceInfo } from '../crds';
import { VERSION_OF_PACKAGE } from '../crds/package-info';
import { publishApiService } from './api-service';
import { collectedKinds } from './collected';
import { CORE_KINDS, VIEWS } from './apiserver/resources/core-kinds';
import { podProjection, pods } from './pods';
import { Definitions } from './apiserver/definitions/definitions';
import { ResourceRegistry } from './apiserver/resources/registry';
import { isStored } from './apiserver/resources/resource';
import { ApiServer } from './apiserver/server';
import { AccessControl } from './access';
import { openAuditLog } from './auth/audit/log';
import { NO_LEASES, type AgentLeases } from './auth/agent-authorizer';
import { MASTERS } from './auth/authorizer';
import { writeKubeconfig } from './auth/kubeconfig';
import { TokenStore } from './auth/token-store';
import { ensureDefaults } from './bootstrap';
import { makeCaches, startCaches, stopCaches } from './caches';
import { type ControlPlaneConfig, paths } from './config';
import { openDatabase } from './db/open';
import { DiskBlobStore } from './gateway/elements/disk';
import { gatewayDirs } from './gateway/gateway';
import { LogFiles } from './gateway/log-files';
import { closeServer, hostOf, httpsServer, listen } from './https-server';
import { BookLedger } from './ledger/book-ledger';
import { commitMetrics } from './metrics';
import { startPlane } from './plane';
import { OTHER_PATHS, route } from './routes';
import { SqliteObjectStore } from './store/sqlite/sqlite-store';
import { ViewStore } from './store/view/view-store';
import { CertificateAuthority } from './tls/ca';

export interface ControlPlane {
  url: string;
  /** Embedded: the file that was written. */
  kubeconfig?: string;
  /** Embedded: names of the runtimes that are offered. */
  runtimes?: string[];
  /** Kubernetes mode: resolves with the reason when this replica may not go on, and the process is to end. */
  failed?: Promise<Error>;
  /** Resolves when everything is closed. May be called twice. */
  stop(): Promise<void>;
}

/** @throws Error when the folder is in use, damaged or not writable, the port is taken, or the cluster lacks something */
export async function startControlPlane(config: ControlPlaneConfig, logger: Logger = pino({ level: config.logLevel }, pino.destination(2))): Promise<ControlPlane> {
  if (config.kubernetes === undefined) return startEmbedded(config, logger);
  // Loaded only here: the client library of Kubernetes is large.
  const { startReplica } = require('./kubernetes/mode') as typeof import('./kubernetes/mode');
  const { url, failed, stop } = await startReplica(config, config.kubernetes, logger);
  return { url, failed, stop };
}

async function startEmbedded(config: ControlPlaneConfig, logger: Logger): Promise<ControlPlane> {
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
    const resources = new ResourceRegistry(CORE_KINDS);
    for (const { name, hasStatus, schema } of resources.all().filter(isStored)) {
      const initialStatus = schema.properties?.status?.default as object | undefined;
      store.defineResource(name, { statusSubresource: hasStatus, ...(initialStatus === undefined ? {} : { initialStatus }) });
    }
    const definitions = new Definitions({
      store, registry: resources, shipped: loadCrds(),
      define: (name, definition) => store.defineResource(name, definition),
      onError: (error, name) => logger.error({ err: error, definition: name }, 'a definition could not be brought into effect'),
    });
    await definitions.start();
    closers.push(() => definitions.stop());
    const ledger = await BookLedger.open({ database: database.tables, registry: metrics });
    const tokens = await TokenStore.open(database.tables);
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

    const { pki, elements, logs } = gatewayDirs(config.dataDir);
    const plane = await startPlane({
      config, caches, metrics, logger, dirs: { pki }, blobs: new DiskBlobStore(elements), logs: new LogFiles(logs), tables: database.tables, store, ledger,
      authenticator, authorizer, userTokens: tokens, certificates: ca,
      namespaces: {
        resources: () => resources.preferred().filter((each) => each.namespaced && isStored(each)).map((each) => each.name),
        collected: { kinds: () => collectedKinds(resources), onChange: (listener) => resources.onChange(listener) },
        caCertificate: ca.caCertificate,
      },
    });
    const { gateway, runtimes } = plane;
    closers.push(() => plane.stop());
    agentLeases = gateway.agentLeases;

    const shown = new ViewStore(store, VIEWS, [podProjection((namespace, name) => caches.jobs.get(namespace, name))]);
    closers.push(() => shown.close());
    resources.add(pods(shown, gateway.attemptLogs));

    const audit = openAuditLog(config, metrics, logger);
    closers.push(() => audit?.close());
    let ready = false;
    let url = '';
    const api = new ApiServer({
      store: shown, registry: resources, authenticator, authorizer, metrics, version: VERSION_OF_PACKAGE, logger,
      ready: () => ready,
      flow: { maxRequestsInFlight: config.maxRequestsInFlight, maxMutatingRequestsInFlight: config.maxMutatingRequestsInFlight },
      guard: access.guard,
      documents: access.documents(() => url),
      otherPaths: OTHER_PATHS,
      admit: admitAccepted,
      admitsRules: (resource) => resourceInfo(resource) !== undefined,
    });
    const server = await httpsServer(ca, route({ api: api.handle, gateway: gateway.handle, metrics, authenticator, authorizer, ...(audit && { audit }) }));
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
