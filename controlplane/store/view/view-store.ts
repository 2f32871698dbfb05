/**
 * A store in which some resources are views of others: the same objects in another form, or objects computed from them, to be read only.
 *
 * Revisions, watches, conflicts and durability are those of the store beneath: a view only changes how objects look on their way in and
 * out. Each stored version is converted once, so that what is shared beneath stays shared.
 */
import type { KubeObject, ResourceName } from '../../../crds/meta';
import {
  StoreError, type DeleteResult, type ListOptions, type ListResult, type ObjectStore, type Operation, type Outcome, type Preconditions, type Selection,
  type Watch, type WatchEvent, type WatchHandler, type WatchOptions,
} from '../store';
import { ProjectedTable, type Projection } from './projected-table';
import type { View } from './view';

export class ViewStore implements ObjectStore {
  readonly #views: ReadonlyMap<ResourceName, View>;
  readonly #projected: ReadonlyMap<ResourceName, ProjectedTable>;
  readonly #converted = new WeakMap<KubeObject, Map<ResourceName, KubeObject>>();

  constructor(
    readonly beneath: ObjectStore & { encoded?: (object: KubeObject) => string | Buffer | undefined },
    views: Iterable<View>,
    projections: Iterable<Projection> = [],
  ) {
    this.#views = new Map([...views].map((view) => [view.resource, view]));
    this.#projected = new Map([...projections].map((each) => [each.resource, new ProjectedTable(beneath, each)]));
  }

  /** Ends what follows other resources; the store beneath belongs to whoever opened it. */
  close(): void {
    for (const table of this.#projected.values()) table.close();
  }

  /** The JSON that the store beneath keeps; undefined for what was converted. */
  encoded(object: KubeObject): string | Buffer | undefined {
    return this.#made.has(object) ? undefined : this.beneath.encoded?.(object);
  }
  readonly #made = new WeakSet<KubeObject>();

  async get<T extends KubeObject>(resource: ResourceName, namespace: string, name: string): Promise<T | undefined> {
    const projected = this.#projected.get(resource);
    if (projected) return (await projected.get(namespace, name)) as T | undefined;
    const view = this.#views.get(resource);
    if (!view) return this.beneath.get<T>(resource, namespace, name);
    const found = await naming(view, () => this.beneath.get(view.source, namespace, name));
    return found && (this.#show(view, found) as T);
  }

  async list<T extends KubeObject>(resource: ResourceName, options: ListOptions = {}): Promise<ListResult<T>> {
    const projected = this.#projected.get(resource);
    if (projected) return (await projected.list(options)) as ListResult<T>;
    const view = this.#views.get(resource);
    if (!view) return this.beneath.list<T>(resource, options);
    const result = await naming(view, () => this.beneath.list(view.source, selecting(view, options)));
    return { ...result, items: result.items.map((object) => this.#show(view, object) as T) };
  }

  watch<T extends KubeObject>(resource: ResourceName, options: WatchOptions, handler: WatchHandler<T>): Watch {
    const projected = this.#projected.get(resource);
    if (projected) return projected.watch(options, handler as WatchHandler);
    const view = this.#views.get(resource);
    if (!view) return this.beneath.watch<T>(resource, options, handler);
    return this.beneath.watch(view.source, selecting(view, options), {
      events: (batch) => handler.events(batch.map((event) => this.#event(view, event) as WatchEvent<T>)),
      drained: () => handler.drained?.(),
      end: (error) => handler.end(error && renamed(view, error)),
    });
  }

  create<T extends KubeObject>(resource: ResourceName, object: T): Promise<T> {
    const view = this.#views.get(resource);
    return view ? this.#through(view, () => this.beneath.create(view.source, view.toSource(object))) : this.beneath.create(resource, object);
  }

  update<T extends KubeObject>(resource: ResourceName, object: T): Promise<T> {
    const view = this.#views.get(resource);
    return view ? this.#through(view, () => this.beneath.update(view.source, view.toSource(object))) : this.beneath.update(resource, object);
  }

  updateStatus<T extends KubeObject>(resource: ResourceName, object: T): Promise<T> {
    const view = this.#views.get(resource);
    return view ? this.#through(view, () => this.beneath.updateStatus(view.source, view.toSource(object))) : this.beneath.updateStatus(resource, object);
  }

  async #through<T extends KubeObject>(view: View, write: () => Promise<KubeObject>): Promise<T> {
    return this.#show(view, await naming(view, write)) as T;
  }

  async delete<T extends KubeObject>(resource: ResourceName, namespace: string, name: string, preconditions?: Preconditions): Promise<DeleteResult<T>> {
    const view = this.#views.get(resource);
    if (!view) return this.beneath.delete<T>(resource, namespace, name, preconditions);
    const { object, gone } = await naming(view, () => this.beneath.delete(view.source, namespace, name, preconditions));
    return { object: this.#show(view, object) as T, gone };
  }

  async batch(operations: Operation[]): Promise<Outcome[]> {
    const views = operations.map(({ resource }) => this.#views.get(resource));
    const outcomes = await this.beneath.batch(operations.map((operation, index) => beneathOf(operation, views[index])));
    return outcomes.map((outcome, index) => {
      const view = views[index];
      if (!view) return outcome;
      return outcome.ok ? { ok: true, object: this.#show(view, outcome.object) } : { ok: false, error: renamed(view, outcome.error) };
    });
  }

  #event(view: View, { type, object }: WatchEvent): WatchEvent {
    if (type === 'BOOKMARK') return { type, object: { ...object, kind: view.kind, apiVersion: view.apiVersion } };
    return { type, object: this.#show(view, object) };
  }

  #show(view: View, object: KubeObject): KubeObject {
    let forms = this.#converted.get(object);
    if (!forms) this.#converted.set(object, (forms = new Map()));
    let shown = forms.get(view.resource);
    if (!shown) {
      shown = view.toView(object);
      this.#made.add(shown);
      forms.set(view.resource, shown);
    }
    return shown;
  }
}

function selecting<T extends Selection>(view: View, options: T): T {
  if (!options.fields) return options;
  return { ...options, fields: options.fields.map((field) => ({ ...field, path: view.fieldPath(field.path) })) };
}

function beneathOf(operation: Operation, view: View | undefined): Operation {
  if (!view) return operation;
  if (operation.verb === 'delete') return { ...operation, resource: view.source };
  return { ...operation, resource: view.source, object: view.toSource(operation.object) };
}

/** Errors name the view, which is what was asked for. */
async function naming<T>(view: View, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw error instanceof StoreError ? renamed(view, error) : error;
  }
}

function renamed(view: View, { reason, message, details, cause }: StoreError): StoreError {
  return new StoreError(reason, message, { ...details, resource: view.resource }, cause);
}
