/**
 * Kubernetes mode: one replica of an operator.
 *
 * ```
 *  start: keys from the Secret → own server on the peer port, front door on the public port → election
 *  following: the front door passes connections on to the leader          leading: it hands them to this replica's own server
 *  Lease lost: nothing is written any more, every connection is cut, `failed` resolves: the process is to end, and is started again
 * ```
 * The peer port answers health, metrics and the webhook of this replica whether it leads or not; it never passes anything on, so there are no loops.
 */
import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { hostname } from 'node:os';
import type { AddressInfo } from 'node:net';
import type { Logger } from 'pino';
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { VERSION_OF_PACKAGE } from '../../crds/package-info';
import { type ControlPlaneConfig, paths } from '../config';
import { sendJson } from '../gateway/http/reply';
import { closeServer, hostOf, httpsServer, listen, listenError } from '../https-server';
import { Elector } from '../leader/elector';
import type { Holder } from '../leader/lease';
import { route } from '../routes';
import { KubeApi } from '../store/cluster/api';
import { loadCredentials } from '../store/cluster/credentials';
import { openAuditLog } from '../auth/audit/log';
import { CertificateAuthority } from '../tls/ca';
import { leaseTimes, type KubernetesConfig } from './config';
import { FrontDoor, parseAddress } from './front-door';
import { installCrds, missingCrds } from './install-crds';
import { LeaderWork, type Leading } from './leading';
import { shareKeys } from './pki-secret';
import { ClusterReviews } from './reviews';
import { WEBHOOK_PATH, webhookHandler } from '../webhook/handler';
import { registerWebhook } from '../webhook/register';

export interface Replica {
  /** Where agents and users reach this replica. */
  url: string;
  /** Resolves with the reason when this replica may not go on: end the process. */
  failed: Promise<Error>;
  /** Whether it leads and serves. */
  leads(): boolean;
  stop(): Promise<void>;
}

