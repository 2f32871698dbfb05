/**
 * What every namespace has: the ServiceAccount `default`, and the ConfigMap `kube-root-ca.crt` with the certificates that the API's own is
 * verified with. Made anew when deleted; the ConfigMap's content is put right when changed.
 */
import type { KubeObject } from '../../../crds/meta';
import { NAMESPACES } from '../../../crds/meta';
import { StoreError, type ObjectStore } from '../../store/store';
import { systemClock, type Clock } from '../runtime/clock';
import { Controller, type ControllerMetrics } from '../runtime/controller';
import { Reflector } from '../runtime/reflector';

const SERVICE_ACCOUNTS = 'serviceaccounts';
const CONFIG_MAPS = 'configmaps';
const ACCOUNT = 'default';
const ROOT_CA = 'kube-root-ca.crt';
const CA_KEY = 'ca.crt';
const DESCRIPTION = 'The certificates that verify the API server of this control plane, for programs that reach it from within.';

interface ConfigMap extends KubeObject {
  data?: Record<string, string>;
}

export interface NamespaceContentControllerOptions {
  store: ObjectStore;
  /** PEM. */
  caCertificate: string;
  metrics?: ControllerMetrics;
  clock?: Clock;
  onError?: (error: unknown, key: string) => void;
}

export class NamespaceContentController {
  readonly #namespaces: Reflector<KubeObject>;
  readonly #accounts: Reflector<KubeObject>;
  readonly #bundles: Reflector<ConfigMap>;
  readonly #controller: Controller;

  constructor(private readonly options: NamespaceContentControllerOptions) {
    const { metrics, clock = systemClock, onError } = options;
    this.#namespaces = this.#reflector(NAMESPACES);
    this.#accounts = this.#reflector(SERVICE_ACCOUNTS, ACCOUNT);
    this.#bundles = this.#reflector<ConfigMap>(CONFIG_MAPS, ROOT_CA);
    this.#controller = new Controller({
      name: 'namespace-content',
      reconcile: (name) => this.#reconcile(name),
      concurrency: 4,
      keys: () => this.#namespaces.keys(),
      clock,
      ...(metrics && { metrics }),
      ...(onError && { onError }),
    });
    this.#namespaces.onChange((changes) => {
      for (const { type, object } of changes) if (type === 'ADDED') this.#controller.queue.add(object.metadata.name);
    });
    for (const kept of [this.#accounts, this.#bundles]) {
      kept.onChange((changes: readonly { type: string; object: KubeObject }[]) => {
        for (const { type, object } of changes) if (type !== 'ADDED') this.#controller.queue.add(object.metadata.namespace ?? '');
      });
    }
  }

  #reflector<T extends KubeObject>(resource: string, name?: string): Reflector<T> {
    const { store, clock = systemClock, onError } = this.options;
    return new Reflector<T>({
      store,
      resource,
      clock,
      ...(name !== undefined && { selection: { fields: [{ path: 'metadata.name', operator: '=', value: name }] } }),
      ...(onError && { onError: (error: unknown) => onError(error, resource) }),
    });
  }

  async start(): Promise<void> {
    await Promise.all([this.#namespaces.start(), this.#accounts.start(), this.#bundles.start()]);
    this.#controller.start();
  }

  async stop(): Promise<void> {
    for (const reflector of [this.#namespaces, this.#accounts, this.#bundles]) reflector.stop();
    await this.#controller.stop();
  }

  async #reconcile(name: string): Promise<void> {
    const namespace = this.#namespaces.get('', name);
    if (!namespace || namespace.metadata.deletionTimestamp) return;
    const { store, caCertificate } = this.options;
    if (!this.#accounts.get(name, ACCOUNT)) {
      await unlessThere(store.create(SERVICE_ACCOUNTS, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: ACCOUNT, namespace: name } }));
    }
    const bundle = this.#bundles.get(name, ROOT_CA);
    const data = { [CA_KEY]: caCertificate };
    if (!bundle) {
      const metadata = { name: ROOT_CA, namespace: name, annotations: { 'kubernetes.io/description': DESCRIPTION } };
      const made: ConfigMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata, data };
      await unlessThere(store.create(CONFIG_MAPS, made));
    } else if (bundle.data?.[CA_KEY] !== caCertificate && !bundle.metadata.deletionTimestamp) {
      await store.update<ConfigMap>(CONFIG_MAPS, { ...bundle, data });
    }
  }
}

/** The cache lags behind: it was made meanwhile. */
async function unlessThere(creation: Promise<unknown>): Promise<void> {
  await creation.catch((error: unknown) => {
    if (!(error instanceof StoreError) || error.reason !== 'AlreadyExists') throw error;
  });
}
