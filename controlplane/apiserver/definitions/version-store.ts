/**
 * The store as users of one version of a custom resource see it: objects are kept in the storage version and shown in the asked one.
 *
 * ```
 *  create, update ──► pruned and defaulted by the storage version's schema, its apiVersion ──► store
 *  get, list, watch ◄── pruned by the asked version's schema, its apiVersion ◄── defaults of the version it is kept in ◄── store
 * ```
 * Conversion is `None`: only apiVersion changes, and what the other schema does not know is left out. Objects that were written under
 * the present definition in the asked version come out as they are, the very same objects. Those that had to be changed are kept for a
 * while, so that many watchers share them.
 *
 * When the definition goes or changes, `close` ends its watches; nothing is created through a closed store any more.
 */
import type { KubeObject, ResourceName } from '../../../crds/meta';
import { ApiError, methodNotAllowed } from '../http/errors';
import { groupVersion, type Resource, type StoredForm } from '../resources/resource';
import { applyDefaults } from '../schema/default';
import { prune } from '../schema/prune';
import type { Schema } from '../schema/schema';
import {
  StoreError,
  type DeleteResult,
  type ListOptions,
  type ListResult,
  type ObjectStore,
  type Operation,
  type Outcome,
  type Preconditions,
  type Watch,
  type WatchEvent,
  type WatchHandler,
  type WatchOptions,
} from '../../store/store';

/** Changed objects that are kept. */
const KEPT = 1024;

export class VersionStore implements ObjectStore {
  readonly #stored: StoredForm;
  readonly #apiVersion: string;
  readonly #schema: Schema;
  readonly #kept = new Map<KubeObject, KubeObject>();
  readonly #open = new Set<() => void>();
  #closed = false;

  constructor(
    private readonly store: ObjectStore,
    private readonly resource: Resource & { stored: StoredForm },
  ) {
    this.#stored = resource.stored;
    this.#apiVersion = groupVersion(resource);
    this.#schema = resource.schema;
  }

  /** Ends the watches that are open. */
  close(): void {
    this.#closed = true;
    for (const end of this.#open) end();
    this.#kept.clear();
  }

  async get<T extends KubeObject>(resource: ResourceName, namespace: string, name: string): Promise<T | undefined> {
    const object = await this.store.get<T>(resource, namespace, name);
    return object && this.#out(resource, object);
  }

  async list<T extends KubeObject>(resource: ResourceName, options?: ListOptions): Promise<ListResult<T>> {
    const result = await this.store.list<T>(resource, options);
    return resource === this.resource.name ? { ...result, items: result.items.map((item) => this.#shown(item)) } : result;
  }

  watch<T extends KubeObject>(resource: ResourceName, options: WatchOptions, handler: WatchHandler<T>): Watch {
    if (resource !== this.resource.name) return this.store.watch(resource, options, handler);
    if (this.#closed) throw new StoreError('Unavailable', 'the definition of this resource has changed; list and watch anew');
    const ended = (): void => {
      this.#open.delete(end);
    };
    const source = this.store.watch<T>(resource, options, {
      events: (batch) => handler.events(batch.map((event) => this.#event(event))),
      drained: () => handler.drained?.(),
      end: (error) => {
        ended();
        handler.end(error);
      },
    });
    const end = (): void => {
      source.stop();
      ended();
      handler.end();
    };
    this.#open.add(end);
    return {
      bookmark: () => source.bookmark?.(),
      stop: () => {
        source.stop();
        ended();
      },
    };
  }

  async create<T extends KubeObject>(resource: ResourceName, object: T): Promise<T> {
    this.#refuseNew(resource);
    return this.#out(resource, await this.store.create(resource, this.#in(resource, object)));
  }

  async update<T extends KubeObject>(resource: ResourceName, object: T): Promise<T> {
    return this.#out(resource, await this.store.update(resource, this.#in(resource, object)));
  }

  async updateStatus<T extends KubeObject>(resource: ResourceName, object: T): Promise<T> {
    const kept = this.#in(resource, object);
    if (resource === this.resource.name && !this.#stored.statusApart) return this.#out(resource, await this.store.update(resource, kept));
    return this.#out(resource, await this.store.updateStatus(resource, kept));
  }

  async delete<T extends KubeObject>(resource: ResourceName, namespace: string, name: string, preconditions?: Preconditions): Promise<DeleteResult<T>> {
    const result = await this.store.delete<T>(resource, namespace, name, preconditions);
    return { ...result, object: this.#out(resource, result.object) };
  }

  async batch(operations: Operation[]): Promise<Outcome[]> {
    const outcomes = await this.store.batch(
      operations.map((operation): Operation => (operation.verb === 'delete' ? operation : { ...operation, object: this.#in(operation.resource, operation.object) })),
    );
    return outcomes.map((outcome, at) => (outcome.ok ? { ok: true, object: this.#out(operations[at].resource, outcome.object) } : outcome));
  }

  /** @throws ApiError 405 while the definition is being deleted, 404 when it is gone */
  #refuseNew(resource: ResourceName): void {
    if (resource !== this.resource.name) return;
    const { lifecycle, group, plural } = this.resource;
    if (lifecycle?.terminating) throw methodNotAllowed('create not allowed while custom resource definition is terminating', { group, kind: plural });
    if (this.#closed) throw new ApiError(404, 'NotFound', 'the server could not find the requested resource', {});
  }

  #event<T extends KubeObject>(event: WatchEvent<T>): WatchEvent<T> {
    if (event.type === 'BOOKMARK') return { type: 'BOOKMARK', object: { ...event.object, kind: this.resource.kind, apiVersion: this.#apiVersion } };
    const object = this.#shown(event.object);
    return object === event.object ? event : { type: event.type, object };
  }

  #out<T extends KubeObject>(resource: ResourceName, object: T): T {
    return resource === this.resource.name ? this.#shown(object) : object;
  }

  /** As it is shown in this version. */
  #shown<T extends KubeObject>(object: T): T {
    if (object.apiVersion === this.#apiVersion && Number(object.metadata.resourceVersion) > this.#stored.since) return object;
    const kept = this.#kept.get(object);
    if (kept) return kept as T;
    const shown = this.#convert(object);
    if (this.#closed) return shown;
    if (this.#kept.size >= KEPT) for (const oldest of this.#kept.keys()) {
      this.#kept.delete(oldest);
      break;
    }
    this.#kept.set(object, shown);
    return shown;
  }

  #convert<T extends KubeObject>(object: T): T {
    const { metadata, ...fields } = object;
    const copy = structuredClone(fields) as unknown as T;
    const own = this.#stored.schemas.get(object.apiVersion ?? '') ?? this.#schema;
    const unknown = prune(copy, own).length > 0;
    const filled = applyDefaults(copy, own);
    if (object.apiVersion === this.#apiVersion) return unknown || filled ? { ...copy, metadata } : object;
    if (own !== this.#schema) prune(copy, this.#schema);
    return { ...copy, apiVersion: this.#apiVersion, metadata };
  }

  /** As it is kept. */
  #in<T extends KubeObject>(resource: ResourceName, object: T): T {
    const { apiVersion, schemas } = this.#stored;
    if (resource !== this.resource.name || object.apiVersion === apiVersion) return object;
    const { metadata, ...fields } = object;
    const copy = structuredClone(fields) as unknown as T;
    const schema = schemas.get(apiVersion);
    if (schema) {
      prune(copy, schema);
      applyDefaults(copy, schema);
    }
    return { ...copy, apiVersion, metadata };
  }
}
