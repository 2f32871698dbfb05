/**
 * Serves what CustomResourceDefinitions define, as they come, change and go.
 *
 * ```
 *  definition written ──► (in the same commit) names judged, registry and discovery changed ──► its status is written
 *  definition deleted ──► nothing new is created ──► run over ──► its objects are deleted ──► the finalizer goes ──► no longer served
 * ```
 * Who deletes a definition may be about to delete its objects too, by name (`kubectl delete -f`): theirs begins after that client's run of
 * deletions. Nothing of this is kept: after a restart it begins at once.
 *
 * A definition is in effect when the request that wrote it is answered: the store tells its watchers first. What was defined is served
 * again before `start` resolves. When a status cannot be written it is tried again; what is served does not depend on it.
 */
import type { ResourceName } from '../../../crds/meta';
import { inOneTurn } from '../apply/steps';
import { hasStatusApart, resourcesFromCrd, type CrdNames, type CrdSpec, type CrdStatus, type CustomResourceDefinition } from '../resources/crd';
import type { ResourceRegistry } from '../resources/registry';
import type { Lifecycle } from '../resources/resource';
import { equal } from '../schema/equal';
import type { JsonObject, Schema } from '../schema/schema';
import { StoreError, type ObjectStore, type Watch } from '../../store/store';
import type { AfterRun } from '../verbs/deletion-runs';
import { FieldManagers } from '../verbs/field-managers';
import { isTrue, timestamp } from './conditions';
import { CLEANUP_FINALIZER, CRD_API_VERSION, CRD_KIND, CRDS, crdResource } from './crd-resource';
import { plan, takenNames } from './plan';
import { purge } from './purge';
import { firstStatus, storageVersionOf, tidy, withStored } from './tidy';
import { Worker } from './worker';

/** How the store is to write a resource. */
export interface StoredDefinition {
  statusSubresource: boolean;
  initialStatus?: object;
  kind: string;
  apiVersion: string;
}

export interface DefinitionsOptions {
  store: ObjectStore;
  registry: ResourceRegistry;
  define: (name: ResourceName, definition: StoredDefinition) => void;
  /** The server's own. */
  shipped: readonly Pick<CustomResourceDefinition, 'metadata' | 'spec'>[];
  now?: () => number;
  onError?: (error: unknown, name: string) => void;
}

interface Known {
  crd: CustomResourceDefinition;
  /** As it is or is about to be. */
  status: CrdStatus;
  lifecycle: Lifecycle;
  /** What is served, and since which revision. */
  served?: { spec: CrdSpec; names: CrdNames; since: number };
}

const RELIST_MS = 1000;
const MANAGER = 'kube-apiserver';

