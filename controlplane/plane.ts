/**
 * What is at work in whatever mode, while this process leads: market and gateway over filled caches, runtimes, controllers.
 *
 * Start: leases are made again from Tasks and open holds → runtimes → controllers. Stop: the reverse; agents keep their work.
 */
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { ensureRuntimes } from './bootstrap';
import type { Caches } from './caches';
import type { ControlPlaneConfig } from './config';
import { startControllers, type ControllersOptions } from './controllers';
import { Gateway, type GatewayOptions } from './gateway/gateway';

export interface PlaneOptions extends Pick<GatewayOptions, 'dirs' | 'blobs' | 'logs' | 'tables' | 'store' | 'ledger' | 'authenticator' | 'authorizer' | 'userTokens' | 'certificates'> {
  config: ControlPlaneConfig;
  /** Filled. */
  caches: Caches;
  metrics: Registry;
  logger: Logger;
  namespaces?: ControllersOptions['namespaces'];
}

export interface Plane {
  gateway: Gateway;
  /** Names of the runtimes that are offered. */
  runtimes: string[];
  stop(): Promise<void>;
}

export async function startPlane({ config, caches, metrics, logger, namespaces, ...parts }: PlaneOptions): Promise<Plane> {
  let fitChanged: (namespace: string, name: string) => void = () => undefined;
  const gateway = new Gateway({
    ...parts, reflectors: caches, registry: metrics, log: logger,
    settings: { heartbeatMs: config.heartbeatMs, lostAfterMs: config.lostAfterMs, progressIntervalMs: config.progressIntervalMs },
    pace: config.pace, maxElementBytes: config.maxElementBytes, maxElementsBytes: config.maxElementsBytes,
    fitChanged: (namespace, name) => fitChanged(namespace, name),
  });
  try {
    await gateway.start();
    const runtimes = config.imagesDir === undefined ? [] : await ensureRuntimes(parts.store, gateway.elements, config.imagesDir, logger);
    const controllers = await startControllers({
      store: parts.store, ledger: parts.ledger, caches, metrics, logger, pace: config.pace,
      fit: (job) => gateway.fit(job),
      ...(namespaces && { namespaces }),
    });
    fitChanged = controllers.fitChanged;
    return {
      gateway,
      runtimes,
      stop: async () => {
        await controllers.stop();
        gateway.stop();
      },
    };
  } catch (error) {
    gateway.stop();
    throw error;
  }
}
