/**
 * Keeps the rules of aggregated ClusterRoles: after every change of a ClusterRole all of them are planned anew and those that differ are
 * written, with the resourceVersion that was read. One pass at a time; a role that gathers another aggregated one follows in the next.
 */
import type { Reflector } from '../runtime/reflector';
import { CLUSTER_ROLES, type ClusterRole } from '../../auth/rbac/types';
import { StoreError, type ObjectStore } from '../../store/store';
import { planAggregation } from './plan';

export interface RoleAggregatorOptions {
  store: ObjectStore;
  clusterRoles: Reflector<ClusterRole>;
  onError: (error: unknown) => void;
  retryMs?: number;
}

const RETRY_MS = 1000;

export class RoleAggregator {
  #unsubscribe: (() => void) | undefined;
  #pass: Promise<void> | undefined;
  #again = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly options: RoleAggregatorOptions) {}

  /** The reflector is filled by now. Resolves when the first pass is written. */
  async start(): Promise<void> {
    this.#unsubscribe = this.options.clusterRoles.onChange(() => void this.#sync());
    await this.#sync();
  }

  async stop(): Promise<void> {
    this.#unsubscribe?.();
    this.#unsubscribe = undefined;
    clearTimeout(this.#timer);
    await this.#pass;
  }

  #sync(): Promise<void> {
    this.#again = true;
    this.#pass ??= this.#passes().finally(() => (this.#pass = undefined));
    return this.#pass;
  }

  async #passes(): Promise<void> {
    while (this.#again) {
      this.#again = false;
      try {
        await this.#once();
      } catch (error) {
        this.options.onError(error);
        this.#retry();
      }
    }
  }

  async #once(): Promise<void> {
    const { store, clusterRoles } = this.options;
    const wanted = planAggregation([...clusterRoles.values()]);
    if (wanted.length === 0) return;
    const outcomes = await store.batch(wanted.map(({ role, rules }) => ({ verb: 'update', resource: CLUSTER_ROLES, object: { ...role, rules } as ClusterRole })));
    for (const outcome of outcomes) {
      if (outcome.ok) continue;
      // Changed or gone meanwhile: the change is, or will be, told.
      const raced = outcome.error instanceof StoreError && (outcome.error.reason === 'Conflict' || outcome.error.reason === 'NotFound');
      if (!raced) throw outcome.error;
    }
  }

  #retry(): void {
    clearTimeout(this.#timer);
    if (this.#unsubscribe) this.#timer = setTimeout(() => void this.#sync(), this.options.retryMs ?? RETRY_MS);
  }
}