/** @throws Error naming what is missing in the cluster, and the way out */
export async function startReplica(config: ControlPlaneConfig, kubernetes: KubernetesConfig, logger: Logger): Promise<Replica> {
  const credentials = loadCredentials(kubernetes);
  const namespace = kubernetes.namespace ?? credentials.namespace;
  const api = new KubeApi({ credentials });
  const closers: (() => Promise<void> | void)[] = [() => api.close()];
  const stop = async (): Promise<void> => {
    for (let close = closers.pop(); close !== undefined; close = closers.pop()) await close();
  };
  try {
    if (kubernetes.installCrds) logger.info({ crds: await installCrds(api) }, 'CustomResourceDefinitions are in place');
    const missing = await missingCrds(api);
    if (missing.length > 0) throw new Error(`the cluster does not serve ${missing.join(', ')}: install them with the chart, "kubectl apply -f crds/generated", or --install-crds`);
    const { pki } = paths(config.dataDir);
    await shareKeys(api, namespace, pki);
    const ca = await CertificateAuthority.open(pki, { names: [...config.names, config.listen, kubernetes.advertise, ...publicHost(kubernetes.publicUrl)] });
    const metrics = new Registry();
    collectDefaultMetrics({ register: metrics });
    const reviews = new ClusterReviews(api);

    let state: { leading?: Leading; holder?: Holder } = {};
    const leaderGauge = new Gauge({
      name: 'gleaner_leader', help: '1 while this replica leads and serves, else 0', registers: [metrics],
      collect() { this.set(state.leading ? 1 : 0); },
    });
    leaderGauge.set(0);
    const identity = `${hostname()}_${randomBytes(5).toString('hex')}`;
    const otherwise = localRoutes(() => state, identity);
    const idle = route({ api: otherwise, gateway: otherwise, metrics, authenticator: reviews, authorizer: reviews.authorizer });
    const audit = openAuditLog(config, metrics, logger);
    closers.push(() => audit?.close());
    const reviewed = webhookHandler({ onError: (error) => logger.error({ err: error }, 'an admission review failed') });
    const server = await httpsServer(ca, (req, res) => {
      audit?.follow(req, res);
      // Every replica answers the cluster's API server by itself.
      if (req.url?.split('?', 1)[0] === WEBHOOK_PATH) return void reviewed(req, res);
      (state.leading?.handle ?? idle)(req, res);
    });
    await listen(server, { listen: config.listen, port: kubernetes.peerPort }, '--peer-port');
    closers.push(() => closeServer(server));
    const peer = `${kubernetes.advertise.includes(':') ? `[${kubernetes.advertise}]` : kubernetes.advertise}:${(server.address() as AddressInfo).port}`;

    const door = new FrontDoor({ serve: (socket) => void server.emit('connection', socket), onRefused: (why) => logger.debug({ why }, 'a connection was refused') });
    const port = await door.listen(config.port, config.listen).catch((error: NodeJS.ErrnoException) => {
      throw listenError(error, config.listen, config.port);
    });
    closers.push(() => door.stop());
    const url = `https://${hostOf(config.listen)}:${port}`;

    const { webhook } = kubernetes;
    if (webhook) {
      const { where, failurePolicy } = webhook;
      const target = 'url' in where ? where : { service: { namespace, name: where.service, port: where.port } };
      const labels = { 'app.kubernetes.io/part-of': 'gleaner' };
      logger.info({ webhook: await registerWebhook(api, { target, failurePolicy, caCertificate: ca.caCertificate, labels }) }, 'the webhook is registered');
    }
    let fail: (error: Error) => void = () => undefined;
    const failed = new Promise<Error>((resolve) => { fail = resolve; });
    const election = new KubeApi({ credentials, maxTries: 1, timeoutMs: leaseTimes(kubernetes.leaseDurationMs).deadlineMs / 2 });
    closers.push(() => election.close());
    let work: LeaderWork | undefined;
    const depose = (why: string): void => {
      work?.abandon(why);
      state = {};
      door.lead(undefined);
      server.closeAllConnections();
      fail(new Error(`this replica leads no longer: ${why}`));
    };
    let starting: Promise<void> = Promise.resolve();
    const elector: Elector = new Elector({
      api: election, name: kubernetes.leaseName, namespace, identity, address: peer, ...leaseTimes(kubernetes.leaseDurationMs),
      observed: (holder) => {
        state = { ...state, holder };
        if (holder?.identity !== identity) door.lead(holder && toLeader(holder, logger));
        else if (!state.leading) door.lead(undefined);
        logger.info({ holder: holder?.identity, address: holder?.address }, 'the leader');
      },
      acquired: () => {
        logger.info({ identity }, 'this replica leads: it loads what there is');
        work = new LeaderWork({
          config, kubernetes, namespace, credentials, reviews, ca, server, metrics, logger, otherwise,
          publicUrl: kubernetes.publicUrl ?? url, writeWindowMs: () => elector.writeWindowMs(), identity,
          deposed: (error) => depose(error.message),
        });
        starting = work.start().then((leading) => {
          if (!elector.leads) return;
          state = { ...state, leading };
          door.lead({ here: true });
          logger.info({ identity, runtimes: leading.runtimes }, 'this replica serves');
        }, (error: unknown) => fail(new Error('this replica cannot lead', { cause: error })));
      },
      lost: (why) => depose(why),
      onError: (error) => logger.warn({ err: error }, 'election'),
    });
    elector.start();
    closers.push(async () => {
      door.lead(undefined);
      await starting;
      state = {};
      await work?.stop();
      await elector.stop();
    });
    logger.info({ url, peer, namespace, cluster: credentials.server }, 'replica started');
    return { url, failed, leads: () => state.leading !== undefined, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

const publicHost = (url: string | undefined): string[] => (url === undefined ? [] : [new URL(url).hostname.replace(/^\[|\]$/g, '')]);

function toLeader({ identity, address }: Holder, logger: Logger): { here: false; host: string; port: number } | undefined {
  const parsed = parseAddress(address);
  if (!parsed) logger.error({ identity, address }, 'the leader names no address: connections cannot be passed on');
  return parsed && { here: false, ...parsed };
}

/** Health of this replica; everything else is elsewhere. */
function localRoutes(state: () => { leading?: Leading; holder?: Holder }, self: string): (req: IncomingMessage, res: ServerResponse) => void {
  return (req, res) => {
    const path = (req.url ?? '/').split('?')[0];
    const { leading, holder } = state();
    if (path === '/livez' || path === '/healthz') return void res.setHeader('content-type', 'text/plain').end('ok');
    if (path === '/readyz') {
      const ready = leading !== undefined || (holder !== undefined && holder.identity !== self && parseAddress(holder.address) !== undefined);
      return void res.writeHead(ready ? 200 : 503, { 'content-type': 'text/plain' }).end(ready ? 'ok' : 'there is no leader yet');
    }
    if (path === '/version') return sendJson(res, 200, { gitVersion: VERSION_OF_PACKAGE });
    const [code, reason, message] = leading
      ? [404, 'NotFound', "there is nothing at this path: objects are reached through the cluster's own API"] as const
      : [503, 'ServiceUnavailable', 'this replica does not lead; try again'] as const;
    if (!leading) res.setHeader('retry-after', '1').setHeader('connection', 'close');
    return sendJson(res, code, { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code });
  };
}
