/**
 * What the leader does: opens the database, which fences every earlier leader, loads ledger and caches, makes leases again, serves.
 *
 * Order matters: the epoch is raised before anything is read, so nothing that is read can change behind this leader's back; Tasks are
 * listed after that. Stop: the reverse. Abandon: the cluster is written to no more, at once; what hangs on it ends with the process.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Server } from 'node:https';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { loadCrds } from '../../crds';
import { CORE_KINDS } from '../apiserver/resources/core-kinds';
import { resourcesFromCrd } from '../apiserver/resources/crd';
import { ensureTiers } from '../bootstrap';
import { makeCaches, startCaches, stopCaches } from '../caches';
import type { ControlPlaneConfig } from '../config';
import { badRequest } from '../gateway/http/reply';
import { gatewayDirs } from '../gateway/gateway';
import { BookLedger } from '../ledger/book-ledger';
import { commitMetrics } from '../metrics';
import { startPlane } from '../plane';
import { route } from '../routes';
import { KubeApi } from '../store/cluster/api';
import { ClusterObjectStore } from '../store/cluster/cluster-store';
import type { Credentials } from '../store/cluster/credentials';
import type { CertificateAuthority } from '../tls/ca';
import { announce } from './announce';
import type { KubernetesConfig } from './config';
import { openLeaderDatabase } from './database';
import { openBlobs, openLogs } from './blobs';
import type { ClusterReviews } from './reviews';

export interface LeadingOptions {
  config: ControlPlaneConfig;
  kubernetes: KubernetesConfig;
  namespace: string;
  credentials: Credentials;
  reviews: ClusterReviews;
  ca: CertificateAuthority;
  server: Server;
  /** What is announced. */
  publicUrl: string;
  metrics: Registry;
  logger: Logger;
  writeWindowMs: () => number;
  identity: string;
  /** Somebody else opened the database. */
  deposed: (error: Error) => void;
  /** Answers what is no path of the gateway. */
  otherwise: (req: IncomingMessage, res: ServerResponse) => void;
}

export interface Leading {
  handle: (req: IncomingMessage, res: ServerResponse) => void;
  runtimes: string[];
  stop(): Promise<void>;
}

export class LeaderWork {
  private readonly closers: (() => Promise<void> | void)[] = [];
  private readonly store: ClusterObjectStore;

  constructor(private readonly options: LeadingOptions) {
    const { credentials, logger, writeWindowMs } = options;
    const onRetry = (what: string, why: string): void => logger.warn({ what, why }, 'the Kubernetes API is asked again');
    this.store = new ClusterObjectStore({
      api: new KubeApi({ credentials, writeWindowMs, onRetry }), resources: [...CORE_KINDS, ...loadCrds().flatMap((crd) => resourcesFromCrd(crd))], onRetry,
    });
  }

  /** Resolves when it serves. @throws Error when the database or the cluster cannot be used; nothing stays open then */
  async start(): Promise<Leading> {
    const { config, kubernetes, namespace, reviews, ca, server, publicUrl, metrics, logger, otherwise, identity, deposed } = this.options;
    const { store, closers } = this;
    closers.push(() => store.close());
    try {
      const folder = kubernetes.blobsDir ?? config.dataDir;
      const database = await openLeaderDatabase(kubernetes, folder, identity, deposed);
      closers.push(() => database.close());
      commitMetrics(metrics, database.tables);
      const ledger = await BookLedger.open({ database: database.tables, registry: metrics });
      await ensureTiers(store);
      const caches = makeCaches(store, (error) => logger.error({ err: error }, 'a cache lost its watch; it lists again'), true);
      closers.push(() => stopCaches(caches));
      await startCaches(caches);
      const { elements, logs } = gatewayDirs(folder);
      const { pki } = gatewayDirs(config.dataDir);
      const plane = await startPlane({
        config, caches, metrics, logger, dirs: { pki }, blobs: openBlobs(kubernetes, elements), logs: openLogs(kubernetes, logs, database.tables), tables: database.tables, store, ledger,
        authenticator: reviews, authorizer: reviews.authorizer, userTokens: NO_USER_TOKENS, certificates: ca,
      });
      closers.push(() => plane.stop());
      plane.gateway.attach(server);
      await announce(store, namespace, { url: publicUrl, 'ca.crt': ca.caCertificate });
      return {
        handle: route({ api: otherwise, gateway: plane.gateway.handle, metrics, authenticator: reviews, authorizer: reviews.authorizer }),
        runtimes: plane.runtimes,
        stop: () => this.stop(),
      };
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  async stop(): Promise<void> {
    for (let close = this.closers.pop(); close !== undefined; close = this.closers.pop()) await close();
  }

  /** Somebody else may lead: nothing is written to the cluster from here on. */
  abandon(why: string): void {
    this.store.close(why);
  }
}

const NO_USER_TOKENS = {
  list: () => [],
  revoke: () => Promise.resolve(false),
  create: () => Promise.reject(badRequest('kind: "user" is not known here: people and programs come with the tokens of the cluster ("kubectl create token <service account>")')),
};
