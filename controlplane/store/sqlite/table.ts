/** The objects of one resource in memory: what is committed, and over it what the turns in flight have written. */
import type { KubeObject, ResourceName } from '../../../crds/meta';
import { lifeOf, type Life } from './life';
import { KeyOrder } from './key-order';

export interface Definition {
  /** Whether `status` is written by `updateStatus` only. */
  statusSubresource: boolean;
  /** Status of a new object: what the schema's default of `status` is. */
  initialStatus?: object;
  /** For bookmarks; learned from the first object when absent. */
  kind?: string;
  apiVersion?: string;
}

/** Neither namespaces nor names contain it. */
export const SEPARATOR = '/';

/** Sorts as kube-apiserver's keys do: `a-b` before `a` when these are namespaces, as `-` is less than the separator. */
export function keyOf(namespace: string, name: string): string {
  return `${namespace}${SEPARATOR}${name}`;
}

export class Table {
  readonly committed = new Map<string, KubeObject>();
  readonly order = new KeyOrder();
  readonly life: Life;
  /** `undefined`: deleted. */
  private readonly pending = new Map<string, KubeObject | undefined>();

  constructor(
    readonly resource: ResourceName,
    public definition: Definition,
  ) {
    this.life = lifeOf(resource);
  }

  /** As the next write of this turn sees it. */
  latest(key: string): KubeObject | undefined {
    return this.pending.size > 0 && this.pending.has(key) ? this.pending.get(key) : this.committed.get(key);
  }

  isPending(key: string): boolean {
    return this.pending.has(key);
  }

  stage(key: string, object: KubeObject | undefined): void {
    this.pending.set(key, object);
  }

  /** Makes one version visible. A newer one may be staged over it already. @returns the version before */
  publish(key: string, object: KubeObject | undefined): KubeObject | undefined {
    if (this.pending.get(key) === object) this.pending.delete(key);
    const previous = this.committed.get(key);
    if (object) {
      if (!previous) this.order.add(key);
      this.committed.set(key, object);
      this.definition.kind ??= object.kind;
      this.definition.apiVersion ??= object.apiVersion;
    } else if (previous) {
      this.order.remove(key);
      this.committed.delete(key);
    }
    return previous;
  }

  dropPending(): void {
    this.pending.clear();
  }
}
