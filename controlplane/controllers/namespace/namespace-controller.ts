/**
 * The life of a namespace.
 *
 * ```
 *  created ──► Active ──delete──► Terminating ──content deleted, nothing left──► gone
 * ```
 * A namespace that goes is held by `kubernetes` in `spec.finalizers`. Its content is deleted in batches; what finalizers hold is waited
 * for, and conditions say what is left. Repeating every step is harmless.
 */
import type { Condition, KubeObject, ResourceName } from '../../../crds/meta';
import { NAMESPACES } from '../../../crds/meta';
import { StoreError, type ObjectStore } from '../../store/store';
import { systemClock, type Clock } from '../runtime/clock';
import { Controller, type ControllerMetrics, type ReconcileResult } from '../runtime/controller';
import { Reflector } from '../runtime/reflector';
import { terminatingConditions, type Remaining } from './conditions';

/** Holds a namespace, in `spec.finalizers`, until its content is gone. */
const FINALIZER = 'kubernetes';
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
    // Those of before 0.3 have it among the finalizers of their metadata.
    const held = [...(namespace.spec?.finalizers ?? []), ...(namespace.metadata.finalizers ?? [])].includes(FINALIZER);
    if (!held) return;
    const { left, failure } = await this.#deleteContent(name);
    if (failure !== undefined || left.resources.size > 0) {
      await this.#report(namespace, left, failure);
      if (failure !== undefined) throw failure;
      return { requeueAfterMs: WAIT_MS };
    }
    const without = (finalizers: readonly string[] = []): string[] => finalizers.filter((finalizer) => finalizer !== FINALIZER);
    await store.update<Namespace>(NAMESPACES, {
      ...namespace,
      spec: { ...namespace.spec, finalizers: without(namespace.spec?.finalizers) },
      metadata: { ...namespace.metadata, finalizers: without(namespace.metadata.finalizers) },
    });
  }

  async #deleteContent(namespace: string): Promise<{ left: Remaining; failure?: StoreError }> {
    const { store, resources } = this.options;
    const left: Remaining = { resources: new Map(), finalizers: new Map() };
    let failure: StoreError | undefined;
    for (const resource of resources()) {
      const { items } = await store.list(resource, { namespace, limit: BATCH });
      if (items.length === 0) continue;
      const going = items.filter(({ metadata }) => !metadata.deletionTimestamp);
      const outcomes = await store.batch(
        going.map(({ metadata: { name, uid } }) => ({ verb: 'delete', resource, namespace, name, preconditions: { ...(uid && { uid }) } })),
      );
      const failed = outcomes.find((outcome) => !outcome.ok && outcome.error.reason !== 'NotFound' && outcome.error.reason !== 'Conflict');
      if (failed && !failed.ok) failure ??= failed.error;
      const { items: rest, remainingItemCount = 0 } = await store.list(resource, { namespace, limit: BATCH });
      if (rest.length === 0) continue;
      left.resources.set(resource, rest.length + remainingItemCount);
      for (const finalizer of rest.flatMap(({ metadata }) => metadata.finalizers ?? [])) left.finalizers.set(finalizer, (left.finalizers.get(finalizer) ?? 0) + 1);
    }
    return { left, ...(failure && { failure }) };
  }

  async #report(namespace: Namespace, left: Remaining, failure: StoreError | undefined): Promise<void> {
    const clock = this.options.clock ?? systemClock;
    const now = `${new Date(clock.now()).toISOString().slice(0, 19)}Z`;
    const conditions = terminatingConditions(namespace.status?.conditions ?? [], left, failure?.message, now);
    await this.options.store.updateStatus<Namespace>(NAMESPACES, { ...namespace, status: { phase: 'Terminating', conditions } });
  }
}

/** A Conflict is no error: the change that caused it arrives, and is looked at. */
function somebodyWasFaster(error: unknown): void {
  if (!(error instanceof StoreError && error.reason === 'Conflict')) throw error;
}

/** Makes a namespace when it is not there. */
export async function ensureNamespace(store: ObjectStore, name: string): Promise<void> {
  if (await store.get(NAMESPACES, '', name)) return;
  try {
    await store.create<Namespace>(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  } catch (error) {
    if (!(error instanceof StoreError) || error.reason !== 'AlreadyExists') throw error;
  }
}
