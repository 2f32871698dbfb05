/**
 * The life of a namespace.
 *
 * ```
 *  created ──► Active ──delete──► Terminating ──content deleted, nothing left──► gone
 * ```
 * A namespace that goes is held by the finalizer `kubernetes`. Its content is deleted in batches; what finalizers hold is waited
 * for, and a condition says what is left. Repeating every step is harmless.
 */
import type { Condition, KubeObject, ResourceName } from '../../../crds/meta';
import { NAMESPACES } from '../../../crds/meta';
import { StoreError, type ObjectStore } from '../../store/store';
import { systemClock, type Clock } from '../runtime/clock';
import { Controller, type ControllerMetrics, type ReconcileResult } from '../runtime/controller';
import { Reflector } from '../runtime/reflector';

/** Holds a namespace until its content is gone. */
export const FINALIZER = 'kubernetes';
const NAME_LABEL = 'kubernetes.io/metadata.name';
const BATCH = 500;
/** How often a namespace is looked at while finalizers hold its content. */
const WAIT_MS = 250;

interface Namespace extends KubeObject {
  spec?: { finalizers?: string[] };
  status?: { phase?: string; conditions?: Condition[] };
}

export interface NamespaceControllerOptions {
  store: ObjectStore;
  /** Every resource that lives in namespaces, asked for anew each time. */
  resources: () => Iterable<ResourceName>;
  metrics?: ControllerMetrics;
  clock?: Clock;
  onError?: (error: unknown, key: string) => void;
}

export class NamespaceController {
  readonly #reflector: Reflector<Namespace>;
  readonly #controller: Controller;

  constructor(private readonly options: NamespaceControllerOptions) {
    const { store, metrics, clock = systemClock, onError } = options;
    this.#reflector = new Reflector<Namespace>({
      store,
      resource: NAMESPACES,
      clock,
      ...(onError && { onError: (error: unknown) => onError(error, NAMESPACES) }),
    });
    this.#reflector.onChange((changes) => {
      for (const { type, object } of changes) if (type !== 'DELETED') this.#controller.queue.add(object.metadata.name);
    });
    this.#controller = new Controller({
      name: 'namespace',
      reconcile: (name) => this.#reconcile(name).catch(somebodyWasFaster),
      concurrency: 4,
      keys: () => [...this.#reflector.values()].map(({ metadata }) => metadata.name),
      clock,
      ...(metrics && { metrics }),
      ...(onError && { onError }),
    });
  }

  async start(): Promise<void> {
    await this.#reflector.start();
    this.#controller.start();
  }

  async stop(): Promise<void> {
    this.#reflector.stop();
    await this.#controller.stop();
  }

  async #reconcile(name: string): Promise<ReconcileResult | void> {
    const { store } = this.options;
    const namespace = await store.get<Namespace>(NAMESPACES, '', name);
    if (!namespace) return;
    if (!namespace.metadata.deletionTimestamp) {
      if (namespace.status?.phase === undefined) await store.updateStatus(NAMESPACES, { ...namespace, status: { ...namespace.status, phase: 'Active' } });
      return;
    }
    if (!namespace.metadata.finalizers?.includes(FINALIZER)) return;
    const left = await this.#deleteContent(name);
    if (left.length > 0) {
      await this.#report(namespace, left);
      return { requeueAfterMs: WAIT_MS };
    }
    const finalizers = namespace.metadata.finalizers.filter((finalizer) => finalizer !== FINALIZER);
    await store.update<Namespace>(NAMESPACES, { ...namespace, spec: { ...namespace.spec, finalizers: [] }, metadata: { ...namespace.metadata, finalizers } });
  }

  /** @returns what is still there, as `2 jobs.gleaner.dev` */
  async #deleteContent(namespace: string): Promise<string[]> {
    const { store, resources } = this.options;
    const left: string[] = [];
    for (const resource of resources()) {
      const { items, remainingItemCount = 0 } = await store.list(resource, { namespace, limit: BATCH });
      const going = items.filter(({ metadata }) => !metadata.deletionTimestamp);
      const outcomes = await store.batch(
        going.map(({ metadata: { name, uid } }) => ({ verb: 'delete', resource, namespace, name, preconditions: { ...(uid && { uid }) } })),
      );
      const failed = outcomes.find((outcome) => !outcome.ok && outcome.error.reason !== 'NotFound' && outcome.error.reason !== 'Conflict');
      if (failed && !failed.ok) throw failed.error;
      const count = items.length === 0 ? 0 : (await store.list(resource, { namespace, limit: 1 })).items.length;
      if (count > 0) left.push(`${Math.max(items.length - going.length, 1) + remainingItemCount} ${resource}`);
    }
    return left;
  }

  async #report(namespace: Namespace, left: readonly string[]): Promise<void> {
    const clock = this.options.clock ?? systemClock;
    const message = `still there: ${left.join(', ')}`;
    const before = namespace.status?.conditions?.find(({ type }) => type === 'NamespaceContentRemaining');
    if (namespace.status?.phase === 'Terminating' && before?.message === message) return;
    const condition: Condition = {
      type: 'NamespaceContentRemaining',
      status: 'True',
      reason: 'SomeResourcesRemain',
      message,
      lastTransitionTime: before?.lastTransitionTime ?? `${new Date(clock.now()).toISOString().slice(0, 19)}Z`,
    };
    await this.options.store.updateStatus<Namespace>(NAMESPACES, { ...namespace, status: { phase: 'Terminating', conditions: [condition] } });
  }
}

/** A Conflict is no error: the change that caused it arrives, and is looked at. */
function somebodyWasFaster(error: unknown): void {
  if (!(error instanceof StoreError && error.reason === 'Conflict')) throw error;
}

/** Makes a namespace when it is not there. */
export async function ensureNamespace(store: ObjectStore, name: string): Promise<void> {
  if (await store.get(NAMESPACES, '', name)) return;
  const namespace: Namespace = {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name, labels: { [NAME_LABEL]: name }, finalizers: [FINALIZER] },
    spec: { finalizers: [FINALIZER] },
  };
  try {
    const created = await store.create(NAMESPACES, namespace);
    await store.updateStatus<Namespace>(NAMESPACES, { ...created, status: { phase: 'Active' } });
  } catch (error) {
    if (!(error instanceof StoreError) || error.reason !== 'AlreadyExists') throw error;
  }
}
