/** Builders and helpers of the conformance suite. */
import { JOBS, type KubeObject, type ObjectMeta } from '../../../crds/meta';
import { StoreError, type ObjectStore, type StoreErrorReason, type Watch, type WatchEvent, type WatchOptions } from '../store';

export interface StoreUnderTest {
  store: ObjectStore;
  cleanup(): Promise<void>;
}

export type OpenStore = () => Promise<StoreUnderTest>;

export const MAPS = 'configmaps';
export { JOBS };

export interface ConfigMap extends KubeObject {
  data?: Record<string, string>;
}

export interface Job extends KubeObject {
  spec: { runtime: string; completions: number; parallelism: number; template: { program: { script: string } } };
  status?: { phase: string; succeeded?: number };
}

export function map(name: string, data: Record<string, string> = {}, meta: Partial<ObjectMeta> = {}): ConfigMap {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'lab-a', ...meta }, data };
}

export function job(name: string, parallelism = 1, meta: Partial<ObjectMeta> = {}): Job {
  const spec = { runtime: 'shell', completions: 9, parallelism, template: { program: { script: 'echo hi' } } };
  return { apiVersion: 'gleaner.dev/v1alpha1', kind: 'Job', metadata: { name, namespace: 'lab-a', ...meta }, spec };
}

/** The same object with other metadata. */
export function withMeta<T extends KubeObject>(object: T, meta: Partial<ObjectMeta>): T {
  return { ...object, metadata: { ...object.metadata, ...meta } };
}

/** Opens a store for each test of the surrounding describe. */
export function useStore(open: OpenStore): { readonly store: ObjectStore } {
  let current: StoreUnderTest | undefined;
  beforeEach(async () => {
    current = await open();
  });
  afterEach(async () => {
    await current?.cleanup();
    current = undefined;
  });
  return {
    get store(): ObjectStore {
      if (!current) throw new Error('no store is open');
      return current.store;
    },
  };
}

export async function expectRefusal(promise: Promise<unknown>, reason: StoreErrorReason): Promise<StoreError> {
  const error: unknown = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(StoreError);
  expect((error as StoreError).reason).toBe(reason);
  return error as StoreError;
}

/** What a watch is refused for: thrown by `watch` itself, or told by `end`. */
export async function refusalOf(store: ObjectStore, resource: string, options: WatchOptions): Promise<StoreError | undefined> {
  return new Promise((resolve, reject) => {
    try {
      store.watch(resource, options, { events: () => reject(new Error('the watch delivers events')), end: resolve });
    } catch (error) {
      resolve(error as StoreError);
    }
  });
}

/** Collects what a watch delivers. */
export class Collector {
  readonly events: WatchEvent[] = [];
  readonly ends: (StoreError | undefined)[] = [];
  private wake: (() => void) | undefined;
  private watch: Watch | undefined;

  start(store: ObjectStore, resource: string, options: WatchOptions): this {
    this.watch = store.watch(resource, options, {
      events: (batch) => {
        this.events.push(...batch);
        this.wake?.();
      },
      end: (error) => void this.ends.push(error),
    });
    return this;
  }

  stop(): void {
    this.watch?.stop();
  }

  /** The first `count` events as `TYPE name`, when they are there. */
  async take(count: number): Promise<string[]> {
    while (this.events.length < count) await new Promise<void>((resolve) => (this.wake = resolve));
    return this.events.map((event) => `${event.type} ${event.object.metadata.name ?? ''}`.trim());
  }
}