export class Definitions {
  readonly #known = new Map<string, Known>();
  /** Definitions whose deleter may not be through. */
  readonly #held = new Set<string>();
  readonly #worker: Worker;
  readonly #now: () => number;
  readonly #owners: FieldManagers;
  #watch: Watch | undefined;
  #relist: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(private readonly options: DefinitionsOptions) {
    this.#now = options.now ?? Date.now;
    this.#owners = new FieldManagers(this.#now);
    this.#worker = new Worker({ run: (name, signal) => this.#settle(name, signal), onError: (error, name) => this.#failed(error, name) });
  }

  /** Resolves when everything that is defined is served. */
  async start(): Promise<void> {
    const { define, registry } = this.options;
    define(CRDS, { statusSubresource: false, kind: CRD_KIND, apiVersion: CRD_API_VERSION });
    const shipped = this.options.shipped.map((crd) => definitionOf(crd));
    registry.add(crdResource({
      shipped: new Map(shipped.map(({ metadata, spec }) => [metadata.name, spec])),
      now: this.#now,
      onDeleting: (name, afterRun) => this.#hold(name, afterRun),
    }));
    for (const crd of shipped) await this.#ship(crd);
    await this.#follow();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#relist);
    this.#watch?.stop();
    await this.#worker.stop();
  }

  /** Writes one of the server's own definitions, when it is missing or another. */
  async #ship(crd: CustomResourceDefinition): Promise<void> {
    const { store } = this.options;
    const current = await store.get<CustomResourceDefinition>(CRDS, '', crd.metadata.name);
    if (!current) await store.create(CRDS, crd);
    else if (!equal(current.spec, crd.spec)) {
      const status = withStored(current.status ?? firstStatus(undefined), storageVersionOf(crd as unknown as JsonObject));
      await store.update(CRDS, { ...current, spec: crd.spec, status });
    }
  }

  async #follow(): Promise<void> {
    const { store } = this.options;
    const { items, resourceVersion } = await store.list<CustomResourceDefinition>(CRDS);
    const names = new Set(items.map(({ metadata }) => metadata.name));
    for (const name of this.#known.keys()) if (!names.has(name)) this.#gone(name);
    // All names are known before any is judged.
    for (const crd of items) this.#note(crd);
    for (const crd of items) this.#seen(crd);
    this.#watch = store.watch<CustomResourceDefinition>(CRDS, { resourceVersion }, {
      events: (batch) => {
        for (const { type, object } of batch) {
          if (type === 'DELETED') this.#gone(object.metadata.name);
          else if (type !== 'BOOKMARK') this.#seen(object);
        }
      },
      end: (error) => this.#lost(error),
    });
  }

  #lost(error: StoreError | undefined): void {
    if (this.#stopped || (error === undefined && this.#watch === undefined)) return;
    this.#relist = setTimeout(() => {
      this.#follow().catch((failure: unknown) => {
        this.#failed(failure, CRDS);
        this.#lost(undefined);
      });
    }, RELIST_MS);
  }

  #failed(error: unknown, name: string): void {
    this.options.onError?.(error, name);
  }

  #seen(crd: CustomResourceDefinition): void {
    const { name } = crd.metadata;
    const before = this.#known.get(name)?.status.acceptedNames;
    const known = this.#note(crd);
    this.#judge(name, known);
    if (!equal(before, known.status.acceptedNames)) this.#judgeOthers(name, crd.spec.group);
  }

  #note(crd: CustomResourceDefinition): Known {
    const { name } = crd.metadata;
    const before = this.#known.get(name);
    const known: Known = { ...before, crd, status: crd.status ?? firstStatus(undefined), lifecycle: before?.lifecycle ?? { terminating: false } };
    this.#known.set(name, known);
    return known;
  }

  #gone(name: string): void {
    const known = this.#known.get(name);
    if (!known) return;
    this.#known.delete(name);
    if (known.served) this.options.registry.remove(name);
    this.#judgeOthers(name, known.crd.spec.group);
  }

  /** Names may be free now. */
  #judgeOthers(name: string, group: string): void {
    for (const [other, known] of this.#known) if (other !== name && known.crd.spec.group === group && !isTrue(known, 'NamesAccepted')) this.#judge(other, known);
  }

  #judge(name: string, known: Known): void {
    const { crd } = known;
    known.status = plan({ ...crd, status: known.status }, takenNames(this.#otherNames(name, crd.spec.group)), timestamp(this.#now()));
    this.#serve(name, known);
    if (known.status !== crd.status || crd.metadata.deletionTimestamp) this.#worker.add(name);
  }

  *#otherNames(name: string, group: string): Iterable<CrdNames> {
    for (const [other, { crd, status }] of this.#known) if (other !== name && crd.spec.group === group) yield status.acceptedNames;
    // Kinds that the server has without a definition.
    for (const resource of this.options.registry.all()) if (resource.group === group && resource.core) yield resource;
  }

  /** As the status of definitions is said to be kube-apiserver's. */
  #owned(crd: CustomResourceDefinition, next: CustomResourceDefinition): CustomResourceDefinition {
    const resource = this.options.registry.byName(CRDS);
    if (!resource) return next;
    const managedFields = inOneTurn(this.#owners.of(resource, 'status').update(crd as unknown as JsonObject, next as unknown as JsonObject, undefined, MANAGER));
    return { ...next, metadata: { ...next.metadata, ...(managedFields && { managedFields }) } };
  }

  #serve(name: string, known: Known): void {
    const { registry, define } = this.options;
    const { crd, status, lifecycle } = known;
    const terminating = crd.metadata.deletionTimestamp !== undefined;
    if (terminating !== lifecycle.terminating) {
      lifecycle.terminating = terminating;
      registry.changed();
    }
    if (!isTrue(known, 'Established')) return;
    const { spec } = crd;
    if (known.served?.spec === spec && equal(known.served.names, status.acceptedNames)) return;
    const since = known.served?.spec === spec ? known.served.since : Number(crd.metadata.resourceVersion ?? 0);
    try {
      const resources = resourcesFromCrd(crd, { names: status.acceptedNames, lifecycle, since });
      define(name, storedDefinition(crd));
      registry.set(name, resources);
      known.served = { spec, names: status.acceptedNames, since };
    } catch (error) {
      this.#failed(error, name);
    }
  }

  #hold(name: string, afterRun: AfterRun): void {
    this.#held.add(name);
    afterRun(() => {
      this.#held.delete(name);
      this.#worker.add(name);
    });
  }

  async #settle(name: string, signal: AbortSignal): Promise<void> {
    const known = this.#known.get(name);
    if (!known) return;
    const { store } = this.options;
    const { crd, status } = known;
    try {
      if (crd.metadata.deletionTimestamp && crd.metadata.finalizers?.includes(CLEANUP_FINALIZER)) {
        if (!this.#held.has(name)) await purge({ store, name, signal, now: () => timestamp(this.#now()) });
      } else if (status !== crd.status) await store.update(CRDS, this.#owned(crd, { ...crd, status }));
    } catch (error) {
      // Changed or gone in the meantime: the watch says so, and it is looked at again.
      if (!(error instanceof StoreError) || (error.reason !== 'Conflict' && error.reason !== 'NotFound')) throw error;
    }
  }
}

/** The object that is stored for a definition that was read from a file. */
export function definitionOf({ metadata, spec }: Pick<CustomResourceDefinition, 'metadata' | 'spec'>): CustomResourceDefinition {
  const crd = { apiVersion: CRD_API_VERSION, kind: CRD_KIND, metadata: { name: metadata.name }, spec: structuredClone(spec) };
  tidy(crd as unknown as JsonObject);
  return { ...crd, status: firstStatus(storageVersionOf(crd as unknown as JsonObject)) };
}

function storedDefinition({ spec }: CustomResourceDefinition): StoredDefinition {
  const storage = spec.versions.find((version) => version.storage);
  const initialStatus = (storage?.schema?.openAPIV3Schema as Schema | undefined)?.properties?.status?.default as object | undefined;
  return {
    statusSubresource: hasStatusApart(spec),
    ...(initialStatus !== undefined && { initialStatus }),
    kind: spec.names.kind,
    apiVersion: `${spec.group}/${storage?.name}`,
  };
}
